using System.Text;
using Actors.Flows;

namespace Actors.Tests.Flows.Model;

/// <summary>How a step of the model ended.</summary>
/// <param name="Error">The message of its failure; null when it has none.</param>
/// <param name="Exit">The outputs of an exit; null when there is none.</param>
internal readonly record struct End(Value Value, string? Error = null, Value? Exit = null)
{
    public bool IsNormal => Error is null && Exit is null;
}

/// <summary>What the model knows at one place: values by name, and the flow's state.</summary>
internal sealed class Env(Env? outer, Dictionary<string, Value> state)
{
    private readonly Dictionary<string, Value> _own = new(StringComparer.Ordinal);

    public Dictionary<string, Value> State { get; } = state;

    public Value this[string name]
    {
        get => _own.TryGetValue(name, out Value value) ? value : outer is null ? Value.Null : outer[name];
        set => _own[name] = value;
    }

    public IReadOnlyDictionary<string, Value> Own => _own;

    /// <summary>A block inside: it has names of its own, and its changes of state count only when it succeeds.</summary>
    public Env Block() => new(this, new Dictionary<string, Value>(State, StringComparer.Ordinal));

    /// <summary>Names inside that do not make a block.</summary>
    public Env With(string name, Value value)
    {
        Env inner = new(this, State);
        inner[name] = value;
        return inner;
    }

    public void TakeState(Env block)
    {
        foreach ((string name, Value value) in block.State)
        {
            State[name] = value;
        }
    }

    public void TakeNames(Env block)
    {
        foreach ((string name, Value value) in block._own)
        {
            this[name] = value;
        }
    }
}

/// <summary>A whole number: written as an expression of the language, and computed here in another way.</summary>
internal sealed record Number(string Text, Func<Env, decimal> Of)
{
    public static Number Literal(int value) => new(value.ToString(System.Globalization.CultureInfo.InvariantCulture), _ => value);

    public static Number Variable(string path)
    {
        string[] parts = path.Split('.');
        return new Number(path, env =>
        {
            Value value = parts[0] == "state" ? env.State[parts[1]] : env[parts[0]];
            foreach (string part in parts.Skip(parts[0] == "state" ? 2 : 1))
            {
                value = value.AsObject!.Entries.First(entry => entry.Key == part).Value;
            }

            return (decimal)value.AsNumber!;
        });
    }

    public static Number Sum(Number a, Number b) => new($"(({a.Text} + {b.Text}) % 97)", env => (a.Of(env) + b.Of(env)) % 97);

    public string Hole => $"${{{Text}}}";

    public Value Value(Env env) => Actors.Flows.Value.Of(Of(env));
}

/// <summary>A step of the model.</summary>
internal abstract class Node
{
    /// <summary>Every node that gives a number has one; null for the others.</summary>
    public string? Id { get; init; }

    /// <summary>Additional keys of the step, e.g. a fallback.</summary>
    public List<(string Key, object Content)> Extra { get; } = [];

    public Func<Env, End, End>? After { get; set; }

    public End Run(Env env)
    {
        End end = Act(env);
        if (After is not null)
        {
            end = After(env, end);
        }

        if (Id is not null && end.IsNormal)
        {
            env[Id] = end.Value;
        }

        return end;
    }

    protected abstract End Act(Env env);

    /// <summary>The keys of the step, in order: texts as they are written, or lists of steps.</summary>
    protected abstract IEnumerable<(string Key, object Content)> Keys();

    public void Write(StringBuilder text, int indent)
    {
        string lead = new string(' ', indent) + "- ";
        foreach ((string key, object content) in (Id is null ? [] : new (string, object)[] { ("id", Id) }).Concat(Keys()).Concat(Extra))
        {
            text.Append(lead).Append(key).Append(':');
            WriteContent(text, content, indent + 2);
            lead = new string(' ', indent + 2);
        }
    }

    private static void WriteContent(StringBuilder text, object content, int indent)
    {
        switch (content)
        {
            case IReadOnlyList<Node> steps:
                text.Append('\n');
                foreach (Node step in steps)
                {
                    step.Write(text, indent);
                }

                break;
            case IReadOnlyList<(string Key, object Content)> map:
                text.Append('\n');
                foreach ((string key, object inner) in map)
                {
                    text.Append(' ', indent + 2).Append(key).Append(':');
                    WriteContent(text, inner, indent + 4);
                }

                break;
            default:
                text.Append(' ').Append(content).Append('\n');
                break;
        }
    }

    /// <summary>Steps one after the other.</summary>
    protected static End RunAll(Env env, IReadOnlyList<Node> steps)
    {
        End end = default;
        foreach (Node step in steps)
        {
            end = step.Run(env);
            if (!end.IsNormal)
            {
                return end;
            }
        }

        return end;
    }

    /// <summary>A block: its names come out of it, and its state when it has not failed.</summary>
    protected static End RunBlock(Env env, IReadOnlyList<Node> steps)
    {
        Env block = env.Block();
        End end = RunAll(block, steps);
        if (end.Error is null)
        {
            env.TakeState(block);
            env.TakeNames(block);
        }

        return end;
    }
}
