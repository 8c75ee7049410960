using System.Data;
using System.Data.Common;
using System.Globalization;
using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

// Transactions that steps fill with their own SQL. They have a pool of their own: a step that holds a connection keeps none from the journal, its SQL is planned as
// the server does by default, finds the tables by the connection string's own search path, and what it sets for the session is reset.
public sealed partial class PostgresStore : ITransactionalStore
{
    // The engine ends a transaction in time; the server ends one that nobody ends.
    private static readonly TimeSpan ServerLimitAfter = TimeSpan.FromSeconds(5);

    private readonly NpgsqlDataSource _transactions;
    private readonly string _schema;

    public async ValueTask<IStoreTransaction> BeginTransactionAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        NpgsqlConnection? connection = null;
        try
        {
            connection = await _transactions.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);

            // The number tells later whether it is still this transaction. After a first statement, the isolation level cannot be changed either: the fence needs this one.
            string ms = ((long)(limit + ServerLimitAfter).TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            List<string> id = await AllAsync(
                connection, Command(Statements.BeginTransaction, Columns.Of(ms)), static row => row.GetString(0), cancellationToken).ConfigureAwait(false);
            return new StepTransaction(this, connection, transaction, id[0]);
        }
        catch (Exception e)
        {
            if (connection is not null)
            {
                await connection.DisposeAsync().ConfigureAwait(false);
            }

            if (PostgresErrors.IsOurs(e))
            {
                throw PostgresErrors.From(e, _place);
            }

            throw;
        }
    }

    public async ValueTask<bool> IsCommittedAsync(Transition transition, CancellationToken cancellationToken) => (await ReadAsync(
        Command(Statements.IsCommitted, Columns.Of(transition.RunNo), Columns.Of(transition.ExpectedSeq + 1), Columns.Of(transition.Id)),
        static row => row.GetInt32(0), cancellationToken).ConfigureAwait(false)).Count > 0;

    private async ValueTask<CommitOutcome> CommitAsync(NpgsqlConnection connection, string id, Transition transition)
    {
        Transition[] batch = [transition];
        NpgsqlBatchCommand[] commands =
        [
            Command(Statements.RequireTransaction, Columns.Of(id)),

            // What the SQL has put off until the commit is checked before anything of ours, under its own settings.
            new(Statements.CheckDeferred),
            Command(Statements.OurSettings, Columns.Of(_schema)),
            .. Fence(transition.Silo)[1..],
            .. Locks(batch),
            .. Gates(batch, all: true),
            .. Writes(batch),
            new(Statements.Commit),
        ];
        try
        {
            await SendAsync(connection, commands, CancellationToken.None).ConfigureAwait(false);
            return CommitOutcome.Committed;
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrors.DivisionByZero, BatchCommand.CommandText: Statements.RequireTransaction })
        {
            throw Ended(e);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrors.TransactionAborted)
        {
            throw new TaskException("SQL of the body had failed and the body went on, so that the database rolled everything back. Let the error out, or use a savepoint.", e.SqlState, e)
            {
                Type = ErrorTypes.TransactionEnded,
            };
        }
        catch (PostgresException e) when (e.BatchCommand?.CommandText == Statements.CheckDeferred && e.SqlState[..2] is "22" or "23" or "40" or "P0")
        {
            throw;
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrors.DivisionByZero, BatchCommand.CommandText: Statements.GateAll })
        {
            await RollbackAsync(connection).ConfigureAwait(false);
        }
        catch (Exception e) when (PostgresErrors.IsOurs(e))
        {
            throw e is PostgresException told && IsFence(told) ? Fenced(transition.Silo, e) : PostgresErrors.From(e, _place, sent: true);
        }

        Dictionary<long, CommitOutcome> why = [];
        return await RunAsync(transition, async (ours, refused, _) =>
        {
            await AnswerRefusedAsync(ours, [refused], why).ConfigureAwait(false);
            return why[refused.RunNo];
        }, CancellationToken.None).ConfigureAwait(false);
    }

    private static TaskException Ended(Exception? inner) => new(
        "The body has itself committed, rolled back or closed its transaction, so that its outcome cannot be committed with it; what the body committed stays. "
        + "Take the commit out of the body: the engine does it, and to roll back, the body throws.", null, inner)
    {
        Type = ErrorTypes.TransactionEnded,
        Retryable = false,
    };

    private sealed class StepTransaction(PostgresStore store, NpgsqlConnection connection, NpgsqlTransaction transaction, string id) : IStoreTransaction
    {
        public DbConnection Connection => connection;

        public DbTransaction Transaction => transaction;

        public ValueTask<CommitOutcome> CommitAsync(Transition transition)
        {
            StoreRules.Check([transition]);
            if (transition.Start is not null || transition.Entries.Count == 0)
            {
                throw new ArgumentException("A transaction of a step continues a run with an entry.", nameof(transition));
            }

            return connection.State == ConnectionState.Closed ? throw Ended(null) : store.CommitAsync(connection, id, transition);
        }

        public async ValueTask DisposeAsync()
        {
            try
            {
                // Back in its pool, the connection is reset, which rolls back.
                await connection.DisposeAsync().ConfigureAwait(false);
            }
#pragma warning disable CA1031 // Whatever state the body has left it in: a broken connection is rolled back by the server.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }
}
