namespace Actors.Samples.Expenses;

/// <summary>The flow of <c>expense-approval.yaml</c> in C#.</summary>
public sealed class ExpenseFlow(ExpenseTasks tasks) : Flow<ExpenseRequest, ExpenseResult>
{
    private const decimal ApprovedByPolicyUpTo = 100;
    private const decimal DirectorAbove = 1000;

    public override string Name => "ExpenseApproval";

    public override string Description => "Lets the manager, and for large amounts the finance director, decide about an expense.";

    public override async Task<ExpenseResult> RunAsync(IFlowContext ctx, ExpenseRequest input)
    {
        RecordedExpense expense = await ctx.Step(
            "expense",
            new RecordExpenseInput(input.Employee, input.Amount, input.Purpose),
            (i, step) => Task.FromResult(tasks.RecordExpense(i, step)));
        ctx.CleanUp("tell_withdrawn", c => Notify(c, input.Employee, $"{expense.ExpenseId} was withdrawn."));

        Decision decision = await Decide(ctx, input, expense.ExpenseId);
        if (!decision.Approved)
        {
            await Notify(ctx, input.Employee, $"{expense.ExpenseId} was rejected: {decision.Reason}");
            return new ExpenseResult
            {
                Status = ExpenseResult.Rejected,
                ExpenseId = expense.ExpenseId,
                DecidedBy = decision.By,
                Reason = decision.Reason,
            };
        }

        PaidExpense payment = await ctx.Step(
            "payment",
            new PayExpenseInput(expense.ExpenseId, input.Employee, input.Amount),
            (i, step) => Task.FromResult(tasks.PayExpense(i, step)),
            new StepOptions { Retry = new RetryPolicy() });
        await Notify(ctx, input.Employee, $"{expense.ExpenseId} is approved and paid.");
        return new ExpenseResult
        {
            Status = ExpenseResult.Approved,
            ExpenseId = expense.ExpenseId,
            DecidedBy = decision.By,
            PaymentId = payment.PaymentId,
        };
    }

    private static async Task<Decision> Decide(IFlowContext ctx, ExpenseRequest input, string expenseId)
    {
        if (input.Amount <= ApprovedByPolicyUpTo)
        {
            return new Decision(true, "policy", null);
        }

        HumanAnswer manager = await ctx.Ask("manager", Question(input, expenseId, input.Manager, TimeSpan.FromDays(2)));
        if (!manager.Approved && !manager.Expired)
        {
            return new Decision(false, manager.By, ReasonOf(manager));
        }

        // A manager who does not answer in time loses the decision to the director, whatever the amount.
        if (!manager.Expired && input.Amount <= DirectorAbove)
        {
            return new Decision(true, manager.By, null);
        }

        HumanAnswer director = await ctx.Ask("director", Question(input, expenseId, input.Director, TimeSpan.FromDays(5)));
        return director switch
        {
            { Expired: true } => new Decision(false, null, "nobody decided in time"),
            { Approved: true } => new Decision(true, director.By, null),
            _ => new Decision(false, director.By, ReasonOf(director)),
        };
    }

    private static HumanQuestion Question(ExpenseRequest input, string expenseId, string candidate, TimeSpan due) =>
        new($"Approve {expenseId} of {input.Employee}?")
        {
            Details = new { employee = input.Employee, amount = input.Amount, purpose = input.Purpose },
            Candidates = [candidate],
            Due = due,
        };

    private static string ReasonOf(HumanAnswer answer) => answer.Comment ?? "no reason was given";

    private Task<EmployeeNotice> Notify(IFlowContext ctx, string employee, string text) =>
        ctx.Step("notice", new NotifyEmployeeInput(employee, text), (i, step) => Task.FromResult(tasks.NotifyEmployee(i, step)));

    private sealed record Decision(bool Approved, string? By, string? Reason);
}
