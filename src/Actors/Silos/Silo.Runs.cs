using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Actors.Flows;
using Actors.Runs;
using Actors.Storage;

namespace Actors.Silos;

public sealed partial class Silo
{
    private const int EventPageMax = 1_000;

    // Of a flow that cannot be started any more, enough to know it again.
    private const int StoredVersionsShown = 10;
    private static readonly TimeSpan WaitMax = TimeSpan.FromDays(40);

    /// <summary>Starts a run. When it returns, the run is committed.</summary>
    /// <exception cref="NotFoundException">No such flow or version is registered here, whatever the store has of it.</exception>
    /// <exception cref="InvalidFlowInputException">The input does not fit.</exception>
    /// <exception cref="InvalidRequestException">A label, key or priority is out of bounds, or the input is too large.</exception>
    /// <exception cref="ConflictException">The idempotency key was used with another request.</exception>
    /// <exception cref="OverloadedException">Too many starts wait for their commit.</exception>
    /// <exception cref="UnavailableException">The silo is not ready.</exception>
    public async Task<StartedRun> StartRunAsync(StartRun request, Caller caller, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(caller);
        SiloLife life = Life();
        RequestChecks.Check(request);
        FlowDefinition definition = Flows.Find(request.Flow, request.Version) ?? throw await UnknownFlowAsync(request, caller, cancellationToken).ConfigureAwait(false);
        ReadOnlyMemory<byte> input = definition.CheckInput(request.Input);
        if (input.Length > _options.PayloadBytesMax)
        {
            throw new InvalidRequestException("payload_too_large", $"The input has {input.Length:N0} bytes of JSON; {_options.PayloadBytesMax:N0} are allowed (SiloOptions.PayloadBytesMax).", "/input");
        }

        string? requestHash = request.IdempotencyKey is null ? null : HashOf(definition.Name, request, input);
        if (request.IdempotencyKey is not null
            && await Store.GetRunByIdempotencyKeyAsync(caller.Tenant, request.IdempotencyKey, cancellationToken).ConfigureAwait(false) is { } earlier)
        {
            return Replay(earlier, requestHash!, request.IdempotencyKey);
        }

        if (Interlocked.Increment(ref _starting) > _options.StartsMax)
        {
            Interlocked.Decrement(ref _starting);
            throw new OverloadedException($"{_options.StartsMax:N0} starts wait for their commit already (SiloOptions.StartsMax).");
        }

        try
        {
            await life.Services.SavedFlows.SaveAsync(definition, caller.Tenant, cancellationToken).ConfigureAwait(false);
            return await CommitStartAsync(life, definition, request, caller, input, requestHash, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _starting);
        }
    }

    /// <summary>The run's row, with output or error when it has ended; null when the tenant has no such run.</summary>
    public async Task<RunResult?> GetRunAsync(RunId id, Caller caller, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(caller);
        RunRow? row = await Store.GetRunAsync(caller.Tenant, id, cancellationToken).ConfigureAwait(false);
        if (row is null || !row.Status.IsFinal())
        {
            return row is null ? null : new RunResult(row, default, null, null, []);
        }

        JournalEntry? last = await Store.ReadLastEntryAsync(caller.Tenant, id, cancellationToken).ConfigureAwait(false);
        RunEndedBody ended = last is { } entry ? EntryBody.Read<RunEndedBody>(entry) : new RunEndedBody();
        string? exit = row.Status == RunStatus.Completed ? ended.Reason : null;
        return new RunResult(row, ended.Output ?? default, ended.Error, exit, ended.CleanUpErrors ?? []);
    }

    /// <summary>Waits until the run has ended, at most <paramref name="limit"/>; then gives it as it stands (check <see cref="RunStatuses.IsFinal"/>).</summary>
    /// <exception cref="NotFoundException">The tenant has no such run.</exception>
    public async Task<RunResult> WaitForEndAsync(RunId id, Caller caller, TimeSpan limit, CancellationToken cancellationToken = default)
    {
        using RunFeed.Watch watch = _feed.Subscribe(id, endOnly: true);
        // A timer runs 49 days at most; who waits longer asks again.
        using CancellationTokenSource over = new(limit < WaitMax ? limit : WaitMax, Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        // Of a run that is here there is nothing to read until its end is told.
        bool read = _life is not { } life || !life.Grains.WillPublishEnd(id, caller.Tenant);
        while (true)
        {
            if (read)
            {
                RunResult result = await GetRunAsync(id, caller, cancellationToken).ConfigureAwait(false) ?? throw UnknownRun(id);
                if (result.Run.Status.IsFinal() || over.IsCancellationRequested)
                {
                    return result;
                }
            }

            read = true;
            try
            {
                await watch.WaitAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The time is over: once more as it stands.
            }
        }
    }

    /// <summary>Events with a number above <paramref name="afterSeq"/>, at most <paramref name="limit"/> (1 to 1,000).</summary>
    /// <exception cref="NotFoundException">The tenant has no such run.</exception>
    public async Task<IReadOnlyList<RunEvent>> ReadEventsAsync(RunId id, Caller caller, long afterSeq, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(caller);
        IReadOnlyList<JournalEntry> entries = await Store.ReadJournalAsync(caller.Tenant, id, afterSeq, Math.Clamp(limit, 1, EventPageMax), cancellationToken).ConfigureAwait(false);
        if (entries.Count == 0 && await Store.GetRunAsync(caller.Tenant, id, cancellationToken).ConfigureAwait(false) is null)
        {
            throw UnknownRun(id);
        }

        return RunEvents.From(entries);
    }

    /// <summary>
    /// Events with a number above <paramref name="afterSeq"/> as they are committed, each once and in order; ends after the run's last event. Costs nothing while the run is quiet.
    /// </summary>
    /// <exception cref="NotFoundException">The tenant has no such run.</exception>
    public async IAsyncEnumerable<RunEvent> WatchAsync(RunId id, Caller caller, long afterSeq = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(caller);
        using RunFeed.Watch watch = _feed.Subscribe(id, endOnly: false);
        RunRow row = await Store.GetRunAsync(caller.Tenant, id, cancellationToken).ConfigureAwait(false) ?? throw UnknownRun(id);
        bool woken = false;
        while (true)
        {
            IReadOnlyList<JournalEntry> entries = await Store.ReadJournalAsync(caller.Tenant, id, afterSeq, EventPageMax, cancellationToken).ConfigureAwait(false);
            foreach (RunEvent happened in RunEvents.From(entries))
            {
                yield return happened;
                if (happened.IsFinal)
                {
                    yield break;
                }
            }

            if (entries.Count > 0)
            {
                afterSeq = entries[^1].Seq;
                woken = false;
                continue;
            }

            if (woken)
            {
                // Something was committed, but nothing for this watcher: it may have asked for what comes after an event that never was.
                row = await Store.GetRunAsync(caller.Tenant, id, cancellationToken).ConfigureAwait(false) ?? throw UnknownRun(id);
                woken = false;
                if (row.Status.IsFinal())
                {
                    // It ended after the journal was read: its last events are there now.
                    continue;
                }
            }

            if (row.Status.IsFinal())
            {
                yield break;
            }

            await watch.WaitAsync(cancellationToken).ConfigureAwait(false);
            woken = true;
        }
    }

    private async Task<StartedRun> CommitStartAsync(
        SiloLife life, FlowDefinition definition, StartRun request, Caller caller, ReadOnlyMemory<byte> input, string? requestHash, CancellationToken cancellationToken)
    {
        EngineServices services = life.Services;
        long number = await services.Numbers.TakeAsync(cancellationToken).ConfigureAwait(false);
        DateTimeOffset now = services.Now();
        bool room = life.TryReserve();
        if (!room)
        {
            life.Cluster.OnQueued();
        }

        RunRow row = new()
        {
            Id = _ids.NewRunId(now),
            No = number,
            Tenant = caller.Tenant,
            Principal = caller.Principal,
            Flow = definition.Name,
            FlowVersion = definition.Version,
            Status = room ? RunStatus.Running : RunStatus.Queued,
            Why = room ? null : "Waits for a place: as many runs as the silo takes are in memory.",
            Owner = room ? services.SiloNo : null,
            Priority = request.Priority,
            Metadata = request.Metadata is { Count: > 0 } ? request.Metadata : null,
            IdempotencyKey = request.IdempotencyKey,
            RequestHash = requestHash,
            CreatedAt = now,
            UpdatedAt = now,
        };
        JournalEntry first = new(1, EntryKind.RunStarted, EntryBody.Version, "", now,
            EntryBody.Write(new RunStartedBody(definition.Name, definition.Version, caller.Tenant, caller.Principal, EntryBody.ToElement(input.Span))));
        // Whether the caller still waits makes no difference to the run: it begins with its commit.
        StartSink sink = new(_scheduler, committed => Begin(life, row, first, definition, room, committed));
        services.Committer.Submit(
            new Transition { Id = services.NextTransitionId(), Silo = services.SiloNo, Run = row.Id, RunNo = number, ExpectedSeq = 0, Entries = [first], Start = row },
            sink);
        // When the life is over nobody answers any more.
        using CancellationTokenRegistration over = life.Over.UnsafeRegister(static state => ((StartSink)state!).Cancel(), sink);
        CommitOutcome outcome = await sink.Done.WaitAsync(cancellationToken).ConfigureAwait(false);
        switch (outcome.Status)
        {
            case CommitStatus.Committed:
                return new StartedRun(row, false);
            case CommitStatus.Exists when outcome.Existing is { } existing && existing.Tenant == caller.Tenant && request.IdempotencyKey is not null:
                return Replay(existing, requestHash!, request.IdempotencyKey!);
            case CommitStatus.Refused:
                throw new InvalidRequestException("store_refused", $"The database refuses the data: {outcome.Reason}");
            default:
                throw new UnavailableException($"The run could not be stored: {outcome.Reason}");
        }
    }

    private static void Begin(SiloLife life, RunRow row, JournalEntry first, FlowDefinition definition, bool room, bool committed)
    {
        if (room)
        {
            if (committed)
            {
                life.Grains.Add(row, first, definition);
            }

            life.GiveBack();
            if (!committed)
            {
                life.Cluster.OnRoom();
            }

            return;
        }

        if (!committed)
        {
            return;
        }

        // The place may have become free before the row was there to be found.
        life.Cluster.OnQueued();
        if (life.Room > 0)
        {
            life.Cluster.OnRoom();
        }
    }

    private static StartedRun Replay(RunRow earlier, string requestHash, string key) => earlier.RequestHash == requestHash
        ? new StartedRun(earlier, true)
        : throw new ConflictException("idempotency_key_reused", $"The idempotency key '{Text.Shorten(key, 80)}' was used to start run {earlier.Id} with another request. Use a new key for a new request.");

    private static string HashOf(string flow, StartRun request, ReadOnlyMemory<byte> input)
    {
        StringBuilder text = new();
        text.Append(flow).Append('\n').Append(request.Version).Append('\n').Append(InputHash.Of(input.Span)).Append('\n').Append(request.Priority);
        foreach ((string name, string value) in (request.Metadata ?? new Dictionary<string, string>()).OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            text.Append('\n').Append(name).Append('=').Append(value);
        }

        return "1:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 16));
    }

    // What is stored, but not registered here, can be read and could be started. It is not: every silo would start it or not by what its runs happen to be, and whoever took the file away did so on purpose.
    private async ValueTask<NotFoundException> UnknownFlowAsync(StartRun request, Caller caller, CancellationToken cancellationToken)
    {
        IReadOnlyList<FlowVersionRow> stored = RequestChecks.IsKey(request.Flow)
            ? await Store.ListFlowVersionsAsync(caller.Tenant, request.Flow, StoredVersionsShown, cancellationToken).ConfigureAwait(false)
            : [];
        if (Flows.Find(request.Flow) is { } latest)
        {
            string known = string.Join(", ", Flows.Versions(request.Flow).Select(v => v.Label ?? v.Version));
            string version = Text.Shorten(request.Version, 80);
            return new NotFoundException("unknown_version", stored.Any(v => v.Version == request.Version || v.Label == request.Version)
                ? $"Version '{version}' of flow '{latest.Name}' is stored, but is registered no more: runs that began with it go on, new ones cannot be started. Registered: {known}."
                : $"Flow '{latest.Name}' has no version '{version}'. Registered: {known}.");
        }

        if (stored.Count > 0)
        {
            string versions = string.Join(", ", stored.Select(static v => v.Label ?? v.Version));
            return new NotFoundException(
                "unknown_flow", $"Flow '{Text.Shorten(request.Flow, 80)}' is stored (versions: {versions}), but is registered no more: runs that began with it go on, new ones cannot be started. Put its file or its class back to start it.");
        }

        string hint = Text.Nearest(request.Flow, Flows.Latest.Select(f => f.Name)) is { } near ? $" Did you mean '{near}'?" : "";
        return new NotFoundException("unknown_flow", $"There is no flow '{Text.Shorten(request.Flow, 80)}'.{hint}");
    }

    private static NotFoundException UnknownRun(RunId id) => new("unknown_run", $"There is no run '{id}'.");

    private SiloLife Life()
    {
        SiloLife life = _life is { IsReady: true } ready ? ready : throw new UnavailableException("The silo is not ready: it is starting or stopping.");
        return life.Services.Committer.Trouble is { } trouble ? throw new UnavailableException($"The database takes no changes now: {trouble}") : life;
    }

    private sealed class StartSink(EngineScheduler scheduler, Action<bool> answered) : ITransitionSink
    {
        private readonly TaskCompletionSource<CommitOutcome> _done = new();

        public Task<CommitOutcome> Done => _done.Task;

        // The caller goes on outside the committer's loop: it may be long.
        public void OnCommitted(Transition transition, CommitOutcome outcome)
        {
            answered(outcome.Status == CommitStatus.Committed);
            scheduler.Post(
                static state =>
                {
                    (TaskCompletionSource<CommitOutcome> done, CommitOutcome outcome) = ((TaskCompletionSource<CommitOutcome>, CommitOutcome))state!;
                    done.TrySetResult(outcome);
                },
                (_done, outcome));
        }

        public void Cancel() => _done.TrySetException(new UnavailableException("The silo is stopping."));
    }
}
