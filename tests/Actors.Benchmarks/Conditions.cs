using System.Diagnostics;
using Actors.Flows;

namespace Actors.Benchmarks;

/// <summary>What evaluating compiled expressions costs: nanoseconds and bytes for each, on one thread.</summary>
internal static class Conditions
{
    private const int Batch = 20_000;

    private static readonly string[] Texts =
    [
        "${inputs.total} > 100 and ${inputs.customer.tier} == 'gold'",
        "inputs.customer.tier in ['silver', 'gold'] and not inputs.blocked",
        "any(inputs.items, x => x.price > 90)",
        "(inputs.items | filter(x => x.price > 10) | length) > 3",
        "matches(inputs.customer.mail, '^[^@]+@example[.]com$')",
    ];

    public static void Run(TimeSpan time)
    {
        Names names = new(null, new FlowIds());
        names.Add(new Name("inputs", NameKind.Inputs, 0));
        Variables variables = new(null);
        variables.Set("inputs", Value.Parse(
            """{"total":120.5,"blocked":false,"customer":{"tier":"gold","mail":"ann@example.com"},"items":[{"price":5},{"price":20},{"price":40},{"price":80},{"price":95}]}"""));
        Console.WriteLine($"{"ns",8} {"bytes",8}  condition");
        foreach (string text in Texts)
        {
            Condition condition = new ExpressionCondition(ExpressionParser.ParseCondition(text, names, 1), text);
            Measure(condition, variables, TimeSpan.FromSeconds(0.5));
            (double nanoseconds, double bytes) = Measure(condition, variables, time);
            Console.WriteLine($"{nanoseconds,8:0} {bytes,8:0}  {text}");
        }
    }

    // Of many batches the fastest: what the machine does besides makes the others slower.
    private static (double Nanoseconds, double Bytes) Measure(Condition condition, Variables variables, TimeSpan time)
    {
        long end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        double best = double.MaxValue;
        double bytes = 0;
        while (Stopwatch.GetTimestamp() < end)
        {
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < Batch; i++)
            {
                condition.Test(new Evaluation(variables, Missing.Fails));
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / Batch);
            bytes = (GC.GetAllocatedBytesForCurrentThread() - allocated) / (double)Batch;
        }

        return (best, bytes);
    }
}
