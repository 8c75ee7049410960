using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Tests.Flows.Features;

/// <summary>The keys of configurations of Configurable Agents, through the importer.</summary>
public sealed class AgentsConfigTests : FeatureRun
{
    private const string Head = "schema_version: \"1.0\"\nflow: {name: p, description: Does it, version: 2.0.0}\nstate:\n  fields:\n";

    private const string Line = "edges:\n- {from: START, to: a}\n- {from: a, to: END}\n";

    private AgentsConfigTests Say()
    {
        Host.MockTask<JsonElement, JsonElement>("a", i => i.GetProperty("prompt"));
        Host.MockTask<JsonElement, JsonElement>("b", i => i.GetProperty("prompt"));
        Host.MockTask<JsonElement, JsonElement>("c", i => i.GetProperty("prompt"));
        return this;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Schema_version_and_flow_name_the_flow_in_YAML_and_JSON(bool isJson)
    {
        Say();
        string text = isJson
            ? """{"schema_version":"1.0","flow":{"name":"p","description":"Does it","version":"2.0.0"},"state":{"fields":{"x":{"type":"str","required":true},"y":{"type":"str"}}},"nodes":[{"id":"a","prompt":"of {x}","output_schema":{"type":"str"},"outputs":["y"]}],"edges":[{"from":"START","to":"a"},{"from":"a","to":"END"}]}"""
            : Head + "    x: {type: str, required: true}\n    y: {type: str}\nnodes:\n- {id: a, prompt: 'of {x}', output_schema: {type: str}, outputs: [y]}\n" + Line;
        ImportResult made = Import(text);

        Assert.Equal("""{"x":"z","y":"of z"}""", Text(await EndAsync(made, new { x = "z" })));
        Assert.Equal(("p", "Does it", "2.0.0"), (Host.Flows.Latest[0].Name, Host.Flows.Latest[0].Description, Host.Flows.Latest[0].Label));
    }

    [Fact]
    public void Unknown_keys_are_lost_wherever_they_stand()
    {
        ImportResult made = Import(
            "schema_version: \"1.0\"\nflow:\n  name: p\n  odd: 1\nstate:\n  odd: 1\n  fields:\n    x:\n      type: str\n      odd: 1\nnodes:\n- id: a\n  prompt: p\n  odd: 1\n  output_schema:\n    type: str\n    odd: 1\n  outputs: [x]\nedges:\n- from: START\n  to: a\n  odd: 1\nconfig:\n  odd: 1\nodd: 1");

        foreach (int line in (int[])[4, 6, 10, 14, 17, 22, 24, 25])
        {
            IsLost(made, line, "has no key 'odd' that this importer knows");
        }
    }

    [Fact]
    public async Task State_fields_have_types_defaults_and_are_required_or_not()
    {
        Say();
        ImportResult made = Import(
            Head + "    s: {type: str, required: true, description: A text}\n    i: {type: int, default: 3}\n    f: {type: float, default: 1.5}\n    b: {type: bool, default: true}\n    l: {type: list, default: [1]}\n"
            + "    d: {type: dict, default: {k: v}}\n    ls: {type: 'list[str]', default: [a]}\n    ds: {type: 'dict[str, int]', default: {k: 1}}\n    o: {type: object, schema: {k: str}}\n    none: {type: str}\n"
            + "nodes:\n- {id: a, prompt: p, output_schema: {type: str}, outputs: [none]}\n" + Line);

        Assert.Equal("""{"s":"x","i":3,"f":1.5,"b":true,"l":[1],"d":{"k":"v"},"ls":["a"],"ds":{"k":1},"o":null,"none":"p"}""", Text(await EndAsync(made, new { s = "x" })));
        await Assert.ThrowsAsync<InvalidFlowInputException>(() => Host.StartRunAsync("p", new { }));
        await Assert.ThrowsAsync<InvalidFlowInputException>(() => Host.StartRunAsync("p", new { s = "x", i = "many" }));
    }

    [Fact]
    public async Task Element_types_and_inner_schemas_of_state_fields_are_checked()
    {
        Say();
        await LoadAsync("", ("p.yaml", Import(
            Head + "    ls: {type: 'list[int]', required: true}\n    o:\n      type: object\n      schema: {k: int}\n    r: {type: str}\nnodes:\n- {id: a, prompt: p, output_schema: {type: str}, outputs: [r]}\n" + Line).Files[0].Text));

        await Assert.ThrowsAsync<InvalidFlowInputException>(() => Host.StartRunAsync("p", new { ls = new[] { "x" } }));
        await Assert.ThrowsAsync<InvalidFlowInputException>(() => Host.StartRunAsync("p", new { ls = new[] { 1 }, o = new { k = "x" } }));
        Assert.Equal("""{"ls":[1],"o":{"k":2},"r":"p"}""", Text(await EndAsync(await Host.StartRunAsync("p", new { ls = new[] { 1 }, o = new { k = 2 } }))));
    }

    [Fact]
    public void Nodes_write_fields_of_the_state_and_what_is_for_a_model_is_lost()
    {
        ImportResult made = Import(
            Head + "    x: {type: str}\nnodes:\n- id: a\n  description: Says\n  prompt: p\n  output_schema: {type: str}\n  outputs: [x, xx]\n  tools: [serper_search]\n  memory: {enabled: true}\n  llm: {provider: openai, model: m}\n  optimize: {enabled: true}\n  mlflow: {}\n" + Line);

        Assert.Contains("description: Says", made.Files[0].Text);
        IsLost(made, 11, "the state has no field 'xx'");
        IsLost(made, 12, "a node's tools are not carried");
        IsLost(made, 13, "memory is not carried");
        IsLost(made, 14, "the model's settings are not carried");
        IsLost(made, 15, "optimization of prompts is not carried");
        IsLost(made, 16, "MLflow is not supported");
    }

    [Fact]
    public async Task Inputs_of_a_node_are_names_that_go_before_the_state()
    {
        Host.MockTask<JsonElement, string>("a", _ => "done");

        await RunImportAsync(Head + "    x: {type: str, default: outer}\n    n: {type: int, default: 7}\n    y: {type: str}\nnodes:\n- {id: a, inputs: {x: 'inner of {x}', whole: '{n}'}, prompt: '{x} {state.x}', output_schema: {type: str}, outputs: [y]}\n" + Line);

        Assert.Equal(["""{"prompt":"inner of outer outer","x":"inner of outer","whole":7}"""], Calls("a"));
    }

    [Fact]
    public async Task Prompts_name_fields_their_parts_and_nothing_that_a_value_holds()
    {
        Say();

        Assert.Equal(
            """{"x":"{y} ${y}","y":"secret","o":{"k":{"l":5}},"r":"{y} ${y} 5 {\u0022l\u0022:5} {literal}"}""".Replace("\\u0022", "\\\"", StringComparison.Ordinal),
            await RunImportAsync(
                Head + "    x: {type: str, required: true}\n    y: {type: str, default: secret}\n    o: {type: dict, required: true}\n    r: {type: str}\nnodes:\n- {id: a, prompt: '{x} {o.k.l} {state.o.k} {{literal}}', output_schema: {type: str}, outputs: [r]}\n" + Line,
                new { x = "{y} ${y}", o = new { k = new { l = 5 } } }));
        IsLost(Import(Head + "    topic: {type: str}\nnodes:\n- id: a\n  prompt: '{topik}'\n  output_schema: {type: str}\n  outputs: [topic]\n" + Line), 8, "there is no '{topik}': did you mean 'topic'?");
    }

    [Theory]
    [InlineData("""{"title":"t","tags":["x"]}""", true)]
    [InlineData("""{"title":"t","tags":[1]}""", false)]
    [InlineData("""{"title":"t"}""", false)]
    public async Task Output_schema_of_fields_is_checked_and_fills_the_outputs(string given, bool fits)
    {
        Host.MockTask<JsonElement, JsonElement>("a", _ => Json(given));
        RunResult result = await EndAsync(Import(
            Head + "    title: {type: str}\n    tags: {type: 'list[str]'}\nnodes:\n- id: a\n  prompt: p\n  output_schema:\n    type: object\n    fields: [{name: title, type: str, description: d}, {name: tags, type: 'list[str]'}]\n  outputs: [title, tags]\n" + Line));

        if (fits)
        {
            Assert.Equal(given, Text(result));
        }
        else
        {
            Assert.Equal((RunStatus.Failed, ErrorTypes.InvalidOutput), (result.Run.Status, result.Error!.Type));
        }
    }

    [Theory]
    [InlineData("low", "30s")]
    [InlineData("medium", "60s")]
    [InlineData("high", "120s")]
    [InlineData("max", "300s")]
    public void Code_stands_as_a_comment_and_the_sandbox_s_time_is_the_step_s(string preset, string limit)
    {
        ImportResult made = Import(
            Head + $"    x: {{type: int}}\nnodes:\n- id: a\n  code: |\n    result = 1 + 1\n  output_schema: {{type: int}}\n  outputs: [x]\n  sandbox: {{mode: docker, enabled: true, network: false, preset: {preset}}}\n" + Line);

        Assert.Contains("# result = 1 + 1", made.Files[0].Text);
        Assert.Contains($"timeout: {limit}", made.Files[0].Text);
        IsLost(made, 8, "the code of the node 'a' is not carried");
        IsLost(made, 12, "the sandbox is not carried");
    }

    [Fact]
    public async Task Edges_to_make_a_sequence()
    {
        Say();

        Assert.Equal("""{"x":"1","y":"1 2","z":"1 2 3"}""", await RunImportAsync(
            Head + "    x: {type: str}\n    y: {type: str}\n    z: {type: str}\nnodes:\n- {id: a, prompt: \"1\", output_schema: {type: str}, outputs: [x]}\n- {id: b, prompt: '{x} 2', output_schema: {type: str}, outputs: [y]}\n- {id: c, prompt: '{y} 3', output_schema: {type: str}, outputs: [z]}\n"
            + "edges:\n- {from: b, to: c}\n- {from: START, to: a}\n- {from: c, to: END}\n- {from: a, to: b}\n"));
    }

    [Theory]
    [InlineData("urgent", 1, "b")]
    [InlineData("other", 9, "c")]
    [InlineData("other", 1, "")]
    [InlineData("urgent", 9, "b")]
    public async Task Edges_with_routes_take_the_first_that_is_true_else_the_default(string kind, int score, string expected)
    {
        Say();

        await RunImportAsync(
            Head + "    kind: {type: str, required: true}\n    score: {type: int, required: true}\n    x: {type: str}\n    y: {type: str}\nnodes:\n- {id: a, prompt: p, output_schema: {type: str}, outputs: [x]}\n- {id: b, prompt: p, output_schema: {type: str}, outputs: [y]}\n- {id: c, prompt: p, output_schema: {type: str}, outputs: [y]}\n"
            + "edges:\n- {from: START, to: a}\n- from: a\n  routes:\n  - {condition: {logic: default}, to: END}\n  - {condition: {logic: \"state.kind == 'urgent'\"}, to: b}\n  - {condition: {logic: 'state.score > 5 and not state.y'}, to: c}\n- {from: b, to: END}\n- {from: c, to: END}\n",
            new { kind, score });

        Assert.Equal(expected, string.Join(' ', ((string[])["b", "c"]).Where(t => Calls(t).Count > 0)));
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(9, 4)]
    public async Task Edges_with_a_loop_end_by_their_field_or_their_number_of_rounds(int doneAfter, int rounds)
    {
        int round = 0;
        Host.MockTask<JsonElement, bool>("a", _ => ++round >= doneAfter);

        await RunImportAsync(Head + "    done: {type: bool, default: false}\nnodes:\n- {id: a, prompt: p, output_schema: {type: bool}, outputs: [done]}\nedges:\n- {from: START, to: a}\n- {from: a, loop: {max_iterations: 4, condition_field: done, exit_to: END}}\n");

        Assert.Equal(rounds, round);
    }

    [Theory]
    [InlineData("""["q","r"]""", """["do q","do r"]""")]
    [InlineData("[]", "[]")]
    public async Task Edges_with_parallel_run_their_node_for_each_item_collect_and_go_on(string items, string collected)
    {
        Say();
        RunResult result = await EndAsync(
            Import(
                Head + "    items: {type: list, required: true}\n    x: {type: str}\n    one: {type: str}\n    all: {type: list}\n    end: {type: str}\nnodes:\n- {id: a, prompt: p, output_schema: {type: str}, outputs: [x]}\n- {id: b, prompt: 'do {item}', output_schema: {type: str}, outputs: [one]}\n- {id: c, prompt: 'end', output_schema: {type: str}, outputs: [end]}\n"
                + "edges:\n- {from: START, to: a}\n- {from: a, parallel: {items_field: items, target_node: b, collect_field: all}}\n- {from: b, to: c}\n- {from: c, to: END}\n"),
            new { items = Json(items) });

        using JsonDocument outputs = JsonDocument.Parse(Text(result));
        Assert.Equal((collected, "end"), (outputs.RootElement.GetProperty("all").GetRawText(), outputs.RootElement.GetProperty("end").GetString()));
    }

    [Fact]
    public void Documented_edges_that_never_worked_are_lost()
    {
        ImportResult made = Import(
            Head + "    x: {type: str}\nnodes:\n- {id: a, prompt: p, output_schema: {type: str}, outputs: [x]}\nedges:\n- {from: START, to: a}\n- {from: a, to: [a, END]}\n- {from: a, to: END, condition: 'state.x'}\n- {from: a, to: END, timeout_seconds: 5}\n");

        IsLost(made, 10, "an edge leads to one node");
        IsLost(made, 11, "a condition at an edge was ignored");
        IsLost(made, 12, "no key 'timeout_seconds'");
    }

    [Fact]
    public async Task Config_execution_retries_its_nodes_and_limits_the_run()
    {
        int calls = 0;
        Host.MockTask<JsonElement, string>("a", _ => ++calls < 4 ? throw new TaskException("busy") : "done");
        ImportResult made = Import(Head + "    x: {type: str}\nnodes:\n- {id: a, prompt: p, output_schema: {type: str}, outputs: [x]}\n" + Line + "config:\n  execution:\n    timeout: 120\n    max_retries: 3\n");

        Assert.Contains(made.Notes, static note => note is { Severity: ImportSeverity.Changed, Line: 13 } && note.Message.Contains("the limit of the whole run is kept now", StringComparison.Ordinal));
        Assert.Contains("\ntimeout: 120s\n", made.Files[0].Text, StringComparison.Ordinal);
        Assert.Equal("""{"x":"done"}""", Text(await EndAsync(made)));
    }

    [Fact]
    public void Config_of_models_observability_storage_gates_and_tests_is_lost()
    {
        ImportResult made = Import(
            Head + "    x: {type: str}\nnodes:\n- {id: a, prompt: p, output_schema: {type: str}, outputs: [x]}\n" + Line
            + "config:\n  llm: {provider: openai}\n  observability: {logging: {level: INFO}}\n  storage: {backend: sqlite, path: a.db}\n  gates: {gates: [], on_fail: warn}\n  ab_test: {enabled: true}\noptimization: {}\nmemory: {enabled: true}\n");

        foreach ((int line, string what) in ((int, string)[])[(12, "model's settings"), (13, "observability"), (14, "storage"), (15, "quality gates"), (16, "A/B tests"), (17, "optimization"), (18, "memory")])
        {
            IsLost(made, line, what);
        }
    }
}
