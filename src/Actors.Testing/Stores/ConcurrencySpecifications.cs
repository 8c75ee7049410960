using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>Several silos and callers at once.</summary>
public abstract class ConcurrencySpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    [Fact]
    public async Task Silos_commit_their_own_runs_at_once()
    {
        long[] silos = [Silo, await BeginLifeAsync("silo-b"), await BeginLifeAsync("silo-c")];
        List<RunRow> runs = [];
        for (int i = 0; i < 12; i++)
        {
            runs.Add((await RowAsync($"r{i}")) with { Owner = silos[i % silos.Length] });
        }

        await Task.WhenAll(runs.Select(run => Task.Run(async () =>
        {
            long silo = run.Owner!.Value;
            await CommittedAsync(Begin(run, silo));
            for (int seq = 1; seq < 20; seq++)
            {
                await CommittedAsync(Next(run, seq, silo: silo));
            }
        })));

        foreach (RunRow run in runs)
        {
            Assert.Equal(Enumerable.Range(1, 20).Select(i => (long)i), (await JournalAsync(run)).Select(entry => entry.Seq));
        }

        Assert.Empty(await Store.CheckInvariantsAsync(default));
    }

    [Fact]
    public async Task Of_many_writers_at_one_gate_one_is_committed()
    {
        RunRow run = await StartAsync("r1");

        CommitOutcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => CommitAsync(Next(run, 1, entries: [Entry(2, body: $"{i}")])))));

        int winner = Array.FindIndex(outcomes, outcome => outcome.Status == CommitStatus.Committed);
        Assert.Equal(19, outcomes.Count(outcome => outcome.Status == CommitStatus.Conflict));
        Assert.Equal($"{winner}", BodyOf((await JournalAsync(run))[1]));
    }

    [Fact]
    public async Task Of_many_starts_with_one_key_one_is_committed()
    {
        List<RunRow> rows = [];
        for (int i = 0; i < 20; i++)
        {
            rows.Add((await RowAsync($"r{i}")) with { IdempotencyKey = "k" });
        }

        CommitOutcome[] outcomes = await Task.WhenAll(rows.Select(row => Task.Run(() => CommitAsync(Begin(row)))));

        int winner = Array.FindIndex(outcomes, outcome => outcome.Status == CommitStatus.Committed);
        Assert.All(outcomes.Where((_, i) => i != winner), outcome => Assert.Equal((CommitStatus.Exists, rows[winner].Id), (outcome.Status, outcome.Existing?.Id)));
    }

    [Fact]
    public async Task Of_many_silos_that_claim_a_run_one_gets_it()
    {
        RunRow run = await StartAsync("r1", row => row with { Owner = null });
        List<long> silos = [];
        for (int i = 0; i < 10; i++)
        {
            silos.Add(await BeginLifeAsync($"silo-{i}"));
        }

        LoadedRun?[] loaded = await Task.WhenAll(silos.Select(silo => Task.Run(() => ClaimAsync(run, silo))));

        LoadedRun winner = Assert.Single(loaded, got => got is not null)!;
        Assert.Equal(winner.Row.Owner, (await GetAsync(run)).Owner);
    }

    [Fact]
    public async Task After_the_end_of_a_life_none_of_its_commits_comes_through()
    {
        RunRow run = await StartAsync("r1");
        long second = await BeginLifeAsync("silo-b");
        Task<long> writer = Task.Run(async () =>
        {
            for (long seq = 1; ; seq++)
            {
                try
                {
                    await Store.CommitAsync([Next(run, seq)], default);
                }
                catch (StoreException error) when (error.Kind == StoreFailure.Fenced)
                {
                    return seq;
                }
            }
        });
        while ((await JournalAsync(run)).Count < 5)
        {
            await Task.Yield();
        }

        await Store.EndLifeAsync(Silo, At(), default);
        LoadedRun? loaded = await ClaimAsync(run, second);
        long last = await writer;

        Assert.Equal(last, loaded!.Entries[^1].Seq);
        // Not by counting: the writer may have written more than one page of the journal.
        Assert.Equal(last, (await Store.ReadLastEntryAsync(run.Tenant, run.Id, default))!.Value.Seq);
    }

    [Fact]
    public async Task Readers_see_whole_transitions_only()
    {
        RunRow run = await StartAsync("r1");
        Task writer = Task.Run(async () =>
        {
            for (long seq = 1; seq < 200; seq += 2)
            {
                await CommittedAsync(Next(run, seq, entries: [Entry(seq + 1), Entry(seq + 2)]));
            }
        });
        do
        {
            Assert.Equal(1, (await JournalAsync(run)).Count % 2);
        }
        while (!writer.IsCompleted);

        await writer;
    }
}
