using System.Text.Json;
using Actors.Storage;

namespace Actors.Runs;

/// <summary>A verb that flow code runs inside of: scope, branch, item, loop. Its entry stands for everything beneath it.</summary>
internal abstract class ScopeVerb : Verb<ScopeResult>
{
    /// <summary>The scope inside.</summary>
    public FlowContext Inner { get; protected set; } = null!;

    /// <summary>The state that the body begins with; null for the state around it.</summary>
    public FlowState? Basis { get; init; }

    public override bool IsLeaf => false;

    public override string Noun => "a scope";

    /// <summary>Enters the body at once: what is inside may have recorded outcomes that come before anything else.</summary>
    public abstract void Enter();

    public override bool Owns(EntryKind kind) => kind is EntryKind.ScopeProgress or EntryKind.ScopeCompleted or EntryKind.ScopeFailed;
}

/// <param name="Delta">What the scope wrote to its state; applied already unless it is a branch.</param>
internal readonly record struct ScopeResult(JsonElement Value, IReadOnlyDictionary<string, JsonElement>? Delta);

internal sealed class ScopeVerb<T>(Func<FlowContext, Task<T>> body, TimeSpan? limit, bool isBranch) : ScopeVerb
{
    private ScopeLimit? _limit;

    public override void Enter()
    {
        Inner = new FlowContext(Grain, Scope, Key, Node, Basis);
        _limit = ScopeLimit.Begin(Inner, limit);
        Grain.Guard(RunAsync(Inner));
    }

    public override void Start() => throw new InvalidOperationException("A scope is entered when it is opened.");

    public override void Cancel(string reason) => Inner.Cancel(reason);

    public override void Deliver(LiveEntry outcome)
    {
        ScopeEndedBody ended = EntryBody.Read<ScopeEndedBody>(outcome.Payload);
        if (ended.Compensations is { } compensations)
        {
            Scope.Compensations.AddRange(compensations);
        }

        if (outcome.Kind == EntryKind.ScopeFailed)
        {
            Fail(ended.Error!);
            return;
        }

        if (!isBranch)
        {
            Scope.State.Apply(ended.State);
        }

        Complete(new ScopeResult(ended.Value ?? default, ended.State));
    }

    private async Task RunAsync(FlowContext inner)
    {
        (T? value, FlowError? error, bool cancelled, bool timedOut) = await inner.RunToEndAsync(body);
        if (Closed || HasOutcome)
        {
            return;
        }

        _limit?.End();
        if (Scope.IsCancelled || cancelled)
        {
            // The cancellation is recorded, or follows from what is: no entry. What was done in here is still to be cleaned up and undone.
            await Scope.AdoptAsync(inner);
            CancelAtOnce(Scope.CancelReason ?? inner.CancelReason ?? "The scope was cancelled.");
            return;
        }

        if (timedOut && error is not null)
        {
            error = new FlowError(ErrorTypes.Timeout, $"'{Key}': {inner.CancelReason}");
        }

        IReadOnlyList<OpenCompensation>? compensations = inner.Compensations.Count == 0 ? null : inner.Compensations;
        if (error is null)
        {
            try
            {
                JsonElement result = EntryBody.ToElement(Results.Encode(value!, Grain.Services.Options.PayloadBytesMax));
                Finish(EntryKind.ScopeCompleted, EntryBody.Write(new ScopeEndedBody(result, null, inner.State.Delta, compensations)));
                return;
            }
            catch (TaskException e)
            {
                error = FlowError.From(e);
            }
        }

        Finish(EntryKind.ScopeFailed, EntryBody.Write(new ScopeEndedBody(null, error, null, compensations)));
    }
}

/// <summary>The end of one iteration: its carried value, on its way to the store and back to the loop.</summary>
internal sealed class ProgressVerb : Verb<ScopeEndedBody>
{
    public override string Noun => "a loop";

    public override bool Owns(EntryKind kind) => kind == EntryKind.ScopeProgress;

    public void Record(ScopeEndedBody body) => Finish(EntryKind.ScopeProgress, EntryBody.Write(body));

    public override void Start()
    {
    }

    public override void Deliver(LiveEntry outcome) => Complete(EntryBody.Read<ScopeEndedBody>(outcome.Payload));

    public override void Cancel(string reason) => CancelAtOnce(reason);
}
