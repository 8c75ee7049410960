using System.Text.Json;
using Actors.Flows;

namespace Actors.Samples.Expenses;

/// <summary>Puts the sample into a silo, and inputs to start it with.</summary>
public static class ExpenseSample
{
    public const string YamlFlow = "expense_approval";
    public const string CodeFlow = "ExpenseApproval";

    /// <summary>The text of <c>expense-approval.yaml</c>.</summary>
    public static string Yaml { get; } = Read("expense-approval.yaml");

    /// <summary>Nobody has to decide.</summary>
    public static JsonElement SmallExpense { get; } = Input("small.json");

    /// <summary>The manager decides: in these three it is the local user.</summary>
    public static JsonElement MediumExpense { get; } = Input("medium.json");

    /// <summary>The manager and the finance director decide.</summary>
    public static JsonElement LargeExpense { get; } = Input("large.json");

    /// <summary>Registers the tasks and both flows.</summary>
    /// <exception cref="ArgumentException">The tasks are registered already.</exception>
    public static void Register(TaskRegistry tasks, FlowRegistry flows, ExpenseBook book)
    {
        ExpenseTasks expenseTasks = new(book);
        tasks.AddFrom(expenseTasks);
        flows.Add(new ExpenseFlow(expenseTasks));
        flows.Add(YamlFlowDefinition.Parse(Yaml, "expense-approval.yaml", tasks));
    }

    /// <summary>An expense's input: the same JSON for both flows.</summary>
    public static JsonElement Expense(decimal amount, string manager = "manager", string director = "finance-director") =>
        JsonSerializer.SerializeToElement(
            new ExpenseRequest { Employee = "ann", Amount = amount, Purpose = "train to the customer", Manager = manager, Director = director },
            FlowJson.Options);

    private static JsonElement Input(string name) => JsonSerializer.Deserialize<JsonElement>(Read(name));

    private static string Read(string name)
    {
        using Stream stream = typeof(ExpenseSample).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The resource {name} is missing.");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
