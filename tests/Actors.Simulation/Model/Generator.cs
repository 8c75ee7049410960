namespace Actors.Simulation;

/// <summary>Random trees. Small ones are common, every kind of node comes up, and none waits for what never comes.</summary>
internal sealed class Generator(SimRandom random, int firstId = 0)
{
    private int _id = firstId;
    private int _budget;

    public Node Tree(int size)
    {
        _budget = size;
        return Sequence(depth: 0, stateful: true);
    }

    private Node Sequence(int depth, bool stateful)
    {
        int count = random.Next(1, depth == 0 ? 6 : 4);
        List<Node> items = [];
        for (int i = 0; i < count && (i == 0 || _budget > 0); i++)
        {
            items.Add(One(depth, stateful));
        }

        return items.Count == 1 ? items[0] : new SequenceNode(++_id, [.. items]);
    }

    private Node One(int depth, bool stateful)
    {
        _budget--;
        int id = ++_id;
        if (depth >= 4 || _budget <= 0 || random.Chance(0.45))
        {
            return Leaf(id, stateful);
        }

        switch (random.Next(13))
        {
            case 0:
                return new IfNode(id, Sequence(depth + 1, stateful), Sequence(depth + 1, stateful));
            case 1 or 2:
                return new AllNode(id, Branches(depth, stateful));
            case 11:
                return Ordered(id, Branches(depth, stateful));
            case 12:
                // Who has its value from the cache writes no state.
                return new CachedNode(id, Sequence(depth + 1, stateful: false));
            case 3:
                // The winner's writes would count, and timing decides who wins.
                return new AnyNode(id, Branches(depth, stateful: false));
            case 4 or 5:
                return new MapNode(id, random.Next(0, 5), random.Next(1, 4), Sequence(depth + 1, stateful));
            case 6:
                return new LoopNode(id, random.Next(1, 5), Sequence(depth + 1, stateful));
            case 7:
                return new ScopeNode(id, Sequence(depth + 1, stateful), random.Chance(0.5));
            case 8:
                Node timeout = new TimeoutNode(id, Sequence(depth + 1, stateful), random.Pick([300, 5_000, 90_000]));
                return random.Chance(0.9) ? new TryNode(++_id, timeout) : timeout;
            case 9:
                return new CallNode(id, Sequence(depth + 1, stateful: true));
            default:
                return new TryNode(id, Sequence(depth + 1, stateful));
        }
    }

    private Node[] Branches(int depth, bool stateful) => [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Sequence(depth + 1, stateful))];

    private AllNode Ordered(int id, Node[] branches)
    {
        // Each may come after those before it in an order of their own.
        int[] order = [.. Enumerable.Range(0, branches.Length)];
        for (int i = order.Length - 1; i > 0; i--)
        {
            int other = random.Next(i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }

        int[][] after = new int[branches.Length][];
        for (int i = 0; i < order.Length; i++)
        {
            after[order[i]] = [.. order[..i].Where(_ => random.Chance(0.6))];
        }

        return new AllNode(id, branches, after, random.Next(1, 4));
    }

    private Node Leaf(int id, bool stateful)
    {
        switch (random.Next(22))
        {
            case 0:
                return new SleepNode(id, random.Pick([5, 700, 3_000, 45_000, 3_600_000]));
            case 1:
                return new AskNode(id, random.Chance(0.3));
            case 2:
                return new WaitNode(id, random.Chance(0.3));
            case 3 or 4:
                return stateful ? new SetNode(id) : new StepNode(id);
            case 5:
                return new RepeatNode(id, random.Next(1, 4));
            case 6:
                return new CleanUpNode(id);
            case 7:
                return new ReportNode(id);
            case 8:
                return new EmitNode(id);
            case 9:
                return new SendNode(id);
            default:
                return Step(id);
        }
    }

    private StepNode Step(int id)
    {
        int attempts = random.Pick([1, 1, 1, 2, 3]);
        int fails = random.Chance(0.75) ? 0 : random.Next(0, attempts + (random.Chance(0.4) ? 1 : 0));
        return new StepNode(
            id, fails, attempts, random.Pick([50, 400, 2_000, 30_000]), random.Pick([0, 0, 0, 20, 600, 2_500]), Undo: random.Chance(0.25), Fallback: random.Chance(0.1));
    }
}
