using System.Text.Json;
using Actors.Postgres.Tests;
using Actors.Samples.Expenses;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Samples.Tests.Expenses;

/// <summary>What the YAML flow and the C# flow have in common: both run each of these.</summary>
public sealed class ExpenseFlowSqliteTests() : ExpenseFlowTests(DatabaseKind.Sqlite);

public sealed class ExpenseFlowPostgresTests() : ExpenseFlowTests(DatabaseKind.Postgres);

public abstract class ExpenseFlowTests : SampleTests
{
    private readonly ExpenseBook _book = new();

    private protected ExpenseFlowTests(DatabaseKind kind)
        : base(kind)
    {
    }

    public static TheoryData<string> Flows => [ExpenseSample.YamlFlow, ExpenseSample.CodeFlow];

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task Up_to_a_hundred_nobody_has_to_decide(string flow)
    {
        await using SampleSilo silo = await StartSilo();

        ExpenseResult result = Completed(await silo.Run(flow, ExpenseSample.Expense(100)));

        AssertPaid(result, "policy");
        Assert.Empty(await silo.Store.ListHumanTasksAsync(new HumanTaskQuery { Tenant = Caller.DefaultTenant }, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task Up_to_a_thousand_the_manager_decides(string flow)
    {
        await using SampleSilo silo = await StartSilo();
        RunId run = await silo.Start(flow, ExpenseSample.Expense(1000, manager: "mia"));

        HumanTaskRow question = await silo.Question(run, "manager");
        Assert.Equal(["mia"], question.Candidates);
        Assert.Equal(question.CreatedAt + TimeSpan.FromDays(2), question.DueAt!.Value, TimeSpan.FromSeconds(5));
        await silo.Answer(question, HumanQuestion.Approve, by: "mia");

        AssertPaid(Completed(await silo.End(run)), "mia");
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task Above_a_thousand_the_director_decides_as_well(string flow)
    {
        await using SampleSilo silo = await StartSilo();
        RunId run = await silo.Start(flow, ExpenseSample.Expense(1000.01m, "mia", "dan"));

        await silo.Answer(await silo.Question(run, "manager"), HumanQuestion.Approve, by: "mia");
        HumanTaskRow question = await silo.Question(run, "director");
        Assert.Equal(["dan"], question.Candidates);
        Assert.DoesNotContain(_book.Entries, e => e.Kind == EntryKinds.Payment);
        await silo.Answer(question, HumanQuestion.Approve, by: "dan");

        AssertPaid(Completed(await silo.End(run)), "dan");
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_manager_who_rejects_ends_it(string flow)
    {
        await using SampleSilo silo = await StartSilo();
        RunId run = await silo.Start(flow, ExpenseSample.Expense(5000, manager: "mia"));

        await silo.Answer(await silo.Question(run, "manager"), HumanQuestion.Reject, "take the bus", by: "mia");

        AssertRejected(Completed(await silo.End(run)), "mia", "take the bus");
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_director_who_rejects_without_a_word_ends_it(string flow)
    {
        await using SampleSilo silo = await StartSilo();
        RunId run = await silo.Start(flow, ExpenseSample.Expense(5000, "mia", "dan"));

        await silo.Answer(await silo.Question(run, "manager"), HumanQuestion.Approve, by: "mia");
        await silo.Answer(await silo.Question(run, "director"), HumanQuestion.Reject, by: "dan");

        AssertRejected(Completed(await silo.End(run)), "dan", "no reason was given");
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_withdrawn_expense_tells_the_employee(string flow)
    {
        await using SampleSilo silo = await StartSilo();
        RunId run = await silo.Start(flow, ExpenseSample.Expense(500));
        await silo.Question(run, "manager");

        await silo.Cancel(run);

        Assert.Equal(RunStatus.Cancelled, (await silo.End(run)).Run.Status);
        Assert.EndsWith("was withdrawn.", Assert.Single(_book.Entries, e => e.Kind == EntryKinds.Notice).Text);
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task An_amount_that_is_not_positive_fails(string flow)
    {
        await using SampleSilo silo = await StartSilo();

        RunResult run = await silo.Run(flow, ExpenseSample.Expense(0));

        Assert.Equal(RunStatus.Failed, run.Run.Status);
        Assert.Equal("invalid_amount", run.Error!.Code);
    }

    private Task<SampleSilo> StartSilo() => StartSilo((tasks, flows) => ExpenseSample.Register(tasks, flows, _book));

    private static ExpenseResult Completed(RunResult run)
    {
        Assert.True(run.Run.Status == RunStatus.Completed, $"{run.Run.Status}: {run.Error?.Message}");
        return run.Output.Deserialize<ExpenseResult>(FlowJson.Options)!;
    }

    private void AssertPaid(ExpenseResult result, string by)
    {
        Assert.Equal(ExpenseResult.Approved, result.Status);
        Assert.Equal(by, result.DecidedBy);
        Assert.Null(result.Reason);
        Assert.Equal(result.PaymentId, Assert.Single(_book.Entries, e => e.Kind == EntryKinds.Payment).Id);
        Assert.Contains("approved and paid", Assert.Single(_book.Entries, e => e.Kind == EntryKinds.Notice).Text);
    }

    private void AssertRejected(ExpenseResult result, string? by, string reason)
    {
        Assert.Equal(ExpenseResult.Rejected, result.Status);
        Assert.Equal(by, result.DecidedBy);
        Assert.Equal(reason, result.Reason);
        Assert.Null(result.PaymentId);
        Assert.DoesNotContain(_book.Entries, e => e.Kind == EntryKinds.Payment);
        Assert.Contains(reason, Assert.Single(_book.Entries, e => e.Kind == EntryKinds.Notice).Text);
    }
}
