using Actors.Storage;

namespace Actors.Sqlite;

public sealed partial class SqliteStore
{
    public ValueTask<long> BeginLifeAsync(string siloName, DateTimeOffset at, CancellationToken cancellationToken) =>
        WriteAsync((siloName, at), static (database, life) => RowReader.First(
            database[Statements.BeginLife].Bind(1, life.siloName).Bind(2, life.at), static row => row.Long(0)), cancellationToken);

    public async ValueTask EndLifeAsync(long silo, DateTimeOffset at, CancellationToken cancellationToken) =>
        await WriteAsync((silo, at), static (database, life) =>
            database[Statements.EndLife].Bind(1, life.silo).Bind(2, life.at).Run(), cancellationToken).ConfigureAwait(false);

    public ValueTask<long> ReserveRunNumbersAsync(long silo, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return WriteAsync((silo, count), static (database, block) =>
        {
            RequireAlive(database, block.silo);
            return RowReader.First(database[Statements.Reserve].Bind(1, block.count), static row => row.Long(0));
        }, cancellationToken);
    }

    public async ValueTask SaveFlowAsync(FlowRow flow, CancellationToken cancellationToken) =>
        await WriteAsync(flow, static (database, flow) => database[Statements.SaveFlow]
            .Bind(1, flow.Tenant).Bind(2, flow.Name).Bind(3, flow.Version).Bind(4, flow.Label).Bind(5, flow.Source).Bind(6, flow.CreatedAt)
            .Run(), cancellationToken).ConfigureAwait(false);

    public ValueTask<FlowRow?> GetFlowAsync(string tenant, string name, string version, CancellationToken cancellationToken) =>
        ReadAsync((tenant, name, version), static (database, key) => RowReader.First(
            database[Statements.GetFlow].Bind(1, key.tenant).Bind(2, key.name).Bind(3, key.version),
            row => new FlowRow(key.tenant, key.name, key.version, row.TextOrNull(0), row.TextOrNull(1), row.Time(2))), cancellationToken);

    public ValueTask<IReadOnlyList<FlowVersionRow>> ListFlowVersionsAsync(string tenant, string name, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return ReadAsync((tenant, name, limit), static IReadOnlyList<FlowVersionRow> (database, ask) => RowReader.All(
            database[Statements.ListFlowVersions].Bind(1, ask.tenant).Bind(2, ask.name).Bind(3, (long)ask.limit),
            static row => new FlowVersionRow(row.Text(0), row.TextOrNull(1), row.Time(2))), cancellationToken);
    }

    // The fence. Inside the write transaction, so that no life can end between this and the commit.
    private static void RequireAlive(SqliteDatabase database, long silo)
    {
        if (!RowReader.First(database[Statements.IsAlive].Bind(1, silo), static _ => true))
        {
            throw new StoreException(StoreFailure.Fenced, $"The life {silo} is over: it was ended, or never began. Nothing was written.");
        }
    }
}
