using Actors.Storage;

namespace Actors.Simulation;

/// <summary>
/// The flow of the golden journals: every verb, every kind of entry. Never edit what it does for an input: the journals in Golden/ were written by it, and running runs of an application would
/// not be edited either. What a later journal shows is another input.
/// </summary>
internal sealed class GoldenFlow : Flow<string, string>
{
    public GoldenFlow() => Compensation<string>("give back", (_, _) =>
    {
        Bodies++;
        return Task.CompletedTask;
    });

    /// <summary>Bodies that were run.</summary>
    public int Bodies { get; private set; }

    /// <summary>The mistake that parks the run, until it is mended.</summary>
    public bool IsBroken { get; set; }

    public override string Name => "golden";

    public override Task<string> RunAsync(IFlowContext ctx, string input) => input switch
    {
        "all" => AllAsync(ctx),
        "loop" => LoopAsync(ctx),
        "cancel" => CancelAsync(ctx),
        "fail" => FailAsync(ctx),
        "park" => ParkAsync(ctx),
        "sends" => SendsAsync(ctx),
        "receives" => ReceivesAsync(ctx),
        "child" => Do(ctx, "work", "child"),
        "child-fails" => Fails(ctx, "work"),
        _ => WaitAsync(ctx),
    };

    private Task<string> Do(IFlowContext ctx, string name, string result, StepOptions? options = null) => ctx.Step(
        name,
        result,
        (r, _) =>
        {
            Bodies++;
            return Task.FromResult(r);
        },
        options);

    private Task<string> Fails(IFlowContext ctx, string name, RetryPolicy? retry = null, Func<string, FlowError, IStepContext, Task<string>>? fallback = null, int works = int.MaxValue) => ctx.Step(
        name,
        name,
        (n, step) =>
        {
            Bodies++;
            return step.Attempt < works ? throw new TaskException($"attempt {step.Attempt}", "nope") : Task.FromResult($"{n} at last");
        },
        new StepOptions { Retry = retry ?? RetryPolicy.None },
        fallback);

    private Task<string> LongAsync(IFlowContext ctx, string name) => ctx.Step(name, name, async (n, step) =>
    {
        Bodies++;
        TaskCompletionSource over = new();
        await using ITimer timer = step.Time.CreateTimer(static state => ((TaskCompletionSource)state!).TrySetResult(), over, TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        await using CancellationTokenRegistration cancelled = step.CancellationToken.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetCanceled(), over);
        await over.Task.ConfigureAwait(false);
        return n;
    });

    private static async Task<string> WaitAsync(IFlowContext ctx)
    {
        await ctx.Sleep("for ever", TimeSpan.FromDays(1000));
        return "never";
    }

    private async Task<string> AllAsync(IFlowContext ctx)
    {
        List<string> said = [];
        said.Add(await Do(ctx, "plain", "plain – with \"quotes\" and ünïcode"));
        said.Add(await Do(ctx, "large", new string('x', 6_000).Replace("xxxxxxxxxx", "0123456789")));
        said[^1] = said[^1].Length.ToString(System.Globalization.CultureInfo.InvariantCulture);
        for (int i = 0; i < 3; i++)
        {
            said.Add(await Do(ctx, "again", $"again {i}"));
        }

        said.Add(await Fails(ctx, "retried", new RetryPolicy { MaxAttempts = 3, Delay = TimeSpan.FromSeconds(5) }, works: 3));
        said.Add(await Fails(ctx, "replaced", new RetryPolicy { MaxAttempts = 2, Delay = TimeSpan.FromMilliseconds(10) }, (n, error, _) =>
        {
            Bodies++;
            return Task.FromResult($"instead of {n}: {error.Message}");
        }));
        try
        {
            await Fails(ctx, "failed");
        }
        catch (StepFailedException e)
        {
            said.Add($"{e.StepKey} {e.Error.Type} {e.Error.Code} {e.Error.Message}");
        }

        said.Add(await LongAsync(ctx, "long"));
        ctx.Report("half way", 0.5);
        await ctx.Sleep("short", TimeSpan.FromMilliseconds(200));
        await ctx.Sleep("an hour", TimeSpan.FromHours(1));
        await ctx.Until("until", ctx.Now + TimeSpan.FromDays(1));
        said.Add($"{ctx.Now:O} {ctx.NewId()} {ctx.Random.Next(1_000_000)}");
        HumanAnswer answer = await ctx.Ask("ask", new HumanQuestion("Go on?") { Details = new { amount = 5 }, Candidates = ["people", "client"], Due = TimeSpan.FromDays(2) });
        said.Add($"{answer.Decision} by {answer.By}: {answer.Comment}");
        said.Add((await ctx.Ask("ask nobody", new HumanQuestion("Nobody?") { Due = TimeSpan.FromSeconds(30) })).Expired.ToString());
        Signal<string> signal = await ctx.WaitFor<string>("news");
        said.Add($"{signal.Value} from {signal.By}");
        said.Add((await ctx.WaitFor<string>("no news", TimeSpan.FromSeconds(30))).Received.ToString());
        said.Add(await ctx.Call<string, string>("call", "golden", "child"));
        try
        {
            await ctx.Call<string, string>("failing call", "golden", "child-fails");
        }
        catch (StepFailedException e)
        {
            said.Add($"{e.StepKey} {e.Error.Code}");
        }

        said.Add((await ctx.Start("start", "golden", "child")).Value[..4]);
        said.Add(await ctx.Scope("scope", async inner =>
        {
            inner.State.Set("scope", "was here");
            return await Do(inner, "inside", "inside");
        }));
        try
        {
            await ctx.Scope("limited", inner => WaitAsync(inner), new ScopeOptions { Timeout = TimeSpan.FromSeconds(10) });
        }
        catch (StepFailedException e)
        {
            said.Add(e.Error.Type);
        }

        said.AddRange(await ctx.All<string>("all", [new("left", c => Do(c, "l", "left")), new("right", c => LongAsync(c, "r"))]));
        AnyResult<string> any = await ctx.Any<string>("any",
        [
            new("calls", c => c.Call<string, string>("slow call", "golden", "wait")),
            new("sleeps", WaitAsync),
            new("works", c => LongAsync(c, "w")),
        ]);
        said.Add($"{any.Key} {any.Value}");
        said.AddRange(await ctx.Map("map", ["a", "b/c", "d"], (c, item, i) => Do(c, "item", $"{item}{i}"), new MapOptions { Concurrency = 2 }, (item, _) => item));
        int sum = await ctx.Loop("loop", 1, async (c, v, i) =>
        {
            c.State.Set("last", i);
            await Do(c, "turn", $"{v}");
            return i < 3 ? Iteration.Next(v * 2) : Iteration.Done(v);
        });
        said.Add($"{sum} {ctx.State.Get<int>("last")} {ctx.State.Get<string>("scope")}");
        return string.Join("; ", said);
    }

    // Long enough for snapshots.
    private async Task<string> LoopAsync(IFlowContext ctx)
    {
        await Do(ctx, "booked", "seat", new StepOptions { Compensation = "give back" });
        int steps = await ctx.Loop("many", 0, async (c, v, _) =>
        {
            await Do(c, "one", $"{v}");
            c.State.Set("at", v);
            return v < 150 ? Iteration.Next(v + 1) : Iteration.Done(v);
        });
        return $"{steps} {ctx.State.Get<int>("at")}";
    }

    private async Task<string> CancelAsync(IFlowContext ctx)
    {
        ctx.CleanUp("sweep", c => Do(c, "broom", "swept"));
        await Do(ctx, "book", "seat", new StepOptions { Compensation = "give back" });
        await ctx.Scope("pay", c => Do(c, "charge", "money", new StepOptions { Compensation = "give back" }));
        await ctx.All<string>("open", [new("sleep", WaitAsync), new("ask", async c => (await c.Ask("ask", new HumanQuestion("Still?"))).Decision), new("call", c => c.Call<string, string>("call", "golden", "wait")), new("work", c => LongAsync(c, "w"))]);
        return "not cancelled";
    }

    private async Task<string> FailAsync(IFlowContext ctx)
    {
        await Do(ctx, "book", "seat", new StepOptions { Compensation = "give back" });
        return await Fails(ctx, "fatal");
    }

    // Since the second format.
    private async Task<string> SendsAsync(IFlowContext ctx)
    {
        List<string> said = [];
        RunId receiver = await ctx.Start("receiver", "golden", "receives");
        await ctx.Signal("tell", receiver, "note", "hello");
        await ctx.Signal("tell itself", ctx.Run.Id, "own", new { Amount = 5 });
        said.Add((await ctx.WaitFor<System.Text.Json.JsonElement>("own")).Value.GetRawText());
        try
        {
            await ctx.Signal("tell nobody", new RunId("nobody"), "note", "hello");
        }
        catch (StepFailedException e)
        {
            said.Add($"{e.StepKey} {e.Error.Type} {e.Error.Message}");
        }

        await ctx.Emit("event", "order.paid", new { Amount = 5 });
        said.AddRange(await ctx.All<string>(
            "ordered",
            [
                new("third", ["second", "first"], (c, before) => Do(c, "s", $"third after {before["first"]} and {before["second"]}")),
                new("second", ["first"], (c, before) => LongAsync(c, $"second after {before["first"]}")),
                new("first", c => Do(c, "s", "first")),
                new("beside", c => LongAsync(c, "beside")),
            ],
            new AllOptions { Concurrency = 2 }));
        return string.Join("; ", said);
    }

    private async Task<string> ReceivesAsync(IFlowContext ctx) => (await ctx.WaitFor<string>("note")).Value ?? "nothing";

    private async Task<string> ParkAsync(IFlowContext ctx)
    {
        string first = await Do(ctx, "first", "first");
        if (IsBroken)
        {
            // One name twice at once.
            await Task.WhenAll(Do(ctx, "same", "1"), Do(ctx, "same", "2"));
        }

        return first + await Do(ctx, "second", " second");
    }
}
