using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Tests.Flows.Features;

/// <summary>The context of Flujo's blueprints, which is the state of a flow.</summary>
public sealed class BlueprintContextTests : FeatureRun
{
    [Fact]
    public async Task Fields_of_the_context_are_declared_with_types_and_checked()
    {
        const string Flow = "flow: f\nstate:\n  count: {type: integer, default: 1}\n  history: array\nsteps:\n- set: {count: '${state.count + 1}'}\n- append: {history: '${state.count}'}\n- set: {count: {0}}\noutputs:\n- {name: c, value: '${state.count}'}\n- {name: h, value: '${state.history}'}";

        Assert.Equal("""{"c":7,"h":[2]}""", await RunAsync(Flow.Replace("{0}", "7")));
        Assert.NotEmpty(Mistakes(Flow.Replace("{0}", "many")));
    }

    [Fact]
    public async Task Initial_prompt_run_id_and_the_outputs_of_steps_are_seen()
    {
        Host.MockTask<JsonElement, JsonElement>("say", i => i.GetProperty("input"));

        Assert.Equal("""{"output":"go go"}""", await RunImportAsync("name: p\nsteps:\n- {name: a, uses: m:say}\n- {name: b, uses: m:say, input: '{{ context.initial_prompt }} {{ context.step_outputs.a }}'}", new { input = "go" }));
        RunResult run = await EndAsync(await StartAgainAsync("flow: r\nsteps:\n- {task: Echo, inputs: {}}\noutputs:\n- {name: id, value: '${run.id}'}"));
        Assert.Equal(run.Run.Id.ToString(), run.Output.GetProperty("id").GetString());
    }

    private async Task<RunId> StartAgainAsync(string yaml)
    {
        YamlFlowDefinition flow = Parse(yaml);
        Host.Flows.Add(flow);
        return await Host.StartRunAsync(flow.Name);
    }

    [Fact]
    public async Task Import_artifacts_and_a_first_context_are_fields_of_the_state()
    {
        Host.MockTask<JsonElement, JsonElement>("say", i => i.GetProperty("input"));

        Assert.Equal("""{"output":"blue small"}""", await RunImportAsync(
            "name: p\nsteps:\n- {name: a, uses: m:say, input: big, sink_to: context.import_artifacts.size_before}\n- {name: b, uses: m:say, input: '{{ context.colour }} {{ context.import_artifacts.size }}'}",
            new { input = "", context_data = new { colour = "blue", size = "small" } }));
    }

    [Fact]
    public async Task Branches_and_subflows_have_a_state_of_their_own_until_it_is_merged()
    {
        Assert.Equal("""{"seen":{"a":0,"b":0},"n":0,"x":1,"y":2}""", await RunAsync(
            """
            flow: f
            state: {n: {type: integer, default: 0}, x: {type: integer, default: 0}, y: {type: integer, default: 0}}
            steps:
              - id: seen
                parallel:
                  a: [{set: {x: 1}}, {task: Add, id: sy, inputs: {a: "${state.y}", b: 0}}]
                  b: [{set: {y: 2}}, {task: Add, id: sx, inputs: {a: "${state.x}", b: 0}}]
              - {subflow: inner}
            outputs:
              - seen
              - {name: n, value: "${state.n}"}
              - {name: x, value: "${state.x}"}
              - {name: y, value: "${state.y}"}
            """,
            null,
            "flow: inner\nstate: {n: {type: integer, default: 0}}\nsteps:\n- set: {n: 9}"));
    }

    [Fact]
    public async Task The_answers_of_people_are_kept_with_who_gave_them()
    {
        RunId run = await StartAsync(null, "flow: f\nsteps:\n- {id: ask, approval: 'Which colour?'}\noutputs: [ask]");
        HumanTaskRow asked = await Host.WhenAskedAsync(run);
        await Host.Silo.AnswerAsync(asked.Id, new TaskAnswer("approve", "nice", Json("""{"colour":"red"}""")), Caller.Local);
        JsonElement answer = (await EndAsync(run)).Output.GetProperty("ask");

        Assert.Equal(("approve", "red", "local"), (answer.GetProperty("decision").GetString(), answer.GetProperty("data").GetProperty("colour").GetString(), answer.GetProperty("by").GetString()));
        Assert.Contains(await Host.EventsAsync(run), e => e.Type == RunEventTypes.HumanTaskAnswered);
    }

    [Fact]
    public async Task The_state_survives_a_crash_between_two_steps()
    {
        RunId run = await StartAsync(null, "flow: f\nstate: {n: {type: integer, default: 0}}\nsteps:\n- set: {n: 5}\n- wait: 1h\n- set: {n: '${state.n + 1}'}\noutputs:\n- {name: n, value: '${state.n}'}");
        await Host.WhenStatusAsync(run, RunStatus.Waiting);
        await Host.CrashAsync();
        await Host.AdvanceAsync(TimeSpan.FromHours(1));

        Assert.Equal("""{"n":6}""", Text(await EndAsync(run)));
    }

    [Fact]
    public async Task Sensitive_values_are_secrets_and_are_not_recorded()
    {
        Host.Tasks.Resources.Secrets = name => name == "KEY" ? "s3cr3t-value" : null;
        string seen = "";
        Host.Tasks.Add<JsonElement, string>("use", (i, _) => Task.FromResult(seen = i.GetProperty("key").GetString()!));
        RunId run = await StartAsync(null, "flow: f\nsteps:\n- {task: use, id: u, inputs: {key: '${secrets.KEY}'}, result: done}\noutputs: [u]");
        RunResult result = await EndAsync(run);

        Assert.Equal("s3cr3t-value", seen);
        Assert.DoesNotContain("s3cr3t", Text(result) + string.Join(' ', (await Host.EventsAsync(run)).Select(e => e.ToString())));
    }
}
