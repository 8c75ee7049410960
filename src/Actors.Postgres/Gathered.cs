using Actors.Storage;

namespace Actors.Postgres;

/// <summary>
/// Looks up single rows by key. Keys that are asked for while a look-up is under way go together in the next one: a lone caller waits no longer, and a thousand callers
/// take some round trips and one connection instead of a thousand. What a caller is given was read after it asked. Thread-safe.
/// </summary>
/// <param name="read">Rows by key; a key without a row is left out. Called with distinct keys, one call at a time.</param>
internal sealed class Gathered<TKey, TRow>(Func<IReadOnlyList<TKey>, Task<Dictionary<TKey, TRow>>> read)
    where TKey : notnull
    where TRow : class
{
    private const int KeysMax = 256;

    private readonly Lock _lock = new();
    private readonly Queue<Ask> _asks = new();
    private bool _reading;

    /// <summary>The row, or null when there is none.</summary>
    public Task<TRow?> GetAsync(TKey key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Ask ask = new(key);
        bool begin;
        lock (_lock)
        {
            _asks.Enqueue(ask);
            begin = !_reading;
            _reading = true;
        }

        if (begin)
        {
            _ = ReadAsync();
        }

        // The look-up goes on without a caller that gives up: others wait for the same one.
        return ask.Row.Task.WaitAsync(cancellationToken);
    }

    private async Task ReadAsync()
    {
        while (true)
        {
            List<Ask> asks = [];
            lock (_lock)
            {
                while (asks.Count < KeysMax && _asks.TryDequeue(out Ask? ask))
                {
                    asks.Add(ask);
                }

                if (asks.Count == 0)
                {
                    _reading = false;
                    return;
                }
            }

            await ReadAsync(asks).ConfigureAwait(false);
        }
    }

    private async Task ReadAsync(List<Ask> asks)
    {
        try
        {
            Dictionary<TKey, TRow> rows = await read([.. asks.Select(static ask => ask.Key).Distinct()]).ConfigureAwait(false);
            foreach (Ask ask in asks)
            {
                ask.Row.SetResult(rows.GetValueOrDefault(ask.Key));
            }
        }
        catch (StoreException e) when (e.Kind == StoreFailure.Data && asks.Count > 1)
        {
            // A key that is no text to the database: its neighbours must not suffer.
            foreach (Ask ask in asks)
            {
                await ReadAsync([ask]).ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // Whatever it is, it is those who wait that must know.
        catch (Exception e)
#pragma warning restore CA1031
        {
            asks.ForEach(ask => ask.Row.SetException(e));
        }
    }

    private sealed class Ask(TKey key)
    {
        public TKey Key => key;

        public TaskCompletionSource<TRow?> Row { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
