using System.Diagnostics;
using System.Globalization;
using System.Text;
using Actors.Flows;

namespace Actors.Benchmarks;

/// <summary>What reading and checking a large flow costs.</summary>
internal static class Loading
{
    private const int Steps = 2_000;
    private const int Rounds = 15;

    public static void Run()
    {
        string yaml = Write();
        TaskRegistry tasks = new();
        tasks.Add<Value, Value>("Work", static (input, _) => Task.FromResult(input));
        List<double> times = [];
        for (int i = 0; i < Rounds; i++)
        {
            long begun = Stopwatch.GetTimestamp();
            _ = YamlFlowDefinition.Parse(yaml, "large.yaml", tasks);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        double first = times[0];
        times.Sort();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"a flow of {Steps:N0} steps, {yaml.Length / 1024:N0} KiB: read and checked in {times[times.Count / 2]:0} ms (median of {Rounds}; the first {first:0} ms, fastest {times[0]:0} ms)"));
    }

    // Tasks with references to those before them, conditions, and a block for every ten.
    private static string Write()
    {
        StringBuilder text = new("flow: large\ninputs:\n- {name: total, type: number}\nsteps:\n- {id: s0, task: Work, inputs: {n: 1}}\n");
        for (int i = 1; i < Steps; i++)
        {
            string step = i % 10 == 0
                ? $"- for_each: [1, 2]\n  do:\n  - {{id: i{i}, task: Work, inputs: {{n: '${{item}}', before: '${{s{i - 1}.n}}'}}}}\n- {{id: s{i}, task: Work, if: inputs.total > {i}, inputs: {{n: '${{inputs.total + {i}}}'}}}}\n"
                : $"- id: s{i}\n  task: Work\n  inputs: {{n: '${{(s{i - 1}?.n ?? 0) + 1}}', text: 'step {i} of ${{inputs.total}}'}}\n  retry: {{max_attempts: 3, delay: 1s}}\n";
            text.Append(step);
        }

        return text.ToString();
    }
}
