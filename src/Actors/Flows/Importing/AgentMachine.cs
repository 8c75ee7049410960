using System.Globalization;

namespace Actors.Flows;

/// <summary>A graph as a state machine with a state for each node.</summary>
internal sealed class AgentMachine(AgentGraph graph, AgentSteps steps, AgentFields fields, ImportReport report)
{
    private const string EndState = "finished";

    public OutList Write(string start)
    {
        HashSet<string> reachable = graph.Reachable(start);
        HashSet<string> inline = [.. graph.Nodes.Values.SelectMany(n => n.Edges).Where(e => e.Parallel is not null).Select(e => e.Parallel!.Value.Target)];
        OutMap states = new();
        foreach (AgentNode node in graph.Nodes.Values.Where(n => reachable.Contains(n.Id) && (!inline.Contains(n.Id) || n.Id == start)))
        {
            OutList body = new();
            body.Items.AddRange(steps.NodeSteps(node, false));
            OutList transitions = new();
            foreach (AgentEdge edge in node.Edges.Take(1))
            {
                Leave(node, edge, body, transitions, 0);
            }

            if (node.Edges.Count > 1)
            {
                report.Lost(node.Map, $"several edges lead from the node '{node.Id}' in a graph with ways back: the first counts");
            }

            OutMap state = new OutMap().With("do", body);
            if (transitions.Items.Count > 0)
            {
                state.With("transitions", transitions);
            }

            states.With(node.Id, state);
        }

        states.With(EndName, new OutMap().With("end", new OutPlain("true")));
        OutList made = new();
        made.Items.Add(new OutMap().With("state_machine", new OutMap().With("start", start).With("max_hops", new OutPlain("1000")).With("states", states)));
        return made;
    }

    private string EndName => graph.Nodes.ContainsKey(EndState) ? EndState + "_all" : EndState;

    private void Leave(AgentNode node, AgentEdge edge, OutList body, OutList transitions, int depth)
    {
        if (edge.To is not null)
        {
            transitions.Items.Add(new OutMap().With("to", StateOf(edge.To)));
        }
        else if (edge.Routes is { } routes)
        {
            foreach ((YamlText? condition, string to) in routes.OrderBy(r => r.Condition is null))
            {
                OutMap transition = new OutMap().With("to", StateOf(to));
                transitions.Items.Add(condition is null ? transition : transition.With("if", steps.Condition(condition)));
            }
        }
        else if (edge.Loop is { } loop)
        {
            string counter = node.Id + "_rounds";
            if (!fields.Counters.Contains(counter))
            {
                fields.Counters.Add(counter);
            }

            body.Items.Add(new OutMap().With("set", new OutMap().With(counter, $"${{(state.{counter} ?? 0) + 1}}")));
            transitions.Items.Add(new OutMap().With("to", StateOf(loop.ExitTo)).With("if", $"{fields.Reference(loop.Field.Value)} == true or state.{counter} >= {loop.Max.ToString(CultureInfo.InvariantCulture)}"));
            transitions.Items.Add(new OutMap().With("to", StateOf(node.Id)));
        }
        else if (edge.Parallel is { } parallel)
        {
            body.Items.AddRange(steps.Items(graph.Nodes[parallel.Target], parallel.Items, parallel.Collect));
            if (depth < 20 && graph.Nodes[parallel.Target].Edges is [var onward, ..])
            {
                Leave(graph.Nodes[parallel.Target], onward, body, transitions, depth + 1);
            }
        }

        if (transitions.Items.Count == 0)
        {
            transitions.Items.Add(new OutMap().With("to", EndName));
        }
    }

    private string StateOf(string node) => node == AgentGraph.End ? EndName : node;
}
