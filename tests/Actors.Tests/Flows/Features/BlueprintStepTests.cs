using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Tests.Flows.Features;

/// <summary>The kinds of steps of Flujo's blueprints: through the importer, and where it matters as they are written here.</summary>
public sealed class BlueprintStepTests : FeatureRun
{
    private BlueprintStepTests Say()
    {
        Host.MockTask<JsonElement, JsonElement>("say", i => i.GetProperty("input"));
        Host.MockTask<JsonElement, int>("inc", i => i.GetProperty("input").GetInt32() + 1);
        Host.MockTask<JsonElement, JsonElement>("broken", _ => throw new TaskException("it broke"));
        return this;
    }

    [Fact]
    public async Task Step_calls_an_agent_or_a_skill_with_its_input_and_parameters()
    {
        Host.MockTask<JsonElement, JsonElement>("say", i => i);

        Assert.Equal("""{"output":{"input":"hi","tone":"dry"}}""", await RunImportAsync("name: p\nsteps:\n- {kind: step, name: a, agent: {id: m.say, params: {tone: dry}}, input: hi}"));
        ImportResult made = Import("name: p\nsteps:\n- name: a\n  uses: m:say\n  input_schema: {type: string}\n  usage_limits: {total_cost_usd_limit: 1}\n  use_history: true\n  meta: {a: 1}\n  surprise: 1");
        IsLost(made, 5, "the schema of a step's input is not carried");
        IsLost(made, 6, "limits of cost and tokens are not carried");
        IsLost(made, 7, "there is no conversation history");
        IsLost(made, 8, "meta is not carried");
        IsLost(made, 9, "no key 'surprise'");
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task Config_max_retries_are_attempts_after_the_first(int failures, bool completes)
    {
        int calls = 0;
        Host.MockTask<JsonElement, string>("flaky", _ => ++calls <= failures ? throw new TaskException("no") : "done");

        RunResult result = await EndAsync(Import("name: p\nsteps:\n- {name: a, uses: m:flaky, config: {max_retries: 1}}"));

        Assert.Equal((completes ? RunStatus.Completed : RunStatus.Failed, 2), (result.Run.Status, calls));
    }

    [Theory]
    [InlineData("timeout_s: 5")]
    [InlineData("timeout: 5")]
    public async Task Config_timeout_ends_an_attempt_and_what_is_for_a_model_is_lost(string timeout)
    {
        Host.Tasks.Add<JsonElement, string>("forever", async (_, step) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, step.Time, step.CancellationToken);
            return "";
        });
        ImportResult made = Import($"name: p\nsteps:\n- name: a\n  uses: m:forever\n  config:\n    max_retries: 0\n    {timeout}\n    temperature: 0.1\n    top_k: 3\n    top_p: 0.5\n    nothing: 1");
        IsLost(made, 8, "'temperature' is for the model");
        IsLost(made, 9, "'top_k' is for the model");
        IsLost(made, 10, "'top_p' is for the model");
        IsLost(made, 11, "no key 'nothing'");
        DateTimeOffset start = Host.Time.GetUtcNow();

        Assert.Equal(ErrorTypes.Timeout, (await EndAsync(made)).Error!.Type);
        Assert.InRange((Host.Time.GetUtcNow() - start).TotalSeconds, 5, 8);
    }

    [Fact]
    public async Task Config_execution_mode_background_goes_on_with_the_input()
    {
        Say();

        Assert.Equal("""{"output":"x"}""", await RunImportAsync("name: p\nsteps:\n- {name: a, uses: m:broken, config: {execution_mode: background}}\n- {name: b, uses: m:say}", new { input = "x" }));
        Assert.Single(Calls("broken"));
    }

    [Fact]
    public async Task Fallback_takes_the_place_of_a_step_after_its_retries()
    {
        Say();

        Assert.Equal("""{"output":"instead of x"}""", await RunImportAsync(
            "name: p\nsteps:\n- {name: a, uses: m:broken, config: {max_retries: 1}, fallback: {name: b, uses: m:say, input: 'instead of {{ previous_step }}'}}\n- {name: c, uses: m:say}", new { input = "x" }));
        Assert.Equal(2, Calls("broken").Count);
    }

    [Fact]
    public async Task Updates_context_merges_an_object_and_sink_to_stores_a_value()
    {
        Host.MockTask("look", new { topic = "stars", more = 1 });
        Say();

        Assert.Equal("""{"output":"stars raw small"}""", await RunImportAsync(
            """
            name: p
            steps:
              - {name: a, uses: m:look, updates_context: true}
              - {name: b, uses: m:say, input: raw, sink_to: context.kept}
              - {name: c, uses: m:say, input: small, sink_to: context.facts.size}
              - {name: d, uses: m:say, input: "{{ context.topic }} {{ context.kept }} {{ context.facts.size }}"}
            """));
    }

    [Fact]
    public async Task Parallel_gives_the_outputs_of_its_branches_in_the_order_of_the_file()
    {
        Say();

        Assert.Equal("""{"output":{"slow":"x1","quick":"x2"}}""", await RunImportAsync(
            "name: p\nsteps:\n- kind: parallel\n  name: both\n  branches:\n    slow: [{name: a, uses: m:say}, {name: b, uses: m:say, input: '{{ previous_step }}1'}]\n    quick: [{name: c, uses: m:say, input: '{{ previous_step }}2'}]", new { input = "x" }));
        IsLost(Import("name: p\nsteps:\n- kind: parallel\n  name: both\n  context_include_keys: [a]\n  branches: {a: [{name: a, uses: m:say}]}"), 5, "every branch sees the whole state");
    }

    [Theory]
    [InlineData("context_update", null)]
    [InlineData("error_on_conflict", null)]
    [InlineData("overwrite", "right")]
    [InlineData("keep_first", "left")]
    [InlineData("no_merge", "before")]
    public async Task Merge_strategies_decide_what_two_branches_that_set_one_field_give(string strategy, string? expected)
    {
        Say();
        RunResult result = await EndAsync(Import(
            $$$"""
            name: p
            steps:
              - {name: z, uses: m:say, input: before, sink_to: context.v}
              - kind: parallel
                name: both
                merge_strategy: {{{strategy}}}
                branches:
                  l: [{name: a, uses: m:say, input: left, sink_to: context.v}]
                  r: [{name: b, uses: m:say, input: right, sink_to: context.v}]
              - {name: c, uses: m:say, input: "{{ context.v }}"}
            """));

        if (expected is null)
        {
            Assert.Equal((RunStatus.Failed, true), (result.Run.Status, result.Error!.Message.Contains("state.v ", StringComparison.Ordinal)));
        }
        else
        {
            Assert.Equal($$"""{"output":"{{expected}}"}""", Text(result));
        }
    }

    [Fact]
    public void A_merge_strategy_or_reduction_that_is_code_is_lost()
    {
        IsLost(Import("name: p\nsteps:\n- kind: parallel\n  name: both\n  merge_strategy: pkg.mod:merge\n  branches: {a: [{name: a, uses: m:say}]}"), 5, "is code and is not carried");
        foreach (string reduce in (string[])["code_consensus", "judge_selection", "pkg.mod:reduce"])
        {
            IsLost(Import($"name: p\nsteps:\n- kind: parallel\n  name: both\n  reduce: {reduce}\n  branches: {{a: [{{name: a, uses: m:say}}]}}"), 5, "has no counterpart");
        }
    }

    [Fact]
    public async Task Field_mapping_takes_only_its_fields_out_of_a_branch()
    {
        Say();

        Assert.Equal("""{"output":"new old"}""", await RunImportAsync(
            """
            name: p
            steps:
              - {name: y, uses: m:say, input: old, sink_to: context.v}
              - {name: z, uses: m:say, input: old, sink_to: context.w}
              - kind: parallel
                name: both
                field_mapping: {l: [v]}
                branches:
                  l: [{name: a, uses: m:say, input: new, sink_to: context.v}, {name: b, uses: m:say, input: new, sink_to: context.w}]
              - {name: c, uses: m:say, input: "{{ context.v }} {{ context.w }}"}
            """));
    }

    [Theory]
    [InlineData("keys", """["a","b","c"]""")]
    [InlineData("values", """[[1,2],[3],[3]]""")]
    [InlineData("concat", """[1,2,3,3]""")]
    [InlineData("first", """[1,2]""")]
    [InlineData("last", """[3]""")]
    [InlineData("majority_vote", """[3]""")]
    public async Task Reduce_makes_one_value_of_the_branches_outputs(string reduce, string expected)
    {
        Say();

        Assert.Equal($$"""{"output":{{expected}}}""", await RunImportAsync(
            $"name: p\nsteps:\n- kind: parallel\n  name: both\n  reduce: {reduce}\n  branches:\n    a: [{{name: x, uses: m:say, input: [1, 2]}}]\n    b: [{{name: y, uses: m:say, input: [3]}}]\n    c: [{{name: z, uses: m:say, input: [3]}}]"));
    }

    [Fact]
    public async Task Reduce_union_puts_objects_together()
    {
        Say();

        Assert.Equal("""{"output":{"a":1,"b":2}}""", await RunImportAsync(
            "name: p\nsteps:\n- kind: parallel\n  name: both\n  reduce: union\n  branches:\n    a: [{name: x, uses: m:say, input: {a: 1}}]\n    b: [{name: y, uses: m:say, input: {b: 2}}]"));
    }

    [Theory]
    [InlineData("propagate", null)]
    [InlineData("ignore", """{"output":{"good":"x","bad":null}}""")]
    public async Task On_branch_failure_fails_the_step_or_is_ignored(string policy, string? expected)
    {
        Say();
        RunResult result = await EndAsync(
            Import($"name: p\nsteps:\n- kind: parallel\n  name: both\n  on_branch_failure: {policy}\n  branches:\n    good: [{{name: a, uses: m:say}}]\n    bad: [{{name: b, uses: m:broken}}]"), new { input = "x" });

        Assert.Equal(expected is null ? RunStatus.Failed : RunStatus.Completed, result.Run.Status);
        Assert.Equal(expected ?? "it broke", expected is null ? result.Error!.Message : Text(result));
    }

    [Theory]
    [InlineData("condition: 'm:key'", "t", """{"output":"as t>"}""")]
    [InlineData("condition_expression: previous_step", "t", """{"output":"as t>"}""")]
    [InlineData("condition_expression: previous_step", "u", """{"output":"as other"}""")]
    public async Task Conditional_runs_the_branch_of_its_key_as_a_sequence(string condition, string key, string expected)
    {
        Say();
        Host.MockTask<JsonElement, JsonElement>("key", i => i.GetProperty("input"));

        Assert.Equal(expected, await RunImportAsync(
            $$$"""
            name: p
            steps:
              - kind: conditional
                name: c
                {{{condition}}}
                branches:
                  t: [{name: a, uses: m:say, input: "as {{ previous_step }}"}, {name: b, uses: m:say, input: "{{ previous_step }}>"}]
                default_branch: [{name: d, uses: m:say, input: "as other"}]
            """,
            new { input = key }));
    }

    [Theory]
    [InlineData("true", RunStatus.Completed)]
    [InlineData("zzz", RunStatus.Failed)]
    public async Task Conditional_without_a_branch_for_its_key_and_without_a_default_fails(string key, RunStatus expected)
    {
        Say();
        RunResult result = await EndAsync(Import("name: p\nsteps:\n- kind: conditional\n  name: c\n  condition_expression: previous_step.k\n  branches:\n    yes: [{name: a, uses: m:say}]\n    other: [{name: b, uses: m:say}]"), new { input = new { k = key == "true" ? "yes" : key } });

        Assert.Equal(expected, result.Run.Status);
    }

    [Theory]
    [InlineData("previous_step >= 3", 9, """{"output":3}""")]
    [InlineData("previous_step >= 3", 2, null)]
    public async Task Loop_repeats_its_body_until_its_exit_and_fails_at_its_limit(string exit, int max, string? expected)
    {
        Say();
        RunResult result = await EndAsync(Import($"name: p\nsteps:\n- kind: loop\n  name: l\n  loop: {{body: [{{name: a, uses: m:inc}}], max_loops: {max}, exit_expression: '{exit}'}}"), new { input = 0 });

        if (expected is null)
        {
            Assert.Equal((RunStatus.Failed, ErrorTypes.LoopLimit, 2), (result.Run.Status, result.Error!.Type, Calls("inc").Count));
        }
        else
        {
            Assert.Equal(expected, Text(result));
        }
    }

    [Fact]
    public async Task Loop_mappers_init_state_and_output_are_carried()
    {
        Say();
        Host.MockTask<JsonElement, int>("first", _ => 10).MockTask<JsonElement, bool>("done", i => i.GetProperty("input").GetInt32() >= 12).MockTask<JsonElement, string>("finish", i => $"got {i.GetProperty("input")}");

        Assert.Equal("""{"output":["got 12","start",["n11","n12"],12]}""", await RunImportAsync(
            """
            name: p
            steps:
              - kind: loop
                name: l
                loop:
                  initial_input_mapper: m:first
                  exit_condition: m:done
                  loop_output_mapper: m:finish
                  max_loops: 9
                  init: [{set: context.begun, value: start}]
                  state:
                    append: [{target: context.seen, value: "n{{ previous_step }}"}]
                    set: [{target: context.last, value: "{{ previous_step }}"}]
                  body: [{name: a, uses: m:inc}]
              - {name: z, uses: m:say, input: ["{{ previous_step }}", "{{ context.begun }}", "{{ context.seen }}", "{{ context.last }}"]}
            """,
            new { input = 0 }));
    }

    [Fact]
    public async Task Loop_output_template_and_failures_in_the_body_mean_what_they_say()
    {
        Say();

        Assert.Equal("""{"output":"last was 2"}""", await RunImportAsync("name: p\nsteps:\n- kind: loop\n  name: l\n  loop: {body: [{name: a, uses: m:inc}], max_loops: 5, exit_expression: 'previous_step == 2', output_template: 'last was {{ previous_step }}'}", new { input = 0 }));
        Host.Flows.Add(Parse("flow: g\nsteps:\n- loop: [{task: broken, inputs: {}}]\n  max: 5"));
        RunResult result = await EndAsync(await Host.StartRunAsync("g"));
        Assert.Equal((RunStatus.Failed, "it broke"), (result.Run.Status, result.Error!.Message));
        Assert.Single(Calls("broken"));
    }

    [Fact]
    public void Loop_keys_of_a_conversation_are_lost()
    {
        ImportResult made = Import(
            """
            name: p
            steps:
              - kind: loop
                name: l
                loop:
                  body: [{name: a, uses: m:say}]
                  max_loops: 2
                  conversation: true
                  history_management: {strategy: truncate_tokens}
                  ai_turn_source: last
                  user_turn_sources: [hitl]
                  named_steps: [a]
                  init: {history: {start_with: hi}}
            """);

        for (int line = 8; line <= 13; line++)
        {
            IsLost(made, line, "");
        }
    }

    [Fact]
    public async Task Map_runs_its_body_for_each_item_and_finalizes_the_list()
    {
        Say();

        Assert.Equal("""{"output":{"all":["<a>","<b>"],"first":"s"}}""", await RunImportAsync(
            """
            name: p
            steps:
              - kind: map
                name: m
                map:
                  iterable_input: items
                  init: [{set: context.begun, value: s}]
                  body: [{name: a, uses: m:say, input: "<{{ this }}>"}]
                  finalize: {output: {all: "{{ previous_step }}", first: "{{ context.begun }}"}}
            """,
            new { input = 0, context_data = new { items = new[] { "a", "b" } } }));
        Assert.Equal("""{"output":[]}""", await RunOtherAsync("name: q\nsteps:\n- {kind: map, name: m, map: {iterable_input: context.items, body: [{name: a, uses: m:say}]}}", new { context_data = new { items = Array.Empty<int>() } }));
    }

    private async Task<string> RunOtherAsync(string blueprint, object inputs)
    {
        YamlFlowDefinition flow = Parse(Import(blueprint).Files[0].Text);
        Host.Flows.Add(flow);
        return Text(await EndAsync(await Host.StartRunAsync(flow.Name, inputs)));
    }

    [Theory]
    [InlineData("""["b","nobody"]""", """{"output":{"b":"x"}}""")]
    [InlineData("\"a\"", """{"output":{"a":"x"}}""")]
    [InlineData("[]", """{"output":{}}""")]
    public async Task Dynamic_router_runs_the_branches_that_its_agent_names(string names, string expected)
    {
        Say();
        Host.MockTask<JsonElement, JsonElement>("chooser", _ => Json(names));

        Assert.Equal(expected, await RunImportAsync(
            "name: p\nsteps:\n- kind: dynamic_router\n  name: r\n  router:\n    router_agent: m:chooser\n    branches:\n      a: [{name: a, uses: m:say}]\n      b: [{name: b, uses: m:say}]", new { input = "x" }));
    }

    [Theory]
    [InlineData(1, """{"output":"ended with 3"}""")]
    [InlineData(-5, """{"output":"mended"}""")]
    public async Task State_machine_goes_along_transitions_on_success_failure_and_conditions(int start, string expected)
    {
        Say();
        Host.MockTask<JsonElement, int>("work", i => i.GetProperty("input").GetInt32() is var n && n < 0 ? throw new TaskException("no") : n + 1);

        Assert.Equal(expected, await RunImportAsync(
            """
            name: p
            steps:
              - kind: StateMachine
                name: m
                start_state: work
                end_states: [done, given_up]
                states:
                  work: [{name: a, uses: m:work, config: {max_retries: 0}}]
                  done: [{name: d, uses: m:say, input: "ended with {{ previous_step }}"}]
                  given_up: [{name: g, uses: m:say, input: mended}]
                transitions:
                  - {from: work, to: done, on: success, when: "previous_step >= 3"}
                  - {from: work, to: work, on: success}
                  - {from: "*", to: given_up, on: failure}
            """,
            new { input = start }));
    }

    [Fact]
    public void State_machine_parts_that_are_not_carried_are_lost()
    {
        ImportResult made = Import(
            "name: p\nsteps:\n- kind: StateMachine\n  name: m\n  start_state: a\n  end_states: [b]\n  states: {a: [{name: s, uses: m:say, input: '{{ context.next_state }}'}]}\n  transitions:\n  - {from: a, to: b, on: pause}\n  - {from: a, to: nowhere}\n  - {from: a, to: b}");

        IsLost(made, 3, "context.next_state");
        IsLost(made, 9, "waits for a person");
        IsLost(made, 10, "there is no state 'nowhere'");
    }

    [Fact]
    public async Task Hitl_asks_checks_the_answer_stores_it_and_goes_on()
    {
        Say();
        ImportResult made = Import("name: p\nsteps:\n- kind: hitl\n  name: ask\n  message: 'Is {{ previous_step }} right?'\n  input_schema: {type: object, required: [ok], properties: {ok: {type: boolean}}}\n  sink_to: context.answer\n- {name: b, uses: m:say, input: ['{{ previous_step.ok }}', '{{ context.answer }}']}");
        await LoadAsync("", ("p.yaml", made.Files[0].Text));
        RunId run = await Host.StartRunAsync("p", new { input = "this" });
        HumanTaskRow asked = await Host.WhenAskedAsync(run);

        Assert.Equal("Is this right?", asked.Title);
        await Assert.ThrowsAnyAsync<Exception>(() => Host.Silo.AnswerAsync(asked.Id, new TaskAnswer("submit", null, Json("""{"ok":"maybe"}""")), Caller.Local));
        await Host.Silo.AnswerAsync(asked.Id, new TaskAnswer("submit", null, Json("""{"ok":true}""")), Caller.Local);
        Assert.Equal("""{"output":[true,{"ok":true}]}""", Text(await EndAsync(run)));
    }

    [Fact]
    public async Task Cache_keeps_what_its_step_gave_for_the_same_input()
    {
        Say();
        await LoadAsync("", ("p.yaml", Import("name: p\nsteps:\n- {kind: cache, name: c, wrapped_step: {name: a, uses: m:say}}").Files[0].Text));

        foreach (string input in (string[])["x", "x", "y"])
        {
            Assert.Equal($$"""{"output":"{{input}}"}""", Text(await EndAsync(await Host.StartRunAsync("p", new { input }))));
        }

        Assert.Equal(2, Calls("say").Count);
    }

    [Theory]
    [InlineData("agentic_loop", "planner: agents.p\n  registry: {}\n  output_template: t", "an agentic loop needs agents")]
    [InlineData("tree_search", "proposer: agents.p\n  evaluator: agents.q", "a tree search has no counterpart")]
    [InlineData("my_kind", "config: {}", "there is no kind of step 'my_kind'")]
    public async Task Kinds_that_are_not_there_are_lost_and_a_task_stands_in_their_place(string kind, string keys, string message)
    {
        ImportResult made = Import($"name: p\nsteps:\n- kind: {kind}\n  name: special\n  {keys}");
        Host.MockTask("special", "by hand");

        IsLost(made, 3, message);
        Assert.Equal("""{"output":"by hand"}""", Text(await EndAsync(made)));
    }

    [Fact]
    public void Granular_execution_and_processing_are_lost()
    {
        ImportResult made = Import(
            "name: p\nsteps:\n- name: a\n  uses: m:say\n  processing: {structured_output: auto, aop: full, coercion: {tolerant_level: 1}}\n- name: b\n  uses: m:say\n  max_turns: 20\n  replay_policy: strict\n- {kind: granular, name: c}");

        IsLost(made, 5, "processing of structured output is not carried");
        IsLost(made, 8, "no key 'max_turns'");
        IsLost(made, 9, "no key 'replay_policy'");
        IsLost(made, 10, "there is no kind of step 'granular'");
    }

    [Fact]
    public async Task Custom_kinds_are_registered_by_the_host()
    {
        Assert.Contains(Mistakes("flow: f\nsteps:\n- shout: {text: hi}"), m => m.Contains("ACT1201"));
        Host.Tasks.Resources.Kinds.Add(new StepKind("shout", "Says it louder.", (settings, _) => Task.FromResult(JsonSerializer.SerializeToElement(settings.GetProperty("text").GetString()!.ToUpperInvariant() + "!"))));

        Assert.Equal("""{"a":"HI!"}""", await RunAsync("flow: f\ninputs:\n- {name: t, type: string}\nsteps:\n- {id: a, shout: {text: '${inputs.t}'}}\noutputs: [a]", new { t = "hi" }));
    }

    [Theory]
    [InlineData("abort", null)]
    [InlineData("skip", """{"output":"none"}""")]
    [InlineData("continue_with_default", """{"output":"none"}""")]
    public async Task Import_on_failure_aborts_skips_or_goes_on_with_a_default(string policy, string? expected)
    {
        Say();
        RunResult result = await EndAsync(Import(
            $$$"""
            name: main
            imports: {inner: ./child.yaml}
            steps:
              - {name: call, uses: imports.inner, config: {on_failure: {{{policy}}}}}
              - {name: then, uses: m:say, input: "{{ previous_step or 'none' }}"}
            """,
            ("child.yaml", "name: child\nsteps:\n- {name: a, uses: m:broken}")));

        Assert.Equal(expected ?? "it broke", expected is null ? result.Error?.Message : Text(result));
    }

    [Fact]
    public async Task Import_input_to_outputs_and_inherit_context_pass_what_they_say()
    {
        Say();

        Assert.Equal("""{"output":"got red of dry; hello"}""", await RunImportAsync(
            """
            name: main
            imports: {inner: ./child.yaml}
            steps:
              - {name: t, uses: m:say, input: dry, sink_to: context.tone}
              - name: call
                uses: imports.inner
                input: hello
                config: {inherit_context: true, input_to: initial_prompt, outputs: [{child: context.colour, parent: context.found}]}
              - {name: then, uses: m:say, input: "got {{ context.found }}; {{ previous_step }}"}
            """,
            null,
            ("child.yaml", "name: child\nsteps:\n- {name: a, uses: m:say, input: 'red of {{ context.tone }}', sink_to: context.colour}\n- {name: b, uses: m:say, input: '{{ context.initial_prompt }}'}")));
        ImportResult made = Import(
            "name: main\nimports: {inner: ./child.yaml}\nsteps:\n- name: call\n  uses: imports.inner\n  config:\n    inherit_conversation: true\n    input_to: both\n    input_scratchpad_key: k\n    propagate_hitl: false", ("child.yaml", "name: child\nsteps:\n- {name: a, uses: m:say}"));
        IsLost(made, 7, "there is no conversation to inherit");
        IsLost(made, 9, "a value that is no object is given as input");
        Assert.Contains(made.Notes, n => n.Line == 10 && n.Severity == ImportSeverity.Changed);
    }

    [Fact]
    public async Task Validators_are_validate_here_and_are_lost_by_the_importer()
    {
        int calls = 0;
        Host.MockTask<JsonElement, int>("guess", _ => ++calls);

        Assert.Equal("""{"g":3}""", await RunAsync("flow: f\nsteps:\n- {task: guess, id: g, inputs: {}, retry: {max_attempts: 5, delay: 0}, validate: [{check: result >= 3, message: too small}]}\noutputs: [g]"));
        ImportResult made = Import("name: p\nsteps:\n- name: a\n  uses: m:say\n  plugins: [pkg.p:one]\n  validators: [pkg.v:two]");
        IsLost(made, 5, "plugins are code and are not carried (pkg.p:one)");
        IsLost(made, 6, "validators are code and are not carried (pkg.v:two)");
    }
}
