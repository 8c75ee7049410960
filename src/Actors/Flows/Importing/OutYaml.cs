using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>A node of a file that is to be written.</summary>
internal abstract class OutNode;

/// <summary>A text.</summary>
internal sealed class OutText(string value) : OutNode
{
    public string Value => value;
}

/// <summary>A number, a boolean or null, as it is written.</summary>
internal sealed class OutPlain(string value) : OutNode
{
    public string Value => value;
}

internal sealed class OutList : OutNode
{
    public List<OutNode> Items { get; } = [];

    public static OutList Of(IEnumerable<string> texts)
    {
        OutList list = new();
        list.Items.AddRange(texts.Select(text => new OutText(text)));
        return list;
    }
}

internal sealed class OutMap : OutNode
{
    public List<(string Key, OutNode Value)> Entries { get; } = [];

    /// <summary>Lines above it.</summary>
    public List<string> Comments { get; } = [];

    public OutMap With(string key, OutNode? value)
    {
        if (value is not null)
        {
            Entries.Add((key, value));
        }

        return this;
    }

    public OutMap With(string key, string? value) => With(key, value is null ? null : new OutText(value));

    /// <param name="seconds">Null: there is no limit.</param>
    public OutMap WithTimeout(decimal? seconds) => With("timeout", seconds is { } s ? s.ToString("0.###", CultureInfo.InvariantCulture) + "s" : null);

    public OutNode? Find(string key) => Entries.Find(e => e.Key == key).Value;

    public OutMap Comment(string text)
    {
        Comments.Add(text);
        return this;
    }
}

/// <summary>Writes YAML as a person would: one key a line, texts without quotes where they need none, long texts as blocks.</summary>
internal static class OutYaml
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(OutMap root)
    {
        StringBuilder text = new();
        foreach (string comment in root.Comments)
        {
            Comment(text, comment, 0);
        }

        bool first = true;
        foreach ((string key, OutNode value) in root.Entries)
        {
            if (!first && value is OutList or OutMap)
            {
                text.Append('\n');
            }

            first = false;
            Entry(text, key, value, 0);
        }

        return text.ToString();
    }

    /// <summary>A comment of any text: it never ends before the text does.</summary>
    public static void Comment(StringBuilder text, string comment, int indent)
    {
        foreach (string line in comment.ReplaceLineEndings("\n").Split('\n', '\u0085', '\u2028', '\u2029'))
        {
            string clean = new([.. line.Select(c => char.IsControl(c) || c is '\uFEFF' or '\uFFFE' or '\uFFFF' || char.IsSurrogate(c) ? ' ' : c)]);
            text.Append(' ', indent).Append("# ".AsSpan(0, clean.Trim().Length == 0 ? 1 : 2)).Append(clean.TrimEnd()).Append('\n');
        }
    }

    private static void Entry(StringBuilder text, string key, OutNode value, int indent)
    {
        text.Append(' ', indent).Append(Key(key)).Append(':');
        switch (value)
        {
            case OutMap { Entries.Count: 0 }:
                text.Append(" {}\n");
                break;
            case OutMap map:
                text.Append('\n');
                Map(text, map, indent + 2);
                break;
            case OutList list when IsShort(list):
                text.Append(' ').Append(Inline(list)).Append('\n');
                break;
            case OutList list:
                text.Append('\n');
                List(text, list, indent + 2);
                break;
            default:
                Scalar(text, value, indent);
                break;
        }
    }

    private static void Map(StringBuilder text, OutMap map, int indent)
    {
        foreach (string comment in map.Comments)
        {
            Comment(text, comment, indent);
        }

        foreach ((string key, OutNode value) in map.Entries)
        {
            Entry(text, key, value, indent);
        }
    }

    private static void List(StringBuilder text, OutList list, int indent)
    {
        foreach (OutNode item in list.Items)
        {
            if (item is OutMap commented)
            {
                foreach (string comment in commented.Comments)
                {
                    Comment(text, comment, indent);
                }
            }

            text.Append(' ', indent).Append('-');
            switch (item)
            {
                case OutMap { Entries.Count: > 0 } map:
                    // The first key stands on the line of the dash.
                    int start = text.Length;
                    foreach ((string key, OutNode value) in map.Entries)
                    {
                        Entry(text, key, value, indent + 2);
                    }

                    text.Remove(start, indent + 1);
                    break;
                case OutMap:
                    text.Append(" {}\n");
                    break;
                case OutList inner:
                    text.Append(' ').Append(Inline(inner)).Append('\n');
                    break;
                default:
                    Scalar(text, item, indent);
                    break;
            }
        }
    }

    private static void Scalar(StringBuilder text, OutNode node, int indent)
    {
        string value = (node as OutText)?.Value ?? ((OutPlain)node).Value;
        if (node is OutText && IsBlock(value))
        {
            string body = value.TrimEnd('\n');
            text.Append(" |").Append(body.Length == value.Length ? "-" : "").Append('\n');
            foreach (string line in body.Split('\n'))
            {
                if (line.Length > 0)
                {
                    text.Append(' ', indent + 2).Append(line);
                }

                text.Append('\n');
            }

            return;
        }

        text.Append(' ').Append(node is OutText ? Quoted(value) : value).Append('\n');
    }

    // A block text begins with a line that has something on it and no space at its start, or its indentation could not be told; empty lines at its end would grow.
    private static bool IsBlock(string value) =>
        value.Contains('\n', StringComparison.Ordinal) && value[0] is not (' ' or '\n') && !value.EndsWith("\n\n", StringComparison.Ordinal) && !value.Split('\n').Any(l => l.EndsWith(' ')) && value.All(c => c == '\n' || IsPrintable(c));

    private static bool IsPrintable(char c) => !char.IsControl(c) && !char.IsSurrogate(c) && c is not ('\u2028' or '\u2029' or '\uFEFF' or '\uFFFE' or '\uFFFF');

    private static bool IsShort(OutList list) =>
        list.Items.TrueForAll(i => i is OutPlain || i is OutText text && !text.Value.Contains('\n', StringComparison.Ordinal)) && Inline(list).Length <= 100;

    private static string Inline(OutNode node) => node switch
    {
        OutList list => "[" + string.Join(", ", list.Items.Select(Inline)) + "]",
        OutMap map => "{" + string.Join(", ", map.Entries.Select(e => $"{InFlow(e.Key)}: {Inline(e.Value)}")) + "}",
        OutText text => InFlow(text.Value),
        _ => ((OutPlain)node).Value,
    };

    private static string InFlow(string value) => value.AsSpan().ContainsAny(",[]{}:?") ? Json(value) : Quoted(value);

    private static string Key(string key) => Quoted(key) is var text && text.Contains(':', StringComparison.Ordinal) && text[0] != '"' ? Json(key) : Quoted(key);

    /// <summary>On one line, in quotes where it needs them.</summary>
    public static string Quoted(string value) => IsPlain(value) ? value : Json(value);

    private static string Json(string value)
    {
        // The encoder leaves characters that YAML does not take.
        StringBuilder text = new();
        foreach (char c in JsonSerializer.Serialize(value, Relaxed))
        {
            if (IsPrintable(c))
            {
                text.Append(c);
            }
            else if (char.IsSurrogate(c))
            {
                text.Append(c);
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }
        }

        return text.ToString();
    }

    private static bool IsPlain(string value)
    {
        if (value.Length == 0 || value != value.Trim() || !value.All(IsPrintable) || value.AsSpan(0, 1).ContainsAny("-?:,[]{}#&*!|>'\"%@`<=~."))
        {
            return false;
        }

        if (value.Contains(": ", StringComparison.Ordinal) || value.EndsWith(':') || value.Contains(" #", StringComparison.Ordinal) || value.Contains("--- ", StringComparison.Ordinal))
        {
            return false;
        }

        // What other readers of YAML take for something else than a text is put in quotes too.
        return value.ToLowerInvariant() is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off" or "y" or "n")
            && new YamlText(1, 1, value, true).Typed().Kind == ValueKind.Text
            && (!char.IsAsciiDigit(value[0]) || IsDuration(value));
    }

    private static bool IsDuration(string value) => value.TrimEnd('m', 's', 'h', 'd') is { Length: > 0 } number && number.Length < value.Length && number.All(c => char.IsAsciiDigit(c) || c == '.');

    /// <summary>The same in a file that is to be written.</summary>
    public static OutNode Of(YamlItem item) => item switch
    {
        YamlText { IsPlain: true } text when text.Typed() is { Kind: not ValueKind.Text } typed => new OutPlain(typed.ToJsonText()),
        YamlText text => new OutText(text.Value),
        YamlList list => ListOf(list),
        _ => MapOf((YamlMap)item),
    };

    private static OutList ListOf(YamlList list)
    {
        OutList made = new();
        made.Items.AddRange(list.Items.Select(Of));
        return made;
    }

    private static OutMap MapOf(YamlMap map)
    {
        OutMap made = new();
        foreach (YamlEntry entry in map.Entries)
        {
            made.With(entry.Key.Value, Of(entry.Value));
        }

        return made;
    }
}
