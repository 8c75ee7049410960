using System.Text.RegularExpressions;

namespace Actors.Flows;

/// <summary>
/// Puts what FlowLang's documents write into the words of this language, in the tree, before anything is read: steps that are named after a built-in task, ids with
/// expressions, the last error, and what the loading of a project has added. Every place stays as it is in the file.
/// </summary>
internal sealed partial class FlowLangForms
{
    /// <summary>The names of steps that are named after a built-in task.</summary>
    public const string BuiltInPattern = "^(pg|mysql|sqlite|mongo|redis|airtable)_([a-z_]+)$";

    private static readonly HashSet<string> Opaque = new(StringComparer.Ordinal) { "inputs", "outputs", "connections", "triggers", "state", "schema", "output_schema", "form", "linked" };

    // What a built-in step says about itself; all else is for the task.
    private static readonly HashSet<string> StepKeys = new(StringComparer.Ordinal)
    {
        "id", "if", "description", "outputs", "retry", "timeout", "on_error", "depends_on", "silent", "cache", "fallback", "compensate", "validate", "output_schema", "result",
        "background",
    };

    private readonly Problems _problems;
    private readonly Func<string, bool> _isTask;
    private readonly Dictionary<string, YamlText> _subflows = new(StringComparer.Ordinal);

    private FlowLangForms(Problems problems, Func<string, bool> isTask)
    {
        (_problems, _isTask) = (problems, isTask);
    }

    /// <param name="isTask">True when the host has registered a task of this name: then it is called.</param>
    public static YamlMap Rewrite(YamlMap root, Problems problems, Func<string, bool> isTask) => new FlowLangForms(problems, isTask).Root(root);

    private YamlMap Root(YamlMap root)
    {
        if (HasErrorId(root))
        {
            root = (YamlMap)RenameError(root, false);
        }

        YamlMap? linked = root.Find("linked") as YamlMap;
        foreach (YamlEntry entry in (linked?.Find("subflows") as YamlMap)?.Entries ?? [])
        {
            if (entry.Value is YamlText name)
            {
                _subflows[entry.Key.Value] = name;
            }
        }

        YamlMap? shared = linked?.Find("connections") as YamlMap;
        List<YamlEntry> entries = [];
        foreach (YamlEntry entry in root.Entries)
        {
            if (entry.Key.Value == "linked" && linked is not null)
            {
                continue;
            }

            entries.Add(entry.Key.Value == "connections" ? entry with { Value = Connections(entry.Value, shared) } : entry with { Value = Opaque.Contains(entry.Key.Value) ? entry.Value : Walk(entry.Value, false) });
        }

        if (shared is not null && root.Find("connections") is null)
        {
            entries.Add(new YamlEntry(new YamlText(shared.Line, shared.Column, "connections", true), Connections(shared, null)));
        }

        return With(root, entries);
    }

    // FlowLang lets a step be called 'error', which is the word for the failure inside on_error: there it stays that.
    private static bool HasErrorId(YamlItem item) => item switch
    {
        YamlList list => list.Items.Any(HasErrorId),
        YamlMap map => map.Entries.Any(e => Opaque.Contains(e.Key.Value) ? false : e is { Key.Value: "id", Value: YamlText { Value: "error" } } || HasErrorId(e.Value)),
        _ => false,
    };

    private YamlItem RenameError(YamlItem item, bool inHandler)
    {
        switch (item)
        {
            case YamlText text when !inHandler && text.Value.Contains("error", StringComparison.Ordinal):
                return new YamlText(text.Line, text.Column, ErrorName().Replace(text.Value, "error_step"), text.IsPlain);
            case YamlList list:
                return new YamlList(list.Line, list.Column, [.. list.Items.Select(i => RenameError(i, inHandler))], list.Size, list.Height);
            case YamlMap map:
                return With(map, [.. map.Entries.Select(e => e is { Key.Value: "id", Value: YamlText { Value: "error" } id } ? e with { Value = Renamed(id) } : e with { Value = RenameError(e.Value, inHandler || e.Key.Value == "on_error") })]);
            default:
                return item;
        }
    }

    private YamlText Renamed(YamlText id)
    {
        _problems.Warn(Rules.IdWithExpression, id, "'error' is the word for a failure: the step is called 'error_step'", "Give it another id.");
        return new YamlText(id.Line, id.Column, "error_step", id.IsPlain);
    }

    // The flow's own connections go before those of its project.
    private static YamlItem Connections(YamlItem item, YamlMap? shared)
    {
        if (item is not (YamlMap or YamlText { IsNull: true }))
        {
            return item;
        }

        List<YamlEntry> entries = [.. (item as YamlMap)?.Entries ?? []];
        foreach (YamlEntry entry in shared?.Entries ?? [])
        {
            if (!entries.Exists(e => e.Key.Value == entry.Key.Value))
            {
                entries.Add(entry);
            }
        }

        if (item is YamlText && entries.Count == 0)
        {
            return item;
        }

        return new YamlMap(item.Line, item.Column, [.. entries.Select(e => e.Value is YamlMap map ? e with { Value = Connection(map) } : e)], item.Size, item.Height);
    }

    private static YamlMap Connection(YamlMap map)
    {
        List<YamlEntry> entries = [];
        foreach (YamlEntry entry in map.Entries)
        {
            entries.Add(entry switch
            {
                { Key.Value: "type", Value: YamlText { Value: "postgresql" } type } => entry with { Value = new YamlText(type.Line, type.Column, "postgres", type.IsPlain) },
                { Value: YamlText text } when text.Value.Contains("${", StringComparison.Ordinal) => entry with { Value = new YamlText(text.Line, text.Column, Variable().Replace(text.Value, Environment), text.IsPlain) },
                _ => entry,
            });
        }

        bool inParts = entries.Exists(e => e is { Key.Value: "type", Value: YamlText { Value: "postgres" } }) && entries.Exists(e => e.Key.Value == "host") && !entries.Exists(e => e.Key.Value == "url");
        return With(map, inParts ? Url(entries) : entries);
    }

    // Outside the steps only the environment can be meant.
    private static string Environment(Match match) =>
        match.Groups[2].Success ? $"${{env.{match.Groups[1].Value} ?? '{match.Groups[2].Value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'}}" : $"${{env.{match.Groups[1].Value}}}";

    private static List<YamlEntry> Url(List<YamlEntry> entries)
    {
        List<YamlEntry> rest = [];
        List<string> parts = [];
        YamlItem at = entries[0].Key;
        foreach (YamlEntry entry in entries)
        {
            string? name = entry.Key.Value switch
            {
                "host" => "Host",
                "port" => "Port",
                "database" => "Database",
                "user" or "username" => "Username",
                "password" => "Password",
                _ => null,
            };
            if (name is null || entry.Value is not YamlText text)
            {
                rest.Add(entry);
                continue;
            }

            at = entry.Key.Value == "host" ? entry.Value : at;
            parts.Add(name == "Password" ? $"Password='{text.Value}'" : $"{name}={text.Value}");
        }

        rest.Add(new YamlEntry(Name(at, "url"), new YamlText(at.Line, at.Column, string.Join(';', parts), false)));
        return rest;
    }

    /// <param name="inHandler">True inside on_error, where there is a last error.</param>
    private YamlItem Walk(YamlItem item, bool inHandler)
    {
        switch (item)
        {
            case YamlText text when inHandler && text.Value.Contains("last_error", StringComparison.Ordinal):
                return new YamlText(text.Line, text.Column, LastError().Replace(text.Value, m => "${error." + (m.Groups[1].Success ? m.Groups[1].Value : "message") + "}"), text.IsPlain);
            case YamlList list:
                return new YamlList(list.Line, list.Column, [.. list.Items.Select(i => Walk(i is YamlMap map ? Step(map) : i, inHandler))], list.Size, list.Height);
            case YamlMap map:
                return With(map, [.. map.Entries.Select(e => e with { Value = Opaque.Contains(e.Key.Value) && !inHandler ? e.Value : Walk(e.Value, inHandler || e.Key.Value == "on_error") })]);
            default:
                return item;
        }
    }

    private YamlMap Step(YamlMap map)
    {
        if (map.Entries is [{ Value: YamlMap settings } only] && BuiltIn().Match(only.Key.Value) is { Success: true } match)
        {
            return BuiltInStep(map, only.Key, settings, match);
        }

        if (map.Find("task") is YamlText task && BuiltIn().Match(task.Value) is { Success: true } called && map.Find("inputs") is YamlMap given && !_isTask(task.Value))
        {
            map = CalledBuiltIn(map, task, given, called);
        }

        if (map.Find("id") is YamlText id && id.Value.Contains("${", StringComparison.Ordinal))
        {
            map = WithPlainId(map, id);
        }

        return map.Find("subflow") is YamlText name && _subflows.TryGetValue(name.Value, out YamlText? flow)
            ? Replace(map, "subflow", new YamlText(name.Line, name.Column, flow.Value, flow.IsPlain))
            : map;
    }

    // An id is a name: with an expression in it each item would have a step that nobody could refer to. Steps in a for_each are one for each item anyway.
    private YamlMap WithPlainId(YamlMap map, YamlText id)
    {
        string plain = Hole().Replace(id.Value, "").Trim('_', '-');
        if (!ValueReader.IsIdentifier(plain))
        {
            return map;
        }

        _problems.Warn(
            Rules.IdWithExpression, id, $"an id has no expressions: the step is called '{plain}'", $"Write id: {plain}; each item of a for_each has a step of its own.");
        return Replace(map, "id", new YamlText(id.Line, id.Column, plain, id.IsPlain));
    }

    private YamlMap BuiltInStep(YamlMap map, YamlText key, YamlMap settings, Match match)
    {
        List<YamlEntry> own = [];
        List<YamlEntry> given = [];
        YamlItem? connection = null;
        foreach (YamlEntry entry in settings.Entries)
        {
            if (entry.Key.Value == "connection")
            {
                connection = entry.Value;
            }
            else
            {
                (StepKeys.Contains(entry.Key.Value) ? own : given).Add(entry);
            }
        }

        if (match.Groups[1].Value is "pg" or "sqlite" && match.Groups[2].Value == "batch_update" && !_isTask(key.Value))
        {
            given = [.. given.Select(e => e.Key.Value == "key_field" ? e with { Key = Name(e.Key, "key") } : e)];
            if (!given.Exists(e => e.Key.Value is "key" or "keys" or "key_columns"))
            {
                given.Add(new YamlEntry(Name(key, "key"), Name(key, "id")));
            }
        }

        // The fields of what SQL gives are known.
        return IsSql(match) && !_isTask(key.Value)
            ? With(map, [.. Sql(key, connection, given, match), .. own.Where(e => e.Key.Value != "outputs")])
            : With(map, [.. Task(key, connection, settings, given), .. own]);
    }

    private static YamlMap CalledBuiltIn(YamlMap map, YamlText task, YamlMap given, Match match)
    {
        if (!IsSql(match))
        {
            return map;
        }

        YamlText key = new(task.Line, task.Column, task.Value, true);
        IEnumerable<YamlEntry> rest = map.Entries.Where(e => e.Key.Value is not ("task" or "inputs" or "connection" or "outputs"));
        return With(map, [.. Sql(key, map.Find("connection"), given.Entries, match), .. rest]);
    }

    private static bool IsSql(Match match) => match.Groups[1].Value is "pg" or "sqlite" && match.Groups[2].Value is "query" or "execute" or "transaction";

    private static IEnumerable<YamlEntry> Task(YamlText key, YamlItem? connection, YamlMap settings, List<YamlEntry> given)
    {
        yield return new YamlEntry(Name(key, "task"), new YamlText(key.Line, key.Column, key.Value, true));
        if (connection is not null)
        {
            yield return new YamlEntry(Name(connection, "connection"), connection);
        }

        yield return new YamlEntry(Name(settings, "inputs"), With(settings, given));
    }

    private static IEnumerable<YamlEntry> Sql(YamlText key, YamlItem? connection, IEnumerable<YamlEntry> given, Match match)
    {
        List<YamlEntry> parts = [];
        if (connection is not null)
        {
            parts.Add(new YamlEntry(Name(connection, "connection"), connection));
        }

        foreach (YamlEntry entry in given)
        {
            parts.Add(entry is { Key.Value: "queries", Value: YamlList queries }
                ? new YamlEntry(Name(entry.Key, "transaction"), new YamlList(queries.Line, queries.Column, [.. queries.Items.Select(q => Statement(q, match))], queries.Size, queries.Height))
                : Part(entry, match.Groups[2].Value, match));
        }

        yield return new YamlEntry(Name(key, "sql"), new YamlMap(key.Line, key.Column, parts, 1 + (2 * parts.Count), 2));
    }

    // What gives rows is a query, all else is executed.
    private static YamlItem Statement(YamlItem item, Match match)
    {
        if (item is YamlText alone)
        {
            return new YamlMap(alone.Line, alone.Column, [Part(new YamlEntry(Name(alone, "query"), alone), GivesRows(alone.Value), match)], 3, 2);
        }

        return item is YamlMap map ? With(map, [.. map.Entries.Select(e => Part(e, GivesRows((e.Value as YamlText)?.Value ?? ""), match))]) : item;
    }

    private static string GivesRows(string sql) => RowsSql().IsMatch(sql) ? "query" : "execute";

    private static YamlEntry Part(YamlEntry entry, string kind, Match match) => entry.Key.Value switch
    {
        "query" or "sql" => new YamlEntry(Name(entry.Key, kind), entry.Value is YamlText sql && match.Groups[1].Value == "sqlite" ? new YamlText(sql.Line, sql.Column, Numbered(sql.Value), false) : entry.Value),
        "params" or "parameters" => entry with { Key = Name(entry.Key, "parameters") },
        _ => entry,
    };

    // The values of a list go by number: '?' becomes '$1', '$2' and so on, outside texts, names and comments.
    private static string Numbered(string sql)
    {
        System.Text.StringBuilder text = new();
        int number = 0;
        for (int i = 0; i < sql.Length; i++)
        {
            int end = sql[i] switch
            {
                '\'' or '"' or '`' => sql.IndexOf(sql[i], i + 1),
                '-' when i + 1 < sql.Length && sql[i + 1] == '-' => sql.IndexOf('\n', i),
                '/' when i + 1 < sql.Length && sql[i + 1] == '*' => sql.IndexOf("*/", i + 2, StringComparison.Ordinal),
                _ => i,
            };
            end = end < 0 ? sql.Length - 1 : end;
            text.Append(end == i && sql[i] == '?' ? $"${++number}" : sql[i..(end + 1)]);
            i = end;
        }

        return text.ToString();
    }

    private static YamlText Name(YamlItem at, string name) => new(at.Line, at.Column, name, true);

    private static YamlMap With(YamlMap map, IReadOnlyList<YamlEntry> entries) => new(map.Line, map.Column, entries, map.Size, map.Height);

    private static YamlMap Replace(YamlMap map, string key, YamlItem value) => With(map, [.. map.Entries.Select(e => e.Key.Value == key ? e with { Value = value } : e)]);

    [GeneratedRegex(@"\$\{\s*(?:(?:context|metadata|context\.metadata)\.)?last_error(?:\.(message|type))?\s*\}")]
    private static partial Regex LastError();

    [GeneratedRegex(@"\$\{([A-Z][A-Z0-9_]*)(?::([^{}]*))?\}")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^\s*(?:select|with|values|pragma)\b|\breturning\b", RegexOptions.IgnoreCase)]
    private static partial Regex RowsSql();

    [GeneratedRegex(@"(?<=\$\{\s*)error(?=\s*[.\[}])")]
    private static partial Regex ErrorName();

    [GeneratedRegex(@"\$\{[^{}]*\}")]
    private static partial Regex Hole();

    [GeneratedRegex(BuiltInPattern)]
    private static partial Regex BuiltIn();
}
