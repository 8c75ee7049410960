using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Runs;

/// <summary>A child run: one that is waited for (<c>Call</c>), or only started (<c>Start</c>).</summary>
internal sealed class CallVerb<TIn>(string flow, TIn input, CallOptions options, bool wait) : Verb<JsonElement>, IChildVerb
{
    private static readonly TimeSpan StoreRetryDelay = TimeSpan.FromSeconds(1);

    private readonly byte[] _input = JsonSerializer.SerializeToUtf8Bytes(input, FlowJson.Options);
    private ChildStartedBody? _child;
    private bool _cancelSent;

    public override string Noun => wait ? "a call of a flow" : "a start of a flow";

    public override string Why => $"the run {_child?.Run} of flow '{flow}' ('{Key}')";

    public override bool Owns(EntryKind kind) => wait
        ? kind is EntryKind.ChildStarted or EntryKind.ChildCompleted or EntryKind.ChildFailed or EntryKind.ChildCancelled
        : kind is EntryKind.RunLaunched or EntryKind.ChildFailed;

    public override void Restore() => _child = EntryBody.Read<ChildStartedBody>(Node.Opened!.Payload);

    public override void Start()
    {
        if (_child is not null)
        {
            SetDormant(true);
            return;
        }

        FlowDefinition? definition = Grain.Services.Flows.Find(flow, options.Version);
        if (definition is null)
        {
            string version = options.Version is null ? "" : $" with version '{options.Version}'";
            Refuse(new FlowError(ErrorTypes.UnknownFlow, $"No flow '{flow}'{version} is registered here, so that none can be started."));
            return;
        }

        if (Grain.Services.SavedFlows.Contains(definition, Grain.Info.Tenant) && Grain.Services.Numbers.TryTake(out long number))
        {
            Launch(definition, number);
        }
        else
        {
            Grain.Guard(PrepareAsync(definition));
        }
    }

    public override void Deliver(LiveEntry outcome)
    {
        switch (outcome.Kind)
        {
            case EntryKind.RunLaunched:
                CompleteWithUndo(JsonSerializer.SerializeToElement(EntryBody.Read<ChildStartedBody>(outcome.Payload).Run));
                break;
            case EntryKind.ChildCompleted:
                CompleteWithUndo(EntryBody.Read<ChildEndedBody>(outcome.Payload).Output ?? JsonSerializer.SerializeToElement<object?>(null));
                break;
            case EntryKind.ChildCancelled when Scope.IsCancelled:
                CancelAtOnce(Scope.EffectiveReason);
                break;
            case EntryKind.ChildCancelled:
                Fail(new FlowError(ErrorTypes.Cancelled, $"The child run of flow '{flow}' was cancelled."));
                break;
            default:
                Fail(EntryBody.Read<ChildEndedBody>(outcome.Payload).Error ?? new FlowError(ErrorTypes.ChildFailed, $"The child run of flow '{flow}' failed."));
                break;
        }
    }

    public override void Cancel(string reason)
    {
        if (_child is null || !wait)
        {
            CancelAtOnce(reason);
            return;
        }

        // The child cleans up after itself; this verb ends when the child has.
        if (_cancelSent || IsTakenBack)
        {
            return;
        }

        _cancelSent = true;
        Grain.Append(EntryKind.Reported, CancelKey, EntryBody.Write(new ReportedBody($"Asked run {_child.Run} to cancel.", null)), null);
        Grain.Send(Grain.CancelMessage(_child));
    }

    private async Task PrepareAsync(FlowDefinition definition)
    {
        // The definition has to be stored, or a new block of numbers to be reserved; the await comes back to the grain's own thread.
        long number;
        try
        {
            await Grain.Services.SavedFlows.SaveAsync(definition, Grain.Info.Tenant, CancellationToken.None);
            number = await Grain.Services.Numbers.TakeAsync(CancellationToken.None);
        }
        catch (StoreException e)
        {
            // Without this the run would wait for nothing: the store is asked again.
            Grain.Services.Log.StoreReadRetried(e.Message);
            Grain.SetAlarm(StoreRetryDelay, () =>
            {
                if (!Closed)
                {
                    Grain.Guard(PrepareAsync(definition));
                }
            });
            return;
        }

        if (!Closed)
        {
            Launch(definition, number);
        }
    }

    private void Launch(FlowDefinition definition, long number)
    {
        ReadOnlyMemory<byte> input;
        try
        {
            input = definition.CheckInput(EntryBody.ToElement(_input));
        }
        catch (InvalidFlowInputException e)
        {
            Refuse(new FlowError(ErrorTypes.InvalidInput, Text.Shorten(e.Message, FlowError.MessageLengthMax)));
            return;
        }

        RunId id = IdOf(Grain.Info.Id, Key);
        _child = new ChildStartedBody(id.Value, number, definition.Name, definition.Version);
        Grain.StartChild(id, number, definition, input, Key, wait, options.Priority);
        if (wait)
        {
            Grain.Append(EntryKind.ChildStarted, Key, EntryBody.Write(_child), this);
            SetDormant(true);
        }
        else
        {
            Finish(EntryKind.RunLaunched, EntryBody.Write(_child));
        }
    }

    private void CompleteWithUndo(JsonElement result)
    {
        if (options.Compensation is null || KeepToUndo(options.Compensation, options.CompensationInput, options.CompensationInputFrom, JsonSerializer.SerializeToUtf8Bytes(result)))
        {
            Complete(result);
        }
    }

    private void Refuse(FlowError error) => Finish(EntryKind.ChildFailed, EntryBody.Write(new ChildEndedBody(null, Error: error)));

    // Derived, so that the same call never starts two children.
    private static RunId IdOf(RunId parent, string key)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{parent.Value}\nchild\n{key}"));
        return new RunId("run_" + Base32.Encode(hash.AsSpan(0, 16)));
    }

    public void OnEnded()
    {
        SetDormant(false);
        HasOutcome = true;
    }
}
