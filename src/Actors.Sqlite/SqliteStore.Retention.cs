using Actors.Storage;

namespace Actors.Sqlite;

public sealed partial class SqliteStore
{
    public ValueTask<int> DeleteEndedAsync(long silo, DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return WriteAsync((silo, endedBefore, limit), static (database, ask) =>
        {
            RequireAlive(database, ask.silo);
            List<long> ended = RowReader.All(
                database[Statements.FindEndedTrees].Bind(1, ask.endedBefore).Bind(2, (long)ask.limit), static row => row.Long(0));
            foreach (long run in ended)
            {
                foreach (string delete in Statements.DeleteRun)
                {
                    database[delete].Bind(1, run).Run();
                }
            }

            return ended.Count;
        }, cancellationToken);
    }
}
