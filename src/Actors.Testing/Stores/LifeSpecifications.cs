using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>Lives, the fence and run numbers.</summary>
public abstract class LifeSpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    [Fact]
    public async Task Each_life_has_a_number_above_all_earlier_ones()
    {
        long second = await BeginLifeAsync("silo-a");
        await Store.EndLifeAsync(second, At(), default);
        long third = await BeginLifeAsync("silo-b");

        Assert.True(Silo < second);
        Assert.True(second < third);
    }

    [Fact]
    public async Task A_second_life_leaves_the_first_alive()
    {
        await BeginLifeAsync("silo-b");

        await StartAsync("r1");
    }

    [Fact]
    public async Task A_dead_life_commits_nothing_of_its_batch()
    {
        RunRow run = await StartAsync("r1");
        RunRow other = await RowAsync("r2");
        string before = await SeeAsync(run);
        await Store.EndLifeAsync(Silo, At(), default);

        await FailsAsync(StoreFailure.Fenced, async () => await Store.CommitAsync([Next(run, 1), Begin(other)], default));

        Assert.Equal(before, await SeeAsync(run));
        Assert.Null(await Store.GetRunAsync(Tenant, other.Id, default));
    }

    [Fact]
    public async Task A_dead_life_cannot_send_a_committed_batch_again()
    {
        RunRow run = await StartAsync("r1");
        Transition step = Next(run, 1);
        await CommittedAsync(step);
        await Store.EndLifeAsync(Silo, At(), default);

        await FailsAsync(StoreFailure.Fenced, async () => await Store.CommitAsync([step], default));
    }

    [Fact]
    public async Task A_dead_life_claims_nothing()
    {
        RunRow run = await StartAsync("r1", row => row with { Owner = null });
        await Store.EndLifeAsync(Silo, At(), default);

        await FailsAsync(StoreFailure.Fenced, async () => await Store.ClaimAsync(Silo, [run.Id], default));

        Assert.Null((await GetAsync(run)).Owner);
    }

    [Fact]
    public async Task A_dead_life_reserves_no_run_numbers()
    {
        await Store.EndLifeAsync(Silo, At(), default);

        await FailsAsync(StoreFailure.Fenced, async () => await Store.ReserveRunNumbersAsync(Silo, 1, default));
    }

    [Fact]
    public async Task A_life_that_never_began_is_refused_like_a_dead_one()
    {
        RunRow run = await StartAsync("r1");

        await FailsAsync(StoreFailure.Fenced, async () => await Store.CommitAsync([Next(run, 1, silo: Silo + 1000)], default));
        await FailsAsync(StoreFailure.Fenced, async () => await Store.ClaimAsync(Silo + 1000, [run.Id], default));
        await FailsAsync(StoreFailure.Fenced, async () => await Store.ReserveRunNumbersAsync(Silo + 1000, 1, default));
    }

    [Fact]
    public async Task Ending_a_dead_or_unknown_life_does_nothing()
    {
        await Store.EndLifeAsync(Silo + 1000, At(), default);
        long second = await BeginLifeAsync("silo-b");
        await Store.EndLifeAsync(second, At(), default);
        await Store.EndLifeAsync(second, At(), default);

        await StartAsync("r1");
    }

    [Fact]
    public async Task Anyone_may_end_a_life_and_its_runs_can_be_claimed_then()
    {
        RunRow run = await StartAsync("r1");
        long second = await BeginLifeAsync("silo-b");
        Assert.Null(await ClaimAsync(run, second));

        await Store.EndLifeAsync(Silo, At(), default);

        Assert.NotNull(await ClaimAsync(run, second));
        Assert.Equal(second, (await GetAsync(run)).Owner);
    }

    [Fact]
    public async Task Run_numbers_are_consecutive_in_a_block_and_never_given_twice()
    {
        long second = await BeginLifeAsync("silo-b");
        HashSet<long> numbers = [];
        foreach (int count in (int[])[1, 100, 3])
        {
            foreach (long silo in (long[])[Silo, second])
            {
                long first = await Store.ReserveRunNumbersAsync(silo, count, default);
                Assert.True(first > 0);
                Assert.All(Enumerable.Range(0, count), i => Assert.True(numbers.Add(first + i)));
            }
        }
    }

    [Fact]
    public async Task Run_numbers_reserved_at_once_by_many_callers_do_not_overlap()
    {
        long[] firsts = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ => await Store.ReserveRunNumbersAsync(Silo, 10, default)));

        Assert.Equal(50, firsts.Distinct().Count());
        Assert.All(firsts.Order().Zip(firsts.Order().Skip(1)), pair => Assert.True(pair.Second >= pair.First + 10));
    }

    [Fact]
    public async Task A_block_of_no_numbers_is_a_bug_of_the_caller() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Store.ReserveRunNumbersAsync(Silo, 0, default));

    [Fact]
    public async Task A_call_that_is_cancelled_before_it_begins_does_nothing()
    {
        RunRow row = await RowAsync("r1");
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.CommitAsync([Begin(row)], cancelled.Token));

        Assert.Null(await Store.GetRunAsync(Tenant, row.Id, default));
    }

    [Fact]
    public void The_store_has_a_name() => Assert.NotEmpty(Store.Name);
}
