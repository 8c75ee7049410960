using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Tests.Flows.Features;

/// <summary>What stands at the top of Flujo's blueprints.</summary>
public sealed class BlueprintDocumentTests : FeatureRun
{
    [Fact]
    public void Version_and_name_name_the_flow()
    {
        ImportResult made = Import("version: \"0.1\"\nname: My pipeline\nsteps:\n- {name: a, uses: pkg.mod:Echo}");

        Assert.Contains("flow: My_pipeline", made.Files[0].Text);
        Assert.Contains("description: My pipeline", made.Files[0].Text);
        Assert.DoesNotContain(made.Notes, n => n.Message.Contains("version", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Agents_are_called_as_tasks_with_their_limits_and_schema_and_what_is_for_a_model_is_told()
    {
        const string Blueprint =
            """
            version: "0.1"
            name: agents
            agents:
              writer:
                model: openai:gpt-4o
                model_settings: {temperature: 0.2}
                system_prompt: {from_file: prompts/writer.md, variables: {tone: dry}}
                output_schema: {type: object, required: [text], properties: {text: {type: string}}}
                timeout: 30
                max_retries: 2
                tools: [pkg.tools:search]
            steps:
              - {kind: step, name: write, uses: agents.writer}
            """;
        int calls = 0;
        Host.MockTask<JsonElement, object>("writer", i => ++calls < 3 ? new { wrong = 1 } : new { text = i.GetProperty("input").GetString() + "!" });

        ImportResult made = Import(Blueprint);
        Assert.Equal("""{"output":{"text":"hi!"}}""", Text(await EndAsync(made, new { input = "hi" })));

        Assert.Equal(3, calls);
        Assert.Contains("timeout: 30s", made.Files[0].Text);
        Assert.Contains("# Agent writer: openai:gpt-4o", made.Files[0].Text);
        Assert.Contains("tone: dry", made.Files[0].Text);
        Assert.Contains(made.Notes, n => n.Severity == ImportSeverity.Changed && n.Line == 4 && n.Message.Contains("this version has no agents", StringComparison.Ordinal));
        IsLost(made, 11, "an agent's tools are not carried");
    }

    [Fact]
    public async Task Imports_embed_another_blueprint_and_a_circle_is_told()
    {
        const string Child = "name: child\nsteps:\n- {name: say, uses: pkg.mod:Echo, input: {said: '{{ previous_step }}'}}";
        const string Main = "name: main\nimports: {inner: ./child.yaml}\nsteps:\n- {name: call, uses: imports.inner}";

        Assert.Equal("""{"output":{"input":{"said":"hi"}}}""", await RunImportAsync(Main, new { input = "hi" }, ("child.yaml", Child)));
        IsLost(Import(Main, ("child.yaml", "name: child\nimports: {back: ./old.yaml}\nsteps:\n- {name: call, uses: imports.back}")), 2, "the blueprint imports itself");
    }

    [Fact]
    public async Task Steps_hand_their_output_to_the_next_one()
    {
        Host.MockTask<JsonElement, string>("grow", i => i.GetProperty("input").GetString() + "+");

        Assert.Equal("""{"output":"x+++"}""", await RunImportAsync("name: p\nsteps:\n- {name: a, uses: m:grow}\n- {name: b, uses: m:grow}\n- {name: c, uses: m:grow}", new { input = "x" }));
    }

    [Fact]
    public void Uses_of_a_callable_is_a_task_of_its_name_and_the_list_of_allowed_ones_is_the_registry()
    {
        ImportResult made = Import("name: p\nsteps:\n- {name: a, uses: 'pkg.mod:clean'}\n- {name: b, uses: 'other.mod:clean'}");

        // Two callables of one name stay two tasks, and none of them runs unless somebody has registered it.
        Assert.Equal(["clean", "other.mod.clean"], made.Tasks.Select(t => t.Name));
        Assert.Contains("ACT1205", Assert.Throws<FlowSyntaxException>(() => Parse(made.Files[0].Text)).Message);
    }
}
