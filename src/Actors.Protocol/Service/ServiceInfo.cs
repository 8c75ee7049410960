namespace Actors.Protocol;

/// <summary>What answers here.</summary>
/// <param name="Storage">The store's name, e.g. <c>sqlite</c>.</param>
/// <param name="Flows">How many flows are registered.</param>
public sealed record ServiceInfo(string Name, string Version, string Storage, bool Ready, int Flows, int ActiveRuns, ServiceLinks Links);

public sealed record ServiceLinks(string Flows, string Runs, string HumanTasks, string Live, string Ready);

/// <param name="Status"><c>live</c>, <c>ready</c> or <c>not-ready</c>.</param>
public sealed record Health(string Status);
