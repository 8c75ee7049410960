using System.Text.Json;
using Actors.Flows;

namespace Actors.Tests.Flows;

/// <summary>What a kind's step is given, without an engine.</summary>
internal sealed class KindStepContext(FlowResources resources, CancellationToken cancellationToken = default) : IStepContext
{
    public RunInfo Run { get; } = new(new RunId("r1"), "flow", "1", "tenant", "ann", DateTimeOffset.UnixEpoch);

    public string StepKey { get; init; } = "call";

    public int Attempt => 1;

    public string IdempotencyKey => $"{Run.Id}:{StepKey}";

    public CancellationToken CancellationToken => cancellationToken;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public IStepConnection GetConnection(string name) => resources.Connections.Find(name);

    /// <summary>Runs a kind with settings as a flow would have them after their evaluation.</summary>
    public async Task<JsonElement> RunAsync(string kind, object settings) => await resources.Kinds.Find(kind)!.Run(JsonSerializer.SerializeToElement(settings), this);
}
