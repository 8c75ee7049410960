using System.Globalization;
using Actors.Flows;

namespace Actors.Samples.Expenses;

/// <summary>What the flows of this sample do outside themselves.</summary>
public sealed class ExpenseTasks(ExpenseBook book)
{
    [FlowTask("RecordExpense", Description = "Writes the expense into the books.")]
    public RecordedExpense RecordExpense(RecordExpenseInput input, IStepContext step) => input.Amount > 0
        ? new(book.Write(EntryKinds.Expense, input.Employee, $"{Money(input.Amount)}: {input.Purpose}", step.IdempotencyKey))
        : throw new TaskException($"An expense of {Money(input.Amount)} cannot be recorded: the amount must be above zero.", "invalid_amount") { Retryable = false };

    [FlowTask("PayExpense", Description = "Pays the expense to the employee.")]
    public PaidExpense PayExpense(PayExpenseInput input, IStepContext step) =>
        new(book.Write(EntryKinds.Payment, input.Employee, $"{Money(input.Amount)} for {input.ExpenseId}", step.IdempotencyKey));

    [FlowTask("NotifyEmployee", Description = "Tells the employee what became of the expense.")]
    public EmployeeNotice NotifyEmployee(NotifyEmployeeInput input, IStepContext step) =>
        new(book.Write(EntryKinds.Notice, input.Employee, input.Text, step.IdempotencyKey));

    private static string Money(decimal amount) => amount.ToString("0.00", CultureInfo.InvariantCulture);
}

public sealed record RecordExpenseInput(string Employee, decimal Amount, string Purpose);

public sealed record RecordedExpense(string ExpenseId);

public sealed record PayExpenseInput(string ExpenseId, string Employee, decimal Amount);

public sealed record PaidExpense(string PaymentId);

public sealed record NotifyEmployeeInput(string Employee, string Text);

public sealed record EmployeeNotice(string MessageId);
