namespace Actors.Simulation;

public sealed class SmokeTests
{
    [Fact]
    public void A_tree_runs_as_the_reference_says()
    {
        SimWorld world = new(1, fifo: true);
        Node tree = new SequenceNode(1, [new StepNode(2), new AllNode(3, [new StepNode(4), new StepNode(5, BodyMs: 20)]), new AskNode(6, false), new WaitNode(7, false), new CallNode(8, new StepNode(9)), new SetNode(10)]);
        SimCluster cluster = new(world, [tree]);
        cluster.Start("one");
        cluster.StartRun(0, 5);
        bool ended = world.RunUntil(() => cluster.Roots.Count == 1 && cluster.Live.Count == 0 && cluster.PendingOps == 0, 10_000);
        Assert.True(ended, cluster.Describe());
        Reference expected = Reference.Of(tree, 5);
        Assert.Empty(cluster.CheckRoot(cluster.Roots[0], expected));
        Assert.Empty(cluster.Check());
        Assert.Equal(expected.Made.Must.OrderBy(c => c.Key, StringComparer.Ordinal), cluster.Calls.OrderBy(c => c.Key, StringComparer.Ordinal));
    }
}
