using Actors.Storage;

namespace Actors.Runs;

/// <summary>A step whose SQL has run and whose transaction is open: it waits for the run's commit slot.</summary>
internal sealed record TransactionEntry(StepTransaction Transaction, ITransactionVerb Verb, ReadOnlyMemory<byte> Payload, long Ms, bool IsFallback);

/// <summary>What the grain needs of a transactional step.</summary>
internal interface ITransactionVerb
{
    string Key { get; }

    /// <summary>The key of the step's reminder when it has one, which the commit takes away; null otherwise.</summary>
    string? ReminderToClear();

    /// <summary>The commit begins: from now on the step cannot be cancelled and its time cannot be over.</summary>
    void OnCommitting();

    /// <summary>Nothing was committed.</summary>
    void OnRolledBack(TransactionEntry entry, AttemptFailure failure, bool reminderKept);
}

// A transactional step commits by itself what the committer would have committed: it has the run's one transition in flight meanwhile, and what else happens gathers behind it.
internal sealed partial class RunGrain
{
    private readonly List<TransactionEntry> _transactions = [];

    public void AppendTransaction(TransactionEntry entry)
    {
        if (_ended || _parked)
        {
            _ = entry.Transaction.DisposeAsync().AsTask();
            return;
        }

        _transactions.Add(entry);
    }

    /// <summary>Takes one out of the queue and rolls it back.</summary>
    public void RemoveTransaction(StepTransaction transaction)
    {
        _transactions.RemoveAll(entry => entry.Transaction == transaction);
        _ = transaction.DisposeAsync().AsTask();
    }

    // Before what has gathered, since it holds locks of the user's tables; but behind what its own step has still to record.
    private bool CommitTransaction()
    {
        if (_ended || _parked)
        {
            foreach (TransactionEntry waiting in _transactions)
            {
                _ = waiting.Transaction.DisposeAsync().AsTask();
            }

            _transactions.Clear();
            return false;
        }

        TransactionEntry? next = _transactions.Find(entry => !_pending.Exists(pending => ReferenceEquals(pending.Verb, entry.Verb)));
        if (next is null)
        {
            return false;
        }

        _transactions.Remove(next);
        next.Verb.OnCommitting();
        _outcomesOnTheWay++;
        DateTimeOffset now = Services.Now();
        _lastAt = now > _lastAt ? now : _lastAt;
        Verb verb = (Verb)next.Verb;
        string? reminder = next.Verb.ReminderToClear();
        bool changed = _row.Status != RunStatus.Running || _row.Why is not null;
        _inFlight = new Transition
        {
            Id = Services.NextTransitionId(),
            Silo = Services.SiloNo,
            Run = Info.Id,
            RunNo = RunNo,
            ExpectedSeq = _journal.LastSeq,
            Entries = [new JournalEntry(_journal.LastSeq + 1, EntryKind.StepCompleted, EntryBody.Version, verb.Key, _lastAt, next.Payload)],
            Change = changed ? Change(RunStatus.Running, null, release: false) : null,
            RemindersCleared = reminder is null ? [] : [reminder],
        };
        _inFlightEntries = [new PendingEntry(EntryKind.StepCompleted, verb.Key, next.Payload, _lastAt, verb, verb.Node)];
        _idle?.Cancel();
        _idle = null;
        Services.Scheduler.Post(static state => ((TransactionCall)state!).Run(), new TransactionCall(this, next, _inFlight));
        return true;
    }

    private void OnTransactionEnded(TransactionEntry entry, Transition transition, TransactionEnd end)
    {
        if (end.Answer is { } answer)
        {
            _outcome = answer;
            OnAnswered();
        }
        else if (end.Failure is { } failure)
        {
            _inFlight = null;
            _outcomesOnTheWay--;
            _replies.AddRange(_inFlightReplies);
            _inFlightReplies.Clear();
            Services.Log.TransactionRolledBack(Info.Id.Value, entry.Verb.Key, failure.Error.Message);
            entry.Verb.OnRolledBack(entry, failure, transition.RemindersCleared.Count > 0);
        }
    }

    private sealed record TransactionCall(RunGrain Grain, TransactionEntry Entry, Transition Transition)
    {
        private TransactionEnd? _end;

        public void Run() => Grain.Guard(RunAsync());

        private async Task RunAsync()
        {
            _end = await Entry.Transaction.CommitAsync(Transition, () => !Grain.IsClosed).ConfigureAwait(false);
            Grain.Do(static state => ((TransactionCall)state!).Ended(), this);
        }

        private void Ended() => Grain.OnTransactionEnded(Entry, Transition, _end!);
    }
}
