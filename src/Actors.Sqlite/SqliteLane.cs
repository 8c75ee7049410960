using System.Collections.Concurrent;

namespace Actors.Sqlite;

/// <summary>
/// A bounded queue and the threads that work it off, each with a connection of its own. SQLite blocks its caller; here it blocks
/// only these threads. A full queue makes callers wait without blocking them. Continuations run on the pool, never here.
/// </summary>
internal sealed class SqliteLane : IAsyncDisposable
{
    // More than the silo's committer ever has in flight; what waits here is memory, so it has a bound.
    private const int WaitingMax = 256;

    private readonly SemaphoreSlim _places = new(WaitingMax);
    private readonly BlockingCollection<Work> _queue = [];
    private readonly List<Task> _ended = [];

    private SqliteLane()
    {
    }

    /// <summary>Starts the threads and waits until each has its connection.</summary>
    public static async Task<SqliteLane> StartAsync(string name, int threads, Func<SqliteDatabase> open)
    {
        SqliteLane lane = new();
        List<Task> opened = [];
        for (int i = 0; i < threads; i++)
        {
            TaskCompletionSource isOpen = new(TaskCreationOptions.RunContinuationsAsynchronously);
            TaskCompletionSource hasEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
            opened.Add(isOpen.Task);
            lane._ended.Add(hasEnded.Task);
            new Thread(() => lane.Serve(open, isOpen, hasEnded)) { Name = threads == 1 ? name : $"{name} {i + 1}", IsBackground = true }.Start();
        }

        try
        {
            await Task.WhenAll(opened).ConfigureAwait(false);
            return lane;
        }
        catch
        {
            await lane.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Queues work for the next free thread. A token that is cancelled before the work begins cancels it; once begun it is finished, since
    /// the outcome of a commit must be known.
    /// </summary>
    public ValueTask<TAnswer> AskAsync<TAsk, TAnswer>(TAsk ask, Func<SqliteDatabase, TAsk, TAnswer> work, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<TAnswer>(cancellationToken);
        }

        Work<TAsk, TAnswer> item = new(ask, work, cancellationToken);
        Task place = _places.WaitAsync(cancellationToken);
        if (place.IsCompletedSuccessfully)
        {
            Add(item);
            return new ValueTask<TAnswer>(item.Task);
        }

        return WaitAndAdd(place, item);

        async ValueTask<TAnswer> WaitAndAdd(Task place, Work<TAsk, TAnswer> item)
        {
            await place.ConfigureAwait(false);
            Add(item);
            return await item.Task.ConfigureAwait(false);
        }
    }

    /// <summary>Finishes what is queued, then closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.CompleteAdding();
        await Task.WhenAll(_ended).ConfigureAwait(false);
    }

    private void Add(Work work)
    {
        try
        {
            _queue.Add(work);
        }
        catch (InvalidOperationException)
        {
            throw new ObjectDisposedException(nameof(SqliteStore));
        }
    }

    private void Serve(Func<SqliteDatabase> open, TaskCompletionSource isOpen, TaskCompletionSource hasEnded)
    {
        SqliteDatabase database;
        try
        {
            database = open();
        }
        catch (Exception error)
        {
            hasEnded.SetResult();
            isOpen.SetException(error);
            return;
        }

        isOpen.SetResult();
        foreach (Work work in _queue.GetConsumingEnumerable())
        {
            _places.Release();
            work.Run(database);
        }

        database.Dispose();
        hasEnded.SetResult();
    }

    private abstract class Work
    {
        public abstract void Run(SqliteDatabase database);
    }

    private sealed class Work<TAsk, TAnswer>(TAsk ask, Func<SqliteDatabase, TAsk, TAnswer> work, CancellationToken cancellationToken) : Work
    {
        private readonly TaskCompletionSource<TAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<TAnswer> Task => _answer.Task;

        public override void Run(SqliteDatabase database)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                _answer.SetCanceled(cancellationToken);
                return;
            }

            try
            {
                _answer.SetResult(work(database, ask));
            }
            catch (Exception error)
            {
                _answer.SetException(error);
            }
        }
    }
}
