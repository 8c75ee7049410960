using System.Text.Json;

namespace Actors;

/// <summary>
/// The vocabulary of a flow. A flow is ordinary async code that does everything which is not a pure computation through these verbs;
/// each is journaled under the key <c>scope/name</c>, and a verb whose outcome is in the journal gives that outcome instead of acting again.
/// <para>
/// Names are 1 to 100 characters without <c>/ # [ ] %</c> and control characters. A name that is used again in one scope, one after the other, is numbered
/// (<c>poll</c>, <c>poll#2</c>). A name that is used again in a scope where two verbs were open at once is ambiguous and parks the run: give each its own name,
/// or use <see cref="Map{TItem,TOut}"/>.
/// </para>
/// <para>
/// Verbs may only be called by the flow's own code, on the flow's own thread: no <c>Task.Run</c>, no <c>ConfigureAwait(false)</c> between them.
/// A failed verb throws <see cref="StepFailedException"/>; one of a cancelled run <see cref="FlowCancelledException"/>.
/// When the silo stops, loses the run or finds that the flow has changed, awaits simply never complete: no <c>catch</c>, <c>finally</c> or <c>using</c> runs.
/// </para>
/// </summary>
public interface IFlowContext
{
    RunInfo Run { get; }

    /// <summary>The time of the last outcome that this run was given (at first, of its start). The same in every walk.</summary>
    DateTimeOffset Now { get; }

    /// <summary>An id that is the same in every walk: derived from the run's id, this scope and the number of ids asked for in it before.</summary>
    Guid NewId();

    /// <summary>Chance that is the same in every walk: seeded by the run's id and this scope.</summary>
    Random Random { get; }

    /// <summary>The run's typed state: empty at each walk and filled by it. In a branch of <c>All</c>, <c>Any</c> or <c>Map</c> it is the branch's own until the branch ends.</summary>
    FlowState State { get; }

    /// <summary>Does something outside the flow, once it has an outcome never again. The body gets the input, runs on the thread pool and may run more than once until its outcome is recorded.</summary>
    /// <param name="input">An argument rather than a captured variable: its hash is recorded and compared in later walks.</param>
    /// <param name="fallback">Called with the last error when all attempts have failed; its result is then the step's. Null: the step fails.</param>
    /// <exception cref="StepFailedException">All attempts, and the fallback, have failed.</exception>
    Task<T> Step<TIn, T>(
        string name,
        TIn input,
        Func<TIn, IStepContext, Task<T>> body,
        StepOptions? options = null,
        Func<TIn, FlowError, IStepContext, Task<T>>? fallback = null);

    /// <summary>
    /// A step whose SQL and outcome are committed in one transaction of the journal's database: exactly once. The body works on
    /// <see cref="ITransactionalStepContext.Connection"/>; when it returns, the engine commits, and when it throws, everything is rolled back. A body may run more than once,
    /// but of only one run is anything kept; what it does elsewhere (files, other systems) is not part of that.
    /// The transaction is open for at most <see cref="StepOptions.Timeout"/> and the silo's limit (default 30 seconds). An attempt for which
    /// no connection could be opened, or whose connection was lost in the commit, is made again without being counted.
    /// </summary>
    /// <exception cref="StepFailedException">
    /// As of <see cref="Step{TIn, T}"/>; with <see cref="ErrorTypes.NotTransactional"/>, and without any retry, when the silo's store has no transactions for steps.
    /// </exception>
    Task<T> Transaction<TIn, T>(
        string name,
        TIn input,
        Func<TIn, ITransactionalStepContext, Task<T>> body,
        StepOptions? options = null,
        Func<TIn, FlowError, ITransactionalStepContext, Task<T>>? fallback = null);

    /// <summary>Waits; durable from one second on. A duration of zero or less goes on at once.</summary>
    Task Sleep(string name, TimeSpan duration);

    /// <summary>Waits until a point in time; one in the past goes on at once.</summary>
    Task Until(string name, DateTimeOffset dueAt);

    /// <summary>Asks people and waits for the answer. When the question's time is over, the answer says <see cref="HumanAnswer.Expired"/>.</summary>
    Task<HumanAnswer> Ask(string name, HumanQuestion question);

    /// <summary>Waits for a signal of this name. Signals that came before anybody waited are kept, and taken in order of arrival.</summary>
    /// <param name="timeout">Null: waits for ever.</param>
    /// <exception cref="StepFailedException">The signal's payload is no <typeparamref name="T"/> (<see cref="ErrorTypes.InvalidInput"/>); the signal is taken all the same.</exception>
    Task<Signal<T>> WaitFor<T>(string name, TimeSpan? timeout = null);

    /// <summary>
    /// Sends a signal to another run of the same tenant, whichever silo has it: exactly once, also when this silo dies meanwhile. The receiver keeps it until it waits for it (<see cref="WaitFor{T}"/>),
    /// as it keeps those that come from outside; this verb does not wait for that, but for room in the receiver's inbox, which has as much as for those from outside. A run that ends meanwhile never takes
    /// it in.
    /// </summary>
    /// <param name="signal">The signal's name: what <see cref="WaitFor{T}"/> of the receiver is called with.</param>
    /// <param name="payload">As JSON at most <c>SiloOptions.PayloadBytesMax</c> bytes.</param>
    /// <exception cref="StepFailedException">
    /// The tenant has no such run (<see cref="ErrorTypes.UnknownRun"/>), it has ended (<see cref="ErrorTypes.RunEnded"/>), or the payload is too large (<see cref="ErrorTypes.PayloadTooLarge"/>)
    /// or nested too deeply (<see cref="ErrorTypes.InvalidInput"/>), or the inbox was full for longer than <c>SiloOptions.InboxWaitLimit</c>
    /// (<see cref="ErrorTypes.Overloaded"/>). It was not sent, and can be sent again.
    /// </exception>
    Task Signal<T>(string name, RunId run, string signal, T payload);

    /// <summary>Runs another flow as a child run and waits for its result. Cancelling this run cancels the child.</summary>
    /// <exception cref="StepFailedException">The child failed (<see cref="ErrorTypes.ChildFailed"/>) or was cancelled.</exception>
    Task<TOut> Call<TIn, TOut>(string name, string flow, TIn input, CallOptions? options = null);

    /// <summary>Starts another flow as a run of its own and does not wait for it.</summary>
    Task<RunId> Start<TIn>(string name, string flow, TIn input, CallOptions? options = null);

    /// <summary>A named block. Once it has ended it is never entered again: its result stands for everything beneath it.</summary>
    /// <exception cref="StepFailedException">The body failed, or the scope's time was over (<see cref="ErrorTypes.Timeout"/>).</exception>
    Task<T> Scope<T>(string name, Func<IFlowContext, Task<T>> body, ScopeOptions? options = null);

    /// <summary>
    /// A block whose value is kept over runs: when the cache has one that has not expired, the body is not run. Otherwise it is, and its value is kept; a failure is not. It is a scope with the steps
    /// <c>lookup</c> and <c>store</c> and the scope <c>body</c>, so that what was found, or computed, is the run's for good. The state that a body writes is not part of the value.
    /// <para>
    /// The cache is an aid: one that cannot be read has nothing, one that cannot be written keeps nothing, a value that is no <typeparamref name="T"/> any more counts as none. The body runs at least once
    /// before there is a value: of several runs that find none at the same time, in one silo or in several, each runs it and goes on with its own; the last one stored is found afterwards. So the body must
    /// bear that. A value is found by the same tenant, flow (whatever its version), block and key. The block is its name and those of the scopes around it, without keys of items and numbers of iterations.
    /// </para>
    /// </summary>
    /// <param name="key">What the value depends on; as JSON, whatever the order of members.</param>
    /// <param name="ttl">For how long it is kept from the moment it is stored; more than zero.</param>
    /// <exception cref="StepFailedException">The body failed.</exception>
    Task<T> Cached<TIn, T>(string name, TIn key, TimeSpan ttl, Func<IFlowContext, Task<T>> body);

    /// <summary>
    /// Runs all branches at the same time, those with <see cref="Branch{T}.After"/> as soon as the branches they come after have ended well, and waits for all.
    /// The first failure cancels the others and waits for them; what has not begun never does. Results are in the order of the branches.
    /// </summary>
    /// <exception cref="ArgumentException">Two branches have the same key, one comes after a key that no sibling has, or after itself, or branches wait for each other.</exception>
    Task<T[]> All<T>(string name, IReadOnlyList<Branch<T>> branches, AllOptions? options = null);

    /// <summary>Runs all branches at the same time; the first that succeeds wins, the others are cancelled and waited for. Fails when all fail.</summary>
    /// <exception cref="ArgumentException">There is no branch, two have the same key, or one has an <see cref="Branch{T}.After"/>.</exception>
    Task<AnyResult<T>> Any<T>(string name, IReadOnlyList<Branch<T>> branches, ScopeOptions? options = null);

    /// <summary>
    /// Runs the body for each item, so many at a time as the options say. The first failure cancels the others. Results are in the order of the items.
    /// With a concurrency of 1 an item sees what those before it have written to the state; otherwise what was there at the beginning.
    /// </summary>
    /// <param name="key">A key from the data for each item and its index; unique. Null: the index.</param>
    Task<TOut[]> Map<TItem, TOut>(
        string name,
        IReadOnlyList<TItem> items,
        Func<IFlowContext, TItem, int, Task<TOut>> body,
        MapOptions? options = null,
        Func<TItem, int, string>? key = null);

    /// <summary>
    /// Repeats the body with a carried value. Each iteration's value is recorded and stands for everything that the iterations before have done: the 10,000th costs what the 10th did.
    /// </summary>
    /// <param name="body">Gets the carried value and the iteration's number from 0; returns <see cref="Iteration.Next{T}"/> or <see cref="Iteration.Done{T}"/>.</param>
    /// <returns>The value given to <see cref="Iteration.Done{T}"/>.</returns>
    /// <exception cref="StepFailedException">The largest number of iterations was reached (<see cref="ErrorTypes.LoopLimit"/>).</exception>
    Task<T> Loop<T>(string name, T carried, Func<IFlowContext, T, int, Task<Iteration<T>>> body, LoopOptions? options = null);

    /// <summary>
    /// Registers what is to be done when this scope is cancelled from outside: with the whole run, by the limit of a scope around it or of the run, or because a branch beside it failed or
    /// was first. Not when the scope itself fails or reaches its own limit: the code around it sees that. Runs in reverse order of registration, under a fresh token and the clean-up's own
    /// limit, before the flow goes on. Each is tried once; an error in one is recorded and does not stop the others.
    /// </summary>
    void CleanUp(string name, Func<IFlowContext, Task> body);

    /// <summary>
    /// Puts an event of the flow's own into the run's stream of events (<see cref="RunEventTypes.EventEmitted"/>), for whoever watches the run. Written once, not in later walks.
    /// </summary>
    /// <param name="eventName">1 to 200 characters without control characters.</param>
    /// <param name="data">As JSON at most 64 KiB.</param>
    /// <exception cref="StepFailedException">The data is too large (<see cref="ErrorTypes.PayloadTooLarge"/>).</exception>
    Task Emit<T>(string name, string eventName, T data);

    /// <summary>A line in the run's log, with progress from 0 to 1 if given. Written once, not in later walks.</summary>
    void Report(string message, double? progress = null);
}

/// <summary>A branch of <c>All</c> or <c>Any</c>: its key and what it does.</summary>
public readonly record struct Branch<T>
{
    public Branch(string key, Func<IFlowContext, Task<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        Key = key;
        Body = (ctx, _) => body(ctx);
    }

    /// <summary>A branch of <c>All</c> that comes after others and is given their results.</summary>
    /// <param name="after">See <see cref="After"/>.</param>
    /// <param name="body">Gets the results by the branches' keys: of those in <paramref name="after"/>, and of all that these come after. They are the body's own copies.</param>
    public Branch(string key, IReadOnlyList<string> after, Func<IFlowContext, IReadOnlyDictionary<string, T>, Task<T>> body)
    {
        ArgumentNullException.ThrowIfNull(after);
        ArgumentNullException.ThrowIfNull(body);
        Key = key;
        After = after;
        Body = body;
    }

    public string Key { get; }

    public Func<IFlowContext, IReadOnlyDictionary<string, T>, Task<T>> Body { get; }

    /// <summary>
    /// Keys of siblings in the same <c>All</c>, in any order: this branch begins when all of them have ended well, and sees what they, and those they come after, have written to
    /// the state. Default none.
    /// </summary>
    public IReadOnlyList<string> After
    {
        get => field ?? [];
        init;
    }
}

/// <param name="Key">The key of the branch that won.</param>
public sealed record AnyResult<T>(string Key, T Value);

/// <param name="Continue">True: another iteration follows.</param>
public readonly record struct Iteration<T>(T Value, bool Continue);

public static class Iteration
{
    public static Iteration<T> Next<T>(T carried) => new(carried, true);

    public static Iteration<T> Done<T>(T result) => new(result, false);
}

public sealed record ScopeOptions
{
    /// <summary>The limit of the whole scope; what is open in it then is cancelled. Counted from its first start, over restarts. Null: none.</summary>
    public TimeSpan? Timeout { get; init; }
}

public sealed record AllOptions
{
    /// <summary>How many branches at a time, in the order in which they are listed as far as they need not wait for others; from 1. Default all.</summary>
    public int Concurrency { get; init; } = int.MaxValue;

    /// <inheritdoc cref="ScopeOptions.Timeout"/>
    public TimeSpan? Timeout { get; init; }
}

public sealed record MapOptions
{
    /// <summary>How many items at a time; from 1. Default 16.</summary>
    public int Concurrency { get; init; } = 16;

    /// <inheritdoc cref="ScopeOptions.Timeout"/>
    public TimeSpan? Timeout { get; init; }
}

public sealed record LoopOptions
{
    /// <summary>The largest number of iterations; from 1. Default 1,000,000.</summary>
    public int MaxIterations { get; init; } = 1_000_000;

    /// <inheritdoc cref="ScopeOptions.Timeout"/>
    public TimeSpan? Timeout { get; init; }
}

public sealed record CallOptions
{
    /// <summary>The version label or pinned version of the flow. Null: the latest when the child is started.</summary>
    public string? Version { get; init; }

    /// <summary>The child's priority. Null: that of the parent.</summary>
    public int? Priority { get; init; }

    /// <summary>
    /// The name of the handler that undoes what the child has done when this run is cancelled or fails after the child has completed, or was only started: a compensation of the flow, else a
    /// registered task. Its input is <see cref="CompensationInput"/>, or when that is null the child's output, for a child that was only started its run id. Null: nothing is undone.
    /// </summary>
    public string? Compensation { get; init; }

    /// <summary>What the compensation is given in place of the child's output.</summary>
    public object? CompensationInput { get; init; }

    /// <inheritdoc cref="StepOptions.CompensationInputFrom"/>
    internal Func<JsonElement, JsonElement>? CompensationInputFrom { get; init; }
}

/// <param name="Received">False: the time was over first, and <paramref name="Value"/> is the default.</param>
/// <param name="By">Who sent it; null when none came.</param>
public sealed record Signal<T>(bool Received, T? Value, string? By);
