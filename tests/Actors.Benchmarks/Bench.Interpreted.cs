using System.Globalization;
using System.Text;

namespace Actors.Benchmarks;

/// <summary>What it costs that a flow is written in YAML: the same ten steps, with a number for each and a total at the end.</summary>
internal static partial class Bench
{
    private static string Yaml { get; } = WriteYaml();

    public static async Task InterpretedAsync(string storeName, TimeSpan time, int rounds)
    {
        foreach (int concurrent in new[] { 64, 512 })
        {
            List<Figure> code = [];
            List<Figure> yaml = [];
            for (int round = 0; round < rounds; round++)
            {
                code.Add(await TenStepRunsAsync(storeName, concurrent, time));
                yaml.Add(await TenStepRunsAsync(storeName, concurrent, time, flow: "ten-steps"));
            }

            Print($"ten-step runs in C#, {concurrent} at once", code);
            Print($"ten-step runs in YAML, {concurrent} at once", yaml);
            Console.WriteLine($"  ratio at {concurrent}: YAML/C# {Median(yaml.Zip(code, static (y, c) => y.StepsPerSecond / c.StepsPerSecond)):0.00}");
        }
    }

    private static string WriteYaml()
    {
        StringBuilder text = new("flow: ten-steps\nsteps:\n");
        for (int i = 0; i < 10; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {{id: s{i}, task: Step, inputs: '${{{i}}}'}}\n");
        }

        text.Append("outputs:\n- {name: total, value: '${length(s0)");
        for (int i = 1; i < 10; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $" + length(s{i})");
        }

        return text.Append("}'}\n").ToString();
    }
}
