using System.Text.Json;
using Actors.Storage;

namespace Actors.Runs;

/// <summary>
/// One open call of a verb: from the moment flow code calls it until its outcome is delivered. Everything here runs on the grain's own thread.
/// </summary>
internal abstract class Verb
{
    public FlowContext Scope { get; private set; } = null!;

    public string Key { get; private set; } = "";

    public JournalNode Node { get; private set; } = null!;

    /// <summary>The name was used before in its scope, so that the key depends on the order of calls.</summary>
    public bool Numbered { get; private set; }

    /// <summary>An outcome is recorded, or on its way to the store: the verb cannot be cancelled any more.</summary>
    public bool HasOutcome { get; set; }

    public bool Closed { get; private set; }

    /// <summary>False for scopes, which only wait for what is inside them.</summary>
    public virtual bool IsLeaf => true;

    /// <summary>True while nothing but an event from outside, kept in the database, can bring the verb on.</summary>
    public bool Dormant { get; private set; }

    /// <summary>What the verb is called in messages.</summary>
    public abstract string Noun { get; }

    /// <summary>One clause of the answer to "why is this run waiting?"; only asked while dormant.</summary>
    public virtual string Why => "";

    protected RunGrain Grain => Scope.Grain;

    public void Attach(FlowContext scope, string key, JournalNode node, bool numbered)
    {
        Scope = scope;
        Key = key;
        Node = node;
        Numbered = numbered;
    }

    /// <summary>True when an entry of this kind can belong to this verb.</summary>
    public abstract bool Owns(EntryKind kind);

    /// <summary>Takes over what an earlier activation recorded: a verb without an outcome may be cancelled before it starts, and must then take back what it has outside.</summary>
    public virtual void Restore()
    {
    }

    /// <summary>Begins to act: no outcome is recorded, and every recorded outcome that was asked for has been delivered.</summary>
    public abstract void Start();

    /// <summary>Gives the recorded outcome to the flow's code; continuations run inside the call.</summary>
    /// <exception cref="InvalidDataException">The recorded bytes cannot be read as what the code expects now.</exception>
    public abstract void Deliver(LiveEntry outcome);

    /// <summary>The verb's scope is cancelled and no outcome exists: stop acting, and throw to the flow's code now or after what is under way has ended.</summary>
    public abstract void Cancel(string reason);

    /// <summary>Throws to the flow's code without an entry: the cancellation that causes it is recorded already.</summary>
    protected abstract void FailCancelled(string reason);

    /// <summary>The key of the entry that says that this verb was taken back; what closes a row for good must be done once, also over a crash.</summary>
    protected string CancelKey => Key + "/~cancel";

    protected bool IsTakenBack => Node.Find("~cancel") is { Outcome: not null };

    public void CancelAtOnce(string reason)
    {
        Close();
        FailCancelled(reason);
    }

    /// <summary>The grain leaves memory: alarms are of no use any more. Nothing is told to the flow's code.</summary>
    public virtual void OnGrainClosed()
    {
    }

    /// <summary>An entry of this verb that is no outcome is committed.</summary>
    public virtual void OnRecorded(LiveEntry entry)
    {
    }

    protected void SetDormant(bool dormant)
    {
        if (Dormant != dormant && !Closed)
        {
            Dormant = dormant;
            Grain.CountDormant(dormant ? 1 : -1);
        }
    }

    /// <summary>Appends the outcome; the flow's code gets it when it is committed.</summary>
    protected void Finish(EntryKind kind, ReadOnlyMemory<byte> payload)
    {
        SetDormant(false);
        HasOutcome = true;
        Grain.Append(kind, Key, payload, this);
    }

    public void Close()
    {
        if (!Closed)
        {
            SetDormant(false);
            Closed = true;
            Scope.OnClosed(this);
        }
    }
}

/// <summary>A verb with a result for the flow's code.</summary>
internal abstract class Verb<T> : Verb
{
    private readonly TaskCompletionSource<T> _result = new();

    public Task<T> Task => _result.Task;

    protected void Complete(T value)
    {
        Close();
        _result.TrySetResult(value);
    }

    protected void Fail(FlowError error)
    {
        Close();
        _result.TrySetException(new StepFailedException(Key, error));
        Observe();
    }

    /// <summary>Keeps what undoes this verb's effect, if there is something. False when its input could not be made, and the verb has failed because of that.</summary>
    protected bool KeepToUndo(string? handler, object? given, Func<JsonElement, JsonElement>? from, ReadOnlyMemory<byte> result)
    {
        if (handler is null)
        {
            return true;
        }

        try
        {
            JsonElement input = from is not null ? from(EntryBody.ToElement(result.Span))
                : given is not null ? JsonSerializer.SerializeToElement(given, given.GetType(), FlowJson.Options)
                : EntryBody.ToElement(result.Span);
            Scope.Compensations.Add(new OpenCompensation(Key, handler, input));
            return true;
        }
#pragma warning disable CA1031 // The author's function or value: an error in it is data, the same in every walk.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(FlowError.From(e));
            return false;
        }
    }

    protected override void FailCancelled(string reason)
    {
        _result.TrySetException(new FlowCancelledException(reason));
        Observe();
    }

    // A verb that the flow's code never awaits must not raise an unobserved exception later.
    private void Observe() => _ = _result.Task.Exception;
}
