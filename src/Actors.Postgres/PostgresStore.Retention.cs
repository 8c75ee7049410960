using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

public sealed partial class PostgresStore
{
    public ValueTask<int> DeleteEndedAsync(long silo, DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return RunAsync((silo, endedBefore, limit), async (connection, ask, cancellationToken) =>
        {
            NpgsqlBatchCommand[] commands =
            [
                .. Fence(ask.silo),
                Command(Statements.DeleteEnded, Columns.Of(CeilingMs(ask.endedBefore)), Columns.Of((long)ask.limit)),
                new(Statements.Commit),
            ];
            return await FencedAsync(connection, ask.silo, commands, static async (reader, cancellationToken) =>
                (await RowsAsync(reader, static row => (int)row.GetInt64(0), cancellationToken).ConfigureAwait(false))[0], cancellationToken).ConfigureAwait(false);
        }, cancellationToken);
    }
}
