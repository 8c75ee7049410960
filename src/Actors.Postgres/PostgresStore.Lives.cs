using System.Globalization;
using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

public sealed partial class PostgresStore
{
    // Each waits for the lock as long as lock_timeout says, and terminates the sessions that still hold it.
    private const int EndAttemptsMax = 20;

    public ValueTask<long> BeginLifeAsync(string siloName, DateTimeOffset at, CancellationToken cancellationToken)
    {
        _timeline.Forget();
        return RunAsync(
            (siloName, at),
            static async (connection, life, cancellationToken) => (await AllAsync(
                connection, Command(ClusterStatements.BeginLife, Columns.Of(life.siloName), Columns.Of(life.at)), static row => (long)row.GetInt32(0), cancellationToken).ConfigureAwait(false))[0],
            cancellationToken);
    }

    public async ValueTask EndLifeAsync(long silo, DateTimeOffset at, CancellationToken cancellationToken) =>
        await RunAsync((silo, at), (connection, life, cancellationToken) => EndLifeAsync(connection, life.silo, null, life.at, cancellationToken), cancellationToken).ConfigureAwait(false);

    public ValueTask<long> ReserveRunNumbersAsync(long silo, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return RunAsync((silo, count), async (connection, block, cancellationToken) =>
        {
            NpgsqlBatchCommand[] commands = [.. Fence(block.silo), Command(Statements.Reserve, Columns.Of((long)block.count)), new(Statements.Commit)];
            return await FencedAsync(connection, block.silo, commands, static async (reader, cancellationToken) =>
                (await RowsAsync(reader, static row => row.GetInt64(0), cancellationToken).ConfigureAwait(false))[0], cancellationToken).ConfigureAwait(false);
        }, cancellationToken);
    }

    public async ValueTask SaveFlowAsync(FlowRow flow, CancellationToken cancellationToken) => await RunAsync(flow, static async (connection, flow, cancellationToken) =>
    {
        await SendAsync(
            connection,
            [Command(
                Statements.SaveFlow,
                Columns.Of(flow.Tenant), Columns.Of(flow.Name), Columns.Of(flow.Version), Columns.Of(flow.Label), Columns.Of(flow.Source), Columns.Of(flow.CreatedAt), Columns.Of(flow.Tasks is null ? null : [.. flow.Tasks]))],
            cancellationToken).ConfigureAwait(false);
        return true;
    }, cancellationToken).ConfigureAwait(false);

    public ValueTask<FlowRow?> GetFlowAsync(string tenant, string name, string version, CancellationToken cancellationToken) => FirstAsync(
        Command(Statements.GetFlow, Columns.Of(tenant), Columns.Of(name), Columns.Of(version)),
        row => new FlowRow(tenant, name, version, RowReader.TextOrNull(row, 0), RowReader.TextOrNull(row, 1), RowReader.Time(row, 2)), cancellationToken);

    public async ValueTask<IReadOnlyList<FlowVersionRow>> ListFlowVersionsAsync(string tenant, string name, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return await ReadAsync(
            Command(Statements.ListFlowVersions, Columns.Of(tenant), Columns.Of(name), Columns.Of((long)limit)),
            static row => new FlowVersionRow(row.GetString(0), RowReader.TextOrNull(row, 1), RowReader.Time(row, 2)), cancellationToken).ConfigureAwait(false);
    }

    internal static StoreException Fenced(long silo, Exception? inner) =>
        new(StoreFailure.Fenced, $"The life {silo} is over: it was ended, or never began. Nothing was written.", inner);

    private static bool IsFence(PostgresException e) => e.SqlState == PostgresErrors.DivisionByZero && e.BatchCommand?.CommandText == Statements.RequireAlive;

    // A life's number is an integer of the table; one that is larger never began, and locks nothing of others.
    private NpgsqlParameter[] LockKey(long silo) => [Columns.Of(_lockClass), Columns.Of(silo is > 0 and <= int.MaxValue ? (int)silo : 0)];

    // The beginning of every write. No life can end between this and the commit.
    private NpgsqlBatchCommand[] Fence(long silo) =>
    [
        new(Statements.Begin),
        Command(Statements.LockLife, [.. LockKey(silo), Columns.Of(string.Create(CultureInfo.InvariantCulture, $"actors silo {silo}"))]),
        Command(Statements.RequireAlive, Columns.Of(silo)),
    ];

    /// <summary>Sends a fenced transaction in one round trip; the reader is given at the first result behind the fence.</summary>
    private static async Task<T> FencedAsync<T>(
        NpgsqlConnection connection, long silo, NpgsqlBatchCommand[] commands, Func<NpgsqlDataReader, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            using NpgsqlBatch batch = new(connection);
            foreach (NpgsqlBatchCommand command in commands)
            {
                batch.BatchCommands.Add(command);
            }

            using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
            await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
            T answer = await read(reader, cancellationToken).ConfigureAwait(false);
            while (await reader.NextResultAsync(cancellationToken).ConfigureAwait(false))
            {
                // To the end: only then is it known to be committed.
            }

            return answer;
        }
        catch (PostgresException e)
        {
            await RollbackAsync(connection).ConfigureAwait(false);
            throw IsFence(e) ? Fenced(silo, e) : e;
        }
    }

    /// <param name="beat">The life is left alone when it has beaten since; null: it is ended all the same.</param>
    /// <returns>True when it is dead after this call.</returns>
    private async Task<bool> EndLifeAsync(NpgsqlConnection connection, long silo, long? beat, DateTimeOffset at, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await SendAsync(
                    connection,
                    [
                        new(Statements.Begin),
                        new(Statements.LockTimeout),
                        Command(Statements.LockLifeAlone, LockKey(silo)),
                        beat is { } seen ? Command(ClusterStatements.DropSilentBeat, Columns.Of((int)silo), Columns.Of(seen)) : Command(ClusterStatements.DropBeat, Columns.Of(silo)),
                        Command(ClusterStatements.EndLife, Columns.Of(silo), Columns.Of(at)),
                        Command(ClusterStatements.DropFlows, Columns.Of(silo)),
                        new(Statements.Commit),
                    ],
                    cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrors.DivisionByZero)
            {
                await RollbackAsync(connection).ConfigureAwait(false);
                return !(await AllAsync(connection, Command(ClusterStatements.IsAlive, Columns.Of(silo)), static row => row.GetBoolean(0), cancellationToken).ConfigureAwait(false))[0];
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrors.LockNotAvailable && attempt < EndAttemptsMax)
            {
                // A transaction of that life hangs, with its process or on its way. The server rolls it back.
                await RollbackAsync(connection).ConfigureAwait(false);
                await SendAsync(
                    connection, [Command(Statements.TerminateLife, Columns.Of((long)unchecked((uint)_lockClass)), Columns.Of(silo))], cancellationToken).ConfigureAwait(false);
            }
            catch (PostgresException)
            {
                await RollbackAsync(connection).ConfigureAwait(false);
                throw;
            }
        }
    }
}
