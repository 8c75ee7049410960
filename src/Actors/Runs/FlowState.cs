using System.Text.Json;

namespace Actors;

/// <summary>
/// A run's state: named JSON values. It starts empty at each walk and is rebuilt by it, so an increment counts each time once.
/// A block of its own (a scope, a branch, an item, an iteration) sees what was there when it began and keeps its writes to itself until it ends;
/// then they are applied, those of parallel branches in the order in which the branches are declared, but never before those of a branch they come after.
/// Not thread-safe: for flow code only.
/// </summary>
public sealed class FlowState
{
    private readonly FlowState? _outer;
    private Dictionary<string, JsonElement>? _own;

    internal FlowState(FlowState? outer) => _outer = outer;

    /// <summary>The value, or the default of <typeparamref name="T"/> when there is none.</summary>
    /// <exception cref="JsonException">The value is not of this type.</exception>
    public T? Get<T>(string name) => TryFind(name, out JsonElement value) ? value.Deserialize<T>(FlowJson.Options) : default;

    /// <summary>True when the value is there and not null.</summary>
    public bool Has(string name) => TryFind(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>Sets a value; null removes it.</summary>
    public void Set<T>(string name, T value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Put(name, JsonSerializer.SerializeToElement(value, FlowJson.Options));
    }

    /// <summary>All names with a value, in no particular order.</summary>
    public IReadOnlyCollection<string> Names
    {
        get
        {
            HashSet<string> names = new(StringComparer.Ordinal);
            for (FlowState? state = this; state is not null; state = state._outer)
            {
                foreach (string name in state._own?.Keys ?? Enumerable.Empty<string>())
                {
                    names.Add(name);
                }
            }

            names.RemoveWhere(name => !Has(name));
            return names;
        }
    }

    internal void Put(string name, JsonElement value) => (_own ??= new(StringComparer.Ordinal))[name] = value;

    /// <summary>What this block wrote; null when nothing.</summary>
    internal IReadOnlyDictionary<string, JsonElement>? Delta => _own is { Count: > 0 } ? _own : null;

    internal void Apply(IReadOnlyDictionary<string, JsonElement>? delta)
    {
        if (delta is null)
        {
            return;
        }

        foreach ((string name, JsonElement value) in delta)
        {
            Put(name, value);
        }
    }

    private bool TryFind(string name, out JsonElement value)
    {
        for (FlowState? state = this; state is not null; state = state._outer)
        {
            if (state._own is not null && state._own.TryGetValue(name, out value))
            {
                return true;
            }
        }

        value = default;
        return false;
    }
}
