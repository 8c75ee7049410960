namespace Actors.Flows;

/// <summary>A blueprint that another one imports.</summary>
internal sealed class FlujoChild(string flow, string path)
{
    private readonly List<string> _outputs = ["output"];

    /// <summary>The name of the flow that is made of it.</summary>
    public string Flow => flow;

    public string Path => path;

    /// <summary>What those who import it take out of it.</summary>
    public IReadOnlyList<string> Outputs => _outputs;

    public string Want(string field)
    {
        if (!_outputs.Contains(field))
        {
            _outputs.Add(field);
        }

        return field;
    }
}

/// <summary>The blueprints of one import.</summary>
internal sealed class FlujoFiles(string root)
{
    private const int FilesMax = 50;

    private readonly Dictionary<string, FlujoChild> _children = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly List<FlujoChild> _all = [];
    private readonly HashSet<(string From, string To)> _imports = [];

    /// <summary>In the order in which they were found; grows while they are read.</summary>
    public IReadOnlyList<FlujoChild> Children => _all;

    /// <summary>A name for a flow that no other of this import has.</summary>
    public string NameOf(string? name, string path)
    {
        string word = Word(name ?? Path.GetFileNameWithoutExtension(path), "flow");
        string unique = word;
        for (int i = 2; !_names.Add(unique); i++)
        {
            unique = $"{word}_{i}";
        }

        return unique;
    }

    /// <summary>What an import names; null when it cannot be, which is then told.</summary>
    public FlujoChild? Open(ImportReport report, YamlText at)
    {
        string path = at.Value.Trim();
        if (path.Length is 0 or > 500 || path.Contains('\0', StringComparison.Ordinal) || Path.IsPathRooted(path))
        {
            report.Lost(at, "the path of an import must be relative to the blueprint");
            return null;
        }

        string file = Path.Combine(Path.GetDirectoryName(report.File) ?? "", path);
        string full = Path.GetFullPath(file);
        string from = Path.GetFullPath(report.File);
        if (full == Path.GetFullPath(root) || Leads(full, from))
        {
            report.Lost(at, "the blueprint imports itself");
            return null;
        }

        _imports.Add((from, full));

        if (_children.TryGetValue(full, out FlujoChild? known))
        {
            return known;
        }

        if (!File.Exists(full))
        {
            report.Lost(at, $"there is no file '{Text.Shorten(path, 100)}'");
            return null;
        }

        if (_children.Count >= FilesMax)
        {
            report.Lost(at, $"more than {FilesMax} blueprints are imported");
            return null;
        }

        FlujoChild child = new(NameOf(null, file), file);
        _children.Add(full, child);
        _all.Add(child);
        return child;
    }

    // There are at most 50 files: what leads where is walked anew each time.
    private bool Leads(string from, string to)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        Stack<string> open = new([from]);
        while (open.TryPop(out string? at))
        {
            if (at == to)
            {
                return true;
            }

            if (seen.Add(at))
            {
                foreach ((_, string next) in _imports.Where(i => i.From == at))
                {
                    open.Push(next);
                }
            }
        }

        return false;
    }

    /// <summary>A name of letters, digits and '_' that begins with a letter.</summary>
    public static string Word(string text, string otherwise)
    {
        char[] word = [.. text.Trim().Take(60).Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')];
        string name = new string(word).Trim('_');
        return name.Length == 0 ? otherwise : char.IsAsciiLetter(name[0]) ? name : "_" + name;
    }
}
