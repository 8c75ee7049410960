using Actors.Silos;
using Actors.Storage;
using System.Text.Json;
using Actors.Flows;
using Actors.Testing;

namespace Actors.Tests.Flows.Steps;

/// <summary>Runs YAML flows on a real silo in virtual time; each run is walked again from each of its commits.</summary>
public abstract class YamlRun : IAsyncLifetime
{
    protected ActorsTestHost Host { get; } = new(new ActorsTestOptions { RewalkEveryCommit = true });

    public Task InitializeAsync()
    {
        Host.MockTask<JsonElement, JsonElement>("Echo", input => input);
        Host.MockTask<JsonElement, JsonElement>("Fail", input => throw new TaskException(Text(input, "message") ?? "It failed.", Text(input, "code")));
        Host.MockTask<JsonElement, int>("Add", input => input.GetProperty("a").GetInt32() + input.GetProperty("b").GetInt32());
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await Host.DisposeAsync();

    /// <summary>Registers flows, the last of which is run.</summary>
    protected async Task<RunId> StartAsync(object? inputs, params string[] flows)
    {
        string name = "";
        foreach (string yaml in flows)
        {
            YamlFlowDefinition flow = YamlFlowDefinition.Parse(yaml, "test.yaml", Host.Tasks, flows: Host.Flows);
            Host.Flows.Add(flow);
            name = flow.Name;
        }

        await Host.StartAsync();
        return await Host.StartRunAsync(name, inputs);
    }

    /// <summary>The outputs of a run of these steps, as JSON.</summary>
    protected async Task<string> RunAsync(string yaml, object? inputs = null, params string[] others)
    {
        RunResult result = await EndAsync(yaml, inputs, others);
        Assert.True(result.Run.Status == RunStatus.Completed, $"{result.Run.Status}: {result.Error?.Type} {result.Error?.Message}");
        return Json(result.Output);
    }

    protected async Task<FlowError> FailAsync(string yaml, object? inputs = null, params string[] others)
    {
        RunResult result = await EndAsync(yaml, inputs, others);
        Assert.Equal(RunStatus.Failed, result.Run.Status);
        return result.Error!;
    }

    protected async Task<RunResult> EndAsync(string yaml, object? inputs = null, params string[] others) =>
        await EndAsync(await StartAsync(inputs, [.. others, yaml]));

    /// <summary>Lets time pass until the run has ended.</summary>
    protected async Task<RunResult> EndAsync(RunId run)
    {
        // The clock stands still while the journal is walked again.
        while (!(await Host.Store.GetRunAsync(Caller.Local.Tenant, run, default))!.Status.IsFinal())
        {
            await Host.SettleAsync();
            await Host.AdvanceAsync(TimeSpan.FromSeconds(1));
        }

        return await Host.EndAsync(run);
    }

    private static string Json(JsonElement element) => element.ValueKind == JsonValueKind.Undefined ? "" : Value.FromJson(element).ToJsonText();

    private static string? Text(JsonElement input, string name) =>
        input.ValueKind == JsonValueKind.Object && input.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}
