using System.Net;
using System.Net.Sockets;

namespace Actors.Chaos.Wire;

/// <summary>
/// Stands between a silo and PostgreSQL and can be a bad network: it swallows, cuts, and loses the answer of a commit that happened. Thread-safe.
/// </summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly int _target;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _lock = new();
    private readonly HashSet<ProxyLink> _links = [];
    private readonly Task _accepting;
    private TaskCompletionSource _passes = Completed();
    private TaskCompletionSource? _half;
    private int _commitsToCut;
    private int _commitsCut;

    public TcpProxy(int target)
    {
        _target = target;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>How many commits happened whose answer was lost.</summary>
    public int CommitsCut => Volatile.Read(ref _commitsCut);

    /// <summary>Connections stay open and new ones are taken, but nothing passes until <see cref="Heal"/>.</summary>
    public void BlackHole()
    {
        lock (_lock)
        {
            _passes = _passes.Task.IsCompleted ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : _passes;
        }
    }

    /// <summary>Everything passes again; what was held back arrives late.</summary>
    public void Heal()
    {
        lock (_lock)
        {
            _passes.TrySetResult();
            _half = null;
            foreach (ProxyLink link in _links)
            {
                link.Release();
            }
        }
    }

    /// <summary>Closes every connection.</summary>
    public void Drop()
    {
        lock (_lock)
        {
            foreach (ProxyLink link in _links)
            {
                link.Close();
            }
        }
    }

    /// <summary>The next commits happen, and their connections are closed before the answer is through.</summary>
    public void CutCommits(int count) => Interlocked.Exchange(ref _commitsToCut, count);

    /// <summary>
    /// Of the next batch that writes journal entries only the first half is sent: the fence and the entries, but not the COMMIT. The rest of that connection waits for <see cref="Heal"/>.
    /// </summary>
    /// <returns>Completes when half a batch has been sent.</returns>
    public Task HoldHalfBatch()
    {
        lock (_lock)
        {
            _half = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _half.Task;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        Heal();
        Drop();
        await _accepting;
        _closing.Dispose();
    }

    /// <summary>Completes when bytes may pass.</summary>
    internal Task WhenPassesAsync() => Volatile.Read(ref _passes).Task;

    /// <summary>True: the answer of this commit is to be lost.</summary>
    internal bool TakeCut()
    {
        int left = Volatile.Read(ref _commitsToCut);
        while (left > 0)
        {
            int seen = Interlocked.CompareExchange(ref _commitsToCut, left - 1, left);
            if (seen == left)
            {
                Interlocked.Increment(ref _commitsCut);
                return true;
            }

            left = seen;
        }

        return false;
    }

    /// <summary>For the one connection that is to hold back the rest of its batch: what to complete when the first half is sent. Null for all others.</summary>
    internal TaskCompletionSource? TakeHalf() => Interlocked.Exchange(ref _half, null);

    internal void Remove(ProxyLink link)
    {
        lock (_lock)
        {
            _links.Remove(link);
        }
    }

    private static TaskCompletionSource Completed()
    {
        TaskCompletionSource done = new();
        done.SetResult();
        return done;
    }

    private async Task AcceptAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync(_closing.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            ProxyLink link = new(this, client);
            lock (_lock)
            {
                _links.Add(link);
            }

            _ = link.RunAsync(_target);
        }
    }
}
