using System.Security.Cryptography;
using System.Text;

namespace Actors.Samples.Orders;

/// <summary>
/// A shop in memory: what the tasks of the sample act upon. Thread-safe. Everything that changes something takes an idempotency key; a call that comes
/// again with the same key gets the first answer and changes nothing, as a good payment provider or warehouse does.
/// Ids are derived from the key rather than counted, so that a repeated call gets the same id even when the process, and this memory with it, was lost in between.
/// </summary>
public sealed partial class Shop(ShopOptions? options = null)
{
    private readonly ShopOptions _options = options ?? new ShopOptions();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _calls = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Operation, string Key), object> _answers = [];
    private readonly List<Effect> _effects = [];

    /// <summary>What was really done, in order: a repeated call is not in it again.</summary>
    public IReadOnlyList<Effect> Effects
    {
        get
        {
            lock (_lock)
            {
                return [.. _effects];
            }
        }
    }

    /// <summary>How often this was really done, for this order or for all.</summary>
    public int EffectsOf(string operation, string? orderId = null) =>
        Effects.Count(e => e.Operation == operation && (orderId is null || e.OrderId == orderId));

    /// <summary>How often a task of this name was called; attempts that failed and repetitions count.</summary>
    public int Calls(string task)
    {
        lock (_lock)
        {
            return _calls.GetValueOrDefault(task);
        }
    }

    /// <summary>Runs one call of a task: counts it, lets it take as long as the options say, and calls the hooks.</summary>
    public async Task<T> Call<T>(string task, IStepContext step, Func<T> act)
    {
        lock (_lock)
        {
            _calls[task] = _calls.GetValueOrDefault(task) + 1;
        }

        if (_options.Before is not null)
        {
            await _options.Before(task, step);
        }

        if (_options.Delay > TimeSpan.Zero)
        {
            await Task.Delay(_options.Delay, step.Time, step.CancellationToken);
        }

        T answer = act();
        if (_options.After is not null)
        {
            await _options.After(task, step);
        }

        return answer;
    }

    /// <summary>The first answer to this key; <paramref name="act"/> runs, under the lock, only when there is none. An exception is not remembered.</summary>
    private T Once<T>(string operation, string key, Func<T> act)
        where T : notnull
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        lock (_lock)
        {
            if (_answers.TryGetValue((operation, key), out object? known))
            {
                return (T)known;
            }

            T answer = act();
            _answers.Add((operation, key), answer);
            return answer;
        }
    }

    private void Did(string operation, string orderId, string detail) => _effects.Add(new Effect(operation, orderId, detail));

    private static string NewId(string prefix, string key) =>
        prefix + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 5));
}

/// <param name="Operation">The name of the task that did it.</param>
/// <param name="OrderId">Empty when it belongs to no order.</param>
public sealed record Effect(string Operation, string OrderId, string Detail);

public sealed record ShopOptions
{
    /// <summary>How long each call takes, so that a demonstration has something to show. Default zero.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>How long the provider takes to answer for <c>tok_slow</c>, after the money is taken. Default 20 seconds.</summary>
    public TimeSpan SlowAnswer { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Called with the task's name before it does anything; may wait or throw.</summary>
    public Func<string, IStepContext, Task>? Before { get; init; }

    /// <summary>Called with the task's name when it has done its work and the answer is still under way; may wait or throw.</summary>
    public Func<string, IStepContext, Task>? After { get; init; }
}
