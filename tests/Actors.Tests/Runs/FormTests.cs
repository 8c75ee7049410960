using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs;

/// <summary>Forms of questions: data that does not fit is refused, and what fits is completed.</summary>
public sealed class FormTests
{
    private static readonly ActorsTestOptions Rewalk = new() { RewalkEveryCommit = true };

    private static readonly JsonSchema Form = JsonSchema.Parse(
        """{"type":"object","required":["amount"],"properties":{"amount":{"type":"integer","maximum":500},"note":{"type":"string","default":"none"}},"additionalProperties":false}""");

    [Fact]
    public async Task Data_that_fits_reaches_the_flow_with_defaults()
    {
        (ActorsTestHost host, RunId run, HumanTaskRow task) = await AskAsync(Form);
        await using (host)
        {
            Assert.Equal(Form.Json.GetRawText(), task.Form);
            Assert.Equal("""{"a":1}""", task.Details);
            await AnswerAsync(host, task, """{"amount":250}""");
            Assert.Equal("""approve {"amount":250,"note":"none"}""", (await host.EndAsync(run)).Output.GetString());
        }
    }

    [Theory]
    [InlineData("""{"amount":501,"nte":1}""", "/data/amount 'amount' must be at most 500, but is 501", "/data/nte 'nte' is not a known property; did you mean 'note'?")]
    [InlineData("5", "/data the data must be an object, but is 5")]
    [InlineData(null, "/data/amount 'amount' is required")]
    public async Task Data_that_does_not_fit_is_refused_and_the_question_stays_open(string? data, params string[] faults)
    {
        (ActorsTestHost host, RunId run, HumanTaskRow task) = await AskAsync(Form);
        await using (host)
        {
            // Whatever the decision: the flow that reads the data relies on it.
            foreach (string decision in task.Decisions)
            {
                InvalidRequestException e = await Assert.ThrowsAsync<InvalidRequestException>(() => AnswerAsync(host, task, data, decision));
                Assert.Equal(("invalid_data", faults[0].Split(' ')[0]), (e.Code, e.Pointer));
                Assert.Equal(faults, e.Faults.Select(f => $"{f.Pointer} {f.Message}"));
            }

            Assert.Equal(HumanTaskStatus.Open, (await host.Store.GetHumanTaskAsync("default", task.Id, default))!.Status);
            await AnswerAsync(host, task, """{"amount":1,"note":"b"}""", "reject");
            Assert.Equal("""reject {"amount":1,"note":"b"}""", (await host.EndAsync(run)).Output.GetString());
        }
    }

    [Fact]
    public async Task Where_nothing_is_required_nothing_need_be_given()
    {
        (ActorsTestHost host, RunId run, HumanTaskRow task) = await AskAsync(JsonSchema.Parse("""{"properties":{"note":{"default":"x"}}}"""));
        await using (host)
        {
            await AnswerAsync(host, task, null);
            Assert.Equal("""approve {"note":"x"}""", (await host.EndAsync(run)).Output.GetString());
        }
    }

    [Fact]
    public async Task A_question_with_a_form_still_expires()
    {
        (ActorsTestHost host, RunId run, HumanTaskRow _) = await AskAsync(Form);
        await using (host)
        {
            await host.AdvanceAsync(TimeSpan.FromDays(2));
            Assert.Equal(" ", (await host.EndAsync(run)).Output.GetString());
        }
    }

    [Fact]
    public async Task A_form_that_completes_data_beyond_what_may_be_stored_is_refused()
    {
        string text = new('x', 4000);
        (ActorsTestHost host, RunId _, HumanTaskRow task) = await AskAsync(JsonSchema.Parse("""{"properties":{"all":{"items":{"properties":{"t":{"default":"TEXT"}}}}}}""".Replace("TEXT", text, StringComparison.Ordinal)));
        await using (host)
        {
            string many = $$"""{"all":[{{string.Join(',', Enumerable.Repeat("{}", 2000))}}]}""";
            Assert.Equal("payload_too_large", (await Assert.ThrowsAsync<InvalidRequestException>(() => AnswerAsync(host, task, many))).Code);
            many = $$"""{"all":[{{string.Join(',', Enumerable.Repeat("{}", 20_000))}}]}""";
            Assert.Contains("steps to check", (await Assert.ThrowsAsync<InvalidRequestException>(() => AnswerAsync(host, task, many))).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_form_of_a_later_version_is_not_guessed_at()
    {
        (ActorsTestHost host, RunId _, HumanTaskRow task) = await AskAsync(Form);
        await using (host)
        {
            Assert.Throws<UnavailableException>(() => HumanForm.Complete(task with { Form = """{"newKeyword":1}""" }, default));
        }
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("""{"a":1}""", null, """{"a":1}""")]
    [InlineData("""{"a":1}""", """{"type":"object"}""", """{"~form":{"type":"object"},"~details":{"a":1}}""")]
    [InlineData(null, "true", """{"~form":true}""")]
    [InlineData("null", "true", """{"~form":true,"~details":null}""")]
    [InlineData("""{"~form":{"b":1}}""", null, """{"~form":null,"~details":{"~form":{"b":1}}}""")]
    public void Details_and_form_are_kept_in_one_text_and_come_apart_again(string? details, string? form, string? stored)
    {
        Assert.Equal(stored, HumanTaskDetails.Join(details, form));
        Assert.Equal((details, form), HumanTaskDetails.Split(stored));
    }

    [Fact]
    public async Task A_flow_file_asks_with_a_form()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flows.Add(YamlFlowDefinition.Parse(
            """
            flow: ask
            steps:
              - id: ok
                approval:
                  title: Refund?
                  form: {type: object, required: [amount], properties: {amount: {type: integer, minimum: 1}, note: {default: none}}}
            outputs: [{name: data, value: "${ok.data}"}]
            """,
            "ask.yaml",
            host.Tasks));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("ask", new { });
        HumanTaskRow task = await host.WhenAskedAsync(run);

        Assert.Equal("/data/amount", (await Assert.ThrowsAsync<InvalidRequestException>(() => AnswerAsync(host, task, """{"amount":0}"""))).Pointer);
        await AnswerAsync(host, task, """{"amount":3}""");
        Assert.Equal("""{"data":{"amount":3,"note":"none"}}""", (await host.EndAsync(run)).Output.GetRawText());
    }

    [Fact]
    public void A_wrong_form_in_a_flow_file_is_told_with_its_place()
    {
        FlowSyntaxException e = Assert.Throws<FlowSyntaxException>(() =>
            YamlFlowDefinition.Parse("flow: a\nsteps:\n- approval:\n    title: Yes?\n    form: {type: object, requird: [a]}", "a.yaml", new TaskRegistry()));

        Assert.Equal("5:26 ACT1340", $"{e.Problems[0].Line}:{e.Problems[0].Column} {Assert.Single(e.Problems).RuleId}");
    }

    private static async Task<(ActorsTestHost Host, RunId Run, HumanTaskRow Task)> AskAsync(JsonSchema form)
    {
        ActorsTestHost host = new(Rewalk);
        host.Flow<int, string>("ask", async (ctx, _) =>
        {
            HumanAnswer answer = await ctx.Ask("q", new HumanQuestion("Refund?") { Form = form, Details = new { a = 1 }, Due = TimeSpan.FromDays(1) });
            return $"{answer.Decision} {answer.Data}";
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("ask", 1);
        return (host, run, await host.WhenAskedAsync(run));
    }

    private static Task AnswerAsync(ActorsTestHost host, HumanTaskRow task, string? data, string decision = "approve") =>
        host.Silo.AnswerAsync(task.Id, new TaskAnswer(decision, null, data is null ? default : JsonDocument.Parse(data).RootElement), ActorsTestHost.Caller);
}
