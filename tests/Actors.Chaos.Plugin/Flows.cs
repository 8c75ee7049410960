using Actors.EndToEnd.Plugin;
using Actors.Flows;

namespace Actors.Chaos.Plugin;

/// <param name="Ask">True: a person must approve in the middle.</param>
/// <param name="Sleep">True: it waits for a second in the middle.</param>
/// <param name="Child">True: it calls another flow in the middle.</param>
public sealed record TenInput(int Number, bool Ask = false, bool Sleep = false, bool Child = false);

public sealed record TenResult(int Number, string? Decision);

/// <summary>Ten steps, one after the other and side by side, with what people, time and other flows do in between.</summary>
public sealed class TenFlow(Recorder recorder) : Flow<TenInput, TenResult>
{
    public override string Name => "ten";

    public override async Task<TenResult> RunAsync(IFlowContext ctx, TenInput input)
    {
        await ctx.Step("one", step => recorder.RecordAsync(step));
        await ctx.Step("two", step => recorder.RecordAsync(step));
        await ctx.Map("lines", [1, 2, 3], (c, _, _) => c.Step("line", step => recorder.RecordAsync(step)), new MapOptions { Concurrency = 2 });
        if (input.Sleep)
        {
            await ctx.Sleep("nap", TimeSpan.FromSeconds(1));
        }

        if (input.Child)
        {
            await ctx.Call<int, bool>("leaf", "leaf", input.Number);
        }

        string? decision = input.Ask ? (await ctx.Ask("approve", new HumanQuestion("Go on?"))).Decision : null;
        await ctx.All<Done>("both",
        [
            new("left", c => c.Step("left", step => recorder.RecordAsync(step))),
            new("right", c => c.Step("right", step => recorder.RecordAsync(step))),
        ]);
        await ctx.Step(
            "flaky",
            async step =>
            {
                Done done = await recorder.RecordAsync(step);
                return step.Attempt == 1 ? throw new TaskException("The first attempt always fails.", "flaky") : done;
            },
            new StepOptions { Retry = new RetryPolicy { MaxAttempts = 3, Delay = TimeSpan.FromMilliseconds(10) } });
        await ctx.Step("nine", step => recorder.RecordAsync(step));
        await ctx.Step("ten", step => recorder.RecordAsync(step));
        return new TenResult(input.Number, decision);
    }
}

public sealed class LeafFlow(Recorder recorder) : Flow<int, bool>
{
    public override string Name => "leaf";

    public override async Task<bool> RunAsync(IFlowContext ctx, int input) => (await ctx.Step("leaf", step => recorder.RecordAsync(step))).done;
}

/// <param name="Ms">How long each body takes.</param>
/// <param name="Stubborn">True: the first body does not hear that it is to stop.</param>
public sealed record SlowInput(int Steps, int Ms, bool Stubborn = false);

/// <summary>Steps whose bodies take their time and say when they have ended.</summary>
public sealed class SlowFlow(Recorder recorder) : Flow<SlowInput, int>
{
    public override string Name => "slow";

    public override async Task<int> RunAsync(IFlowContext ctx, SlowInput input)
    {
        for (int i = 0; i < input.Steps; i++)
        {
            bool stubborn = input.Stubborn && i == 0;
            await ctx.Step("slow", step => recorder.RecordLongAsync(step, TimeSpan.FromMilliseconds(input.Ms), stubborn));
        }

        return input.Steps;
    }
}

/// <summary>Waits for so many milliseconds between two steps.</summary>
public sealed class SleepFlow(Recorder recorder) : Flow<int, bool>
{
    public override string Name => "sleep";

    public override async Task<bool> RunAsync(IFlowContext ctx, int input)
    {
        await ctx.Step("before", step => recorder.RecordAsync(step));
        await ctx.Sleep("sleep", TimeSpan.FromMilliseconds(input));
        return (await ctx.Step("after", step => recorder.RecordAsync(step))).done;
    }
}

/// <summary>Asks, acts on the answer, and asks again; cleans up when it is cancelled.</summary>
public sealed class PlacesFlow(Recorder recorder) : Flow<int, string>
{
    public override string Name => "places";

    public override async Task<string> RunAsync(IFlowContext ctx, int input)
    {
        ctx.CleanUp("undo", c => c.Step("undo", step => recorder.RecordAsync(step)));
        await ctx.Step("begin", step => recorder.RecordAsync(step));
        string first = (await ctx.Ask("first", new HumanQuestion("Go on?"))).Decision;
        await ctx.Step("next", step => recorder.RecordAsync(step));
        string second = (await ctx.Ask("second", new HumanQuestion("And again?"))).Decision;
        return first + " " + second;
    }
}

/// <param name="End">True: nothing follows; the value does not count.</param>
public sealed record Addition(int Value, bool End = false);

/// <summary>Takes in signals until one says that it is the last, and gives their values in order of arrival.</summary>
public sealed class CounterFlow : Flow<int, IReadOnlyList<int>>
{
    public override string Name => "counter";

    public override async Task<IReadOnlyList<int>> RunAsync(IFlowContext ctx, int input) =>
        await ctx.Loop<IReadOnlyList<int>>("take", [], async (c, taken, _) =>
        {
            Addition add = (await c.WaitFor<Addition>("add")).Value!;
            return add.End ? Iteration.Done(taken) : Iteration.Next<IReadOnlyList<int>>([.. taken, add.Value]);
        });
}

/// <summary>What only the newer build has.</summary>
public sealed class NewerFlow(Recorder recorder) : Flow<int, bool>
{
    public override string Name => "newer";

    public override async Task<bool> RunAsync(IFlowContext ctx, int input)
    {
        await ctx.Step("newer", step => recorder.RecordAsync(step));
        await ctx.Ask("approve", new HumanQuestion("Go on?"));
        return (await ctx.Step("after", step => recorder.RecordAsync(step))).done;
    }
}
