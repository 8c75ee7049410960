using Actors.Storage;

namespace Actors.Runs;

/// <summary>The limit of a scope, or of the whole run: a timer inside it that ends what is open when it rings. Counted from the scope's first start, over restarts.</summary>
internal sealed class ScopeLimit
{
    private readonly FlowContext _inner;
    private readonly TimerVerb _timer;

    private ScopeLimit(FlowContext inner, TimeSpan? time)
    {
        _inner = inner;
        _timer = new TimerVerb(now => RunGrain.Later(now, time!.Value)) { IsLimit = true };
        inner.Open(JournalNode.LimitName, _timer);
        inner.Grain.Guard(TimeOutWhenOverAsync(time));
    }

    /// <summary>Sets the limit, or goes on with the recorded one, whatever the flow says now; null when there is neither.</summary>
    public static ScopeLimit? Begin(FlowContext inner, TimeSpan? time) => time is not null || inner.HasLimit ? new ScopeLimit(inner, time) : null;

    /// <summary>The scope's body is over.</summary>
    public void End()
    {
        if (!_timer.Closed)
        {
            _timer.Drop();
            _timer.Close();
        }
    }

    private async Task TimeOutWhenOverAsync(TimeSpan? limit)
    {
        try
        {
            await _timer.Task;
            _inner.TimeOut(limit is { } time ? $"The limit of {time.TotalSeconds:0.###} s was reached." : "The limit was reached.");
        }
        catch (FlowCancelledException)
        {
            // The scope is cancelled for another reason.
        }
    }
}
