namespace Actors.Flows;

/// <summary>A YAML node with its place in the file. An alias is the node it stands for.</summary>
/// <param name="size">Nodes in it, itself included, with what its aliases stand for.</param>
/// <param name="height">Levels below it, itself included.</param>
internal abstract class YamlItem(int line, int column, int size, int height)
{
    public int Line => line;
    public int Column => column;
    public int Size => size;
    public int Height => height;

    /// <summary>What it is, with its article, for messages.</summary>
    public abstract string Name { get; }
}

internal sealed class YamlText(int line, int column, string value, bool plain) : YamlItem(line, column, 1, 1)
{
    public string Value => value;

    /// <summary>Written without quotes: it may be a number, a boolean or null.</summary>
    public bool IsPlain => plain;

    public bool IsNull => plain && value is "" or "~" or "null" or "Null" or "NULL";

    public override string Name => Typed().Kind == ValueKind.Null ? "nothing" : Operators.Name(Typed());

    /// <summary>The value by the JSON schema of YAML 1.2: <c>no</c>, <c>on</c> and <c>010</c> are texts.</summary>
    public Value Typed()
    {
        if (!plain)
        {
            return Flows.Value.Of(value);
        }

        switch (value)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return Flows.Value.Null;
            case "true" or "True" or "TRUE":
                return Flows.Value.True;
            case "false" or "False" or "FALSE":
                return Flows.Value.False;
        }

        return Flows.Value.TryParseNumber(value, out Value number) ? number : Flows.Value.Of(value);
    }
}

internal sealed class YamlList(int line, int column, IReadOnlyList<YamlItem> items, int size, int height) : YamlItem(line, column, size, height)
{
    public IReadOnlyList<YamlItem> Items => items;

    public override string Name => "a list";
}

internal readonly record struct YamlEntry(YamlText Key, YamlItem Value);

internal sealed class YamlMap(int line, int column, IReadOnlyList<YamlEntry> entries, int size, int height) : YamlItem(line, column, size, height)
{
    public IReadOnlyList<YamlEntry> Entries => entries;

    public override string Name => "a mapping";

    public YamlItem? Find(string key)
    {
        foreach (YamlEntry entry in entries)
        {
            if (entry.Key.Value == key)
            {
                return entry.Value;
            }
        }

        return null;
    }
}
