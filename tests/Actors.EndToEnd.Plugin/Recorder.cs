using System.Globalization;

namespace Actors.EndToEnd.Plugin;

public sealed record Done(bool done);

/// <summary>Tells the recorder process what a step's body does. Each effect says when its body began, so that an overlap can be told from a repetition.</summary>
public sealed class Recorder(string url)
{
    private readonly HttpClient _http = new() { BaseAddress = new Uri(url), Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Records the effect; gives up when the body is told to stop.</summary>
    public async Task<Done> RecordAsync(IStepContext step)
    {
        ArgumentNullException.ThrowIfNull(step);
        await PostAsync("effects", step, Now(), null, step.CancellationToken).ConfigureAwait(false);
        return new Done(true);
    }

    /// <summary>Records the effect, goes on for a while, and records that the body has ended, however it did.</summary>
    /// <param name="stubborn">True: does not hear that it is told to stop.</param>
    public async Task<Done> RecordLongAsync(IStepContext step, TimeSpan duration, bool stubborn)
    {
        ArgumentNullException.ThrowIfNull(step);
        CancellationToken stop = stubborn ? CancellationToken.None : step.CancellationToken;
        long began = Now();
        try
        {
            await PostAsync("effects", step, began, null, stop).ConfigureAwait(false);
            await Task.Delay(duration, TimeProvider.System, stop).ConfigureAwait(false);
            return new Done(true);
        }
        finally
        {
            await PostAsync("ended", step, began, Now(), CancellationToken.None).ConfigureAwait(false);
        }
    }

    // Microseconds of the machine's clock, which the silos of a test share.
    private static long Now() => (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private async Task PostAsync(string what, IStepContext step, long began, long? ended, CancellationToken cancellationToken)
    {
        string path = string.Create(
            CultureInfo.InvariantCulture,
            $"/{what}?run={step.Run.Id}&key={Uri.EscapeDataString(step.StepKey)}&attempt={step.Attempt}&once={Uri.EscapeDataString(step.IdempotencyKey)}&process={Environment.ProcessId}&began={began}&ended={ended}");
        using HttpResponseMessage answer = await _http.PostAsync(new Uri(path, UriKind.Relative), null, cancellationToken).ConfigureAwait(false);
        answer.EnsureSuccessStatusCode();
    }
}
