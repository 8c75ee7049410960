using Actors.Flows;

namespace Actors.Tests.Flows;

public sealed class TriggerTests : FlowTest
{
    [Fact]
    public void Triggers_are_read_into_data_with_one_warning()
    {
        YamlFlowDefinition flow = Parse("""
            flow: f
            triggers:
              - {type: webhook, id: in, path: hooks/orders, method: put, async: false, input_mapping: all, auth: {type: api_key, key: "${env.KEY}"}}
              - {type: webhook, path: "/hooks/users/{id}", auth: {type: bearer, token: "${TOKEN}"}}
              - {type: schedule, cron: "*/5 8-18 * jan-jun mon-fri", timezone: Europe/Berlin, max_instances: 2, enabled: false}
            inputs: []
            steps:
              - task: Echo
                inputs: {by: "${inputs._webhook.method ?? inputs._schedule}", who: "${inputs._auth}"}
            """);

        Assert.Equal(
            [
                new WebhookTrigger("in", true, "/hooks/orders", "PUT", new WebhookAuth("X-API-Key", false, "${env.KEY}"), false, WebhookInput.All),
                new WebhookTrigger(null, true, "/hooks/users/{id}", "POST", new WebhookAuth("Authorization", true, "${TOKEN}"), true, WebhookInput.Body),
                new ScheduleTrigger(null, false, Cron("*/5 8-18 * jan-jun mon-fri"), "Europe/Berlin", 2),
            ],
            flow.Triggers);
        Assert.Equal(2, Assert.Single(flow.Warnings).Line);
        Assert.Equal("ACT1603", flow.Warnings[0].RuleId);
        Assert.Equal(["_webhook", "_auth", "_schedule"], flow.Inputs.Select(i => i.Name));
        Assert.All(flow.Inputs, i => Assert.False(i.Required));
    }

    [Theory]
    [InlineData("- {type: webhok, path: /a}", "ACT1601", "'type' must be webhook or schedule", "Did you mean 'webhook'?")]
    [InlineData("- {path: /a}", "ACT1102", "a trigger needs 'type'", "It is webhook or schedule.")]
    [InlineData("- {type: webhook}", "ACT1102", "a webhook trigger needs 'path'", null)]
    [InlineData("- {type: webhook, path: /a b}", "ACT1601", "'/a b' is not the path of a URL", "Write e.g. /webhooks/orders.")]
    [InlineData("- {type: webhook, path: /a, method: FETCH}", "ACT1601", "'method' must be GET, POST, PUT, DELETE or PATCH", null)]
    [InlineData("- {type: webhook, path: /a, cron: x}", "ACT1103", "a webhook trigger has no key 'cron'", null)]
    [InlineData("- {type: webhook, path: /a, auth: {type: basic, key: \"${K}\"}}", "ACT1601", "'type' must be api_key or bearer", null)]
    [InlineData("- {type: webhook, path: /a, auth: {type: bearer}}", "ACT1102", "auth needs 'key'", null)]
    [InlineData("- {type: schedule}", "ACT1102", "a schedule trigger needs 'cron'", null)]
    [InlineData("- {type: schedule, cron: '0 9 * *'}", "ACT1602", "a cron expression has five fields (minute, hour, day of the month, month, day of the week), not 4", null)]
    [InlineData("- {type: schedule, cron: '0 24 * * *'}", "ACT1602", "'24' is no hour: a number from 0 to 23, a range such as 0-2, '*', or one of these with a step such as */2", null)]
    [InlineData("- {type: schedule, cron: '0 9 * * *', max_instances: 0}", "ACT1601", "'max_instances' must be a whole number from 1 to 1000", null)]
    [InlineData("- {type: webhook, id: a, path: /a}\n- {type: webhook, id: a, path: /b}", "ACT1107", "the trigger 'a' is declared twice", null)]
    [InlineData("- {type: webhook, path: /a}\n- {type: webhook, path: a}", "ACT1601", "there is a trigger for POST /a already", null)]
    [InlineData("- webhook", "ACT1104", "a trigger must be a mapping with 'type', not a text", null)]
    public void A_wrong_trigger_is_told_with_its_place(string triggers, string rule, string message, string? suggestion)
    {
        FlowSyntaxException e = Assert.Throws<FlowSyntaxException>(() => Parse($"flow: f\ntriggers:\n{triggers}\nsteps: [exit]"));

        FlowProblem problem = Assert.Single(e.Problems, p => p.Severity == FlowProblemSeverity.Error);
        Assert.Equal((rule, message), (problem.RuleId, problem.Message));
        Assert.True(problem.Line >= 3 && problem.Column > 2, problem.ToString());
        if (suggestion is not null)
        {
            Assert.Equal(suggestion, problem.Suggestion);
        }
    }

    [Fact]
    public void A_key_in_the_file_is_warned_about() =>
        Assert.Contains(Parse("flow: f\ntriggers: [{type: webhook, path: /a, auth: {type: bearer, key: secret}}]\nsteps: [exit]").Warnings, w => w.RuleId == "ACT1604");

    [Theory]
    [InlineData("* * * * *", "2030-01-01T00:00:00Z", "2030-01-01T00:01:00Z")]
    [InlineData("*/15 * * * *", "2030-01-01T00:46:00Z", "2030-01-01T01:00:00Z")]
    [InlineData("5/20 3 * * *", "2030-01-01T03:25:00Z", "2030-01-01T03:45:00Z")]
    [InlineData("0 9 * * 1-5", "2030-01-04T09:00:00Z", "2030-01-07T09:00:00Z")]
    [InlineData("0 0 1 * 1", "2030-01-01T00:00:00Z", "2030-01-07T00:00:00Z")]
    [InlineData("0 0 29 2 *", "2030-01-01T00:00:00Z", "2032-02-29T00:00:00Z")]
    [InlineData("0 12 * * 7", "2030-01-01T00:00:00Z", "2030-01-06T12:00:00Z")]
    [InlineData("0 12 * dec,mar sun", "2030-01-01T00:00:00Z", "2030-03-03T12:00:00Z")]
    public void The_next_point_of_a_cron_expression_is_found(string cron, string after, string next) =>
        Assert.Equal(DateTimeOffset.Parse(next, null), Cron(cron).Next(DateTimeOffset.Parse(after, null), TimeZoneInfo.Utc));

    [Fact]
    public void A_point_that_never_comes_is_none() => Assert.Null(Cron("0 0 30 2 *").Next(DateTimeOffset.UnixEpoch, TimeZoneInfo.Utc));

    // Clocks of this zone go from 2:00 to 3:00 on the 10th of March, and from 3:00 back to 2:00 on the 20th of October.
    [Theory]
    [InlineData("30 2 * * *", "2030-03-09T12:00:00+01:00", "2030-03-10T03:00:00+02:00")]
    [InlineData("0 4 * * *", "2030-03-09T12:00:00+01:00", "2030-03-10T04:00:00+02:00")]
    [InlineData("30 2 * * *", "2030-10-19T12:00:00+02:00", "2030-10-20T02:30:00+02:00")]
    [InlineData("30 2 * * *", "2030-10-20T02:30:00+02:00", "2030-10-21T02:30:00+01:00")]
    public void Clocks_that_are_put_forward_and_back_are_followed(string cron, string after, string next)
    {
        TimeZoneInfo zone = TimeZoneInfo.CreateCustomTimeZone("z", TimeSpan.FromHours(1), "z", "z", "z",
        [
            TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
                DateTime.MinValue.Date,
                DateTime.MaxValue.Date,
                TimeSpan.FromHours(1),
                TimeZoneInfo.TransitionTime.CreateFixedDateRule(new DateTime(1, 1, 1, 2, 0, 0), 3, 10),
                TimeZoneInfo.TransitionTime.CreateFixedDateRule(new DateTime(1, 1, 1, 3, 0, 0), 10, 20)),
        ]);

        Assert.Equal(DateTimeOffset.Parse(next, null), Cron(cron).Next(DateTimeOffset.Parse(after, null), zone));
    }

    private static CronExpression Cron(string text) => CronExpression.TryParse(text, out CronExpression? cron, out string? problem) ? cron : throw new FormatException(problem);
}
