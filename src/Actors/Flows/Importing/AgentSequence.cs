using System.Globalization;

namespace Actors.Flows;

/// <summary>A graph as a sequence of steps with branches.</summary>
internal sealed class AgentSequence(AgentGraph graph, AgentSteps steps, AgentFields fields, ImportReport report)
{
    /// <summary>True when every node from here to <paramref name="until"/> has one place in a sequence with branches.</summary>
    public bool IsStructured(string at, string until, HashSet<string> emitted, int depth)
    {
        // The ways through a large graph are too many to try; and so deep no file may be.
        if (graph.Nodes.Count > 200 || depth > 12)
        {
            return false;
        }

        while (at != until && at != AgentGraph.End)
        {
            if (!emitted.Add(at))
            {
                return false;
            }

            AgentNode node = graph.Nodes[at];
            if (node.Edges.Exists(e => e.Parallel is { } p && (!emitted.Add(p.Target) || graph.Nodes[p.Target].Edges.Exists(x => x.To is null) || graph.Nodes[p.Target].Edges.Count > 1)))
            {
                return false;
            }

            if (node.Edges.Count > 1 && !node.Edges.TrueForAll(e => e.To is not null))
            {
                return false;
            }

            List<string> next = graph.Next(node);
            if (next.Count == 1 || node.Edges is [{ Loop: not null }])
            {
                at = next[0];
                continue;
            }

            string meeting = graph.Meeting(next, until);
            if (node.Edges is [{ Routes: { } routes }] && routes.Select(r => r.To).Where(t => t != meeting).GroupBy(t => t).Any(g => g.Count() > 1))
            {
                return false;
            }

            foreach (string branch in next)
            {
                // A branch that goes to the end while the others go on would need to leave the sequence.
                if (branch != meeting && !IsStructured(branch, meeting, emitted, depth + 1))
                {
                    return false;
                }

                if (meeting != AgentGraph.End && branch == AgentGraph.End)
                {
                    return false;
                }
            }

            at = meeting;
        }

        return at == until || until == AgentGraph.End;
    }

    public void Write(string at, string until, OutList into)
    {
        while (at != until && at != AgentGraph.End)
        {
            AgentNode node = graph.Nodes[at];
            if (node.Edges is [{ Loop: { } loop } looping])
            {
                OutList body = new();
                body.Items.AddRange(steps.NodeSteps(node, false));
                into.Items.Add(new OutMap()
                    .With("loop", body)
                    .With("until", fields.Reference(loop.Field.Value) + " == true")
                    .With("max", new OutPlain(loop.Max.ToString(CultureInfo.InvariantCulture)))
                    .With("on_max", "exit"));
                report.Changed(looping.At, $"the loop ends after {loop.Max} rounds, as it was meant to; before, it did not count them");
                at = loop.ExitTo;
                continue;
            }

            into.Items.AddRange(steps.NodeSteps(node, false));
            if (node.Edges is [{ Parallel: { } parallel }])
            {
                into.Items.AddRange(steps.Items(graph.Nodes[parallel.Target], parallel.Items, parallel.Collect));
                at = graph.Next(node)[0];
                continue;
            }

            List<string> next = graph.Next(node);
            if (next.Count == 1)
            {
                at = next[0];
                continue;
            }

            string meeting = graph.Meeting(next, until);
            if ((node.Edges is [{ Routes: { } routes }] ? Branches(routes, meeting) : Siblings(next, meeting)) is { } choice)
            {
                into.Items.Add(choice);
            }

            at = meeting;
        }
    }

    /// <returns>Null when all ways lead to the same place at once.</returns>
    private OutMap? Branches(IReadOnlyList<(YamlText? Condition, string To)> routes, string meeting)
    {
        // Built from the last: each is the else of the one before. What two ways lead to is written at the first of them only when it is the meeting: see IsStructured.
        string? otherwise = routes.FirstOrDefault(r => r.Condition is null).To;
        OutList? rest = otherwise is null || otherwise == meeting ? null : Branch(otherwise, meeting);
        foreach ((YamlText? condition, string to) in routes.Where(r => r.Condition is not null).Reverse())
        {
            OutList? then = to == meeting ? null : Branch(to, meeting);
            if (then is null && rest is null)
            {
                continue;
            }

            OutMap choice = new OutMap().With("if", steps.Condition(condition!)).With("then", then).With("else", rest);
            rest = new OutList();
            rest.Items.Add(choice);
        }

        return rest?.Items is [OutMap only] ? only : null;
    }

    private OutList Branch(string from, string meeting)
    {
        OutList made = new();
        Write(from, meeting, made);
        return made;
    }

    private OutMap Siblings(List<string> next, string meeting)
    {
        OutMap branches = new();
        foreach (string branch in next.Where(b => b != meeting))
        {
            branches.With(branch, Branch(branch, meeting));
        }

        return new OutMap().With("parallel", branches);
    }
}
