using System.Text.Json;
using Actors.Postgres.Tests;
using Actors.Samples.Expenses;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Samples.Tests.Expenses;

/// <summary>What happens when nobody answers, in days that pass at once.</summary>
public sealed class ExpenseExpirySqliteTests() : ExpenseExpiryTests(DatabaseKind.Sqlite);

public sealed class ExpenseExpiryPostgresTests() : ExpenseExpiryTests(DatabaseKind.Postgres);

public abstract class ExpenseExpiryTests : SampleTests
{
    private readonly ExpenseBook _book = new();
    private readonly ManualTime _time = new();

    private protected ExpenseExpiryTests(DatabaseKind kind)
        : base(kind)
    {
    }

    public static TheoryData<string> Flows => ExpenseFlowTests.Flows;

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_manager_who_does_not_answer_in_two_days_loses_the_decision_to_the_director(string flow)
    {
        await using SampleSilo silo = await StartSilo();
        RunId run = await silo.Start(flow, ExpenseSample.Expense(200, "mia", "dan"));
        await silo.Question(run, "manager");

        _time.Advance(TimeSpan.FromDays(2));

        HumanTaskRow question = await AsTimeGoesOn(silo.Question(run, "director"));
        Assert.Equal(["dan"], question.Candidates);
        await silo.Answer(question, HumanQuestion.Approve, by: "dan");
        ExpenseResult result = Result(await silo.End(run));
        Assert.Equal((ExpenseResult.Approved, "dan"), (result.Status, result.DecidedBy));
        Assert.Single(_book.Entries, e => e.Kind == EntryKinds.Payment);
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task When_nobody_answers_the_expense_is_rejected(string flow)
    {
        await using SampleSilo silo = await StartSilo();
        RunId run = await silo.Start(flow, ExpenseSample.Expense(200));

        await silo.Question(run, "manager");
        _time.Advance(TimeSpan.FromDays(2));
        await AsTimeGoesOn(silo.Question(run, "director"));
        _time.Advance(TimeSpan.FromDays(5));

        ExpenseResult result = Result(await AsTimeGoesOn(silo.End(run)));
        Assert.Equal(ExpenseResult.Rejected, result.Status);
        Assert.Equal("nobody decided in time", result.Reason);
        Assert.Null(result.DecidedBy);
        Assert.DoesNotContain(_book.Entries, e => e.Kind == EntryKinds.Payment);
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_manager_who_answers_on_the_second_day_is_in_time(string flow)
    {
        await using SampleSilo silo = await StartSilo();
        RunId run = await silo.Start(flow, ExpenseSample.Expense(200, "mia"));
        HumanTaskRow question = await silo.Question(run, "manager");

        _time.Advance(TimeSpan.FromDays(2) - TimeSpan.FromSeconds(1));
        await silo.Answer(question, HumanQuestion.Approve, by: "mia");

        Assert.Equal("mia", Result(await silo.End(run)).DecidedBy);
    }

    private Task<SampleSilo> StartSilo() => StartSilo((tasks, flows) => ExpenseSample.Register(tasks, flows, _book), time: _time);

    // What was under way while the clock jumped counts its next waits from there on, so the clock must not stand still after a jump.
    private async Task<T> AsTimeGoesOn<T>(Task<T> awaited)
    {
        while (true)
        {
            try
            {
                return await awaited.WaitAsync(TimeSpan.FromMilliseconds(20));
            }
            catch (TimeoutException) when (!awaited.IsCompleted)
            {
                _time.Advance(TimeSpan.FromSeconds(10));
            }
        }
    }

    private static ExpenseResult Result(RunResult run)
    {
        Assert.True(run.Run.Status == RunStatus.Completed, $"{run.Run.Status}: {run.Error?.Message}");
        return run.Output.Deserialize<ExpenseResult>(FlowJson.Options)!;
    }
}
