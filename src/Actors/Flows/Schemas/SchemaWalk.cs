using System.Globalization;

namespace Actors.Flows;

/// <summary>What validations may cost together.</summary>
internal sealed class SchemaBudget
{
    /// <summary>Looks at a value. An object of ten texts takes about twenty.</summary>
    public const int StepsMax = 2_000_000;

    private long _steps;

    public bool Spend(int steps)
    {
        _steps += Math.Min(steps, StepsMax);
        return _steps <= StepsMax;
    }
}

/// <summary>One validation: looks at a value once, from the outside in, and completes it with defaults.</summary>
internal sealed partial class SchemaWalk(SchemaBudget budget, int faultsMax)
{
    // Values within values, and schemas that look at the same value: more than any value of legal depth with a sensible schema needs.
    private const int DepthMax = 500;

    // Of a value that is written out.
    private const int CharactersPerStep = 8;

    // Of a value that is only passed by.
    private const int CharactersPerLook = 64;

    private const int ShownMax = 60;
    private const int BranchFaultsMax = 5;

    private readonly List<string> _path = [];
    private FaultList _faults = new(faultsMax);
    private int _depth;

    public IReadOnlyList<SchemaFault> Faults => _faults.All;

    /// <summary>The completed value; what is wrong is in <see cref="Faults"/> afterwards.</summary>
    public Value Check(SchemaNode node, Value value)
    {
        FaultList all = _faults;
        try
        {
            // Asked first: everything else goes into a value without counting levels.
            if (value.Depth(FlowJson.DepthMax) > FlowJson.DepthMax)
            {
                Fault($"must not be nested deeper than {FlowJson.DepthMax} levels");
                return value;
            }

            // Whatever the schema asks, a value that is endless when it is written out is too much.
            Spend(value.Size / CharactersPerLook);
            return Apply(node, value);
        }
        catch (TooMuchException e)
        {
            _faults = all;
            _path.Clear();
            _depth = 0;
            // It goes first, because the others may not be all.
            _faults.All.Insert(0, new SchemaFault("", e.Message));
            _faults.Trim();
            return value;
        }
    }

    /// <summary>A value in a message: cut, and without what would spoil a terminal.</summary>
    public static string Show(Value value)
    {
        if (value.Kind is ValueKind.List or ValueKind.Object)
        {
            return InputTypes.NameOf(value);
        }

        if (value.AsText is not { } text)
        {
            return Text.Shorten(value.IsNull ? "null" : value.ToString(), ShownMax);
        }

        char[] shown = text.Length <= ShownMax ? text.ToCharArray() : [.. text.AsSpan(0, ShownMax - 1), '…'];
        for (int i = 0; i < shown.Length; i++)
        {
            bool lone = char.IsHighSurrogate(shown[i]) ? i + 1 == shown.Length || !char.IsLowSurrogate(shown[i + 1])
                : char.IsLowSurrogate(shown[i]) && (i == 0 || !char.IsHighSurrogate(shown[i - 1]));
            shown[i] = char.IsControl(shown[i]) || lone ? ' ' : shown[i];
        }

        return $"\"{new string(shown)}\"";
    }

    private Value Apply(SchemaNode node, Value value)
    {
        Spend(1);
        if (_faults.IsFull)
        {
            return value;
        }

        if (node.Always is { } always)
        {
            if (!always)
            {
                Fault("is not allowed");
            }

            return value;
        }

        if (++_depth > DepthMax)
        {
            throw new TooMuchException("is nested too deeply for its schema");
        }

        Value completed = ApplyOpen(node, value);
        _depth--;
        return completed;
    }

    private Value ApplyOpen(SchemaNode node, Value value)
    {
        if (node.Types != SchemaTypes.Any && (SchemaTypeNames.Of(value) & node.Types) == 0)
        {
            Fault($"must be {SchemaTypeNames.Describe(node.Types)}, but is {(value.Kind is ValueKind.Bool or ValueKind.Text ? InputTypes.NameOf(value) : Plain(value))}");
            return value;
        }

        CheckEnum(node, value);
        switch (value.Kind)
        {
            case ValueKind.Number:
                CheckNumber(node, value);
                break;
            case ValueKind.Text:
                CheckText(node, value.AsText!);
                break;
            case ValueKind.List:
                value = ApplyList(node, value);
                break;
            case ValueKind.Object:
                value = ApplyObject(node, value);
                break;
        }

        return ApplyCombined(node, value);
    }

    private static string Plain(Value value) => value.Kind == ValueKind.Number ? Show(value) : InputTypes.NameOf(value);

    private void CheckEnum(SchemaNode node, Value value)
    {
        if (node.Const is { } only)
        {
            SpendOn(value);
            if (!only.Equals(value))
            {
                Fault($"must be {Show(only)}, but is {Show(value)}");
            }
        }

        if (node.EnumSet is null)
        {
            return;
        }

        SpendOn(value);
        if (!node.EnumSet.Contains(value))
        {
            string? near = value.AsText is { } text ? Text.Nearest(text, node.Enum!.Select(v => v.AsText).OfType<string>()) : null;
            string known = string.Join(", ", node.Enum!.Take(10).Select(Show)) + (node.Enum!.Length > 10 ? ", …" : "");
            string advice = near is null ? "" : $"; did you mean \"{Text.Shorten(near, ShownMax)}\"?";
            Fault($"must be {(node.Enum!.Length == 1 ? "" : "one of ")}{Text.Shorten(known, 300)}, but is {Show(value)}{advice}");
        }
    }

    private void CheckNumber(SchemaNode node, Value value)
    {
        object number = value.AsNumber!;
        if (node.Minimum is { } min && Numbers.Compare(number, min.AsNumber!) < 0)
        {
            Fault($"must be at least {min}, but is {Show(value)}");
        }

        if (node.ExclusiveMinimum is { } above && Numbers.Compare(number, above.AsNumber!) <= 0)
        {
            Fault($"must be more than {above}, but is {Show(value)}");
        }

        if (node.Maximum is { } max && Numbers.Compare(number, max.AsNumber!) > 0)
        {
            Fault($"must be at most {max}, but is {Show(value)}");
        }

        if (node.ExclusiveMaximum is { } below && Numbers.Compare(number, below.AsNumber!) >= 0)
        {
            Fault($"must be less than {below}, but is {Show(value)}");
        }

        if (node.MultipleOf is { } step && !IsMultiple(number, step))
        {
            Fault($"must be a multiple of {step}, but is {Show(value)}");
        }
    }

    private static bool IsMultiple(object number, Value step) => number is decimal a && step.AsNumber is decimal b
        ? a % b == 0
        : Numbers.ToDouble(number) % Numbers.ToDouble(step.AsNumber!) == 0;

    private void CheckText(SchemaNode node, string text)
    {
        if (node.MinLength is not null || node.MaxLength is not null)
        {
            Spend(1 + (text.Length / 64));
            int length = 0;
            foreach (char c in text)
            {
                length += char.IsLowSurrogate(c) ? 0 : 1;
            }

            if (length < node.MinLength)
            {
                Fault($"must have at least {Count(node.MinLength.Value, "character")}, but has {length}");
            }

            if (length > node.MaxLength)
            {
                Fault($"must have at most {Count(node.MaxLength.Value, "character")}, but has {length}");
            }
        }

        if (node.Pattern is not null && !Matches(node.Pattern, text))
        {
            Fault($"must match the pattern '{Text.Shorten(node.Pattern.Source, ShownMax)}', but is {Show(Value.Of(text))}");
        }

        if (node.Format is not null)
        {
            Spend(1 + (Math.Min(text.Length, 8000) / 64));
            if (!node.Format.IsMatch(text))
            {
                Fault($"must be {node.Format.Wanted}, but is {Show(Value.Of(text))}");
            }
        }
    }

    private bool Matches(SchemaPattern pattern, string text)
    {
        Spend(2 + (text.Length / 4));
        return pattern.IsMatch(text) ?? throw new TooMuchException($"takes too long to check against the pattern '{Text.Shorten(pattern.Source, ShownMax)}'");
    }

    private static string Count(int count, string what) => $"{count.ToString("N0", CultureInfo.InvariantCulture)} {(count != 1 ? what.Replace("property", "propertie", StringComparison.Ordinal) + "s" : what)}";

    // Values may share parts, so that one can be far larger than what it takes in memory: what looks at all of it counts as it goes.
    private void SpendOn(Value value)
    {
        Spend(1);
        if (value.AsList is { } list)
        {
            foreach (Value item in list.Items)
            {
                SpendOn(item);
            }
        }
        else if (value.AsObject is { } map)
        {
            foreach (KeyValuePair<string, Value> entry in map.Entries)
            {
                SpendOn(entry.Value);
            }
        }
    }

    private void Spend(int steps)
    {
        if (!budget.Spend(steps))
        {
            throw new TooMuchException($"takes more than {SchemaBudget.StepsMax:N0} steps to check");
        }
    }

    private void Fault(string message)
    {
        if (_faults.IsFull)
        {
            return;
        }

        Spend(20);
        _faults.Add(_faults.IsQuiet ? FaultList.Untold : new SchemaFault(SchemaFault.PointerTo(_path), message));
    }

    /// <summary>What is wrong, up to a limit.</summary>
    private sealed class FaultList(int max)
    {
        public static readonly SchemaFault Untold = new("", "");

        public List<SchemaFault> All { get; } = [];

        public bool IsFull => All.Count >= max;

        /// <summary>Only whether there is one counts.</summary>
        public bool IsQuiet { get; init; }

        public void Add(SchemaFault fault) => All.Add(fault);

        public void Trim()
        {
            if (All.Count > max)
            {
                All.RemoveRange(max, All.Count - max);
            }
        }
    }

    private sealed class TooMuchException(string message) : Exception(message);
}
