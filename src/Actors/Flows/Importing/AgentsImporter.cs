namespace Actors.Flows;

/// <summary>
/// Makes a flow of a configuration of Configurable Agents: a graph of nodes over one state. A graph that is a sequence with branches becomes one; any other becomes a
/// state machine with a state for each node.
/// </summary>
internal sealed class AgentsImporter
{
    private readonly YamlMap _root;
    private readonly ImportReport _report;
    private readonly AgentFields _fields;
    private readonly AgentSteps _steps;
    private readonly AgentGraph _graph;
    private decimal? _timeout;

    public AgentsImporter(YamlMap root, ImportReport report)
    {
        (_root, _report) = (root, report);
        _fields = new AgentFields(report);
        _steps = new AgentSteps(_fields, report);
        _graph = new AgentGraph(_fields, report);
    }

    public OutMap Import(string name)
    {
        OldMap root = new(_root, _report, "a configuration");
        root.Ignore("schema_version");
        OldMap? flow = root.Mapping("flow") is { } flowMap ? new OldMap(flowMap, _report, "flow") : null;
        _fields.Read(root);
        ReadConfig(root);
        ReadNodes(root);
        string? start = _graph.ReadEdges(root);
        root.Lose("optimization", "optimization of prompts is not carried");
        root.Lose("memory", "memory is not carried", "Keep what is to be remembered in the state, or in a database of the tasks.");
        root.TellOthers();
        OutMap made = new OutMap().Comment($"Made from {Path.GetFileName(_report.File)}, a configuration of Configurable Agents.");
        made.With("flow", name);
        if (flow?.Text("description") is { } description)
        {
            made.With("description", FlujoTemplate.Escape(description));
        }

        if (flow?.Text("version") is { } version)
        {
            made.With("version", version);
        }

        made.WithTimeout(_timeout);
        flow?.Ignore("name");
        flow?.TellOthers();
        OutList steps = new();
        OutMap first = _fields.FirstState();
        if (first.Entries.Count > 0)
        {
            steps.Items.Add(new OutMap().With("set", first));
        }

        OutList body = start is null ? new OutList() : Graph(start);
        steps.Items.AddRange(body.Items);
        if (steps.Items.Count == 0)
        {
            steps.Items.Add(new OutMap().With("exit", new OutMap().With("reason", "there is nothing to do")));
        }

        made.With("inputs", _fields.Inputs());
        if (_fields.Written.Count + _fields.Counters.Count > 0)
        {
            made.With("state", _fields.StateFields());
        }

        return made.With("steps", steps).With("outputs", _fields.Outputs());
    }

    private void ReadConfig(OldMap root)
    {
        if (root.Mapping("config") is not { } map)
        {
            return;
        }

        OldMap config = new(map, _report, "config");
        if (config.Mapping("execution") is { } executionMap)
        {
            OldMap execution = new(executionMap, _report, "config.execution");
            _steps.Retries = execution.Number("max_retries", 0, RetryPolicy.AttemptsMax - 1);
            if (execution.Number("timeout", 0.001m, 86_400_000) is { } seconds)
            {
                _timeout = seconds;
                _report.Changed(execution.At("timeout"), "the limit of the whole run is kept now; it was not before");
            }

            execution.TellOthers();
        }

        config.Lose("llm", "the model's settings are not carried: the nodes are tasks", "Set the model in the tasks.");
        config.Lose("observability", "observability is a matter of the server: see its traces and metrics");
        config.Lose("storage", "storage is a matter of the server: runs are kept in its database");
        config.Lose("mlflow", "MLflow is not supported", "See the server's traces.");
        config.Lose("ab_test", "A/B tests of prompts are not carried");
        config.Lose("gates", "quality gates are not carried", "Check results with validate at the steps.");
        config.TellOthers();
    }

    private void ReadNodes(OldMap root)
    {
        foreach (YamlItem item in root.List("nodes")?.Items ?? [])
        {
            if (item is not YamlMap map || map.Find("id") is not YamlText id)
            {
                _report.Lost(item, "a node must be a mapping with 'id'");
                continue;
            }

            if (!OldExpression.IsWord(id.Value) || id.Value.Length > 60 || _graph.Nodes.ContainsKey(id.Value) || id.Value is "START" or "END" || _graph.Nodes.Count >= AgentGraph.NodesMax)
            {
                _report.Lost(id, _graph.Nodes.ContainsKey(id.Value) ? $"the node '{Text.Shorten(id.Value, 60)}' is declared twice" : $"'{Text.Shorten(id.Value, 60)}' cannot be the id of a node");
                continue;
            }

            AgentNode node = new(id.Value, map, StepId(id.Value));
            _graph.Nodes.Add(id.Value, node);
            foreach (YamlText output in (map.Find("outputs") as YamlList)?.Items.OfType<YamlText>() ?? [])
            {
                if (!_fields.Known.ContainsKey(output.Value))
                {
                    _report.Lost(output, $"the state has no field '{Text.Shorten(output.Value, 60)}'{_fields.Near(output.Value)}");
                    continue;
                }

                node.Outputs.Add(output.Value);
                _fields.Written.Add(output.Value);
            }
        }
    }

    // A step must not be called as a word of the language is, nor as the variables of loops.
    private string StepId(string node)
    {
        string id = Names.Reserved.Contains(node) || node is "state" or "item" or "index" or "carried" or "data" or "branches" or "result" ? node + "_node" : node;
        while (_graph.Nodes.Values.Any(n => n.Step == id))
        {
            id += "_2";
        }

        return id;
    }

    private OutList Graph(string start)
    {
        HashSet<string> reachable = _graph.Reachable(start);
        foreach (AgentNode node in _graph.Nodes.Values.Where(n => !reachable.Contains(n.Id)))
        {
            _report.Lost(node.Map, $"no edge leads to the node '{node.Id}'");
        }

        // Whether it works out is seen when it is done: notes are kept only of what stays.
        AgentSequence sequence = new(_graph, _steps, _fields, _report);
        HashSet<string> emitted = new(StringComparer.Ordinal);
        if (sequence.IsStructured(start, AgentGraph.End, emitted, 0))
        {
            OutList steps = new();
            sequence.Write(start, AgentGraph.End, steps);
            return steps;
        }

        _report.Carried(_graph.Nodes[start].Map, "the graph has ways back or ways that cross, and is a state machine here: a state for each node");
        return new AgentMachine(_graph, _steps, _fields, _report).Write(start);
    }
}
