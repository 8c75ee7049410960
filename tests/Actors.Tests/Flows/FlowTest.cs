using System.Text;
using System.Text.Json;
using Actors.Flows;

namespace Actors.Tests.Flows;

/// <summary>Reads and runs YAML flows with a few tasks.</summary>
public abstract class FlowTest
{
    internal FakeRun Run { get; } = new();

    /// <summary>The names and inputs of the tasks that ran, in order.</summary>
    internal List<string> Calls { get; } = [];

    internal TaskRegistry Tasks { get; }

    protected FlowTest()
    {
        Tasks = new TaskRegistry();
        Tasks.Add<JsonElement, JsonElement>("Echo", (input, _) => Called("Echo", input, input));
        Tasks.Add<JsonElement, JsonElement>("Total", (input, _) => Called("Total", input, JsonSerializer.SerializeToElement(new { total = 12.50m, items = new[] { 1, 2, 3 }, name = "ann" })));
        Tasks.Add<JsonElement, JsonElement>("Fail", (input, _) =>
        {
            Note("Fail", input);
            throw new TaskException("card was declined", "card_declined") { Type = "CardError", Details = JsonSerializer.SerializeToElement(new { limit = 5 }) };
        });
        Tasks.Add<JsonElement, JsonElement>("Forever", async (input, step) =>
        {
            Note("Forever", input);
            await Task.Delay(Timeout.InfiniteTimeSpan, step.Time, step.CancellationToken);
            return input;
        });
    }

    internal YamlFlowDefinition Parse(string yaml) => YamlFlowDefinition.Parse(yaml, "test.yaml", Tasks);

    /// <summary>Parses steps under a flow's head.</summary>
    internal YamlFlowDefinition Flow(string steps, string rest = "") => Parse($"flow: test\n{rest}\nsteps:\n{steps}");

    internal async Task<FlowResult> Execute(YamlFlowDefinition flow, string input = "{}")
    {
        ReadOnlyMemory<byte> bytes = flow.CheckInput(JsonDocument.Parse(input).RootElement);
        return await flow.RunAsync(Run.Context(), bytes);
    }

    internal async Task<string> Output(string yaml, string input = "{}") => Encoding.UTF8.GetString((await Execute(Parse(yaml), input)).Output.Span);

    private Task<JsonElement> Called(string name, JsonElement input, JsonElement result)
    {
        Note(name, input);
        return Task.FromResult(result);
    }

    private void Note(string name, JsonElement input)
    {
        lock (Calls)
        {
            Calls.Add($"{name} {input.GetRawText()}");
        }
    }
}
