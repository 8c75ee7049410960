using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Runs;

/// <summary>A signal to another run: the message goes with the entry that says so, in one transition, and has an id made of run and key, so that the receiver takes it in once.</summary>
internal sealed class SignalSendVerb(RunId run, string signal, byte[] payload) : Verb<bool>
{
    private static readonly TimeSpan StoreRetryDelay = TimeSpan.FromSeconds(1);

    private InboxPlace? _place;
    private Time.Alarms.Alarm? _limit;

    public override string Noun => "a signal to another run";

    public override bool Owns(EntryKind kind) => kind is EntryKind.SignalSent or EntryKind.SignalNotSent;

    public override void Start()
    {
        if (payload.Length > Grain.Services.Options.PayloadBytesMax)
        {
            Refuse(ErrorTypes.PayloadTooLarge, $"The payload of signal '{signal}' has {payload.Length:N0} bytes of JSON; {Grain.Services.Options.PayloadBytesMax:N0} are allowed (SiloOptions.PayloadBytesMax).");
        }
        else if (run == Grain.Info.Id)
        {
            Grain.Guard(SendWhenThereIsRoomAsync(Grain.RunNo));
        }
        else
        {
            Grain.Guard(FindAsync());
        }
    }

    public override void Deliver(LiveEntry outcome)
    {
        _place?.GiveBack();
        if (EntryBody.Read<SignalSentBody>(outcome.Payload).Error is { } error)
        {
            Fail(error);
        }
        else
        {
            Complete(true);
        }
    }

    public override void Cancel(string reason)
    {
        StopWaiting();
        CancelAtOnce(reason);
    }

    public override void OnGrainClosed() => StopWaiting();

    private void StopWaiting()
    {
        _limit?.Cancel();
        _place?.GiveBack();
    }

    private async Task FindAsync()
    {
        RunRow? row;
        try
        {
            row = await Grain.Services.Store.GetRunAsync(Grain.Info.Tenant, run, CancellationToken.None);
        }
        catch (StoreException e)
        {
            Grain.Services.Log.StoreReadRetried(e.Message);
            Grain.SetAlarm(StoreRetryDelay, () =>
            {
                if (!Closed)
                {
                    Grain.Guard(FindAsync());
                }
            });
            return;
        }

        if (Closed)
        {
            return;
        }

        if (row is null)
        {
            Refuse(ErrorTypes.UnknownRun, $"There is no run '{run}'.");
        }
        else if (row.Status.IsFinal())
        {
            Refuse(ErrorTypes.RunEnded, $"Run {run} has ended: {row.Status.ToString().ToLowerInvariant()} at {row.FinishedAt ?? row.UpdatedAt:u}.");
        }
        else
        {
            await SendWhenThereIsRoomAsync(row.No);
        }
    }

    // A place that was given back is never granted, so that nothing goes on here when the verb has been cancelled or the grain has left.
    private async Task SendWhenThereIsRoomAsync(long number)
    {
        InboxPlace place = _place = Grain.Services.InboxRoom.Ask(number);
        _limit = Grain.SetAlarm(Grain.Services.Options.InboxWaitLimit, () =>
        {
            if (!Closed && place.TryWithdraw())
            {
                Refuse(
                    ErrorTypes.Overloaded,
                    $"Run {run} has {Grain.Services.Options.MailboxMax:N0} messages waiting already (SiloOptions.MailboxMax), and took none within {Grain.Services.Options.InboxWaitLimit} (SiloOptions.InboxWaitLimit).");
            }
        });
        await place.Granted;
        _limit.Cancel();
        if (!Closed && !Grain.IsClosed)
        {
            Send(number);
        }
    }

    private void Send(long number)
    {
        string id = IdOf(Grain.Info.Id, Key);
        ReadOnlyMemory<byte> message;
        JsonElement? kept;
        try
        {
            JsonElement given = EntryBody.ToElement(payload);
            message = EntryBody.Write(new SignalReceivedBody(signal, id, given, Grain.Info.Principal));
            kept = payload.Length <= Grain.Services.Options.RecordedInputBytesMax ? given : null;
        }
        catch (JsonException e)
        {
            // The deepest value that there may be is too deep for what is put around it.
            Refuse(ErrorTypes.InvalidInput, $"The payload of signal '{signal}' cannot be sent: {Text.Shorten(e.Message, 300)}");
            return;
        }

        Grain.Send(new InboxMessage(id, run, number, InboxKind.Signal, "", message, Grain.Info.Principal, Grain.Services.Now()));
        Finish(EntryKind.SignalSent, EntryBody.Write(new SignalSentBody(run.Value, signal, kept)));
    }

    private void Refuse(string type, string message) => Finish(EntryKind.SignalNotSent, EntryBody.Write(new SignalSentBody(run.Value, signal, Error: new FlowError(type, message))));

    // Derived, so that the same signal is never two.
    private static string IdOf(RunId sender, string key)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{sender.Value}\nsignal\n{key}"));
        return "sig_" + Base32.Encode(hash.AsSpan(0, 16));
    }
}

/// <summary>An event of the flow's own in the run's stream of events.</summary>
internal sealed class EmitVerb(ReadOnlyMemory<byte> payload) : Verb<bool>
{
    public override string Noun => "an event";

    public override bool Owns(EntryKind kind) => kind is EntryKind.EventEmitted;

    public override void Start() => Finish(EntryKind.EventEmitted, payload);

    public override void Deliver(LiveEntry outcome) => Complete(true);

    public override void Cancel(string reason) => CancelAtOnce(reason);
}
