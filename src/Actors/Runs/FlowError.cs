using System.Text.Json;

namespace Actors;

/// <summary>A recorded failure: what flow code, people and programs see of it, the same the first time and after every restart.</summary>
/// <param name="Type">The kind of error to decide by: the name of the exception's type, or one of <see cref="ErrorTypes"/>.</param>
/// <param name="Message">For people. At most 4,000 characters are kept.</param>
/// <param name="Code">A code of the task's own, e.g. <c>card_declined</c>; null when it gave none.</param>
/// <param name="Data">Facts of the task's own; null when it gave none.</param>
public sealed record FlowError(string Type, string Message, string? Code = null, JsonElement? Data = null)
{
    public const int MessageLengthMax = 4000;

    /// <summary>What an exception of a step's body becomes. Stack traces stay in the log: they name files of the build machine.</summary>
    public static FlowError From(Exception exception) => exception switch
    {
        StepFailedException step => step.Error,
        TaskException task => new(task.Type, Text.Shorten(task.Message, MessageLengthMax), task.Code, task.Details),
        System.Data.Common.DbException { SqlState: { } state } sql => new(sql.GetType().Name, Text.Shorten(sql.Message, MessageLengthMax), state),
        _ => new(exception.GetType().Name, Text.Shorten(exception.Message, MessageLengthMax)),
    };
}

/// <summary>Types of <see cref="FlowError"/> that the engine itself gives.</summary>
public static class ErrorTypes
{
    /// <summary>An attempt, step or scope took longer than its limit.</summary>
    public const string Timeout = "Timeout";

    /// <summary>A result cannot be written as JSON and read back as the same value.</summary>
    public const string ResultNotSerializable = "ResultNotSerializable";

    /// <summary>A result, input or state is larger than allowed.</summary>
    public const string PayloadTooLarge = "PayloadTooLarge";

    /// <summary>The database refused a value.</summary>
    public const string StoreRefused = "StoreRefused";

    /// <summary>The silo's store has no transactions for steps.</summary>
    public const string NotTransactional = "NotTransactional";

    /// <summary>The body of a transactional step has itself ended its transaction, or gone on after its SQL had failed.</summary>
    public const string TransactionEnded = "TransactionEnded";

    /// <summary>A step or child run was cancelled.</summary>
    public const string Cancelled = "Cancelled";

    /// <summary>A child run failed.</summary>
    public const string ChildFailed = "ChildFailed";

    /// <summary>A loop came to its largest number of iterations.</summary>
    public const string LoopLimit = "LoopLimit";

    /// <summary>No task of that name is registered.</summary>
    public const string UnknownTask = "UnknownTask";

    /// <summary>No flow of that name is registered.</summary>
    public const string UnknownFlow = "UnknownFlow";

    /// <summary>The tenant has no run of that id.</summary>
    public const string UnknownRun = "UnknownRun";

    /// <summary>The run that was meant has ended.</summary>
    public const string RunEnded = "RunEnded";

    /// <summary>A limit was reached and held for so long that waiting was given up; the same can succeed later.</summary>
    public const string Overloaded = "Overloaded";

    /// <summary>A step uses a secret that the silo does not have.</summary>
    public const string UnknownSecret = "UnknownSecret";

    /// <summary>A step names a connection that neither the flow nor the host has.</summary>
    public const string UnknownConnection = "UnknownConnection";

    /// <summary>An input is missing or has another type than declared.</summary>
    public const string InvalidInput = "InvalidInput";

    /// <summary>An output does not fit the schema that is declared for it.</summary>
    public const string InvalidOutput = "InvalidOutput";
}

/// <summary>A step, scope or child has failed for good. It is what every failed verb throws, the first time and in every walk after a restart.</summary>
public sealed class StepFailedException(string stepKey, FlowError error) : Exception($"{stepKey}: {error.Message}")
{
    public string StepKey { get; } = stepKey;

    public FlowError Error { get; } = error;
}

/// <summary>
/// The run, or the branch this code is in, has been cancelled. Thrown by verbs that have no outcome yet. Catching it does not un-cancel:
/// from then on verbs work only inside a clean-up.
/// </summary>
public sealed class FlowCancelledException(string reason) : OperationCanceledException(reason);

/// <summary>An error with facts: thrown by a task to say what happened and what to do about it.</summary>
public class TaskException : Exception
{
    public TaskException(string message, string? code = null, Exception? inner = null)
        : base(message, inner) => Code = code;

    /// <summary>The type that handlers and retry rules see. Default: the name of the exception's type.</summary>
    public string Type
    {
        get => field ?? GetType().Name;
        init;
    }

    public string? Code { get; }

    /// <summary>Facts for handlers; null when there are none.</summary>
    public JsonElement? Details { get; init; }

    /// <summary>False: trying again cannot help, so no further attempt is made. Default true.</summary>
    public bool Retryable { get; init; } = true;

    /// <summary>When to try again, in place of what the retry policy says; null leaves it to the policy.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
