using System.Text.Json;
using System.Xml.Linq;
using Actors.Flows;
using Actors.Storage;
using Actors.Tests.Runs;

namespace Actors.Tests.Flows.Diagrams;

/// <summary>Real runs, laid over the pictures of their flows.</summary>
public sealed class OverlayTests
{
    [Fact]
    public async Task A_run_that_has_ended_shows_what_was_done_and_what_was_passed_by()
    {
        await using EngineFixture engine = await StartAsync("""
            flow: test
            inputs: [{name: items, type: array}]
            steps:
              - {id: first, task: Echo}
              - {id: never, task: Echo, if: "${1 > 2}"}
              - id: choose
                switch: ${inputs.items[0]}
                cases:
                  - {when: 1, do: [{id: one, task: Echo}]}
                  - {when: 2, do: [{id: two, task: Echo}]}
              - id: each
                for_each: ${inputs.items}
                do:
                  - {id: a, task: Echo}
                  - {id: b, task: Echo}
              - parallel:
                  - {id: left, task: Echo}
                  - {id: right, task: Echo}
              - {task: Echo}
              - {task: Echo}
            """);

        FlowDiagram diagram = await DrawAsync(engine, (await engine.RunAsync("test", new { items = new[] { 1, 2, 3 } })).Run.Id);

        Assert.Equal("Done", State(diagram, "first"));
        Assert.Equal("Skipped", State(diagram, "never"));
        Assert.Equal("Done", State(diagram, "choose"));
        Assert.Equal("Done", State(diagram, "one"));
        Assert.Equal("Skipped", State(diagram, "two"));
        Assert.Equal("Done 3/3", State(diagram, "each"));
        Assert.Equal("Done 3 done", State(diagram, "b"));
        Assert.Equal("Done", State(diagram, "right"));
        Assert.All(diagram.Nodes.Where(node => node.Kind == "task" && node.StepId is null), node => Assert.Equal(StepState.Done, node.State));
        Assert.Equal((StepState.Done, "completed"), End(diagram));
        MermaidSyntax.Check(diagram.ToMermaid());
        Assert.Contains("fd-n fd-k-task fd-skipped", diagram.ToSvg(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_has_failed_shows_where_with_its_attempts_and_what_was_handled()
    {
        await using EngineFixture engine = await StartAsync("""
            flow: test
            steps:
              - id: handled
                task: Fail
                on_error: [{id: note, task: Echo}]
              - id: fatal
                task: Fail
                retry: {max_attempts: 3, delay: 1ms}
              - {id: after, task: Echo}
            """);

        FlowDiagram diagram = await DrawAsync(engine, (await engine.RunAsync("test")).Run.Id);

        Assert.Equal("Failed", State(diagram, "handled"));
        Assert.Equal("Done", State(diagram, "note"));
        Assert.Equal("Failed 3 attempts", State(diagram, "fatal"));
        Assert.Equal("None", State(diagram, "after"));
        Assert.Equal((StepState.Failed, "failed"), End(diagram));
        Assert.Contains(diagram.Clusters, cluster => cluster is { Kind: "on_error", State: StepState.Done });
    }

    [Fact]
    public async Task A_run_that_waits_for_a_person_shows_the_question_within_its_item()
    {
        await using EngineFixture engine = await StartAsync("""
            flow: test
            steps:
              - id: each
                for_each: [1, 2, 3, 4]
                do:
                  - {id: before, task: Echo}
                  - {id: review, approval: Fine?}
              - {id: after, task: Echo}
            """);
        RunId run = await engine.StartRunAsync("test");
        await engine.WhenAskedAsync(run);
        await engine.WhenStatusAsync(run, RunStatus.Waiting);

        FlowDiagram diagram = await DrawAsync(engine, run);

        Assert.Equal("Waiting 0/4, 1 waiting", State(diagram, "each"));
        Assert.Equal("Done", State(diagram, "before"));
        Assert.Equal("Waiting", State(diagram, "review"));
        Assert.Equal("None", State(diagram, "after"));
        Assert.Equal((StepState.None, "end"), End(diagram));
        Assert.Contains($"Run {run}: waiting", XDocument.Parse(diagram.ToSvg()).ToString(), StringComparison.Ordinal);
        await engine.Silo.CancelRunAsync(run, null, EngineFixture.Caller);
        await engine.EndAsync(run);
        Assert.Equal("Cancelled", State(await DrawAsync(engine, run), "review")[..9]);
    }

    [Fact]
    public async Task A_run_of_a_flow_in_code_shows_the_steps_that_it_came_to()
    {
        await using EngineFixture engine = new();
        engine.Flows.Add(new CodeFlow());
        await engine.StartAsync();

        FlowDiagram diagram = await DrawAsync(engine, (await engine.RunAsync("Code")).Run.Id);

        Assert.Equal(["start", "first", "items", "work", "work#2", "end"], diagram.Nodes.Select(node => node.Kind is "start" or "end" ? node.Kind : node.Title));
        Assert.Equal("Done 3 done", State(diagram, "work"));
        MermaidSyntax.Check(diagram.ToMermaid());
    }

    [Fact]
    public async Task All_kinds_of_blocks_are_found_again_in_a_real_run()
    {
        await using EngineFixture engine = await StartAsync("""
            flow: test
            state: {n: number}
            steps:
              - id: poll
                while: ${index < 3}
                do: [{id: again, task: Echo}]
              - id: machine
                state_machine:
                  start: a
                  states:
                    a: {do: [{id: in_a, task: Echo}], next: b}
                    b: {do: [{id: in_b, task: Fail}], transitions: [{to: c, on: failure}]}
                    c: {do: [{id: in_c, task: Echo}]}
              - id: pick
                route: two
                branches:
                  one: [{id: in_one, task: Echo}]
                  two: [{id: in_two, task: Echo}]
                default: [{id: in_default, task: Echo}]
              - id: named
                parallel:
                  left: [{id: l, task: Echo}]
                  right: [{id: r1, task: Echo}, {id: r2, task: Echo}]
              - id: block
                do: [{id: work, task: Echo}]
                finally: [{id: tidy, task: Echo}]
              - id: replaced
                task: Fail
                fallback: [{id: instead, task: Echo}]
              - {id: put, set: {n: 1}}
              - {id: say, emit: {event: hello}}
              - id: paid
                task: Echo
                compensate: Echo
              - id: end
                task: Fail
            """);

        FlowDiagram diagram = await DrawAsync(engine, (await engine.RunAsync("test")).Run.Id);

        Assert.Equal("Done 3 iterations", State(diagram, "poll"));
        Assert.Equal("Done 3 done", State(diagram, "again"));
        Assert.Equal("Done 3 hops", State(diagram, "machine"));
        Assert.Equal("Failed", State(diagram, "in_b"));
        Assert.Equal("Done", State(diagram, "in_c"));
        Assert.Equal("Done", State(diagram, "pick"));
        Assert.Equal("Skipped", State(diagram, "in_one"));
        Assert.Equal("Done", State(diagram, "in_two"));
        Assert.Equal("Skipped", State(diagram, "in_default"));
        Assert.Equal("Done", State(diagram, "named"));
        Assert.Equal("Done", State(diagram, "r2"));
        Assert.Equal("Done", State(diagram, "work"));
        Assert.Equal("Done", State(diagram, "tidy"));
        Assert.Equal("Failed", State(diagram, "replaced"));
        Assert.Equal("Done", State(diagram, "instead"));
        Assert.Equal("Done", State(diagram, "put"));
        Assert.Equal("Done", State(diagram, "say"));
        Assert.Equal("Done", State(diagram, "undo: Echo"));
        Assert.Equal("Failed", diagram.Nodes.Single(node => node.StepId == "end").State.ToString());
        MermaidSyntax.Check(diagram.ToMermaid());
        if (Environment.GetEnvironmentVariable("ACTORS_KEEP") is { } folder)
        {
            File.WriteAllText(Path.Combine(folder, "run.svg"), diagram.ToSvg());
        }
    }

    [Fact]
    public async Task A_subflow_is_drawn_inside_its_step_and_its_steps_are_found_there()
    {
        await using EngineFixture engine = new();
        engine.Tasks.Add<JsonElement, JsonElement>("Echo", (input, _) => Task.FromResult(input));
        engine.Flows.Add(YamlFlowDefinition.Parse("flow: inner\nsteps: [{id: deep, task: Echo}]", "inner.yaml", engine.Tasks));
        engine.Flows.Add(YamlFlowDefinition.Parse("flow: test\nsteps: [{id: call, subflow: inner}, {id: more, task: Echo, cache: 1h}]", "test.yaml", engine.Tasks, flows: engine.Flows));
        await engine.StartAsync();

        FlowDiagram diagram = await DrawAsync(engine, (await engine.RunAsync("test")).Run.Id);

        Assert.Equal("Done", State(diagram, "call"));
        Assert.Equal("Done", State(diagram, "deep"));
        Assert.Equal("Done", State(diagram, "more"));
    }

    [Fact]
    public void Keys_that_fit_no_step_are_left_out_and_hostile_ones_do_no_harm()
    {
        FlowDiagram flow = FlowDiagram.Of("everything", Everything.Steps(), []);
        string[] keys = ["[0]", "/", "a//b", "#", "#2", "items[x][y]/reserve", "items[z]/reserve", "items[", "start#99999999999", "start#2/~limit", "~clean-up", "~clean-up/undo x", "order[3]/open/hold", "gather/left/l1", new string('x', 5000)];

        FlowDiagram diagram = flow.With(Trace(keys));

        Assert.Equal("Done", State(diagram, "l1"));
        Assert.Equal("Done", State(diagram, "hold"));
        Assert.Equal("Done", State(diagram, "reserve"));
        Assert.Equal("Done 2 done", State(diagram, "start"));
        MermaidSyntax.Check(diagram.ToMermaid());
        MermaidSyntax.Check(FlowDiagram.Of(Trace(keys)).ToMermaid());
    }

    [Fact]
    public void Loops_and_states_tell_how_often()
    {
        FlowDiagram flow = FlowDiagram.Of("everything", Everything.Steps(), []);

        FlowDiagram diagram = flow.With(Trace(["poll[0]/poll_body", "poll[1]/poll_body", "order[0]/open/hold", "order[1]/paid", "order[2]/open/hold", "order[3]/broken"]));

        Assert.Equal("Done 2 iterations", State(diagram, "poll"));
        Assert.Equal("Done 2 done", State(diagram, "poll_body"));
        Assert.Equal("Done 4 hops", State(diagram, "order"));
        Assert.Equal(["2 times", null, null], diagram.Nodes.Where(node => node.Kind == "state").Select(node => node.Note));
        Assert.Equal("Skipped", State(diagram, "gather"));
        Assert.Equal("None", State(diagram, "attempt"));
    }

    private static RunTrace Trace(string[] keys) => new(
        new RunRow
        {
            Id = new RunId("run_1"), No = 1, Tenant = "t", Principal = "p", Flow = "everything", FlowVersion = "1", Status = RunStatus.Failed, CreatedAt = default, UpdatedAt = default,
        },
        [.. keys.Select(key => new TraceStep(key, StepState.Done, 1, 0, "step"))],
        default,
        null,
        false);

    private static async Task<EngineFixture> StartAsync(string yaml)
    {
        EngineFixture engine = new();
        engine.Tasks.Add<JsonElement, JsonElement>("Echo", (input, _) => Task.FromResult(input));
        engine.Tasks.Add<JsonElement, JsonElement>("Fail", (_, _) => throw new TaskException("no", "no"));
        engine.Flows.Add(YamlFlowDefinition.Parse(yaml, "test.yaml", engine.Tasks));
        return await engine.StartAsync();
    }

    private static Task<FlowDiagram> DrawAsync(EngineFixture engine, RunId run) => engine.Silo.DrawRunAsync(run, EngineFixture.Caller);

    private static string State(FlowDiagram diagram, string title)
    {
        DiagramNode node = diagram.Nodes.Single(n => n.Title == title && n.Kind is not ("start" or "end"));
        return node.Note is null ? node.State.ToString() : $"{node.State} {node.Note}";
    }

    private static (StepState State, string Title) End(FlowDiagram diagram)
    {
        DiagramNode end = diagram.Nodes.Single(node => node.Id == "flow_end");
        return (end.State, end.Title);
    }

    private sealed class CodeFlow : Flow<JsonElement, int>
    {
        public override async Task<int> RunAsync(IFlowContext ctx, JsonElement input)
        {
            await ctx.Step("first", 1, (i, _) => Task.FromResult(i));
            await ctx.Map("items", [1, 2, 3], async (inner, item, _) =>
            {
                await inner.Step("work", item, (i, _) => Task.FromResult(i));
                return await inner.Step("work", item, (i, _) => Task.FromResult(i));
            });
            return 1;
        }
    }
}
