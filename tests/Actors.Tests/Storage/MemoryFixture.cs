using Actors.Storage;
using Actors.Testing.Stores;

namespace Actors.Tests.Storage;

internal sealed class MemoryFixture : StoreFixture
{
    public override Type StoreType => typeof(MemoryStore);

    public override ValueTask<IStore> CreateStoreAsync() => new(new MemoryStore());

    public override ValueTask DeleteEntryAsync(IStore store, RunRow run, long seq)
    {
        ((MemoryStore)store).Damage(run.Id, (entries, _) => entries.RemoveAll(entry => entry.Seq == seq));
        return ValueTask.CompletedTask;
    }

    public override ValueTask AddMessageAsync(IStore store, InboxMessage message)
    {
        ((MemoryStore)store).Damage(message.Run, (_, inbox) => inbox.Add(message));
        return ValueTask.CompletedTask;
    }
}

public sealed class MemoryLives() : LifeSpecifications(new MemoryFixture());

public sealed class MemoryCommits() : CommitSpecifications(new MemoryFixture());

public sealed class MemoryStarts() : StartSpecifications(new MemoryFixture());

public sealed class MemoryRunChanges() : RunChangeSpecifications(new MemoryFixture());

public sealed class MemoryClaims() : ClaimSpecifications(new MemoryFixture());

public sealed class MemoryReminders() : ReminderSpecifications(new MemoryFixture());

public sealed class MemoryMessages() : MessageSpecifications(new MemoryFixture());

public sealed class MemoryRunQueries() : RunQuerySpecifications(new MemoryFixture());

public sealed class MemoryHumanTasks() : HumanTaskSpecifications(new MemoryFixture());

public sealed class MemoryFlows() : FlowSpecifications(new MemoryFixture());

public sealed class MemoryInvariants() : InvariantSpecifications(new MemoryFixture());

public sealed class MemoryConcurrency() : ConcurrencySpecifications(new MemoryFixture());

public sealed class MemoryRetention() : RetentionSpecifications(new MemoryFixture());

public sealed class MemoryCache() : CacheSpecifications(new MemoryFixture());

public sealed class MemoryClusterLives() : ClusterLifeSpecifications(new MemoryFixture());

public sealed class MemoryClusterClaims() : ClusterClaimSpecifications(new MemoryFixture());

public sealed class MemoryClusterMessages() : ClusterMessageSpecifications(new MemoryFixture());

public sealed class MemoryClusterFences() : ClusterFenceSpecifications(new MemoryFixture());
