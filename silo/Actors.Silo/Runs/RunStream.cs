using System.Globalization;
using System.Text.Json;
using Actors.Protocol;
using Actors.Silos;
using Actors.Storage;
using Microsoft.AspNetCore.Http.Features;

namespace Actors.Hosting;

/// <summary>
/// Server-sent events of one run: <c>id</c> is the event's number, <c>event</c> its type, <c>data</c> its JSON. When the run has ended, <c>done</c> follows
/// with the run and the stream ends. A stream that ends without <c>done</c> was cut: the caller connects again with <c>Last-Event-ID</c>.
/// </summary>
/// <param name="After">Only events with a larger number.</param>
/// <param name="WithStarts">
/// The journal has the start of a step only when it runs longer than a second. True: the start of every other step comes with its outcome, without an id, because there is
/// nothing to resume after.
/// </param>
internal sealed record RunStream(RunId Id, Caller Caller, long After, bool WithStarts = false) : IResult
{
    private const int PageSize = 500;
    private static readonly TimeSpan JournaledFrom = TimeSpan.FromSeconds(1);

    public async Task ExecuteAsync(HttpContext context)
    {
        IServiceProvider services = context.RequestServices;
        SiloHost host = services.GetRequiredService<SiloHost>();
        RunViews views = services.GetRequiredService<RunViews>();
        TimeProvider time = services.GetRequiredService<TimeProvider>();
        Silo silo = host.Silo;
        RunResult run = await silo.GetRunAsync(Id, Caller, context.RequestAborted) ?? throw ProblemException.RunNotFound(Id.Value);

        context.Response.ContentType = WireText.EventStreamContentType;
        context.Response.Headers.CacheControl = "no-cache";
        // nginx would hold events back.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using CancellationTokenSource ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, host.Stopping);
        try
        {
            await context.Response.StartAsync(ends.Token);
            if (run.Run.Status.IsFinal())
            {
                await WritePastAsync(context, silo, ends.Token);
            }
            else
            {
                await WriteLiveAsync(context, silo, time, host.Options.StreamHeartbeat, ends.Token);
                run = await silo.GetRunAsync(Id, Caller, ends.Token) ?? run;
            }

            await WriteAsync(context, null, WireText.DoneEvent, JsonSerializer.Serialize(views.View(context, run), WireJson.Default.RunView), ends.Token);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // The caller has gone, or the silo stops: the stream just ends.
        }
        catch (StoreException e) when (context.Response.HasStarted)
        {
            // The caller comes back after the last event. In an outage this happens to every stream at once: one line each.
            HostLog.StreamCut(services.GetRequiredService<ILoggerFactory>().CreateLogger("Actors.Api"), Id.Value, e.Message);
            context.Abort();
        }
        catch (Exception e) when (context.Response.HasStarted)
        {
            HostLog.StreamFailed(services.GetRequiredService<ILoggerFactory>().CreateLogger("Actors.Api"), e, Id.Value);
            context.Abort();
        }
    }

    private async Task WritePastAsync(HttpContext context, Silo silo, CancellationToken cancellationToken)
    {
        long after = After;
        while (await silo.ReadEventsAsync(Id, Caller, after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            foreach (RunEvent e in page)
            {
                await WriteAsync(context, e, cancellationToken);
            }

            after = page[^1].Seq;
        }
    }

    private async Task WriteLiveAsync(HttpContext context, Silo silo, TimeProvider time, TimeSpan heartbeat, CancellationToken cancellationToken)
    {
        using PeriodicTimer beats = new(heartbeat, time);
        await using IAsyncEnumerator<RunEvent> events = silo.WatchAsync(Id, Caller, After, cancellationToken).GetAsyncEnumerator(cancellationToken);
        Task<bool> beat = beats.WaitForNextTickAsync(cancellationToken).AsTask();
        while (true)
        {
            Task<bool> next = events.MoveNextAsync().AsTask();
            while (!next.IsCompleted)
            {
                await Task.WhenAny(next, beat);
                if (beat.IsCompletedSuccessfully)
                {
                    await context.Response.WriteAsync(": alive\n\n", cancellationToken);
                    await context.Response.Body.FlushAsync(cancellationToken);
                    beat = beats.WaitForNextTickAsync(cancellationToken).AsTask();
                }
                else if (beat.IsCompleted)
                {
                    // Cancelled with the stream: the enumerator ends by the same token and must be waited for before it is disposed.
                    await next;
                }
            }

            if (!await next)
            {
                return;
            }

            await WriteAsync(context, events.Current, cancellationToken);
        }
    }

    private async Task WriteAsync(HttpContext context, RunEvent e, CancellationToken cancellationToken)
    {
        if (WithStarts && Start(e) is { } start)
        {
            await WriteAsync(context, null, start.Type, JsonSerializer.Serialize(RunViews.Event(start), WireJson.Default.RunEventView), cancellationToken);
        }

        await WriteAsync(context, e.Seq, e.Type, JsonSerializer.Serialize(RunViews.Event(e), WireJson.Default.RunEventView), cancellationToken);
    }

    private static RunEvent? Start(RunEvent e) =>
        e.Type is Actors.RunEventTypes.StepCompleted or Actors.RunEventTypes.StepFailed or Actors.RunEventTypes.StepRetrying && e.Duration < JournaledFrom
            ? new RunEvent(e.Seq - 1, Actors.RunEventTypes.StepStarted, e.At - e.Duration.Value, e.Step, e.Attempt)
            : null;

    private static async Task WriteAsync(HttpContext context, long? id, string type, string data, CancellationToken cancellationToken)
    {
        string head = id is { } number ? $"id: {number.ToString(CultureInfo.InvariantCulture)}\n" : "";
        await context.Response.WriteAsync($"{head}event: {type}\ndata: {data}\n\n", cancellationToken);
        await context.Response.Body.FlushAsync(cancellationToken);
    }
}
