namespace Actors.Flows;

/// <summary>The nodes and the ways between them.</summary>
internal sealed class AgentGraph(AgentFields fields, ImportReport report)
{
    public const string End = "END";
    public const int NodesMax = 2_000;

    /// <summary>By id, in the order of the file.</summary>
    public Dictionary<string, AgentNode> Nodes { get; } = new(StringComparer.Ordinal);

    public string? ReadEdges(OldMap root)
    {
        string? start = null;
        foreach (YamlItem item in root.List("edges")?.Items ?? [])
        {
            if (item is not YamlMap map)
            {
                report.Lost(item, $"an edge must be a mapping, not {item.Name}");
                continue;
            }

            OldMap edge = new(map, report, "an edge");
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
                    report.Lost(map, "the edge from START must lead to a node");
                }
                else if (start is not null)
                {
                    report.Lost(map, "a second edge leads from START; the first counts");
                }
                else
                {
                    start = read.To;
                }
            }
            else if (Nodes.TryGetValue(from.Value, out AgentNode? node))
            {
                node.Edges.Add(read);
            }
            else
            {
                report.Lost(from, $"there is no node '{Text.Shorten(from.Value, 60)}'");
            }
        }

        if (start is null && Nodes.Count > 0)
        {
            start = Nodes.Keys.First();
            report.Lost(root.Map, $"no edge leads from START; the flow begins with '{start}'");
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
            report.Lost(several, "an edge leads to one node", "Write an edge for each.");
            return null;
        }

        if (edge.List("routes") is { } routes)
        {
            return new AgentEdge(map) { Routes = [.. Routes(routes)] } is { Routes.Count: > 0 } read ? read : null;
        }

        if (edge.Mapping("loop") is { } loopMap)
        {
            OldMap loop = new(loopMap, report, "a loop");
            YamlText? field = loop.TextItem("condition_field");
            int max = (int)(loop.Number("max_iterations", 1, 100) ?? 10);
            YamlText? exit = loop.TextItem("exit_to");
            loop.TellOthers();
            if (field is null || !fields.Known.ContainsKey(field.Value))
            {
                report.Lost((YamlItem?)field ?? loopMap, "condition_field must be a field of the state");
                return null;
            }

            return exit is not null && !IsNode(exit) ? null : new AgentEdge(map) { Loop = (field, max, exit?.Value ?? End) };
        }

        if (edge.Mapping("parallel") is { } parallelMap)
        {
            OldMap parallel = new(parallelMap, report, "a parallel edge");
            YamlText? items = parallel.TextItem("items_field");
            YamlText? target = parallel.TextItem("target_node");
            YamlText? collect = parallel.TextItem("collect_field");
            parallel.TellOthers();
            if (items is null || target is null || collect is null || !fields.Known.ContainsKey(items.Value) || !fields.Known.ContainsKey(collect.Value) || !Nodes.ContainsKey(target.Value))
            {
                report.Lost(parallelMap, "a parallel edge needs items_field, target_node and collect_field, which must exist");
                return null;
            }

            fields.Written.Add(collect.Value);
            return new AgentEdge(map) { Parallel = (items.Value, target.Value, collect.Value) };
        }

        report.Lost(map, "the edge leads nowhere: it needs to, routes, loop or parallel");
        return null;
    }

    private IEnumerable<(YamlText?, string)> Routes(YamlList routes)
    {
        foreach (YamlItem item in routes.Items)
        {
            if (item is not YamlMap map || map.Find("to") is not YamlText to)
            {
                report.Lost(item, "a route must be a mapping with 'condition' and 'to'");
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
                report.Lost(map, "a route needs a condition with 'logic'");
            }
            else if (IsNode(to))
            {
                yield return (logic.Value.Trim() == "default" ? null : logic, to.Value);
            }
        }
    }

    private bool IsNode(YamlText name)
    {
        if (name.Value == End || Nodes.ContainsKey(name.Value))
        {
            return true;
        }

        string? near = Text.Nearest(name.Value, Nodes.Keys);
        report.Lost(name, $"there is no node '{Text.Shorten(name.Value, 60)}'", near is null ? null : $"Did you mean '{near}'?");
        return false;
    }

    /// <summary>Where a node leads to, itself and the targets of parallel edges left out.</summary>
    public List<string> Next(AgentNode node)
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
                next.AddRange(parallel.Target == node.Id ? [] : Next(Nodes[parallel.Target]));
            }

            if (next.Count > NodesMax)
            {
                break;
            }
        }

        return next.Count == 0 ? [End] : [.. next.Distinct()];
    }

    public HashSet<string> Reachable(string start)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        Stack<string> open = new([start]);
        while (open.TryPop(out string? id))
        {
            if (seen.Add(id) && Nodes.TryGetValue(id, out AgentNode? node))
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
    public string Meeting(IReadOnlyList<string> from, string until)
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

            if (seen.Add(id) && Nodes.TryGetValue(id, out AgentNode? node))
            {
                foreach (string next in Next(node))
                {
                    open.Push(next);
                }
            }
        }

        return true;
    }
}
