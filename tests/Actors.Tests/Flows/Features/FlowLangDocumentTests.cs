using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Tests.Flows.Features;

/// <summary>What stands at the top of FlowLang's files.</summary>
public sealed class FlowLangDocumentTests : FeatureRun
{
    [Fact]
    public async Task A_flow_is_registered_and_started_under_its_name()
    {
        Assert.Equal("""{"a":{"n":1}}""", await RunAsync("flow: HelloWorld\nsteps:\n- {task: Echo, id: a, inputs: {n: 1}}\noutputs:\n- a"));
        Assert.Equal("HelloWorld", Assert.Single(Host.Flows.Latest).Name);
        Assert.Contains("ACT1102 a flow needs 'flow'. ", Mistakes("steps:\n- {task: Echo, inputs: {}}"));
    }

    [Fact]
    public void Description_and_version_are_told_of_the_flow()
    {
        YamlFlowDefinition flow = Parse("flow: f\ndescription: Greets somebody\nversion: 1.2.0\nsteps:\n- {task: Echo, inputs: {}}");

        Assert.Equal(("Greets somebody", "1.2.0"), (flow.Description, flow.Label));
    }

    [Fact]
    public void Inputs_are_declared_with_their_types_under_all_their_names()
    {
        YamlFlowDefinition flow = Parse(
            """
            flow: f
            inputs:
              - {name: a, type: string, required: true, description: The first}
              - {name: b, type: integer, required: false}
              - {name: c, type: int}
              - {name: d, type: number}
              - {name: e, type: float}
              - {name: f, type: boolean}
              - {name: g, type: bool}
              - {name: h, type: object}
              - {name: i, type: array}
              - {name: j, type: list}
              - {name: k}
            steps:
              - {task: Echo, inputs: {}}
            """);

        Assert.Equal("string integer integer number number boolean boolean object array array any", string.Join(' ', flow.Inputs.Select(i => i.Type)));
        Assert.Equal("The first", flow.Inputs[0].Description);
    }

    [Fact]
    public async Task An_input_is_required_when_nothing_is_said_and_a_missing_one_is_told_before_the_run()
    {
        await EndAsync(await StartAsync(new { a = 1 }, "flow: f\ninputs:\n- {name: a, type: integer}\n- {name: b, required: false}\nsteps:\n- {task: Echo, inputs: {}}"));

        InvalidFlowInputException missing = await Assert.ThrowsAsync<InvalidFlowInputException>(() => Host.StartRunAsync("f", new { b = 2 }));

        Assert.Contains("a", missing.Message);
        Assert.Single(Host.CallsOf("Echo"));
    }

    [Theory]
    [InlineData("{}", """{"n":3,"t":"x","l":[1],"o":{"deep":[true]},"none":null}""")]
    [InlineData("""{"n":4,"t":"y"}""", """{"n":4,"t":"y","l":[1],"o":{"deep":[true]},"none":null}""")]
    public async Task Input_default_is_applied_when_the_input_is_omitted(string inputs, string expected) =>
        Assert.Equal(expected, await RunAsync(
            """
            flow: f
            inputs:
              - {name: n, type: integer, required: false, default: 3}
              - {name: t, type: string, default: x}
              - {name: l, type: array, default: [1]}
              - {name: o, type: object, default: {deep: [true]}}
              - {name: none, type: string, required: false}
            steps:
              - {task: Echo, inputs: {}}
            outputs:
              - {name: n, value: "${inputs.n}"}
              - {name: t, value: "${inputs.t}"}
              - {name: l, value: "${inputs.l}"}
              - {name: o, value: "${inputs.o}"}
              - {name: none, value: "${inputs.none}"}
            """,
            Json(inputs)));

    [Theory]
    [InlineData("string", "1", false)]
    [InlineData("integer", "1.5", false)]
    [InlineData("integer", "\"one\"", false)]
    [InlineData("int", "2", true)]
    [InlineData("number", "\"x\"", false)]
    [InlineData("float", "2", true)]
    [InlineData("boolean", "\"yes please\"", false)]
    [InlineData("bool", "true", true)]
    [InlineData("object", "[]", false)]
    [InlineData("array", "{}", false)]
    [InlineData("list", "[]", true)]
    public async Task Input_type_validation_happens_wherever_a_run_is_started(string type, string value, bool fits)
    {
        string flow = $"flow: f\ninputs:\n- {{name: v, type: {type}, required: false}}\nsteps:\n- {{task: Echo, inputs: {{v: '${{inputs.v}}'}}}}";
        await StartAsync(null, flow);
        JsonElement input = Json($$"""{"v":{{value}}}""");

        if (fits)
        {
            await AgainAsync(input);
            Assert.Equal(Value.FromJson(input).ToJsonText(), Calls("Echo")[1]);
        }
        else
        {
            await Assert.ThrowsAsync<InvalidFlowInputException>(() => Host.StartRunAsync("f", input));

            // A subflow checks as well.
            Host.Flows.Add(Parse("flow: outer\ninputs:\n- {name: v}\nsteps:\n- {subflow: f, inputs: {v: '${inputs.v}'}}"));
            RunResult result = await EndAsync(await Host.StartRunAsync("outer", input));
            Assert.Equal((RunStatus.Failed, ErrorTypes.InvalidInput), (result.Run.Status, result.Error!.Type));
            Assert.Single(Calls("Echo"));
        }
    }

    [Fact]
    public async Task Steps_run_in_the_order_of_the_list_and_the_flow_needs_some()
    {
        await RunAsync("flow: f\nsteps:\n- {task: Echo, inputs: {n: 1}}\n- {task: Echo, inputs: {n: 2}}\n- {task: Echo, inputs: {n: 3}}");

        Assert.Equal(["""{"n":1}""", """{"n":2}""", """{"n":3}"""], Calls("Echo"));
        Assert.Contains("ACT1102 a flow needs 'steps'. ", Mistakes("flow: f"));
    }

    [Fact]
    public async Task Outputs_are_any_value_or_a_bare_name_and_null_for_what_was_skipped()
    {
        const string Flow =
            """
            flow: f
            steps:
              - {task: Echo, id: a, inputs: {x: {y: 1}}}
              - if: ${a.x.y} == 2
                then:
                  - {task: Echo, id: never, inputs: {z: 1}}
            outputs:
              - a
              - {name: deep, value: {list: ["${a.x.y}", "is ${a.x.y}", 7], flag: true}, description: Nested}
              - {name: skipped, value: "${never.z}"}
            """;

        Assert.Equal("""{"a":{"x":{"y":1}},"deep":{"list":[1,"is 1",7],"flag":true},"skipped":null}""", await RunAsync(Flow));
        Assert.NotEmpty(Mistakes(Flow.Replace("${never.z}", "${nowhere.z}")));
    }

    [Fact]
    public async Task Connections_are_named_with_their_type_and_have_the_environment_put_in()
    {
        Host.Tasks.Resources.EnvironmentAllowed.Add("SHOP_URL");
        Host.Tasks.Resources.Environment = name => name == "SHOP_URL" ? "http://shop.example/api/" : null;
        Host.Tasks.Add<JsonElement, string>("Where", (_, step) => Task.FromResult($"{step.Connection!.Name} {step.Connection.Type} {step.Connection.Settings.GetProperty("base_url").GetString()}"));

        Assert.Equal(
            """{"a":"shop http http://shop.example/api/"}""",
            await RunAsync("flow: f\nconnections:\n  shop:\n    type: http\n    base_url: ${env.SHOP_URL}\nsteps:\n- {task: Where, id: a, connection: shop, inputs: {}}\noutputs: [a]"));
        Assert.Contains(Mistakes("flow: f\nconnections: {shop: {type: http, base_url: 'http://a.example'}}\nsteps:\n- {task: Where, connection: shep, inputs: {}}"), m => m.Contains("'shop'"));
    }

    [Fact]
    public void Triggers_are_read_as_webhooks_and_schedules()
    {
        YamlFlowDefinition flow = Parse(
            """
            flow: f
            triggers:
              - {type: webhook, path: /orders, method: POST, auth: {type: api_key, header: X-Key, key: "${secrets.KEY}"}, input_mapping: body}
              - {type: schedule, id: nightly, cron: "0 2 * * *", timezone: UTC, max_instances: 2, enabled: false}
            steps:
              - {task: Echo, inputs: {}}
            """);

        Assert.Equal(("/orders", "POST"), (((WebhookTrigger)flow.Triggers[0]).Path, ((WebhookTrigger)flow.Triggers[0]).Method));
        Assert.Equal(("nightly", 2, false), (flow.Triggers[1].Id, ((ScheduleTrigger)flow.Triggers[1]).InstancesMax, flow.Triggers[1].IsEnabled));
    }

    [Fact]
    public async Task On_cancel_steps_run_when_the_flow_is_cancelled_each_as_well_as_it_can()
    {
        RunId run = await StartAsync(
            null, "flow: f\nsteps:\n- {task: Echo, id: a, inputs: {n: 1}}\n- {wait: 1h}\n- {task: Echo, id: b, inputs: {}}\non_cancel:\n- {task: Fail, inputs: {message: first}}\n- {task: Add, inputs: {a: '${a.n}', b: 1}}\n- {task: Echo, inputs: {never: '${b.x}'}}");
        await Host.WhenStatusAsync(run, RunStatus.Waiting);
        await Host.CancelAsync(run, "enough");
        RunResult result = await Host.EndAsync(run);

        Assert.Equal(RunStatus.Cancelled, result.Run.Status);
        Assert.Equal(["""{"a":1,"b":1}"""], Calls("Add"));
        Assert.Equal(["""{"n":1}""", """{"never":null}"""], Calls("Echo"));
        Assert.Contains("first", Assert.Single(result.CleanUpErrors));
    }

    [Fact]
    public async Task A_project_groups_flows_and_gives_them_its_connections()
    {
        Host.Tasks.Add<JsonElement, string>("Where", (_, step) => Task.FromResult(step.Connection!.Settings.GetProperty("base_url").GetString()!));
        const string Where = "steps:\n- {task: Where, id: a, connection: shop, inputs: {}}\noutputs: [a]";
        await LoadAsync(
            "project.yaml",
            ("project.yaml", "project: Shop\ndescription: d\nversion: 1.0.0\nsettings:\n  shared_connections:\n    shop: {type: http, base_url: 'http://shared.example'}\n  tags: [a]\n  contact: {team: t, email: e@example.org}\nflows: [one, two]"),
            ("one/flow.yaml", "flow: One\n" + Where),
            ("two/flow.yaml", "flow: Two\nconnections:\n  shop: {type: http, base_url: 'http://own.example'}\n" + Where),
            ("three/flow.yaml", "flow: Three\n" + Where));

        Assert.Equal(["One", "Two"], Host.Flows.Latest.Select(f => f.Name));
        Assert.Equal("""{"a":"http://shared.example"}""", await AgainAsync(flow: "One"));
        Assert.Equal("""{"a":"http://own.example"}""", await AgainAsync(flow: "Two"));
    }
}
