using System.Data.Common;

namespace Actors.Storage;

/// <summary>
/// A store whose database is open to the SQL of steps: what a step's body writes and the entry that says so are committed in one transaction.
/// Every sentence here is a test in the store specifications of Actors.Testing.
/// </summary>
public interface ITransactionalStore : IStore
{
    /// <summary>
    /// Opens a transaction on the database of the journal, on a connection of its own: however many are open, commits of the journal do not wait for them.
    /// It holds nothing of the journal until it is committed, so that the end of a life does not wait for it.
    /// </summary>
    /// <param name="limit">How long it may take. The database itself ends one that is left hanging for longer, some seconds later.</param>
    /// <exception cref="StoreException">Transient or Fatal: it could not be opened.</exception>
    ValueTask<IStoreTransaction> BeginTransactionAsync(TimeSpan limit, CancellationToken cancellationToken);

    /// <summary>True when this very transition is committed: how the fate of a commit is found out whose answer was lost.</summary>
    ValueTask<bool> IsCommittedAsync(Transition transition, CancellationToken cancellationToken);
}

/// <summary>An open transaction. Disposing it rolls back what was not committed, and never throws.</summary>
public interface IStoreTransaction : IAsyncDisposable
{
    /// <summary>Open, and in the transaction.</summary>
    DbConnection Connection { get; }

    DbTransaction Transaction { get; }

    /// <summary>
    /// Commits the transaction's SQL together with this transition, which passes the fence and the gate as in <see cref="IStore.CommitAsync"/>. Any other answer than
    /// committed has rolled everything back; except that a transition that was committed before is answered as committed, and only the SQL is rolled back.
    /// The transition continues a run and has entries.
    /// </summary>
    /// <exception cref="StoreException">
    /// Rolled back; as of <see cref="IStore.CommitAsync"/>. Of kind <see cref="StoreFailure.UnknownOutcome"/>, it may have been committed: ask <see cref="ITransactionalStore.IsCommittedAsync"/>.
    /// </exception>
    /// <exception cref="DbException">Rolled back: a deferred constraint of the SQL does not hold.</exception>
    /// <exception cref="TaskException">The SQL itself has ended the transaction, or failed in it and went on.</exception>
    ValueTask<CommitOutcome> CommitAsync(Transition transition);
}
