using System.Globalization;

namespace Actors.Flows;

/// <summary>The graph: as a sequence with branches, or as a state machine.</summary>
internal sealed partial class AgentsImporter
{
    private const string End = "END";
    private const string EndState = "finished";
    private const int ItemsAtOnce = 8;

    private string? ReadEdges(OldMap root)
    {
        string? start = null;
        foreach (YamlItem item in root.List("edges")?.Items ?? [])
        {
            if (item is not YamlMap map)
            {
                _report.Lost(item, $"an edge must be a mapping, not {item.Name}");
                continue;
            }

            OldMap edge = new(map, _report, "an edge");
            YamlText? from = edge.TextItem("from");
            AgentEdge? read = ReadEdge(edge, map);
            edge.Lose("condition", "a condition at an edge was ignored and is not carried", "Write routes.");
            edge.TellOthers();
            if (from is null || read is null)
            {
                continue;
            }

            if (from.Value == "START")
            {
                if (read.To is null || read.To == End)
                {
                    _report.Lost(map, "the edge from START must lead to a node");
                }
                else if (start is not null)
                {
                    _report.Lost(map, "a second edge leads from START; the first counts");
                }
                else
                {
                    start = read.To;
                }
            }
            else if (_nodes.TryGetValue(from.Value, out AgentNode? node))
            {
                node.Edges.Add(read);
            }
            else
            {
                _report.Lost(from, $"there is no node '{Text.Shorten(from.Value, 60)}'");
            }
        }

        if (start is null && _nodes.Count > 0)
        {
            start = _nodes.Keys.First();
            _report.Lost(_root, $"no edge leads from START; the flow begins with '{start}'");
        }

        return start;
    }

    private AgentEdge? ReadEdge(OldMap edge, YamlMap map)
    {
        if (edge.Item("to") is YamlText to)
        {
            return IsNode(to) ? new AgentEdge(map) { To = to.Value } : null;
        }

        if (edge.Item("to") is YamlList several)
        {
            _report.Lost(several, "an edge leads to one node", "Write an edge for each.");
            return null;
        }

        if (edge.List("routes") is { } routes)
        {
            return new AgentEdge(map) { Routes = [.. Routes(routes)] } is { Routes.Count: > 0 } read ? read : null;
        }

        if (edge.Mapping("loop") is { } loopMap)
        {
            OldMap loop = new(loopMap, _report, "a loop");
            YamlText? field = loop.TextItem("condition_field");
            int max = (int)(loop.Number("max_iterations", 1, 100) ?? 10);
            YamlText? exit = loop.TextItem("exit_to");
            loop.TellOthers();
            if (field is null || !_fields.ContainsKey(field.Value))
            {
                _report.Lost((YamlItem?)field ?? loopMap, "condition_field must be a field of the state");
                return null;
            }

            return exit is not null && !IsNode(exit) ? null : new AgentEdge(map) { Loop = (field, max, exit?.Value ?? End) };
        }

        if (edge.Mapping("parallel") is { } parallelMap)
        {
            OldMap parallel = new(parallelMap, _report, "a parallel edge");
            YamlText? items = parallel.TextItem("items_field");
            YamlText? target = parallel.TextItem("target_node");
            YamlText? collect = parallel.TextItem("collect_field");
            parallel.TellOthers();
            if (items is null || target is null || collect is null || !_fields.ContainsKey(items.Value) || !_fields.ContainsKey(collect.Value) || !_nodes.ContainsKey(target.Value))
            {
                _report.Lost(parallelMap, "a parallel edge needs items_field, target_node and collect_field, which must exist");
                return null;
            }

            _written.Add(collect.Value);
            return new AgentEdge(map) { Parallel = (items.Value, target.Value, collect.Value) };
        }

        _report.Lost(map, "the edge leads nowhere: it needs to, routes, loop or parallel");
        return null;
    }

    private IEnumerable<(YamlText?, string)> Routes(YamlList routes)
    {
        foreach (YamlItem item in routes.Items)
        {
            if (item is not YamlMap map || map.Find("to") is not YamlText to)
            {
                _report.Lost(item, "a route must be a mapping with 'condition' and 'to'");
                continue;
            }

            YamlText? logic = map.Find("condition") switch
            {
                YamlMap condition => condition.Find("logic") as YamlText,
                YamlText text => text,
                _ => null,
            };
            if (logic is null)
            {
                _report.Lost(map, "a route needs a condition with 'logic'");
            }
            else if (IsNode(to))
            {
                yield return (logic.Value.Trim() == "default" ? null : logic, to.Value);
            }
        }
    }

    private bool IsNode(YamlText name)
    {
        if (name.Value == End || _nodes.ContainsKey(name.Value))
        {
            return true;
        }

        string? near = Text.Nearest(name.Value, _nodes.Keys);
        _report.Lost(name, $"there is no node '{Text.Shorten(name.Value, 60)}'", near is null ? null : $"Did you mean '{near}'?");
        return false;
    }

    private OutList Graph(string start)
    {
        foreach (AgentNode node in _nodes.Values.Where(n => !Reachable(start).Contains(n.Id)))
        {
            _report.Lost(node.Map, $"no edge leads to the node '{node.Id}'");
        }

        // Whether it works out is seen when it is done: notes are kept only of what stays.
        HashSet<string> emitted = new(StringComparer.Ordinal);
        if (IsStructured(start, End, emitted, 0))
        {
            OutList steps = new();
            Sequence(start, End, steps);
            return steps;
        }

        _report.Carried(_nodes[start].Map, "the graph has ways back or ways that cross, and is a state machine here: a state for each node");
        return Machine(start);
    }

    /// <summary>Where a node leads to, itself and the targets of parallel edges left out.</summary>
    private List<string> Next(AgentNode node)
    {
        List<string> next = [];
        foreach (AgentEdge edge in node.Edges)
        {
            if (edge.To is not null)
            {
                next.Add(edge.To);
            }

            next.AddRange(edge.Routes?.Select(r => r.To) ?? []);
            if (edge.Loop is { } loop)
            {
                next.Add(loop.ExitTo);
            }

            if (edge.Parallel is { } parallel)
            {
                next.AddRange(parallel.Target == node.Id ? [] : Next(_nodes[parallel.Target]));
            }

            if (next.Count > NodesMax)
            {
                break;
            }
        }

        return next.Count == 0 ? [End] : [.. next.Distinct()];
    }

    private HashSet<string> Reachable(string start)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        Stack<string> open = new([start]);
        while (open.TryPop(out string? id))
        {
            if (seen.Add(id) && _nodes.TryGetValue(id, out AgentNode? node))
            {
                foreach (string next in Next(node).Concat(node.Edges.Where(e => e.Parallel is not null).Select(e => e.Parallel!.Value.Target)))
                {
                    open.Push(next);
                }
            }
        }

        return seen;
    }

    /// <summary>The first node that all ways from these lead through; END when there is none before.</summary>
    private string Meeting(IReadOnlyList<string> from, string until)
    {
        HashSet<string> common = Reachable(from[0]);
        foreach (string other in from.Skip(1))
        {
            common.IntersectWith(Reachable(other));
        }

        // Of those that all reach, the one from which all others are reached.
        string? meeting = common.FirstOrDefault(c => c != End && common.IsSubsetOf(Reachable(c)) && from.All(f => f == c || MustPass(f, c)));
        return meeting ?? (common.Contains(until) ? until : End);
    }

    private bool MustPass(string from, string through)
    {
        HashSet<string> seen = new(StringComparer.Ordinal) { through };
        Stack<string> open = new([from]);
        while (open.TryPop(out string? id))
        {
            if (id == End)
            {
                return false;
            }

            if (seen.Add(id) && _nodes.TryGetValue(id, out AgentNode? node))
            {
                foreach (string next in Next(node))
                {
                    open.Push(next);
                }
            }
        }

        return true;
    }

    /// <summary>True when every node from here to <paramref name="until"/> has one place in a sequence with branches.</summary>
    private bool IsStructured(string at, string until, HashSet<string> emitted, int depth)
    {
        // The ways through a large graph are too many to try; and so deep no file may be.
        if (_nodes.Count > 200 || depth > 12)
        {
            return false;
        }

        while (at != until && at != End)
        {
            if (!emitted.Add(at))
            {
                return false;
            }

            AgentNode node = _nodes[at];
            if (node.Edges.Exists(e => e.Parallel is { } p && (!emitted.Add(p.Target) || _nodes[p.Target].Edges.Exists(x => x.To is null) || _nodes[p.Target].Edges.Count > 1)))
            {
                return false;
            }

            if (node.Edges.Count > 1 && !node.Edges.TrueForAll(e => e.To is not null))
            {
                return false;
            }

            List<string> next = Next(node);
            if (next.Count == 1 || node.Edges is [{ Loop: not null }])
            {
                at = next[0];
                continue;
            }

            string meeting = Meeting(next, until);
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

                if (meeting != End && branch == End)
                {
                    return false;
                }
            }

            at = meeting;
        }

        return at == until || until == End;
    }

    private void Sequence(string at, string until, OutList into)
    {
        while (at != until && at != End)
        {
            AgentNode node = _nodes[at];
            if (node.Edges is [{ Loop: { } loop } looping])
            {
                OutList body = new();
                body.Items.AddRange(NodeSteps(node, false));
                into.Items.Add(new OutMap()
                    .With("loop", body)
                    .With("until", Reference(loop.Field.Value) + " == true")
                    .With("max", new OutPlain(loop.Max.ToString(CultureInfo.InvariantCulture)))
                    .With("on_max", "exit"));
                _report.Changed(looping.At, $"the loop ends after {loop.Max} rounds, as it was meant to; before, it did not count them");
                at = loop.ExitTo;
                continue;
            }

            into.Items.AddRange(NodeSteps(node, false));
            if (node.Edges is [{ Parallel: { } parallel }])
            {
                into.Items.AddRange(Items(parallel.Items, parallel.Target, parallel.Collect));
                at = Next(node)[0];
                continue;
            }

            List<string> next = Next(node);
            if (next.Count == 1)
            {
                at = next[0];
                continue;
            }

            string meeting = Meeting(next, until);
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

            OutMap choice = new OutMap().With("if", Condition(condition!)).With("then", then).With("else", rest);
            rest = new OutList();
            rest.Items.Add(choice);
        }

        return rest?.Items is [OutMap only] ? only : null;
    }

    private OutList Branch(string from, string meeting)
    {
        OutList steps = new();
        Sequence(from, meeting, steps);
        return steps;
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

    private IEnumerable<OutNode> Items(string items, string target, string collect)
    {
        AgentNode node = _nodes[target];
        OutList body = new();
        body.Items.AddRange(NodeSteps(node, true));
        bool isObject = (node.Map.Find("output_schema") as YamlMap)?.Find("type") is YamlText { Value: "object" } && node.Map.Find("code") is null;
        string gives = isObject && node.Outputs.Count == 1 ? $"${{{node.Step}?.{node.Outputs[0]}}}" : $"${{{node.Step}}}";
        string id = node.Step + "_all";
        yield return new OutMap()
            .With("for_each", $"${{{Reference(items)}}}")
            .With("id", id)
            .With("concurrency", new OutPlain(ItemsAtOnce.ToString(CultureInfo.InvariantCulture)))
            .With("do", body)
            .With("collect", gives);
        yield return new OutMap().With("set", new OutMap().With(collect, $"${{{id}}}"));
    }

    private OutList Machine(string start)
    {
        HashSet<string> reachable = Reachable(start);
        HashSet<string> inline = [.. _nodes.Values.SelectMany(n => n.Edges).Where(e => e.Parallel is not null).Select(e => e.Parallel!.Value.Target)];
        OutMap states = new();
        foreach (AgentNode node in _nodes.Values.Where(n => reachable.Contains(n.Id) && (!inline.Contains(n.Id) || n.Id == start)))
        {
            OutList body = new();
            body.Items.AddRange(NodeSteps(node, false));
            OutList transitions = new();
            foreach (AgentEdge edge in node.Edges.Take(1))
            {
                Leave(node, edge, body, transitions, 0);
            }

            if (node.Edges.Count > 1)
            {
                _report.Lost(node.Map, $"several edges lead from the node '{node.Id}' in a graph with ways back: the first counts");
            }

            OutMap state = new OutMap().With("do", body);
            if (transitions.Items.Count > 0)
            {
                state.With("transitions", transitions);
            }

            states.With(node.Id, state);
        }

        states.With(EndName, new OutMap().With("end", new OutPlain("true")));
        OutList steps = new();
        steps.Items.Add(new OutMap().With("state_machine", new OutMap().With("start", start).With("max_hops", new OutPlain("1000")).With("states", states)));
        return steps;
    }

    private string EndName => _nodes.ContainsKey(EndState) ? EndState + "_all" : EndState;

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
                transitions.Items.Add(condition is null ? transition : transition.With("if", Condition(condition)));
            }
        }
        else if (edge.Loop is { } loop)
        {
            string counter = node.Id + "_rounds";
            if (!_counters.Contains(counter))
            {
                _counters.Add(counter);
            }

            body.Items.Add(new OutMap().With("set", new OutMap().With(counter, $"${{(state.{counter} ?? 0) + 1}}")));
            transitions.Items.Add(new OutMap().With("to", StateOf(loop.ExitTo)).With("if", $"{Reference(loop.Field.Value)} == true or state.{counter} >= {loop.Max.ToString(CultureInfo.InvariantCulture)}"));
            transitions.Items.Add(new OutMap().With("to", StateOf(node.Id)));
        }
        else if (edge.Parallel is { } parallel)
        {
            body.Items.AddRange(Items(parallel.Items, parallel.Target, parallel.Collect));
            if (depth < 20 && _nodes[parallel.Target].Edges is [var onward, ..])
            {
                Leave(_nodes[parallel.Target], onward, body, transitions, depth + 1);
            }
        }

        if (transitions.Items.Count == 0)
        {
            transitions.Items.Add(new OutMap().With("to", EndName));
        }
    }

    private string StateOf(string node) => node == End ? EndName : node;
}
