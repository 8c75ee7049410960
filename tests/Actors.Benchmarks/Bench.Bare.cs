using System.Text.Json;
using Actors.Runs;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Benchmarks;

internal static partial class Bench
{
    /// <summary>The same rows through the same committer and store, without an engine: what the database itself can do.</summary>
    private static Task<Figure> BareCommitterAsync(string storeName, int concurrent, TimeSpan time) => MeasureAsync(storeName, concurrent, time, async database =>
    {
        long life = await database.Store.BeginLifeAsync("bench", DateTimeOffset.UtcNow, default);
        Committer committer = new(database.Store, EngineScheduler.Pool, TimeProvider.System, 512, new SiloOptions().CommitLanes, NullLogger.Instance, static _ => { });
        byte[] value = JsonSerializer.SerializeToUtf8Bytes(TenSteps.Result);
        ReadOnlyMemory<byte> payload = EntryBody.WriteStepCompleted("1:0123456789abcdef", 1, 0, false, "1"u8, value);
        long number = 0;
        long transition = 0;

        async Task RunAsync()
        {
            BareRun run = new(committer);
            DateTimeOffset now = DateTimeOffset.UtcNow;
            long no = Interlocked.Increment(ref number);
            RunRow row = new()
            {
                Id = new RunId($"run_{no}"), No = no, Tenant = "default", Principal = "local", Flow = "TenSteps", FlowVersion = "1",
                Status = RunStatus.Running, Owner = life, CreatedAt = now, UpdatedAt = now,
            };
            long seq = 0;
            for (int i = 0; i < 12; i++)
            {
                EntryKind kind = i == 0 ? EntryKind.RunStarted : i == 11 ? EntryKind.RunCompleted : EntryKind.StepCompleted;
                await run.CommitAsync(new Transition
                {
                    Id = (life << 40) | Interlocked.Increment(ref transition), Silo = life, Run = row.Id, RunNo = no, ExpectedSeq = seq,
                    Start = i == 0 ? row : null,
                    Entries = [new JournalEntry(++seq, kind, 1, i is 0 or 11 ? "" : $"step#{i}", now, payload)],
                    Change = i == 11 ? new RunChange { Status = RunStatus.Completed, At = now, Release = true } : null,
                });
            }
        }

        return new Subject(RunAsync, () => (committer.Batches, committer.Transitions, committer.EntriesWritten), () => ValueTask.CompletedTask);
    });

    private sealed class BareRun(Committer committer) : ITransitionSink
    {
        private TaskCompletionSource _done = new();

        public Task CommitAsync(Transition transition)
        {
            _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            committer.Submit(transition, this);
            return _done.Task;
        }

        public void OnCommitted(Transition transition, CommitOutcome outcome)
        {
            if (outcome.Status == CommitStatus.Committed)
            {
                _done.SetResult();
            }
            else
            {
                _done.SetException(new InvalidOperationException($"{outcome.Status}: {outcome.Reason}"));
            }
        }
    }
}
