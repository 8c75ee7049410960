using System.Text.Json;
using Actors.Silos;
using Actors.Storage;
using Actors.Tests.Flows.Steps;

namespace Actors.Tests.Flows;

/// <summary>YAML and C# are two ways of writing for one engine: the same flow leaves the same kinds of entries under the same keys, and gives the same.</summary>
public sealed class YamlAndCodeTests : YamlRun
{
    private const string Yaml =
        """
        flow: yaml
        inputs: [{name: orders, type: array}]
        state: {sold: {type: integer, default: 0}}
        steps:
        - {id: open, task: Add, inputs: {a: 1, b: 2}}
        - id: lines
          for_each: ${inputs.orders}
          as: order
          key: ${order.id}
          concurrency: 2
          do: [{task: Add, inputs: {a: '${order.n}', b: '${open}'}}]
        - parallel:
          - {id: mail, task: Echo, inputs: {to: ann}}
          - {id: book, task: Add, depends_on: mail, inputs: {a: 0, b: 1}}
        - id: poll
          loop: [{task: Add, inputs: {a: '${carried}', b: 2}}]
          carry: 0
          until: carried >= 2
          max: 10
        - {wait: 1h}
        - {id: ok, approval: 'Ship?'}
        - {task: Fail, on_error: [{task: Echo, inputs: {m: '${error.message}'}}]}
        - {set: {sold: '${length(lines)}'}}
        outputs:
        - lines
        - {name: ok, value: '${ok.decision}'}
        - {name: poll, value: '${poll}'}
        - {name: sold, value: '${state.sold}'}
        """;

    private sealed record Order(string Id, int N);

    [Fact]
    public async Task The_same_flow_leaves_the_same_journal()
    {
        Host.Flow<JsonElement, object>("code", RunAsync);
        var input = new { orders = new[] { new Order("a", 1), new Order("b", 2) } };
        RunId yaml = await StartAsync(input, Yaml);
        RunId code = await Host.StartRunAsync("code", input);
        (string Output, string[] Journal) written = await EndAndReadAsync(yaml);
        (string Output, string[] Journal) coded = await EndAndReadAsync(code);

        Assert.Equal("""{"lines":[4,5],"ok":"approve","poll":4,"sold":2}""", written.Output);
        Assert.Equal(coded.Output, written.Output);
        Assert.Equal(coded.Journal, written.Journal);
    }

    private async Task<(string, string[])> EndAndReadAsync(RunId run)
    {
        Task<HumanTaskRow> asked = Host.WhenAskedAsync(run);
        while (!asked.IsCompleted)
        {
            await Host.SettleAsync();
            await Host.AdvanceAsync(TimeSpan.FromMinutes(10));
        }

        await Host.AnswerAsync(run);
        RunResult result = await EndAsync(run);
        IReadOnlyList<JournalEntry> journal = await Host.Store.ReadJournalAsync(Caller.Local.Tenant, run, 0, 1000, default);

        // What happens side by side is recorded in the order in which it ends.
        return (result.Output.GetRawText(), [.. journal.Select(entry => $"{entry.Kind} {entry.Key}").Order(StringComparer.Ordinal)]);
    }

    private static async Task<object> RunAsync(IFlowContext ctx, JsonElement input)
    {
        Order[] orders = input.GetProperty("orders").Deserialize<Order[]>(FlowJson.Options)!;
        int open = await ctx.Step("open", 1, static (a, _) => Task.FromResult(a + 2));
        int[] lines = await ctx.Map(
            "lines", orders, (item, order, _) => item.Step("Add", order.N, (n, _) => Task.FromResult(n + open)), new MapOptions { Concurrency = 2 }, (order, _) => order.Id);
        await ctx.All<int>(
            "parallel",
            [
                new Branch<int>("mail", branch => branch.Step("mail", 0, static (_, _) => Task.FromResult(0))),
                new Branch<int>("book", ["mail"], (branch, _) => branch.Step("book", 0, static (_, _) => Task.FromResult(1))),
            ]);
        int poll = await ctx.Loop("poll", 0, async (loop, carried, _) =>
        {
            int next = await loop.Step("Add", carried, static (n, _) => Task.FromResult(n + 2));
            return carried >= 2 ? Iteration.Done(next) : Iteration.Next(next);
        });
        await ctx.Sleep("wait", TimeSpan.FromHours(1));
        HumanAnswer ok = await ctx.Ask("ok", new HumanQuestion("Ship?"));
        try
        {
            await ctx.Step<int, int>("Fail", 0, static (_, _) => throw new TaskException("It failed."));
        }
        catch (StepFailedException e)
        {
            await ctx.Scope("Fail-error", scope => scope.Step("Echo", e.Error.Message, static (m, _) => Task.FromResult(m)));
        }

        ctx.State.Set("sold", lines.Length);
        return new { lines, ok = ok.Decision, poll, sold = lines.Length };
    }
}
