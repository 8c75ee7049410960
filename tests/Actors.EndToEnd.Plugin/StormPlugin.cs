using Actors.Flows;

namespace Actors.EndToEnd.Plugin;

/// <summary>Flows whose every step is a call to the recorder at <c>Recorder:Url</c>.</summary>
public sealed class StormPlugin : IActorsPlugin
{
    private const string Yaml = """
        flow: storm_yaml
        inputs:
          - name: number
            type: integer
        steps:
          - task: Effect
            id: reserve
          - for_each: ${[1, 2, 3]}
            as: item
            concurrency: 2
            do:
              - task: Effect
                id: line
          - parallel:
              - task: Effect
                id: left
              - task: Effect
                id: right
          - task: Flaky
            id: flaky
            retry: { max_attempts: 3, delay: 0.01 }
          - if: ${inputs.number % 4 == 0}
            then:
              - approval: { title: "Ship it?" }
                id: approve
          - task: Effect
            id: ship
        outputs:
          - name: shipped
            value: ${ship.done}
        """;

    public void Configure(ActorsRegistration registration)
    {
        ArgumentNullException.ThrowIfNull(registration);
        Recorder recorder = new(registration.Configuration["Recorder:Url"] ?? throw new InvalidOperationException("Recorder:Url is not set."));
        registration.Tasks.Add<object?, Done>("Effect", (_, step) => recorder.RecordAsync(step));
        registration.Tasks.Add<object?, Done>("Flaky", async (_, step) =>
        {
            Done done = await recorder.RecordAsync(step);
            return step.Attempt == 1 ? throw new TaskException("The first attempt always fails.", "flaky") : done;
        });
        registration.Flows.Add(new StormFlow(recorder));
        registration.Flows.Add(YamlFlowDefinition.Parse(Yaml, "storm.yaml", registration.Tasks));
    }
}

public sealed record StormInput(int Number);

public sealed record StormResult(bool Shipped);

/// <summary>The same flow as the YAML above, in C#.</summary>
public sealed class StormFlow(Recorder recorder) : Flow<StormInput, StormResult>
{
    public override string Name => "storm_code";

    public override async Task<StormResult> RunAsync(IFlowContext ctx, StormInput input)
    {
        await ctx.Step("reserve", step => recorder.RecordAsync(step));
        await ctx.Map("lines", [1, 2, 3], (c, _, _) => c.Step("line", step => recorder.RecordAsync(step)), new MapOptions { Concurrency = 2 });
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
        if (input.Number % 4 == 0)
        {
            await ctx.Ask("approve", new HumanQuestion("Ship it?"));
        }

        Done shipped = await ctx.Step("ship", step => recorder.RecordAsync(step));
        return new StormResult(shipped.done);
    }
}
