using Actors.Storage;

namespace Actors.Silos;

/// <summary>A message on its way to a run of another silo.</summary>
internal sealed class Post(PostedMessage message, long at, EngineScheduler scheduler)
{
    private readonly TaskCompletionSource<PostOutcome> _posted = new();
    private readonly TaskCompletionSource<DeliveryEffect> _effect = new();

    public PostedMessage Message => message;

    /// <summary>When it was given, as a timestamp.</summary>
    public long At => at;

    /// <summary>Completes when the message is committed or refused.</summary>
    public Task<PostOutcome> Posted => _posted.Task;

    /// <summary>Completes when the message has left the inbox.</summary>
    public Task<DeliveryEffect> Effect => _effect.Task;

    public void OnPosted(PostOutcome outcome) => scheduler.Post(_ => _posted.TrySetResult(outcome), null);

    public void OnGone(DeliveryEffect effect) => scheduler.Post(_ => _effect.TrySetResult(effect), null);

    public void Fail(Exception error) => scheduler.Post(
        _ =>
        {
            _posted.TrySetException(error);
            _effect.TrySetException(error);
            // The caller may have gone.
            _ = _posted.Task.Exception;
            _ = _effect.Task.Exception;
        },
        null);
}

/// <summary>Commits messages for runs of other silos, gathered like transitions, and remembers who waits for their effect. Thread-safe.</summary>
internal sealed class PostQueue(EngineServices services, IClusterStore store)
{
    private const int BatchMax = 256;

    // Within this the notice of the effect has come; whoever has not heard looks.
    private static readonly TimeSpan Overdue = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Queue<Post> _queue = new();

    // By message; several callers may send the same one.
    private readonly Dictionary<string, List<Post>> _open = new(StringComparer.Ordinal);
    private bool _posting;
    private bool _checking;
    private Exception? _failed;

    /// <exception cref="OverloadedException">Too many wait already.</exception>
    public Post Add(PostedMessage message)
    {
        Post post = new(message, services.Time.GetTimestamp(), services.Scheduler);
        bool begin;
        lock (_lock)
        {
            if (_failed is { } error)
            {
                post.Fail(error);
                return post;
            }

            if (_queue.Count >= services.Options.StartsMax)
            {
                throw new OverloadedException($"{_queue.Count:N0} commands for runs of other silos wait already (SiloOptions.StartsMax).");
            }

            _queue.Enqueue(post);
            if (!_open.TryGetValue(message.Message.Id, out List<Post>? same))
            {
                _open.Add(message.Message.Id, same = []);
            }

            same.Add(post);
            begin = !_posting;
            _posting = true;
        }

        if (begin)
        {
            services.Scheduler.Post(static self => _ = ((PostQueue)self!).PostAsync(), this);
        }

        return post;
    }

    public void OnGone(string id, DeliveryEffect effect)
    {
        List<Post>? gone;
        lock (_lock)
        {
            _open.Remove(id, out gone);
        }

        gone?.ForEach(p => p.OnGone(effect));
    }

    public void Forget(Post post)
    {
        string id = post.Message.Message.Id;
        lock (_lock)
        {
            if (_open.TryGetValue(id, out List<Post>? same) && same.Remove(post) && same.Count == 0)
            {
                _open.Remove(id);
            }
        }
    }

    public void FailAll(Exception error)
    {
        List<Post> all;
        lock (_lock)
        {
            _failed = error;
            all = [.. _queue, .. _open.Values.SelectMany(static p => p)];
            _queue.Clear();
            _open.Clear();
        }

        all.ForEach(p => p.Fail(error));
    }

    /// <summary>Looks for those whose effect nobody has told of: a message that is in no inbox any more was taken in, or its run has ended.</summary>
    public void CheckOverdue()
    {
        string[] overdue;
        lock (_lock)
        {
            overdue = [.. _open.Where(p => p.Value.Exists(post => post.Posted.IsCompletedSuccessfully && services.Time.GetElapsedTime(post.At) > Overdue)).Select(static p => p.Key)];
            if (overdue.Length == 0 || _checking)
            {
                return;
            }

            _checking = true;
        }

        services.Scheduler.Post(static state => _ = ((Check)state!).RunAsync(), new Check(this, overdue));
    }

    private async Task CheckAsync(string[] overdue)
    {
        try
        {
            HashSet<string> left = [.. await store.FindMessagesAsync(overdue, CancellationToken.None).ConfigureAwait(false)];
            foreach (string id in overdue)
            {
                if (!left.Contains(id))
                {
                    OnGone(id, DeliveryEffect.Gone);
                }
            }
        }
        catch (StoreException e)
        {
            services.Log.StoreReadRetried(e.Message);
        }
        finally
        {
            lock (_lock)
            {
                _checking = false;
            }
        }
    }

    private async Task PostAsync()
    {
        while (true)
        {
            List<Post> batch = [];
            lock (_lock)
            {
                while (batch.Count < BatchMax && _queue.TryDequeue(out Post? post))
                {
                    batch.Add(post);
                }

                if (batch.Count == 0)
                {
                    _posting = false;
                    return;
                }
            }

            await PostAsync(batch).ConfigureAwait(false);
        }
    }

    private async Task PostAsync(List<Post> batch)
    {
        try
        {
            IReadOnlyList<PostOutcome> outcomes = await store.PostAsync(
                services.SiloNo, [.. batch.Select(static p => p.Message)], services.Options.MailboxMax, CancellationToken.None).ConfigureAwait(false);
            for (int i = 0; i < batch.Count; i++)
            {
                batch[i].OnPosted(outcomes[i]);
            }
        }
        catch (StoreException e) when (e.Kind == StoreFailure.Data && batch.Count > 1)
        {
            // Somewhere in it is a value that the database refuses; its neighbours must not suffer.
            int half = batch.Count / 2;
            await PostAsync(batch[..half]).ConfigureAwait(false);
            await PostAsync(batch[half..]).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            // The caller may send it again: a message that was committed has the same id then, or its task is closed.
            Exception told = e.Kind == StoreFailure.Data
                ? new InvalidRequestException("store_refused", $"The database refuses the data: {e.Message}")
                : new UnavailableException($"The command could not be stored: {e.Message}");
            batch.ForEach(p => p.Fail(told));
        }
    }

    private sealed record Check(PostQueue Queue, string[] Overdue)
    {
        public Task RunAsync() => Queue.CheckAsync(Overdue);
    }
}
