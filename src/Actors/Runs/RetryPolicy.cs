namespace Actors;

public enum Backoff
{
    /// <summary>The same delay each time.</summary>
    Fixed,

    /// <summary>delay × number of failed attempts.</summary>
    Linear,

    /// <summary>delay × multiplier ^ (number of failed attempts − 1).</summary>
    Exponential,
}

/// <summary>How often and when a step is tried again. Attempts and waits are recorded: a restart does not begin them anew.</summary>
public sealed record RetryPolicy
{
    public const int AttemptsMax = 10_000;

    /// <summary>One attempt, no retry: the default.</summary>
    public static RetryPolicy None { get; } = new() { MaxAttempts = 1 };

    /// <summary>All attempts, the first included: 1 to <see cref="AttemptsMax"/>. Default 3.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>The wait after the first failed attempt. Default one second.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Default exponential.</summary>
    public Backoff Backoff { get; init; } = Backoff.Exponential;

    /// <summary>For exponential backoff, from 1. Default 2.</summary>
    public double Multiplier { get; init; } = 2;

    /// <summary>No wait is longer than this. Default five minutes.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Each wait is shortened by a random part of up to this share of it, 0 to 1, so that callers that failed together do not come back together. Default 0.</summary>
    public double Jitter { get; init; }

    /// <summary>Only errors whose type or code is in this list are tried again. Null: all errors that do not say otherwise.</summary>
    public IReadOnlyList<string>? RetryOn { get; init; }

    /// <summary>Errors whose type or code is in this list are never tried again. Null: none.</summary>
    public IReadOnlyList<string>? NotOn { get; init; }

    /// <summary>True when another attempt is to be made after attempt number <paramref name="attempt"/> (from 1) failed with this error.</summary>
    public bool Allows(int attempt, FlowError error)
    {
        if (attempt >= MaxAttempts)
        {
            return false;
        }

        return (RetryOn is null || Names(RetryOn, error)) && !(NotOn is not null && Names(NotOn, error));
    }

    /// <summary>The wait after failed attempt number <paramref name="attempt"/> (from 1).</summary>
    /// <param name="chance">0 to 1; only used with <see cref="Jitter"/>.</param>
    public TimeSpan DelayAfter(int attempt, double chance)
    {
        double factor = Backoff switch
        {
            Backoff.Linear => attempt,
            Backoff.Exponential => Math.Pow(Multiplier, attempt - 1),
            _ => 1,
        };
        if (Delay <= TimeSpan.Zero)
        {
            return TimeSpan.Zero;
        }

        double ms = Math.Min(Delay.TotalMilliseconds * factor, MaxDelay.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(ms * (1 - Math.Clamp(Jitter, 0, 1) * chance));
    }

    private static bool Names(IReadOnlyList<string> list, FlowError error)
    {
        foreach (string name in list)
        {
            if (string.Equals(name, error.Type, StringComparison.OrdinalIgnoreCase) || string.Equals(name, error.Code, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
