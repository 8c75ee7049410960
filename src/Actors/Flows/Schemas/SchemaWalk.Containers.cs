using System.Globalization;

namespace Actors.Flows;

/// <summary>Objects, lists, and schemas of schemas.</summary>
internal sealed partial class SchemaWalk
{
    private Value ApplyObject(SchemaNode node, Value value)
    {
        KeyValuePair<string, Value>[] entries = value.AsObject!.Entries;
        KeyValuePair<string, Value>[]? changed = null;
        for (int i = 0; i < entries.Length && !_faults.IsFull; i++)
        {
            Value now = ApplyProperty(node, entries[i].Key, entries[i].Value);
            if (!IsSame(now, entries[i].Value))
            {
                changed ??= [.. entries];
                changed[i] = new(entries[i].Key, now);
            }
        }

        List<KeyValuePair<string, Value>>? added = Defaults(node, value.AsObject!);
        if (added is not null)
        {
            value = Value.Object((changed ?? entries).Concat(added));
        }
        else if (changed is not null)
        {
            value = Value.Object(changed);
        }

        ValueMap map = value.AsObject!;
        if (map.Entries.Length < node.MinProperties)
        {
            Fault($"must have at least {Count(node.MinProperties.Value, "property")}, but has {map.Entries.Length}");
        }

        if (map.Entries.Length > node.MaxProperties)
        {
            Fault($"must have at most {Count(node.MaxProperties.Value, "property")}, but has {map.Entries.Length}");
        }

        Require(map, node.Required, null);
        foreach (KeyValuePair<string, string[]> dependent in node.DependentRequired)
        {
            Spend(1);
            if (map.TryGet(dependent.Key, out _))
            {
                Require(map, dependent.Value, dependent.Key);
            }
        }

        return value;
    }

    private void Require(ValueMap map, string[] names, string? because)
    {
        foreach (string name in names)
        {
            Spend(1);
            if (_faults.IsFull)
            {
                return;
            }

            if (!map.TryGet(name, out _))
            {
                _path.Add(name);
                Fault(because is null ? "is required" : $"is required, because '{Text.Shorten(because, ShownMax)}' is there");
                _path.RemoveAt(_path.Count - 1);
            }
        }
    }

    private Value ApplyProperty(SchemaNode node, string name, Value value)
    {
        Spend(1);
        _path.Add(name);
        if (node.PropertyNames is not null)
        {
            CheckName(node.PropertyNames, name);
        }

        bool known = false;
        if (node.PropertyIndex is not null && node.PropertyIndex.TryGetValue(name, out SchemaNode? own))
        {
            known = true;
            value = Apply(own, value);
        }

        foreach ((SchemaPattern pattern, SchemaNode inner) in node.PatternProperties)
        {
            if (Matches(pattern, name))
            {
                known = true;
                value = Apply(inner, value);
            }
        }

        if (!known && node.AdditionalProperties is not null)
        {
            if (node.AdditionalProperties.Always == false)
            {
                string? near = _faults.IsFull || _faults.IsQuiet ? null : Text.Nearest(name, node.Properties.Take(500).Select(p => p.Key));
                Fault($"is not a known property{(near is null ? "" : $"; did you mean '{Text.Shorten(near, ShownMax)}'?")}");
            }
            else
            {
                value = Apply(node.AdditionalProperties, value);
            }
        }

        _path.RemoveAt(_path.Count - 1);
        return value;
    }

    private void CheckName(SchemaNode node, string name)
    {
        FaultList mine = _faults;
        _faults = new FaultList(1);
        Apply(node, Value.Of(name));
        SchemaFault? fault = _faults.All.FirstOrDefault();
        _faults = mine;
        if (fault is not null)
        {
            Fault($"has a name that {fault.Message}");
        }
    }

    // A property that is absent and has a default is given it, before anything asks whether it is there.
    private List<KeyValuePair<string, Value>>? Defaults(SchemaNode node, ValueMap map)
    {
        List<KeyValuePair<string, Value>>? added = null;
        foreach (KeyValuePair<string, SchemaNode> property in node.Properties)
        {
            Spend(1);
            if (_faults.IsFull)
            {
                return added;
            }

            if (property.Value.FindDefault() is { } fallback && !map.TryGet(property.Key, out _))
            {
                // Written out later for each place that it fills.
                Spend(1 + (fallback.Size / CharactersPerStep));
                _path.Add(property.Key);
                (added ??= []).Add(new(property.Key, Apply(property.Value, fallback)));
                _path.RemoveAt(_path.Count - 1);
            }
        }

        return added;
    }

    private Value ApplyList(SchemaNode node, Value value)
    {
        Value[] items = value.AsList!.Items;
        if (items.Length < node.MinItems)
        {
            Fault($"must have at least {Count(node.MinItems.Value, "item")}, but has {items.Length}");
        }

        if (items.Length > node.MaxItems)
        {
            Fault($"must have at most {Count(node.MaxItems.Value, "item")}, but has {items.Length}");
        }

        Value[]? changed = null;
        int end = node.Items is null ? Math.Min(items.Length, node.PrefixItems.Length) : items.Length;
        for (int i = 0; i < end && !_faults.IsFull; i++)
        {
            SchemaNode inner = i < node.PrefixItems.Length ? node.PrefixItems[i] : node.Items!;
            _path.Add(i.ToString(CultureInfo.InvariantCulture));
            if (inner.Always == false && i >= node.PrefixItems.Length)
            {
                Spend(1);
                Fault($"is too many: there can be {Count(node.PrefixItems.Length, "item")}");
            }
            else
            {
                Value now = Apply(inner, items[i]);
                if (!IsSame(now, items[i]))
                {
                    changed ??= [.. items];
                    changed[i] = now;
                }
            }

            _path.RemoveAt(_path.Count - 1);
        }

        if (node.UniqueItems)
        {
            CheckUnique(items);
        }

        if (node.Contains is not null)
        {
            bool found = false;
            for (int i = 0; i < items.Length && !found; i++)
            {
                found = Fits(node.Contains, items[i], out _);
            }

            if (!found)
            {
                Fault("must contain an item that fits the schema under 'contains', but has none");
            }
        }

        return changed is null ? value : Value.List(changed);
    }

    private void CheckUnique(Value[] items)
    {
        foreach (Value item in items)
        {
            SpendOn(item);
        }

        Dictionary<Value, int> places = new(items.Length, DeepComparer.Instance);
        for (int i = 0; i < items.Length && !_faults.IsFull; i++)
        {
            if (!places.TryAdd(items[i], i))
            {
                _path.Add(i.ToString(CultureInfo.InvariantCulture));
                Fault($"is the same as item {places[items[i]]}; all must differ");
                _path.RemoveAt(_path.Count - 1);
            }
        }
    }

    private Value ApplyCombined(SchemaNode node, Value value)
    {
        if (node.Reference is not null)
        {
            value = Apply(node.Reference, value);
        }

        foreach (SchemaNode part in node.AllOf)
        {
            value = Apply(part, value);
        }

        if (node.AnyOf.Length > 0)
        {
            value = ApplyAny(node.AnyOf, value);
        }

        if (node.OneOf.Length > 0)
        {
            value = ApplyOne(node.OneOf, value);
        }

        if (node.Not is not null && Fits(node.Not, value, out _))
        {
            Fault(node.Not.Enum is { } values ? $"must not be {(values.Length == 1 ? Show(values[0]) : "one of " + Text.Shorten(string.Join(", ", values.Take(10).Select(Show)), 300))}"
                : node.Not.Const is { } only ? $"must not be {Show(only)}"
                : "must not fit the schema under 'not', but does");
        }

        if (node.If is not null && (node.Then is not null || node.Else is not null))
        {
            SchemaNode? next = Fits(node.If, value, out _) ? node.Then : node.Else;
            value = next is null ? value : Apply(next, value);
        }

        return value;
    }

    private Value ApplyAny(SchemaNode[] alternatives, Value value)
    {
        foreach (SchemaNode alternative in alternatives)
        {
            if (Fits(alternative, value, out Value completed))
            {
                return completed;
            }
        }

        TellNone(alternatives, value);
        return value;
    }

    private Value ApplyOne(SchemaNode[] alternatives, Value value)
    {
        Value result = value;
        List<int> fitting = [];
        for (int i = 0; i < alternatives.Length; i++)
        {
            if (Fits(alternatives[i], value, out Value completed))
            {
                result = fitting.Count == 0 ? completed : value;
                fitting.Add(i + 1);
            }
        }

        if (fitting.Count == 0)
        {
            TellNone(alternatives, value);
        }
        else if (fitting.Count > 1)
        {
            Fault($"must fit exactly one of the {alternatives.Length} alternatives, but fits {fitting.Count} of them ({string.Join(", ", fitting.Take(10))})");
        }

        return result;
    }

    // What is said is what the alternative that comes nearest says: the one that takes the type and finds least wrong.
    private void TellNone(SchemaNode[] alternatives, Value value)
    {
        if (_faults.IsQuiet || _faults.IsFull)
        {
            Fault("");
            return;
        }

        if (alternatives.Length == 1)
        {
            Apply(alternatives[0], value);
            return;
        }

        SchemaTypes types = SchemaTypes.None;
        SchemaTypes given = SchemaTypeNames.Of(value);
        (SchemaNode Node, int Place, int Faults)? nearest = null;
        bool severalTypesFit = false;
        for (int i = 0; i < alternatives.Length; i++)
        {
            types |= alternatives[i].PossibleTypes;
            if ((alternatives[i].PossibleTypes & given) == 0)
            {
                continue;
            }

            int faults = CountFaults(alternatives[i], value);
            severalTypesFit |= nearest is not null;
            if (nearest is null || faults < nearest.Value.Faults)
            {
                nearest = (alternatives[i], i + 1, faults);
            }
        }

        if (nearest is null)
        {
            Fault($"must be {SchemaTypeNames.Describe(types)}, but is {(value.Kind is ValueKind.Bool or ValueKind.Text ? InputTypes.NameOf(value) : Plain(value))}");
            return;
        }

        if (!severalTypesFit)
        {
            // Only this one can be meant: all that it says counts.
            Apply(nearest.Value.Node, value);
            return;
        }

        FaultList mine = _faults;
        _faults = new FaultList(1);
        Apply(nearest.Value.Node, value);
        SchemaFault? first = _faults.All.FirstOrDefault();
        _faults = mine;
        if (first is null)
        {
            Fault($"fits none of the {alternatives.Length} alternatives");
            return;
        }

        // The fault keeps its own place, which may be deeper.
        _faults.Add(first with { Message = $"{first.Message} (or fit another of the {alternatives.Length} alternatives; number {nearest.Value.Place} is the nearest)" });
    }

    private int CountFaults(SchemaNode node, Value value)
    {
        FaultList mine = _faults;
        _faults = new FaultList(BranchFaultsMax) { IsQuiet = true };
        Apply(node, value);
        int count = _faults.All.Count;
        _faults = mine;
        return count;
    }

    private bool Fits(SchemaNode node, Value value, out Value completed)
    {
        FaultList mine = _faults;
        _faults = new FaultList(1) { IsQuiet = true };
        completed = Apply(node, value);
        bool fits = _faults.All.Count == 0;
        _faults = mine;
        return fits;
    }

    // Whether nothing was added: containers that stay as they are keep their identity.
    private static bool IsSame(Value now, Value before) => now.Kind switch
    {
        ValueKind.List => ReferenceEquals(now.AsList, before.AsList),
        ValueKind.Object => ReferenceEquals(now.AsObject, before.AsObject),
        _ => true,
    };
}
