namespace Actors;

/// <summary>
/// A flow written in C#. One instance serves all runs of this version: keep nothing in fields but services.
/// </summary>
/// <typeparam name="TIn">Read from JSON with <see cref="FlowJson.Options"/>.</typeparam>
/// <typeparam name="TOut">Must survive being written as JSON and read back.</typeparam>
public abstract class Flow<TIn, TOut>
{
    private readonly Dictionary<string, CompensationHandler> _compensations = new(StringComparer.Ordinal);

    /// <summary>
    /// The name under which runs are stored; never change it while runs live. Default: the class's name without a trailing <c>Flow</c>.
    /// </summary>
    public virtual string Name
    {
        get
        {
            string name = GetType().Name;
            return name.Length > 4 && name.EndsWith("Flow", StringComparison.Ordinal) ? name[..^4] : name;
        }
    }

    /// <summary>
    /// The declared version that a run is pinned to. Change it when running runs must not meet the new code, and keep the old class registered beside
    /// the new one until they have ended. Default <c>1</c>.
    /// </summary>
    public virtual string Version => "1";

    /// <summary>One line for lists; null when there is none.</summary>
    public virtual string? Description => null;

    /// <summary>True: a step whose input differs from the recorded one parks the run. Default false: the difference is reported.</summary>
    public virtual bool Strict => false;

    /// <summary>
    /// The limit of a whole run, counted from its first start over restarts; the time that it was queued is not counted. What is open then is cancelled, what was registered with
    /// <see cref="IFlowContext.CleanUp"/> is done, what was done is compensated, and the run has failed with <see cref="ErrorTypes.Timeout"/>. A run that has begun keeps its limit when this changes. More than zero. Default null: none.
    /// </summary>
    public virtual TimeSpan? RunTimeout => null;

    public abstract Task<TOut> RunAsync(IFlowContext ctx, TIn input);

    /// <summary>
    /// Declares what undoes a step, under a name that <see cref="StepOptions.Compensation"/> refers to; called in the constructor.
    /// It is declared rather than captured, because it must still be known when the block around the step is never entered again.
    /// </summary>
    /// <exception cref="ArgumentException">The name is declared twice.</exception>
    protected void Compensation<T>(string name, Func<T, IStepContext, Task> undo)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(undo);
        _compensations.Add(name, new CompensationHandler((json, step) =>
            undo(System.Text.Json.JsonSerializer.Deserialize<T>(json.Span, FlowJson.Options)!, step)));
    }

    internal CompensationHandler? FindCompensation(string name) => _compensations.GetValueOrDefault(name);
}

/// <summary>Undoes a step, given the recorded JSON.</summary>
internal sealed record CompensationHandler(Func<ReadOnlyMemory<byte>, IStepContext, Task> Undo);
