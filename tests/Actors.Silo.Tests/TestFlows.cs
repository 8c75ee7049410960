using System.Text.Json;

namespace Actors.Hosting.Tests;

public sealed record EchoInput(string Text, int Times = 1);

public sealed class EchoFlow : Flow<EchoInput, string>
{
    public override string Description => "Says it again.";

    public override Task<string> RunAsync(IFlowContext ctx, EchoInput input) =>
        ctx.Step("echo", input, (i, _) => Task.FromResult(string.Concat(Enumerable.Repeat(i.Text, i.Times))));
}

public sealed class FailFlow : Flow<JsonElement, string>
{
    public override Task<string> RunAsync(IFlowContext ctx, JsonElement input) =>
        ctx.Step<int, string>("charge", 1, (_, _) => throw new TaskException("The card was declined.", "card_declined"));
}

/// <summary>Waits for the signal <c>go</c> and gives its payload.</summary>
public sealed class GateFlow : Flow<JsonElement, string?>
{
    public override async Task<string?> RunAsync(IFlowContext ctx, JsonElement input)
    {
        await ctx.Step("before", 1, (i, _) => Task.FromResult(i));
        Signal<string> signal = await ctx.WaitFor<string>("go");
        return signal.Value;
    }
}

/// <summary>Asks for an amount, and gives the answer's data.</summary>
public sealed class AskForAmountFlow : Flow<JsonElement, JsonElement?>
{
    public override async Task<JsonElement?> RunAsync(IFlowContext ctx, JsonElement input) =>
        (await ctx.Ask("amount", new HumanQuestion("How much?")
        {
            Form = Actors.Flows.JsonSchema.Parse("{\"type\":\"object\",\"required\":[\"amount\"],\"properties\":{\"amount\":{\"type\":\"integer\",\"maximum\":100},\"note\":{\"default\":\"none\"}}}"),
        })).Data;
}

/// <summary>Asks whoever may answer, and gives the decision.</summary>
public sealed class AskFlow : Flow<string[], string>
{
    public override async Task<string> RunAsync(IFlowContext ctx, string[] input)
    {
        HumanAnswer answer = await ctx.Ask("approval", new HumanQuestion("May it go on?") { Details = new { amount = 42 }, Candidates = input });
        return $"{answer.Decision} by {answer.By}: {answer.Comment}";
    }
}
