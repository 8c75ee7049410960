namespace Actors.Storage;

public sealed partial class MemoryStore
{
    public ValueTask<int> DeleteEndedAsync(long silo, DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return Locked(cancellationToken, (Store: this, Silo: silo, Before: endedBefore, Limit: limit), static ask =>
        {
            ask.Store.RequireAlive(ask.Silo);
            ILookup<long, MemoryRun> children = ask.Store._runsByNo.Values.Where(static run => run.Row.Parent is not null).ToLookup(static run => run.Row.Parent!.No);
            List<List<MemoryRun>> trees =
            [
                .. ask.Store._runsByNo.Values.Where(run => run.Row.Parent is null && run.Row.FinishedAt < ask.Before).OrderBy(static run => run.Row.FinishedAt).ThenBy(static run => run.Row.No)
                    .Select(root => Tree(root, children)).Where(tree => tree.TrueForAll(run => run.Row.FinishedAt < ask.Before)).Take(ask.Limit),
            ];
            trees.ForEach(tree => tree.ForEach(ask.Store.Delete));
            return trees.Sum(static tree => tree.Count);
        });
    }

    private static List<MemoryRun> Tree(MemoryRun root, ILookup<long, MemoryRun> children)
    {
        List<MemoryRun> tree = [root];
        for (int i = 0; i < tree.Count; i++)
        {
            tree.AddRange(children[tree[i].Row.No]);
        }

        return tree;
    }

    private void Delete(MemoryRun run)
    {
        _runs.Remove(run.Row.Id);
        _runsByNo.Remove(run.Row.No);
        if (run.Row.IdempotencyKey is { } key)
        {
            _runsByKey.Remove((run.Row.Tenant, key));
        }

        foreach (HumanTaskId task in _humanTasks.Values.Where(task => task.RunNo == run.Row.No).Select(static task => task.Id).ToArray())
        {
            _humanTasks.Remove(task);
        }
    }
}
