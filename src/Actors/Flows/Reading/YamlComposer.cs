using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Actors.Flows;

/// <summary>
/// Reads YAML into a tree with positions. Works on the parser's events, so that depth, size and aliases are limited before anything is built.
/// </summary>
internal sealed partial class YamlComposer
{
    public const int BytesMax = 1 << 20;
    public const int DepthMax = 64;

    /// <summary>What all aliases of a file may stand for together: enough for shared settings, far from a bomb.</summary>
    public const int AliasedNodesMax = 10_000;

    /// <summary>A file of the largest size, written as densely as a person writes, has fewer.</summary>
    public const int NodesMax = 200_000;

    private readonly Problems _problems;
    private readonly Dictionary<string, YamlItem> _anchors = new(StringComparer.Ordinal);
    private readonly Parser _parser;
    private int _nodes;
    private int _aliased;

    private YamlComposer(Problems problems)
    {
        _problems = problems;
        _parser = new Parser(new Scanner(new StringReader(problems.Source.Text), skipComments: true));
    }

    /// <summary>The root node; null when the file cannot be read, which is then among the problems.</summary>
    public static YamlItem? Compose(Problems problems)
    {
        if (!CheckText(problems))
        {
            return null;
        }

        YamlComposer composer = new(problems);
        try
        {
            return composer.Document();
        }
        catch (StopException)
        {
            return null;
        }
        catch (YamlException e)
        {
            composer.Report(e);
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException or FormatException or OverflowException or NullReferenceException)
        {
            // The parser's own trouble with input nobody thought of.
            Mark at = composer._parser.Current?.End ?? new Mark(0, 1, 1);
            problems.Error(Rules.Yaml, (int)at.Line, (int)at.Column, "this is not YAML");
            return null;
        }
    }

    private static bool CheckText(Problems problems)
    {
        string text = problems.Source.Text;
        if (text.Length > BytesMax || System.Text.Encoding.UTF8.GetByteCount(text) > BytesMax)
        {
            problems.Error(Rules.TooLarge, 1, 1, $"the file is larger than {BytesMax / 1024:N0} KiB", "Split it, or move data into inputs.");
            return false;
        }

        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            bool lone = char.IsHighSurrogate(c) ? i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1])
                : char.IsLowSurrogate(c) && (i == 0 || !char.IsHighSurrogate(text[i - 1]));
            if ((c < ' ' && c is not ('\n' or '\t')) || c is '\u007F' or '\uFFFE' or '\uFFFF' || lone)
            {
                (int line, int column) = problems.Source.Locate(i);
                problems.Error(Rules.NotText, line, column, $"the character U+{(int)c:X4} cannot be part of a flow: is this a text file in UTF-8?");
                return false;
            }
        }

        return true;
    }

    private YamlItem? Document()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
        {
            _problems.Error(Rules.Empty, 1, 1, "the file is empty", "A flow begins with 'flow: name' and 'steps:'.");
            return null;
        }

        _parser.Consume<DocumentStart>();
        YamlItem root = Node(1);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out DocumentStart? second))
        {
            _problems.Error(Rules.SeveralDocuments, (int)second.Start.Line, (int)second.Start.Column, "the file holds a second document", "Put each flow into a file of its own.");
            return null;
        }

        if (root is YamlText { IsNull: true })
        {
            _problems.Error(Rules.Empty, 1, 1, "the file is empty", "A flow begins with 'flow: name' and 'steps:'.");
            return null;
        }

        return root;
    }

    private YamlItem Node(int depth)
    {
        ParsingEvent current = _parser.Consume<ParsingEvent>();
        int line = (int)current.Start.Line;
        int column = (int)current.Start.Column;
        if (depth > DepthMax)
        {
            throw Stop(Rules.TooComplex, line, column, $"the file is nested deeper than {DepthMax} levels");
        }

        if (++_nodes > NodesMax)
        {
            throw Stop(Rules.TooComplex, line, column, $"the file has more than {NodesMax:N0} nodes");
        }

        YamlItem item = current switch
        {
            AnchorAlias alias => Alias(alias, line, column, depth),
            Scalar scalar => Text(scalar, line, column),
            SequenceStart start => List(start, line, column, depth),
            MappingStart start => Map(start, line, column, depth),
            _ => throw new YamlException(current.Start, current.End, $"unexpected {current.GetType().Name}"),
        };
        if (current is NodeEvent { Anchor.IsEmpty: false } node)
        {
            _anchors[node.Anchor.Value] = item;
        }

        return item;
    }

    private YamlItem Alias(AnchorAlias alias, int line, int column, int depth)
    {
        if (!_anchors.TryGetValue(alias.Value.Value, out YamlItem? item))
        {
            string? near = Actors.Text.Nearest(alias.Value.Value, _anchors.Keys);
            throw Stop(Rules.Yaml, line, column, $"there is no anchor '&{alias.Value.Value}' before this alias", near is null ? null : $"Did you mean '*{near}'?");
        }

        _aliased += item.Size;
        if (_aliased > AliasedNodesMax)
        {
            throw Stop(Rules.TooComplex, line, column, $"the aliases of the file stand for more than {AliasedNodesMax:N0} nodes");
        }

        if (depth + item.Height - 1 > DepthMax)
        {
            throw Stop(Rules.TooComplex, line, column, $"the file is nested deeper than {DepthMax} levels");
        }

        return item;
    }

    private YamlText Text(Scalar scalar, int line, int column)
    {
        bool plain = scalar.Style == ScalarStyle.Plain;
        if (!scalar.Tag.IsEmpty)
        {
            plain = false;
            CheckTag(scalar, "!!str", "tag:yaml.org,2002:str");
        }

        return new YamlText(line, column, scalar.Value, plain);
    }

    private YamlList List(SequenceStart start, int line, int column, int depth)
    {
        CheckTag(start, "!!seq", "tag:yaml.org,2002:seq");
        List<YamlItem> items = [];
        int size = 1;
        int height = 0;
        while (!_parser.Accept<SequenceEnd>(out _))
        {
            YamlItem item = Node(depth + 1);
            size += item.Size;
            height = Math.Max(height, item.Height);
            items.Add(item);
        }

        _parser.Consume<SequenceEnd>();
        return new YamlList(line, column, items, size, height + 1);
    }

    private YamlMap Map(MappingStart start, int line, int column, int depth)
    {
        CheckTag(start, "!!map", "tag:yaml.org,2002:map");
        List<YamlEntry> entries = [];
        Dictionary<string, YamlText> keys = new(StringComparer.Ordinal);
        int size = 1;
        int height = 0;
        while (!_parser.Accept<MappingEnd>(out _))
        {
            YamlItem item = Node(depth + 1);
            YamlItem value = Node(depth + 1);
            size += item.Size + value.Size;
            height = Math.Max(height, value.Height);
            if (item is not YamlText key)
            {
                _problems.Error(Rules.WrongType, item, $"a key must be a text, not {item.Name}");
            }
            else if (key is { IsPlain: true, Value: "<<" })
            {
                _problems.Error(Rules.YamlFeature, key, "merge keys ('<<') are not supported", "Use an alias for the whole value.");
            }
            else if (keys.TryGetValue(key.Value, out YamlText? first))
            {
                _problems.Error(Rules.DuplicateKey, key, $"the key '{Actors.Text.Shorten(key.Value, 80)}' is here twice; the first is in line {first.Line}");
            }
            else
            {
                keys.Add(key.Value, key);
                entries.Add(new YamlEntry(key, value));
            }
        }

        _parser.Consume<MappingEnd>();
        return new YamlMap(line, column, entries, size, height + 1);
    }

    private void CheckTag(NodeEvent node, string shortForm, string longForm)
    {
        if (!node.Tag.IsEmpty && node.Tag.Value != longForm && node.Tag.Value != "!")
        {
            string tag = Actors.Text.Shorten(node.Tag.Value.Replace("tag:yaml.org,2002:", "!!", StringComparison.Ordinal), 60);
            _problems.Error(Rules.YamlFeature, (int)node.Start.Line, (int)node.Start.Column, $"the tag '{tag}' is not supported; only {shortForm} is here");
        }
    }

    private void Report(YamlException e)
    {
        int line = Math.Max(1, (int)e.Start.Line);
        int column = Math.Max(1, (int)e.Start.Column);
        // The parser names the place where the block began, or just behind the tab.
        int last = e.Message.Contains(" tab ", StringComparison.Ordinal) ? _problems.Source.LineCount : line;
        for (int row = Math.Max(1, line - 1); row <= last; row++)
        {
            string text = _problems.Source.Line(row);
            int tab = text.IndexOf('\t', StringComparison.Ordinal);
            if (tab >= 0 && text.AsSpan(0, tab).Trim(' ').IsEmpty)
            {
                _problems.Error(Rules.Tab, row, tab + 1, "YAML does not allow tabs in the indentation", "Use spaces.");
                return;
            }
        }

        string message = Position().Replace(e.Message, "").Trim().TrimEnd('.');
        message = message.Length == 0 ? "this is not YAML" : char.ToLowerInvariant(message[0]) + message[1..];
        _problems.Error(Rules.Yaml, line, column, Actors.Text.Shorten(message, 300));
    }

    private StopException Stop(string rule, int line, int column, string message, string? suggestion = null)
    {
        _problems.Error(rule, line, column, message, suggestion);
        return new StopException();
    }

    [GeneratedRegex(@"^\(Line: \d+, Col: \d+, Idx: \d+\)( - \(Line: \d+, Col: \d+, Idx: \d+\))?:?")]
    private static partial Regex Position();

    private sealed class StopException : Exception;
}
