using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Sqlite;
using Actors.Storage;

namespace Actors.Tests.Flows.Features;

/// <summary>The kinds of steps of FlowLang's files, as they are written there.</summary>
public sealed class FlowLangStepTests : FeatureRun
{
    [Fact]
    public async Task Task_calls_a_registered_task_and_its_result_stands_under_the_id()
    {
        Assert.Equal("""{"a":5,"b":{"sum":5}}""", await RunAsync("flow: f\nsteps:\n- {task: Add, id: a, inputs: {a: 2, b: 3}}\n- {task: Echo, inputs: {lost: 1}}\n- {task: Echo, id: b, inputs: {sum: '${a}'}}\noutputs: [a, b]"));
        Assert.Equal(2, Calls("Echo").Count);
        Assert.Contains(Mistakes("flow: g\nsteps:\n- {task: Ecco, inputs: {}}"), m => m.Contains("Did you mean 'Echo'?"));
    }

    [Fact]
    public async Task Id_with_an_expression_is_the_name_before_it()
    {
        const string Flow = "flow: f\nsteps:\n- for_each: [x, y]\n  as: p\n  do:\n  - {task: Echo, id: 'reserve_${p}', inputs: {of: '${p}'}}\n  - {task: Echo, inputs: {reserved: '${reserve.of}'}}";

        await RunAsync(Flow);

        Assert.Equal(["""{"of":"x"}""", """{"reserved":"x"}""", """{"of":"y"}""", """{"reserved":"y"}"""], Calls("Echo"));
        Assert.Contains(Parse(Flow).Warnings, w => w.Message.Contains("id", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Inputs_are_literals_references_and_structures_of_both()
    {
        await RunAsync(
            "flow: f\ninputs:\n- {name: u, type: object}\nsteps:\n- task: Echo\n  inputs:\n    text: plain\n    number: 1.5\n    flag: false\n    nothing: null\n    whole: ${inputs.u}\n    part: Dear ${inputs.u.name},\n    nested: {list: [1, '${inputs.u.age}', {deep: '${inputs.u.name}'}]}",
            new { u = new { name = "Ann", age = 7 } });

        Assert.Equal(
            ["""{"text":"plain","number":1.5,"flag":false,"nothing":null,"whole":{"name":"Ann","age":7},"part":"Dear Ann,","nested":{"list":[1,7,{"deep":"Ann"}]}}"""], Calls("Echo"));
    }

    [Fact]
    public void Outputs_of_a_step_name_its_fields_and_a_reference_to_another_is_told()
    {
        const string Flow = "flow: f\nsteps:\n- {task: Echo, id: a, inputs: {}, outputs: [total, tax]}\n- {task: Echo, inputs: {t: '${a.total}'}}";

        Assert.Empty(Parse(Flow).Warnings);
        FlowProblem told = Assert.Single(Problems(Flow.Replace("a.total", "a.totel")));
        Assert.Contains("totel", told.Message);
        Assert.Contains("total", told.Suggestion);
    }

    private IReadOnlyList<FlowProblem> Problems(string yaml)
    {
        try
        {
            return Parse(yaml).Warnings;
        }
        catch (FlowSyntaxException e)
        {
            return e.Problems;
        }
    }

    [Fact]
    public async Task Depends_on_orders_the_branches_of_a_parallel_and_is_checked_elsewhere()
    {
        Assert.Equal("""{"third":"1+2"}""", await RunAsync(
            """
            flow: f
            steps:
              - parallel:
                  - {task: Echo, id: third, depends_on: [first, second], inputs: {n: "${first.n}+${second.n}"}}
                  - {task: Echo, id: second, depends_on: first, inputs: {n: 2}}
                  - {task: Echo, id: first, inputs: {n: 1}}
              - {task: Echo, id: after, depends_on: third, inputs: {n: after}}
            outputs:
              - {name: third, value: "${third.n}"}
            """));
        Assert.Equal(["""{"n":1}""", """{"n":2}""", """{"n":"1+2"}""", """{"n":"after"}"""], Calls("Echo"));
        Assert.NotEmpty(Mistakes("flow: g\nsteps:\n- {task: Echo, id: a, depends_on: b, inputs: {}}\n- {task: Echo, id: b, inputs: {}}"));
        Assert.NotEmpty(Mistakes("flow: g\nsteps:\n- parallel:\n  - {task: Echo, id: a, depends_on: b, inputs: {}}\n  - {task: Echo, id: b, depends_on: a, inputs: {}}"));
    }

    [Theory]
    [InlineData("gold", """{"a":{"n":1}}""")]
    [InlineData("tin", """{"a":null}""")]
    public async Task If_on_a_task_decides_whether_it_runs(string tier, string expected) => Assert.Equal(expected, await RunAsync(
        "flow: f\ninputs:\n- {name: tier, type: string}\nsteps:\n- {task: Echo, id: a, if: '${inputs.tier} == \"gold\"', inputs: {n: 1}}\noutputs: [a]", new { tier }));

    [Theory]
    [InlineData("{max_attempts: 4, backoff: 1}", "1 2 4")]
    [InlineData("{max_attempts: 4}", "1 2 4")]
    [InlineData("{max_attempts: 3, delay_seconds: 5, backoff: exponential, backoff_multiplier: 3}", "5 15")]
    [InlineData("{max_attempts: 3, delay: 2, backoff_factor: 4}", "2 8")]
    [InlineData("{max_attempts: 4, delay: 3, backoff: fixed}", "3 3 3")]
    [InlineData("{max_attempts: 4, delay: 3, backoff: linear}", "3 6 9")]
    [InlineData("{max_attempts: 4, delay: 3, max_delay: 5}", "3 5 5")]
    [InlineData("{max_attempts: 1}", "")]
    public async Task Retry_makes_all_attempts_with_the_waits_that_are_meant(string retry, string waits)
    {
        List<DateTimeOffset> at = [];
        Host.Tasks.Add<JsonElement, string>("Flaky", (_, step) =>
        {
            at.Add(step.Time.GetUtcNow());
            throw new TaskException("the line is busy");
        });

        FlowError error = await FailAsync($"flow: f\nsteps:\n- {{task: Flaky, inputs: {{}}, retry: {retry}}}");

        Assert.Equal(waits, string.Join(' ', at.Zip(at.Skip(1), (a, b) => (b - a).TotalSeconds)));
        Assert.Equal("the line is busy", error.Message);
    }

    [Fact]
    public async Task A_step_s_timeout_ends_it()
    {
        Host.Tasks.Add<JsonElement, string>("Forever", async (_, step) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, step.Time, step.CancellationToken);
            return "";
        });
        DateTimeOffset start = Host.Time.GetUtcNow();
        RunId run = await StartAsync(null, "flow: f\nsteps:\n- {task: Forever, inputs: {}, timeout: 5}");
        await Host.AdvanceAsync(TimeSpan.FromSeconds(4.9));

        Assert.False((await Host.Store.GetRunAsync(Caller.Local.Tenant, run, default))!.Status.IsFinal());
        RunResult result = await EndAsync(run);

        Assert.Equal((RunStatus.Failed, ErrorTypes.Timeout), (result.Run.Status, result.Error!.Type));
        Assert.True(Host.Time.GetUtcNow() - start < TimeSpan.FromSeconds(8));
    }

    [Theory]
    [InlineData("[{task: Echo, id: h, inputs: {m: '${error.message}', t: '${error.type}', s: '${error.step}'}}]", """{"h":{"m":"no money","t":"TaskException","s":"pay"},"after":{"n":1}}""")]
    [InlineData("{steps: [{task: Echo, id: h, inputs: {m: handled}}]}", """{"h":{"m":"handled"},"after":{"n":1}}""")]
    [InlineData("[{exit: {reason: no, outputs: {paid: false}}}]", """{"paid":false}""")]
    public async Task On_error_runs_after_the_last_attempt_and_the_flow_goes_on(string handler, string expected)
    {
        Assert.Equal(expected, await RunAsync(
            $"flow: f\nsteps:\n- {{task: Fail, id: pay, inputs: {{message: no money}}, retry: {{max_attempts: 2}}, on_error: {handler}}}\n- {{task: Echo, id: after, inputs: {{n: 1}}}}\noutputs: [{(handler.Contains("id: h") ? "h, " : "")}after]"));
        Assert.Equal(2, Calls("Fail").Count);
    }

    [Fact]
    public async Task Connection_of_a_task_is_given_to_it()
    {
        Host.Tasks.Add<JsonElement, string>("Where", (_, step) => Task.FromResult(step.Connection?.Name ?? "none"));

        Assert.Equal("""{"a":"shop","b":"none"}""", await RunAsync(
            "flow: f\nconnections: {shop: {type: http, base_url: 'http://a.example'}}\nsteps:\n- {task: Where, id: a, connection: shop, inputs: {}}\n- {task: Where, id: b, inputs: {}}\noutputs: [a, b]"));
    }

    [Fact]
    public async Task Parallel_runs_its_steps_at_the_same_time_and_waits_for_all()
    {
        // Each waits until both have begun.
        TaskCompletionSource both = new();
        int begun = 0;
        Host.Tasks.Add<JsonElement, string>("Meet", async (input, step) =>
        {
            if (Interlocked.Increment(ref begun) == 2)
            {
                both.SetResult();
            }

            await both.Task.WaitAsync(step.CancellationToken);
            return input.GetProperty("n").GetString()!;
        });

        Assert.Equal("""{"a":"x","b":"y"}""", await RunAsync("flow: f\nsteps:\n- parallel:\n  - {task: Meet, id: a, inputs: {n: x}}\n  - {task: Meet, id: b, inputs: {n: y}}\noutputs: [a, b]"));
    }

    [Fact]
    public async Task A_failure_in_a_parallel_cancels_its_siblings_before_it_is_told()
    {
        List<string> ended = [];
        // A body that has not begun has nothing to end.
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Host.Tasks.Add<JsonElement, string>("FailThen", async (_, _) =>
        {
            await began.Task;
            throw new TaskException("broken");
        });
        Host.Tasks.Add<JsonElement, string>("Forever", async (_, step) =>
        {
            try
            {
                began.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, step.Time, step.CancellationToken);
                return "";
            }
            finally
            {
                ended.Add("cancelled");
            }
        });

        FlowError error = await FailAsync(
            "flow: f\nsteps:\n- parallel:\n  - {task: Forever, id: a, inputs: {}}\n  - {task: FailThen, id: b, inputs: {}}\n- {task: Echo, inputs: {}}");

        Assert.Equal("broken", error.Message);
        Assert.Equal(["cancelled"], ended);
        Assert.Empty(Calls("Echo"));
    }

    [Theory]
    [InlineData(1, "small")]
    [InlineData(20, "even")]
    [InlineData(21, "odd")]
    [InlineData(0, "")]
    public async Task If_then_else_runs_one_list_to_any_depth(int n, string expected)
    {
        await RunAsync(
            """
            flow: f
            inputs:
              - {name: n, type: integer}
            steps:
              - if: ${inputs.n} > 0
                then:
                  - if: ${inputs.n} < 10
                    then: [{task: Echo, inputs: {k: small}}]
                    else:
                      - if: {any: ["${inputs.n} == 20", "${inputs.n} == 22"]}
                        then: [{task: Echo, inputs: {k: even}}]
                        else: [{task: Echo, inputs: {k: odd}}]
            """,
            new { n });

        Assert.Equal(expected.Length == 0 ? "" : $$"""{"k":"{{expected}}"}""", string.Join(' ', Calls("Echo")));
    }

    [Theory]
    [InlineData("\"a\"", "first")]
    [InlineData("\"c\"", "list")]
    [InlineData("3", "list")]
    [InlineData("\"z\"", "other")]
    public async Task Switch_takes_the_first_case_that_fits_and_default_last(string value, string expected)
    {
        const string Cases = "- {when: a, do: [{task: Echo, inputs: {k: first}}]}\n  - {when: [b, c, 3], do: [{task: Echo, inputs: {k: list}}]}\n  - {when: a, do: [{task: Fail}]}";
        string inside = $"flow: f\ninputs:\n- name: v\nsteps:\n- switch: ${{inputs.v}}\n  cases:\n  - default: [{{task: Echo, inputs: {{k: other}}}}]\n  {Cases}";
        string beside = $"flow: g\ninputs:\n- name: v\nsteps:\n- switch: ${{inputs.v}}\n  cases:\n  {Cases}\n  default: [{{task: Echo, inputs: {{k: other}}}}]";
        string none = $"flow: h\ninputs:\n- name: v\nsteps:\n- switch: ${{inputs.v}}\n  cases:\n  {Cases}";
        JsonElement input = Json($$"""{"v":{{value}}}""");

        await RunAsync(none, input, inside, beside);
        await AgainAsync(input, "f");
        await AgainAsync(input, "g");

        Assert.Equal(Enumerable.Repeat($$"""{"k":"{{expected}}"}""", expected == "other" ? 2 : 3), Calls("Echo"));
    }

    [Fact]
    public async Task For_each_runs_for_each_item_with_its_name_and_index_and_collects_the_results()
    {
        Assert.Equal("""{"all":["a0","b1"],"none":[]}""", await RunAsync(
            """
            flow: f
            inputs:
              - {name: list, type: array}
            steps:
              - for_each: ${inputs.list}
                as: letter
                id: all
                do:
                  - {task: Echo, id: e, inputs: {bare: "${letter}", below: "${inputs.letter}", index: "${index}"}}
                collect: ${e.bare}${e.index}
              - {for_each: [], id: none, do: [{task: Fail}]}
              - for_each: [7]
                do: [{task: Echo, inputs: {default: "${item}"}}]
            outputs: [all, none]
            """,
            new { list = new[] { "a", "b" } }));
        Assert.Equal(["""{"bare":"a","below":"a","index":0}""", """{"bare":"b","below":"b","index":1}""", """{"default":7}"""], Calls("Echo"));
    }

    [Fact]
    public async Task For_each_over_something_else_than_a_list_fails() =>
        Assert.Contains("list", (await FailAsync("flow: f\ninputs:\n- name: v\nsteps:\n- {for_each: '${inputs.v}', do: [{task: Echo, inputs: {}}]}", new { v = 5 })).Message);

    [Fact]
    public async Task While_repeats_its_steps_as_long_as_its_condition_is_true() =>
        Assert.Equal("""{"n":12}""", await RunAsync("flow: f\nsteps:\n- while: ${carried} < 10\n  id: n\n  carry: 3\n  do:\n  - {task: Add, id: s, inputs: {a: '${carried}', b: '${carried}'}}\noutputs: [n]"));

    [Fact]
    public async Task Subflow_is_found_by_folder_and_file_and_gives_its_outputs_under_the_id()
    {
        await LoadAsync(
            "main/flow.yaml",
            ("main/flow.yaml", "flow: Main\nsteps:\n- {subflow: child, id: a, inputs: {n: 1}, outputs: [n]}\n- {subflow: beside, id: b, inputs: {}}\noutputs:\n- {name: n, value: '${a.n}'}\n- {name: s, value: '${b.s}'}"),
            ("main/beside.yaml", "flow: Beside\nsteps:\n- {task: Echo, id: e, inputs: {s: 1}}\n- exit: {outputs: {s: 2}}\n- {task: Fail}\noutputs:\n- {name: s, value: '${e.s}'}"),
            ("child/flow.yaml", "flow: Child\ninputs:\n- {name: n, type: integer}\n- {name: m, type: integer, default: 40}\nsteps:\n- {task: Add, id: s, inputs: {a: '${inputs.n}', b: '${inputs.m}'}}\noutputs:\n- {name: n, value: '${s}'}"));

        // An exit inside ends only the subflow.
        Assert.Equal("""{"n":41,"s":2}""", await AgainAsync(flow: "Main"));
    }

    [Fact]
    public async Task On_error_of_a_subflow_is_run_when_it_fails_and_a_circle_is_told()
    {
        Assert.Equal("""{"h":{"m":"inner"}}""", await RunAsync(
            "flow: f\nsteps:\n- {subflow: child, id: a, on_error: [{task: Echo, id: h, inputs: {m: '${error.message}'}}]}\noutputs: [h]", null, "flow: child\nsteps:\n- {task: Fail, inputs: {message: inner}}"));
        Assert.Contains(Mistakes("flow: g\nsteps:\n- {subflow: g}"), m => m.Contains("circle"));
    }

    [Theory]
    [InlineData("- exit:\n    reason: Nothing to do\n    outputs: {n: '${a.n}'}", """{"n":1}""", "Nothing to do")]
    [InlineData("- exit:", "{}", "The flow ended itself at an exit step.")]
    [InlineData("- exit", "{}", "The flow ended itself at an exit step.")]
    public async Task Exit_ends_the_flow_well_with_its_own_outputs(string exit, string expected, string reason)
    {
        RunResult result = await EndAsync($"flow: f\nsteps:\n- {{task: Echo, id: a, inputs: {{n: 1}}}}\n{exit}\n- {{task: Fail}}\noutputs: [a]");

        Assert.Equal(expected, Text(result));
        Assert.Equal(reason, result.ExitReason);
    }

    [Fact]
    public async Task Steps_named_after_a_built_in_task_are_SQL()
    {
        string folder = Directory.CreateTempSubdirectory("actors-features-").FullName;
        try
        {
            Host.Tasks.Resources.Connections.AddSqlite();
            Host.Tasks.Resources.EnvironmentAllowed.Add("DB");
            Host.Tasks.Resources.Environment = _ => Path.Combine(folder, "a.db");

            Assert.Equal("""{"rows":[{"id":2,"name":"b"}],"count":1,"changed":2}""", await RunAsync(
                """
                flow: f
                connections:
                  db: {type: sqlite, database: "${env.DB}"}
                steps:
                  - sqlite_execute: {connection: db, query: "CREATE TABLE t (id INTEGER, name TEXT)"}
                  - sqlite_execute:
                      id: insert
                      connection: db
                      query: "INSERT INTO t VALUES (?, ?), (?, ?)"
                      params: [1, a, 2, b]
                  - sqlite_query:
                      id: read
                      connection: db
                      query: "SELECT * FROM t WHERE id > ?"
                      params: [1]
                      outputs: [rows, count]
                outputs:
                  - {name: rows, value: "${read.rows}"}
                  - {name: count, value: "${read.count}"}
                  - {name: changed, value: "${insert.rows_affected}"}
                """));
        }
        finally
        {
            await Host.Tasks.Resources.Connections.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("approve", "approve")]
    [InlineData(null, "reject")]
    public async Task Approval_asks_its_approvers_until_its_time_is_over(string? answer, string expected)
    {
        RunId run = await StartAsync(null, "flow: f\nsteps:\n- {id: ok, approval: {title: Pay?, candidates: [finance], timeout: 1h, on_timeout: reject}}\noutputs:\n- {name: d, value: '${ok.decision}'}");
        HumanTaskRow asked = await Host.WhenAskedAsync(run);
        Assert.Equal("Pay?", asked.Title);
        if (answer is null)
        {
            await Host.AdvanceAsync(TimeSpan.FromHours(1));
        }
        else
        {
            await Host.AnswerAsync(run, answer);
        }

        Assert.Equal($$"""{"d":"{{expected}}"}""", Text(await EndAsync(run)));
    }

    [Fact]
    public async Task Wait_lets_its_time_pass()
    {
        DateTimeOffset start = Host.Time.GetUtcNow();
        RunId run = await StartAsync(null, "flow: f\nsteps:\n- wait: 2h\n- {task: Echo, inputs: {}}");
        await Host.AdvanceAsync(TimeSpan.FromMinutes(119));
        Assert.Empty(Calls("Echo"));
        await Host.AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(RunStatus.Completed, (await Host.EndAsync(run)).Run.Status);
        Assert.Equal(TimeSpan.FromHours(2), Host.Time.GetUtcNow() - start);
    }

    [Fact]
    public void A_step_of_a_kind_that_is_not_there_is_told() =>
        Assert.Contains(Mistakes("flow: f\nsteps:\n- llm: {model: m, prompt: p}"), m => m.Contains("llm"));
}
