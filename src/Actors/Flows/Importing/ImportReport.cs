namespace Actors.Flows;

/// <summary>Collects what became of the parts of one source file.</summary>
internal sealed class ImportReport(string file)
{
    // A hostile file could have a hundred thousand unknown keys; nobody reads more than these.
    private const int NotesMax = 2_000;

    private readonly List<ImportNote> _notes = [];
    private readonly HashSet<string> _once = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _tasks = new(StringComparer.Ordinal);

    public string File => file;
    public IReadOnlyList<ImportNote> Notes => _notes;
    public IReadOnlyDictionary<string, string> Tasks => _tasks;

    public void Carried(YamlItem at, string message, string? todo = null) => Add(ImportSeverity.Carried, at, message, todo);

    public void Changed(YamlItem at, string message, string? todo = null) => Add(ImportSeverity.Changed, at, message, todo);

    public void Lost(YamlItem at, string message, string? todo = null) => Add(ImportSeverity.Lost, at, message, todo);

    /// <summary>A JSON Schema of the source; null when it is not one that is supported here, which is then told.</summary>
    public OutNode? Schema(YamlItem item)
    {
        Problems problems = new(new SourceText("", file));
        try
        {
            _ = JsonSchema.Read(item, problems);
        }
        catch (Problems.TooManyException)
        {
            // The first problem is enough.
        }

        if (!problems.HasErrors)
        {
            return OutYaml.Of(item);
        }

        Lost(item, $"the schema is not carried: {problems.All[0].Message}", "Write it anew, or check the value in the task.");
        return null;
    }

    /// <summary>Tells it at its first place only.</summary>
    public void ChangedOnce(YamlItem at, string message, string? todo = null)
    {
        if (_once.Add(message))
        {
            Changed(at, message, todo);
        }
    }

    public void Task(string name, string was) => _tasks.TryAdd(name, was);

    private void Add(ImportSeverity severity, YamlItem at, string message, string? todo)
    {
        if (_notes.Count < NotesMax)
        {
            _notes.Add(new ImportNote(severity, file, at.Line, at.Column, message, todo));
        }
        else if (_notes.Count == NotesMax)
        {
            _notes.Add(new ImportNote(ImportSeverity.Lost, file, at.Line, at.Column, "there is more than can be told", "Split the file."));
        }
    }
}

/// <summary>The keys of a mapping of the source; those that nobody asked for are told.</summary>
internal sealed class OldMap(YamlMap map, ImportReport report, string owner)
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    public YamlMap Map => map;

    public YamlItem? Item(string key)
    {
        _asked.Add(key);
        return map.Find(key) is { } item and not YamlText { IsNull: true } ? item : null;
    }

    /// <summary>The place of a key.</summary>
    public YamlItem At(string key)
    {
        foreach (YamlEntry entry in map.Entries)
        {
            if (entry.Key.Value == key)
            {
                return entry.Key;
            }
        }

        return map;
    }

    public string? Text(string key) => TextItem(key)?.Value;

    public YamlText? TextItem(string key)
    {
        if (Item(key) is not { } item)
        {
            return null;
        }

        if (item is YamlText text)
        {
            return text;
        }

        Wrong(item, key, "a text");
        return null;
    }

    public bool? Flag(string key)
    {
        switch (TextItem(key)?.Value.ToLowerInvariant())
        {
            case null:
                return null;
            case "true" or "yes" or "on":
                return true;
            case "false" or "no" or "off":
                return false;
            default:
                Wrong(Item(key)!, key, "true or false");
                return null;
        }
    }

    public decimal? Number(string key, decimal min, decimal max)
    {
        if (Item(key) is not { } item)
        {
            return null;
        }

        if (item is YamlText text && Value.TryParseNumber(text.Value, out Value number) && number.AsNumber is decimal value && value >= min && value <= max)
        {
            return value;
        }

        Wrong(item, key, $"a number from {min:0.##} to {max:0.##}");
        return null;
    }

    public YamlMap? Mapping(string key) => As<YamlMap>(key, "a mapping");

    public YamlList? List(string key) => As<YamlList>(key, "a list");

    /// <summary>A text, or a list of texts.</summary>
    public IReadOnlyList<YamlText> Texts(string key) => Item(key) switch
    {
        null => [],
        YamlText text => [text],
        YamlList list => [.. list.Items.OfType<YamlText>()],
        { } item => Told(item, key),
    };

    /// <summary>A key that has no counterpart: told when it is there.</summary>
    public void Lose(string key, string message, string? todo = null)
    {
        if (Item(key) is not null)
        {
            report.Lost(At(key), message, todo);
        }
    }

    /// <summary>Keys that have no counterpart: told when they are there.</summary>
    public void LeaveOut(params string[] keys)
    {
        foreach (string key in keys)
        {
            Lose(key, $"'{key}' has no counterpart and is left out");
        }
    }

    public void Ignore(params string[] keys)
    {
        foreach (string key in keys)
        {
            _asked.Add(key);
        }
    }

    public void TellOthers()
    {
        foreach (YamlEntry entry in map.Entries)
        {
            if (!_asked.Contains(entry.Key.Value))
            {
                report.Lost(entry.Key, $"{owner} has no key '{Actors.Text.Shorten(entry.Key.Value, 60)}' that this importer knows");
            }
        }
    }

    private T? As<T>(string key, string wanted)
        where T : YamlItem
    {
        YamlItem? item = Item(key);
        if (item is not null and not T)
        {
            Wrong(item, key, wanted);
        }

        return item as T;
    }

    private IReadOnlyList<YamlText> Told(YamlItem item, string key)
    {
        Wrong(item, key, "a text or a list of texts");
        return [];
    }

    private void Wrong(YamlItem item, string key, string wanted) => report.Lost(item, $"'{key}' must be {wanted}, not {item.Name}");
}
