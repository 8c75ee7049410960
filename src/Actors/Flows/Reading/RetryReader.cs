namespace Actors.Flows;

/// <summary>Reads <c>retry</c>.</summary>
internal static class RetryReader
{
    /// <summary>The policy, and the limit of one attempt when <c>retry</c> names one.</summary>
    public static (RetryPolicy Policy, TimeSpan? Timeout) Read(YamlItem item, Problems problems, ValueReader values)
    {
        if (item is not YamlMap map)
        {
            problems.Error(Rules.WrongType, item, $"'retry' must be a mapping, not {item.Name}", "Write retry: {max_attempts: 3, delay: 1s}.");
            return (RetryPolicy.None, null);
        }

        Keys keys = new(map, problems, Language.Retry);
        RetryPolicy policy = new();
        if (Number(keys, problems, "max_attempts", 1, RetryPolicy.AttemptsMax, whole: true) is { } attempts)
        {
            policy = policy with { MaxAttempts = (int)attempts };
        }

        if (One(keys, problems, "delay", "delay_seconds") is { } delayKey && Delay(keys.Item(delayKey)!, delayKey, problems) is { } delay)
        {
            policy = policy with { Delay = delay };
        }

        policy = ReadBackoff(keys, problems, policy);
        if (One(keys, problems, "multiplier", keys.Has("backoff_factor") ? "backoff_factor" : "backoff_multiplier") is { } multiplierKey
            && Number(keys, problems, multiplierKey, 1, 1000, whole: false) is { } multiplier)
        {
            policy = policy with { Multiplier = multiplier };
        }

        // The default limit must not silently cut a delay that the author wrote.
        policy = policy with { MaxDelay = policy.Delay > policy.MaxDelay ? policy.Delay : policy.MaxDelay };
        if (keys.Item("max_delay") is { } maxItem && values.Duration(maxItem, "max_delay", Rules.Retry) is { } max)
        {
            if (max < policy.Delay)
            {
                problems.Error(Rules.Retry, maxItem, "'max_delay' is shorter than the first delay");
            }

            policy = policy with { MaxDelay = max };
        }

        policy = policy with
        {
            Jitter = Number(keys, problems, "jitter", 0, 1, whole: false) ?? 0,
            RetryOn = Errors(keys, problems, "retry_on"),
            NotOn = Errors(keys, problems, "not_on"),
        };
        return (policy, values.Duration(keys.Item("timeout"), "timeout"));
    }

    private static RetryPolicy ReadBackoff(Keys keys, Problems problems, RetryPolicy policy)
    {
        if (keys.Item("backoff") is not { } item)
        {
            return policy;
        }

        // A number is the first wait in seconds, doubled each time; beside a wait it is what the waits are multiplied by.
        if (item is YamlText number && number.Typed().Kind == ValueKind.Number)
        {
            if (keys.Has("delay") || keys.Has("delay_seconds"))
            {
                if (keys.Has("multiplier") || keys.Has("backoff_multiplier") || keys.Has("backoff_factor"))
                {
                    problems.Error(Rules.Retry, item, "a number as 'backoff' beside a delay is the multiplier: there are two", "Write backoff: exponential.");
                }

                return Number(keys, problems, "backoff", 1, 1000, whole: false) is { } factor ? policy with { Backoff = Backoff.Exponential, Multiplier = factor } : policy;
            }

            return Delay(item, "backoff", problems) is { } first ? policy with { Delay = first, Backoff = Backoff.Exponential, Multiplier = 2 } : policy;
        }

        string text = (item as YamlText)?.Value ?? "";
        switch (text)
        {
            case "fixed" or "constant":
                return policy with { Backoff = Backoff.Fixed };
            case "linear":
                return policy with { Backoff = Backoff.Linear };
            case "exponential":
                return policy with { Backoff = Backoff.Exponential };
            default:
                string? near = Text.Nearest(text, ["fixed", "linear", "exponential"]);
                problems.Error(
                    Rules.Retry, item, "'backoff' must be fixed, linear, exponential, or a number of seconds", near is null ? null : $"Did you mean '{near}'?");
                return policy;
        }
    }

    private static TimeSpan? Delay(YamlItem item, string key, Problems problems)
    {
        if (item is YamlText text && Durations.TryParse(text.Typed(), out TimeSpan delay))
        {
            return delay;
        }

        problems.Error(Rules.Retry, item, $"'{key}' is not a length of time", Durations.Forms);
        return null;
    }

    private static string? One(Keys keys, Problems problems, string key, string alias)
    {
        if (keys.Has(key) && keys.Has(alias))
        {
            problems.Error(Rules.Retry, keys.At(alias), $"'{alias}' is another word for '{key}': only one of them can be here");
        }

        return keys.Has(key) ? key : keys.Has(alias) ? alias : null;
    }

    private static double? Number(Keys keys, Problems problems, string key, double min, double max, bool whole)
    {
        if (keys.Item(key) is not { } item)
        {
            return null;
        }

        if (item is YamlText text && text.Typed() is { Kind: ValueKind.Number } number)
        {
            double value = Operators.ToDouble(number);
            if (value >= min && value <= max && (!whole || value == Math.Floor(value)))
            {
                return value;
            }
        }

        problems.Error(Rules.Retry, item, $"'{key}' must be a {(whole ? "whole " : "")}number from {min:0.##} to {max:0.##}");
        return null;
    }

    private static string[]? Errors(Keys keys, Problems problems, string key)
    {
        if (keys.Item(key) is not { } item)
        {
            return null;
        }

        IReadOnlyList<YamlItem> items = item is YamlList list ? list.Items : [item];
        string[] names = items.OfType<YamlText>().Where(t => t.Value.Length > 0).Select(t => t.Value).ToArray();
        if (names.Length != items.Count || names.Length == 0)
        {
            problems.Error(Rules.Retry, item, $"'{key}' must be a list of error types or codes");
        }

        return names;
    }
}
