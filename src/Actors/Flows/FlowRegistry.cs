namespace Actors.Flows;

/// <summary>
/// The flows of a silo: several versions of one name side by side; a new run takes the one that was added last. What is not added here cannot be started here, whatever the store has of it;
/// runs that began with it go on. Thread-safe.
/// </summary>
public sealed class FlowRegistry
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<FlowDefinition>> _flows = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Name, string Version), FlowDefinition> _kept = [];

    /// <summary>Grows whenever a flow is added.</summary>
    internal int Changes { get; private set; }

    public FlowRegistry Add<TIn, TOut>(Flow<TIn, TOut> flow) => Add(new CodeFlowDefinition<TIn, TOut>(flow));

    /// <summary>Adds a version and makes it the latest of its name. Adding the same version again makes it the latest again.</summary>
    /// <exception cref="ArgumentException">The flow's limit of time is zero or less.</exception>
    public FlowRegistry Add(FlowDefinition flow)
    {
        ArgumentNullException.ThrowIfNull(flow);
        if (flow.RunTimeout <= TimeSpan.Zero)
        {
            throw new ArgumentException($"The run timeout of flow '{flow.Name}' is {flow.RunTimeout}; it must be more than zero.", nameof(flow));
        }

        lock (_lock)
        {
            if (!_flows.TryGetValue(flow.Name, out List<FlowDefinition>? versions))
            {
                _flows.Add(flow.Name, versions = []);
            }

            versions.RemoveAll(v => v.Version == flow.Version);
            versions.Add(flow);
            Changes++;
        }

        return this;
    }

    /// <summary>Keeps a version that was read from the store for a run that began with it. Nothing else finds it: whether a flow can be started must not depend on which runs happen to be in memory.</summary>
    internal void Keep(FlowDefinition flow)
    {
        lock (_lock)
        {
            _kept[(flow.Name, flow.Version)] = flow;
        }
    }

    /// <summary>The definition that a run is pinned to: a version that was added, or that is kept for its runs. Null when it is neither.</summary>
    internal FlowDefinition? FindPinned(string name, string version)
    {
        lock (_lock)
        {
            return _flows.GetValueOrDefault(name)?.Find(v => v.Version == version) ?? _kept.GetValueOrDefault((name, version));
        }
    }

    /// <summary>The flow of this name and version, by pinned version first, then by label; the latest when the version is null. Null when there is none.</summary>
    public FlowDefinition? Find(string name, string? version = null)
    {
        lock (_lock)
        {
            if (!_flows.TryGetValue(name, out List<FlowDefinition>? versions))
            {
                return null;
            }

            return version is null
                ? versions[^1]
                : versions.Find(v => v.Version == version) ?? versions.FindLast(v => v.Label == version);
        }
    }

    /// <summary>The latest version of each name, in alphabetical order.</summary>
    public IReadOnlyList<FlowDefinition> Latest
    {
        get
        {
            lock (_lock)
            {
                return _flows.Values.Select(v => v[^1]).OrderBy(f => f.Name, StringComparer.Ordinal).ToArray();
            }
        }
    }

    /// <summary>Every version of every name, in no certain order.</summary>
    internal IReadOnlyList<FlowDefinition> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _flows.Values.SelectMany(static v => v)];
            }
        }
    }

    /// <summary>All versions of a name, oldest first; empty when there is none.</summary>
    public IReadOnlyList<FlowDefinition> Versions(string name)
    {
        lock (_lock)
        {
            return _flows.TryGetValue(name, out List<FlowDefinition>? versions) ? versions.ToArray() : [];
        }
    }
}
