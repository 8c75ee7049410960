using Actors.Storage;

namespace Actors.Testing.Stores;

/// <summary>
/// What the store specifications need to know of one store. A new store is a fixture, and one line per specification class:
/// <c>public sealed class RedisCommits() : CommitSpecifications(new RedisFixture());</c>. Each test has a fixture of its own.
/// </summary>
public abstract class StoreFixture : IAsyncDisposable
{
    /// <summary>The class under test, for the check that no store skips a specification.</summary>
    public abstract Type StoreType { get; }

    /// <summary>Opens an empty store that no other test sees. The specification disposes it before the fixture.</summary>
    public abstract ValueTask<IStore> CreateStoreAsync();

    /// <summary>Deletes one journal entry behind the store's back.</summary>
    public abstract ValueTask DeleteEntryAsync(IStore store, RunRow run, long seq);

    /// <summary>Puts a message into the inbox of a run that has ended, behind the store's back.</summary>
    public abstract ValueTask AddMessageAsync(IStore store, InboxMessage message);

    /// <summary>Removes what the store left outside the process.</summary>
    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
