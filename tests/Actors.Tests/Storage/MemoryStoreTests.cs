using Actors.Storage;
using Actors.Testing.Stores;

namespace Actors.Tests.Storage;

/// <summary>What only the in-memory store has: injected faults, and answers that are there at once.</summary>
public sealed class MemoryStoreTests() : StoreSpecifications(new MemoryFixture())
{
    private MemoryStore Memory => (MemoryStore)Store;

    [Fact]
    public async Task A_fault_before_the_commit_writes_nothing()
    {
        RunRow run = await StartAsync("r1");
        Memory.OnCommit = _ => CommitFault.FailBefore;

        await FailsAsync(StoreFailure.Transient, async () => await Store.CommitAsync([Next(run, 1)], default));

        Assert.Single(await JournalAsync(run));
    }

    [Fact]
    public async Task A_lost_answer_has_written_everything_and_the_same_batch_is_committed_again()
    {
        RunRow run = await StartAsync("r1");
        Transition step = Next(run, 1);
        Memory.OnCommit = _ => CommitFault.LoseAnswer;

        await FailsAsync(StoreFailure.UnknownOutcome, async () => await Store.CommitAsync([step], default));

        Memory.OnCommit = null;
        Assert.Equal(2, (await JournalAsync(run)).Count);
        await CommittedAsync(step);
    }

    [Fact]
    public async Task The_fault_hook_sees_the_batch()
    {
        RunRow run = await StartAsync("r1");
        List<long> seen = [];
        Memory.OnCommit = batch =>
        {
            seen.AddRange(batch.Select(transition => transition.RunNo));
            return CommitFault.None;
        };

        await CommittedAsync(Next(run, 1));

        Assert.Equal([run.No], seen);
    }

    [Fact]
    public async Task Answers_are_there_at_once()
    {
        RunRow run = await StartAsync("r1");

        Assert.True(Store.CommitAsync([Next(run, 1)], default).IsCompletedSuccessfully);
        Assert.True(Store.ClaimAsync(Silo, [run.Id], default).IsCompletedSuccessfully);
        Assert.True(Store.GetRunAsync(Tenant, run.Id, default).IsCompletedSuccessfully);
    }
}
