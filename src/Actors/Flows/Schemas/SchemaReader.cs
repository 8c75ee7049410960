namespace Actors.Flows;

/// <summary>Compiles one schema, from a flow file or from JSON, and tells all that is wrong with it.</summary>
internal sealed partial class SchemaReader
{
    /// <summary>Schemas within a schema.</summary>
    public const int NodesMax = 10_000;

    /// <summary>Levels of JSON: leaves room for what a schema is shown in.</summary>
    public const int DepthMax = 48;

    /// <summary>Schemas that look at the same value, one through the other.</summary>
    public const int ChainMax = 64;

    private const int FaultsMax = 50;

    private readonly Problems? _problems;
    private readonly List<SchemaFault> _faults = [];
    private readonly List<string> _path = [];
    private readonly Dictionary<YamlItem, SchemaNode> _nodes = new(ReferenceEqualityComparer.Instance);
    private readonly List<(SchemaNode Node, string Target, YamlItem At, string Pointer)> _references = [];
    private readonly List<(SchemaNode Node, YamlItem At, string Pointer)> _defaults = [];
    private int _count;
    private bool _failed;

    private SchemaReader(Problems? problems) => _problems = problems;

    /// <summary>Reads a schema of a flow file; what is wrong is among the problems, and the result is null then.</summary>
    public static SchemaNode? Read(YamlItem item, Problems problems) => new SchemaReader(problems).Root(item);

    /// <exception cref="JsonSchemaException">The schema is not valid.</exception>
    public static SchemaNode Read(YamlItem item)
    {
        SchemaReader reader = new(null);
        return reader.Root(item) ?? throw new JsonSchemaException(reader._faults);
    }

    private SchemaNode? Root(YamlItem item)
    {
        try
        {
            if (item.Height > DepthMax)
            {
                Error(Rules.SchemaTooLarge, item, $"the schema is nested deeper than {DepthMax} levels");
                return null;
            }

            SchemaNode root = Node(item);
            Resolve(item);
            if (!_failed)
            {
                CheckChains();
            }

            if (!_failed)
            {
                Dictionary<SchemaNode, SchemaTypes> types = [];
                foreach (SchemaNode node in _nodes.Values)
                {
                    node.PossibleTypes = SchemaShape.Types(node, types);
                }

                CheckDefaults();
            }

            return _failed ? null : root;
        }
        catch (StopException)
        {
            return null;
        }
    }

    private SchemaNode Node(YamlItem item)
    {
        if (++_count > NodesMax)
        {
            Error(Rules.SchemaTooLarge, item, $"the schema holds more than {NodesMax:N0} schemas");
            throw new StopException();
        }

        SchemaNode node = new();
        switch (item)
        {
            case YamlText text when text.Typed().TryGetBool(out bool always):
                node.Always = always;
                node.Source = Value.Of(always);
                break;
            case YamlMap map:
                ReadKeywords(map, node);
                break;
            default:
                string? word = item is YamlText { IsNull: false } named ? named.Value : null;
                Error(
                    Rules.SchemaValue, item, $"a schema must be {(_problems is null ? "an object" : "a mapping")}, true or false, not {item.Name}",
                    word is not null && SchemaTypeNames.TryParse(word, out _) ? $"Write {{type: {word}}}." : null);
                break;
        }

        _nodes.TryAdd(item, node);
        return node;
    }

    private SchemaNode Node(string keyword, YamlItem item)
    {
        _path.Add(keyword);
        SchemaNode node = Node(item);
        _path.RemoveAt(_path.Count - 1);
        return node;
    }

    private void Resolve(YamlItem root)
    {
        Dictionary<string, SchemaNode?> found = new(StringComparer.Ordinal);
        foreach ((SchemaNode node, string target, YamlItem at, string pointer) in _references)
        {
            if (!found.TryGetValue(target, out SchemaNode? to))
            {
                // Not everything that a pointer leads to is a schema.
                to = Follow(root, target) is { } item ? _nodes.GetValueOrDefault(item) : null;
                found.Add(target, to);
            }

            if (to is not null)
            {
                node.Reference = to;
                continue;
            }

            string name = "#" + target;
            IEnumerable<YamlEntry> definitions = (root as YamlMap)?.Find("$defs") is YamlMap map ? map.Entries : [];
            string? near = Text.Nearest(name, definitions.Select(e => "#/$defs/" + SchemaFault.Escape(e.Key.Value)));
            Report(Rules.SchemaReference, at, pointer, $"there is no schema at '{Text.Shorten(name, 80)}'", near is null ? null : $"Did you mean '{near}'?");
        }
    }

    private static YamlItem? Follow(YamlItem root, string pointer)
    {
        YamlItem? item = root;
        foreach (string segment in pointer.Split('/').Skip(1))
        {
            string name = segment.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            item = item switch
            {
                YamlMap map => map.Find(name),
                YamlList list => int.TryParse(name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int index) && index < list.Items.Count ? list.Items[index] : null,
                _ => null,
            };
        }

        return item;
    }

    // A schema that leads to itself without going into the value would be looked at for ever.
    private void CheckChains()
    {
        Dictionary<SchemaNode, int> heights = [];
        HashSet<SchemaNode> open = [];
        foreach ((SchemaNode node, _, YamlItem at, string pointer) in _references)
        {
            switch (Height(node, heights, open, 0))
            {
                case < 0:
                    Report(Rules.SchemaReference, at, pointer, "this reference leads to itself without going deeper into the value");
                    return;
                case > ChainMax:
                    Report(Rules.SchemaTooLarge, at, pointer, $"more than {ChainMax} schemas look at one value, one through the other");
                    return;
            }
        }
    }

    // -1: it leads to itself. More than the limit: it is not looked further.
    private static int Height(SchemaNode node, Dictionary<SchemaNode, int> heights, HashSet<SchemaNode> open, int depth)
    {
        if (heights.TryGetValue(node, out int known))
        {
            return known;
        }

        if (depth > ChainMax)
        {
            return ChainMax + 1;
        }

        if (!open.Add(node))
        {
            return -1;
        }

        int height = 0;
        foreach (SchemaNode inner in node.InPlace())
        {
            int below = Height(inner, heights, open, depth + 1);
            if (below is < 0 or > ChainMax)
            {
                return below;
            }

            height = Math.Max(height, below);
        }

        open.Remove(node);
        heights[node] = height + 1;
        return height + 1;
    }

    private void CheckDefaults()
    {
        SchemaBudget budget = new();
        foreach ((SchemaNode node, YamlItem at, string pointer) in _defaults)
        {
            SchemaWalk walk = new(budget, 1);
            walk.Check(node, node.Default!.Value);
            if (walk.Faults is [var fault, ..])
            {
                string? quotes = at is YamlText { IsPlain: true } text && node.Types == SchemaTypes.String && _problems is not null ? $"Write \"{Text.Shorten(text.Value, 40)}\"." : null;
                Report(Rules.SchemaDefault, at, pointer, fault.Sentence("the default"), quotes);
            }
        }
    }

    private string Pointer() => SchemaFault.PointerTo(_path);

    private void Error(string rule, YamlItem at, string message, string? suggestion = null) => Report(rule, at, Pointer(), message, suggestion);

    private void Report(string rule, YamlItem at, string pointer, string message, string? suggestion = null)
    {
        _failed = true;
        if (_problems is not null)
        {
            _problems.Error(rule, at, message, suggestion);
            return;
        }

        _faults.Add(new SchemaFault(pointer, suggestion is null ? message : $"{message}. {suggestion.TrimEnd('.')}"));
        if (_faults.Count >= FaultsMax)
        {
            throw new StopException();
        }
    }

    private void Warn(string rule, YamlItem at, string message, string? suggestion = null) => _problems?.Warn(rule, at, message, suggestion);

    /// <summary>Reading ends here: enough is told.</summary>
    private sealed class StopException : Exception;
}
