using System.Diagnostics;
using Actors.Flows;

namespace Actors.Benchmarks;

/// <summary>The flow of the figures: ten steps one after the other, each with a result of 170 bytes.</summary>
internal sealed class TenSteps : Flow<int, int>
{
    public static readonly string Result = new('x', 160);

    public override async Task<int> RunAsync(IFlowContext ctx, int input)
    {
        int total = 0;
        for (int i = 0; i < 10; i++)
        {
            string result = await ctx.Step("step", i, static (_, _) => Task.FromResult(Result));
            total += result.Length;
        }

        return total;
    }
}

/// <summary>The same ten steps in each iteration of a loop.</summary>
internal sealed class LoopOfTen : Flow<int, int>
{
    public override Task<int> RunAsync(IFlowContext ctx, int input) =>
        ctx.Loop("loop", 0, async (c, done, i) =>
        {
            for (int s = 0; s < 10; s++)
            {
                await c.Step("step", s, static (_, _) => Task.FromResult(TenSteps.Result));
            }

            return i + 1 < input ? Iteration.Next(done + 10) : Iteration.Done(done + 10);
        });

    public const int Iterations = 1_000;
}

/// <summary>A thousand items, fifty at a time, every item durable.</summary>
internal sealed class ThousandItems : Flow<int, int>
{
    public override async Task<int> RunAsync(IFlowContext ctx, int input)
    {
        int[] items = [.. Enumerable.Range(0, 1_000)];
        int[] results = await ctx.Map("items", items, static (c, item, _) => c.Step("work", item, static (v, _) => Task.FromResult(v + 1)), new MapOptions { Concurrency = 50 });
        return results.Length;
    }
}

/// <summary>One question to a person, and the end.</summary>
internal sealed class OneQuestion : Flow<int, string>
{
    public override async Task<string> RunAsync(IFlowContext ctx, int input) => (await ctx.Ask("approve", new HumanQuestion("Good?"))).Decision;
}

/// <summary>Five steps, then a body that does not end by itself: what a silo has in memory when it is killed.</summary>
internal sealed class HeldOpen(Func<IStepContext, Task<int>> hold) : Flow<int, int>
{
    public override async Task<int> RunAsync(IFlowContext ctx, int input)
    {
        for (int i = 0; i < 5; i++)
        {
            await ctx.Step("step", i, static (_, _) => Task.FromResult(TenSteps.Result));
        }

        return await ctx.Step("held", hold);
    }
}

/// <summary>Notes when the body of each step begins. One run at a time.</summary>
internal sealed class Timed : Flow<int, int>
{
    public const int Steps = 100;

    private static readonly List<long> Bodies = [];
    private static long s_begun;

    public static double FirstStep => Stopwatch.GetElapsedTime(s_begun, Bodies[0]).TotalMilliseconds;

    public static IEnumerable<double> BetweenSteps => Bodies.Zip(Bodies.Skip(1), static (a, b) => Stopwatch.GetElapsedTime(a, b).TotalMilliseconds);

    public static void Begin()
    {
        Bodies.Clear();
        s_begun = Stopwatch.GetTimestamp();
    }

    public override async Task<int> RunAsync(IFlowContext ctx, int input)
    {
        for (int i = 0; i < Steps; i++)
        {
            await ctx.Step("step", i, static (_, _) =>
            {
                Bodies.Add(Stopwatch.GetTimestamp());
                return Task.FromResult(TenSteps.Result);
            });
        }

        return Steps;
    }
}
