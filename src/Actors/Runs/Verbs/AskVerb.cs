using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Actors.Silos;
using Actors.Storage;
using Actors.Time;

namespace Actors.Runs;

/// <summary>A question to people: a human task that is answered, expires or is cancelled; its row in the database decides which.</summary>
internal sealed class AskVerb(HumanQuestion question) : Verb<HumanAnswer>
{
    private Alarms.Alarm? _alarm;
    private HumanTaskId _id;
    private DateTimeOffset? _due;

    /// <summary>The human task, once the question has been put; null before.</summary>
    public HumanTaskId? Opened => _id == default ? null : _id;

    public override string Noun => "a question to people";

    public override string Why
    {
        get
        {
            string candidates = question.Candidates.Count == 0 ? "" : $" by {string.Join(", ", question.Candidates.Take(5))}";
            string due = _due is { } at ? $", due {at:u}" : "";
            return $"an answer{candidates} to '{Text.Shorten(question.Title, 120)}' (human task {_id}{due})";
        }
    }

    public override void OnGrainClosed() => _alarm?.Cancel();

    public override bool Owns(EntryKind kind) => kind is EntryKind.AskOpened or EntryKind.AskAnswered or EntryKind.AskExpired;

    public override void Restore()
    {
        AskOpenedBody body = EntryBody.Read<AskOpenedBody>(Node.Opened!.Payload);
        _id = new HumanTaskId(body.TaskId);
        _due = body.DueAt;
    }

    public override void Start()
    {
        DateTimeOffset now = Grain.Services.Now();
        if (_id != default && Grain.IsAnswered(_id))
        {
            OnAnswered();
            return;
        }

        if (Node.Opened is null)
        {
            _id = IdOf(Grain.Info.Id, Key);
            _due = question.Due is { } due ? RunGrain.Later(now, due) : null;
            Grain.Append(EntryKind.AskOpened, Key, EntryBody.Write(new AskOpenedBody(_id.Value, question.Title, _due)), this);
            Grain.OpenHumanTask(new HumanTaskRow
            {
                Id = _id,
                Run = Grain.Info.Id,
                RunNo = Grain.RunNo,
                Tenant = Grain.Info.Tenant,
                Flow = Grain.Info.Flow,
                Key = Key,
                Title = question.Title,
                Details = question.Details is { } details ? JsonSerializer.Serialize(details, details.GetType(), FlowJson.Options) : null,
                Form = question.Form?.Json.GetRawText(),
                Decisions = question.Decisions,
                Candidates = question.Candidates,
                Status = HumanTaskStatus.Open,
                CreatedAt = now,
                DueAt = _due,
            });
            if (_due is { } at)
            {
                Grain.SetReminder(Key, at);
            }
        }

        SetDormant(true);
        if (_due is { } dueAt)
        {
            if (dueAt <= now)
            {
                Expire();
            }
            else
            {
                _alarm = Grain.SetAlarm(dueAt - now, Expire);
            }
        }
    }

    /// <summary>The answer has been checked and its entry appended by the command that brought it.</summary>
    public void OnAnswered()
    {
        _alarm?.Cancel();
        SetDormant(false);
        HasOutcome = true;
    }

    public override void Deliver(LiveEntry outcome) =>
        Complete(outcome.Kind == EntryKind.AskAnswered
            ? EntryBody.Read<AskAnsweredBody>(outcome.Payload).Answer
            : new HumanAnswer("", "", outcome.At, Expired: true));

    public override void Cancel(string reason)
    {
        _alarm?.Cancel();
        if (_id != default && !IsTakenBack)
        {
            Grain.Append(EntryKind.Reported, CancelKey, EntryBody.Write(new ReportedBody($"Human task {_id} was cancelled: {Text.Shorten(reason, 500)}", null)), null);
            Grain.CloseHumanTask(new HumanTaskClosing(_id, HumanTaskStatus.Cancelled, Grain.Services.Now()), _due is null ? null : Key);
        }

        CancelAtOnce(reason);
    }

    private void Expire()
    {
        if (Closed || HasOutcome || Grain.IsDecided(_id))
        {
            return;
        }

        Grain.CloseHumanTask(new HumanTaskClosing(_id, HumanTaskStatus.Expired, Grain.Services.Now()), Key);
        Finish(EntryKind.AskExpired, default);
    }

    // Derived, so that the same question keeps its id when the transition that opened it has to be made again.
    private static HumanTaskId IdOf(RunId run, string key)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{run.Value}\n{key}"));
        return new HumanTaskId("task_" + Base32.Encode(hash.AsSpan(0, 16)));
    }
}
