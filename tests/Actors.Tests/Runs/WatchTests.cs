using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs;

public sealed class WatchTests
{
    [Fact]
    public async Task A_run_that_ends_between_two_looks_of_a_watcher_is_seen_to_its_end()
    {
        LookingStore store = new(new MemoryStore());
        await using ActorsTestHost host = new ActorsTestHost(new ActorsTestOptions { Store = store }).Flow<int, int>("two", static async (ctx, _) =>
        {
            await ctx.WaitFor<int>("first");
            await ctx.WaitFor<int>("second");
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("two", 0);

        // Committed before the watcher reads for the first time, so that it is woken once for what it has seen already. Then it finds nothing new, and before it
        // looks at the run's row, the run ends.
        store.BeforeFirst = () => host.SignalAsync(run, "first", 1);
        store.AfterSecondEmpty = async () =>
        {
            await host.SignalAsync(run, "second", 2);
            await host.EndAsync(run);
        };
        List<string> types = [];
        await foreach (RunEvent e in host.Silo.WatchAsync(run, ActorsTestHost.Caller))
        {
            types.Add(e.Type);
        }

        Assert.Null(store.AfterSecondEmpty);
        Assert.Equal(RunEventTypes.RunCompleted, types[^1]);
    }

    private sealed class LookingStore(IStore inner) : DelegatingStore(inner)
    {
        private int _empty;

        public Func<Task>? BeforeFirst { get; set; }

        public Func<Task>? AfterSecondEmpty { get; set; }

        public override async ValueTask<IReadOnlyList<JournalEntry>> ReadJournalAsync(string tenant, RunId id, long afterSeq, int limit, CancellationToken cancellationToken)
        {
            if (BeforeFirst is { } before)
            {
                BeforeFirst = null;
                await before();
            }

            IReadOnlyList<JournalEntry> entries = await base.ReadJournalAsync(tenant, id, afterSeq, limit, cancellationToken);
            if (entries.Count == 0 && ++_empty == 2 && AfterSecondEmpty is { } after)
            {
                AfterSecondEmpty = null;
                await after();
            }

            return entries;
        }
    }
}
