using System.Text.Json;
using System.Text.Json.Nodes;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Actors.Tests.Runs;

namespace Actors.Tests.Documentation;

/// <summary>What the README shows is what runs.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void The_first_block_holds_the_two_commands()
    {
        string[] lines = Block("sh").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["dotnet run --project client/Actors.Cli -- demo --yes", "dotnet test Actors.sln"], lines);
    }

    [Fact]
    public void The_flow_in_CSharp_is_the_one_that_is_tested()
    {
        string source = File.ReadAllText(Path.Combine(Repository.Root, "tests", "Actors.Tests", "Documentation", "RefundFlow.cs"));
        Assert.Contains(Block("csharp"), source, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_plugin_is_the_one_that_is_compiled_and_pays()
    {
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md")).ReplaceLineEndings("\n");
        string source = File.ReadAllText(Path.Combine(Repository.Root, "tests", "Actors.Tests", "Documentation", "PayPlugin.cs"));
        string shown = readme[(readme.LastIndexOf("```csharp\n", StringComparison.Ordinal) + 10)..];
        Assert.Contains(shown[..shown.IndexOf("```", StringComparison.Ordinal)], source, StringComparison.Ordinal);

        await using EngineFixture engine = new();
        new PayPlugin().Configure(new ActorsRegistration(engine.Tasks, engine.Flows, null!));
        engine.Flows.Add(YamlFlowDefinition.Parse(
            "flow: pay\nsteps:\n  - task: Pay\n    id: payment\n    inputs: { employee: ann, amount: 7 }\noutputs:\n  - name: transaction\n    value: ${payment.transaction}\n", "pay.yaml", engine.Tasks));
        await engine.StartAsync();
        Assert.Equal("TXN-ann-7", (await engine.RunAsync("pay", new Dictionary<string, object>())).Output.GetProperty("transaction").GetString());
    }

    [Theory]
    [InlineData("yaml", 50, null, true)]
    [InlineData("yaml", 500, "approve", true)]
    [InlineData("yaml", 500, "reject", false)]
    [InlineData("code", 50, null, true)]
    [InlineData("code", 500, "approve", true)]
    [InlineData("code", 500, "reject", false)]
    public async Task Both_flows_pay_what_may_be_paid(string kind, int amount, string? decision, bool paid)
    {
        await using EngineFixture engine = new();
        engine.Tasks.Add<JsonObject, JsonObject>("FindOrder", (input, _) => Task.FromResult(new JsonObject { ["number"] = $"ORD-{input["order_id"]}" }));
        engine.Tasks.Add<JsonObject, JsonObject>("PayBack", (_, _) => Task.FromResult(new JsonObject { ["transaction"] = "TXN-1" }));
        engine.Tasks.Add<JsonObject>("TellCustomer", (_, _) => Task.CompletedTask);
        engine.Flows.Add(new RefundFlow(new RefundService()));
        engine.Flows.Add(YamlFlowDefinition.Parse(Block("yaml"), "README.md", engine.Tasks));
        await engine.StartAsync();
        RunId run = kind == "yaml"
            ? await engine.StartRunAsync("refund", new Dictionary<string, object> { ["order_id"] = "7", ["amount"] = amount })
            : await engine.StartRunAsync("Refund", new RefundRequest("7", amount));
        if (decision is not null)
        {
            HumanTaskRow task = await engine.WhenAskedAsync(run);
            Assert.Equal("Refund 500 for order ORD-7?", task.Title);
            await engine.Silo.AnswerAsync(task.Id, new TaskAnswer(decision), EngineFixture.Caller);
        }

        RunResult result = await engine.EndAsync(run);
        Assert.Equal(RunStatus.Completed, result.Run.Status);
        Assert.Equal(paid, result.Output.GetProperty("paid").GetBoolean());
        Assert.Equal(paid ? "TXN-1" : null, result.Output.TryGetProperty("transaction", out JsonElement transaction) ? transaction.GetString() : null);
    }

    private static string Block(string language)
    {
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md")).ReplaceLineEndings("\n");
        int start = readme.IndexOf($"```{language}\n", StringComparison.Ordinal) + language.Length + 4;
        return readme[start..readme.IndexOf("```", start, StringComparison.Ordinal)];
    }
}
