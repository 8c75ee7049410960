namespace Actors.Flows;

/// <summary>The values that a walk has at hand by name: the block's own, and around them those of the blocks outside. For one walk only.</summary>
internal sealed class Variables(Variables? outer)
{
    private Dictionary<string, Value>? _own;

    /// <summary>Null for a name without a value: what the name stands for has not run, because every name is checked when the flow is read.</summary>
    public Value Get(string name)
    {
        for (Variables? variables = this; variables is not null; variables = variables.Outer)
        {
            if (variables._own is not null && variables._own.TryGetValue(name, out Value value))
            {
                return value;
            }
        }

        return Value.Null;
    }

    public void Set(string name, Value value) => (_own ??= new(StringComparer.Ordinal))[name] = value;

    public void SetAll(Value values)
    {
        foreach (KeyValuePair<string, Value> entry in values.AsObject?.Entries ?? [])
        {
            Set(entry.Key, entry.Value);
        }
    }

    public bool HasOwn(string name) => _own?.ContainsKey(name) == true;

    /// <summary>This block's own values as an object, in order of their first setting.</summary>
    public Value Own() => _own is null ? Value.EmptyObject : Value.Object(_own);

    /// <summary>Gives another one everything that can be seen from here.</summary>
    public void CopyTo(Variables other)
    {
        Outer?.CopyTo(other);
        foreach (KeyValuePair<string, Value> entry in _own ?? [])
        {
            other.Set(entry.Key, entry.Value);
        }
    }

    private Variables? Outer { get; } = outer;
}
