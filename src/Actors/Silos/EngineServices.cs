using System.Security.Cryptography;
using Actors.Runs;
using Actors.Storage;
using Actors.Time;
using Microsoft.Extensions.Logging;

namespace Actors.Silos;

/// <summary>Where ids and chance come from. The default is the operating system's; a simulation gives its own.</summary>
public class IdSource
{
    public virtual void Fill(Span<byte> bytes) => RandomNumberGenerator.Fill(bytes);

    /// <summary>0 up to, not including, 1.</summary>
    public double NextDouble()
    {
        Span<byte> bytes = stackalloc byte[8];
        Fill(bytes);
        return (BitConverter.ToUInt64(bytes) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>A new run id: <c>run_</c>, 48 bits of time and 80 of chance in lower-case base 32, so that ids sort by age.</summary>
    public RunId NewRunId(DateTimeOffset now)
    {
        Span<byte> bytes = stackalloc byte[16];
        long ms = now.ToUnixTimeMilliseconds();
        for (int i = 0; i < 6; i++)
        {
            bytes[i] = (byte)(ms >> (40 - 8 * i));
        }

        Fill(bytes[6..]);
        return new RunId("run_" + Base32.Encode(bytes));
    }
}

/// <summary>Crockford's alphabet in lower case, without padding: https://www.crockford.com/base32.html.</summary>
internal static class Base32
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        Span<char> text = stackalloc char[(bytes.Length * 8 + 4) / 5];
        int buffer = 0, bits = 0, at = 0;
        foreach (byte b in bytes)
        {
            buffer = (buffer << 8) | b;
            bits += 8;
            while (bits >= 5)
            {
                text[at++] = Alphabet[(buffer >> (bits -= 5)) & 31];
            }
        }

        if (bits > 0)
        {
            text[at++] = Alphabet[(buffer << (5 - bits)) & 31];
        }

        return new string(text[..at]);
    }
}

/// <summary>Sees what grains do, in their own order: the test kit compares walks with it.</summary>
internal abstract class EngineProbe
{
    /// <summary>The flow is about to be walked from the top.</summary>
    public abstract void OnWalk(RunId run);

    /// <summary>Flow code is about to be given the outcome of this entry.</summary>
    public abstract void OnDelivered(RunId run, long seq, string key);

    /// <summary>False: the body is not run, and its step never ends.</summary>
    public abstract bool MayRun(RunId run, string step);
}

/// <summary>What a silo gives to its grains.</summary>
internal sealed class EngineServices
{
    public required SiloOptions Options { get; init; }
    public required long SiloNo { get; init; }
    public required IStore Store { get; init; }
    public required EngineScheduler Scheduler { get; init; }
    public required TimeProvider Time { get; init; }
    public required IdSource Ids { get; init; }
    public required Committer Committer { get; init; }
    public required Alarms Alarms { get; init; }
    public required Bodies Bodies { get; init; }
    public required TransactionSlots Transactions { get; init; }
    public required InboxRoom InboxRoom { get; init; }
    public required RunNumbers Numbers { get; init; }
    public required SavedFlows SavedFlows { get; init; }
    public required Flows.FlowRegistry Flows { get; init; }
    public required Flows.TaskRegistry Tasks { get; init; }
    public required ILogger Log { get; init; }

    /// <summary>Null outside of tests.</summary>
    public EngineProbe? Probe { get; init; }

    private long _transitions;

    /// <summary>The time that entries carry: whole milliseconds, as they are stored, so that flow code sees the same in every walk.</summary>
    public DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(Time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>40 bits count within a life: a million a second for twelve days; then the next life's numbers begin, which no living silo has yet used up.</summary>
    public long NextTransitionId() => (SiloNo << 40) | Interlocked.Increment(ref _transitions);
}

/// <summary>Hands out run numbers from blocks reserved in the store. Thread-safe.</summary>
internal sealed class RunNumbers(IStore store, long silo, EngineScheduler scheduler, Action<string> onFenced)
{
    // A block is used up in a tenth of a second at the highest rate aimed at; an unused rest is lost at shutdown and costs nothing.
    private const int Block = 1024;

    private readonly Lock _lock = new();

    // Those who wait for the block that is being reserved, each with a task of its own: waiters of one task would go on on other threads. Null when none is.
    private List<TaskCompletionSource>? _waiting;
    private long _next, _end;

    public bool TryTake(out long number)
    {
        lock (_lock)
        {
            number = _next;
            return _next < _end && _next++ >= 0;
        }
    }

    public async ValueTask<long> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryTake(out long number))
            {
                return number;
            }

            TaskCompletionSource? waiter = null;
            lock (_lock)
            {
                if (_waiting is null)
                {
                    _waiting = [];
                }
                else
                {
                    _waiting.Add(waiter = new());
                }
            }

            if (waiter is not null)
            {
                await waiter.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }

            try
            {
                long first = await store.ReserveRunNumbersAsync(silo, Block, cancellationToken).ConfigureAwait(false);
                lock (_lock)
                {
                    _next = first;
                    _end = first + Block;
                }
            }
            catch (StoreException e) when (e.Kind == StoreFailure.Fenced)
            {
                onFenced(e.Message);
                throw;
            }
            finally
            {
                List<TaskCompletionSource> waiting;
                lock (_lock)
                {
                    (waiting, _waiting) = (_waiting, null);
                }

                // Also after a failure: one of those who waited tries next.
                waiting.ForEach(scheduler.Complete);
            }
        }
    }
}

/// <summary>The definitions that are stored already: a run may begin only when the text it is pinned to is kept. Thread-safe.</summary>
internal sealed class SavedFlows(IStore store, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly HashSet<(string Tenant, string Name, string Version)> _saved = [];

    public bool Contains(Flows.FlowDefinition definition, string tenant)
    {
        lock (_lock)
        {
            return _saved.Contains((tenant, definition.Name, definition.Version));
        }
    }

    public async ValueTask SaveAsync(Flows.FlowDefinition definition, string tenant, CancellationToken cancellationToken)
    {
        if (Contains(definition, tenant))
        {
            return;
        }

        await store.SaveFlowAsync(new FlowRow(tenant, definition.Name, definition.Version, definition.Label, definition.Source, time.GetUtcNow(), definition.Tasks), cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            _saved.Add((tenant, definition.Name, definition.Version));
        }
    }
}
