using System.Globalization;
using Actors.Protocol;
using Microsoft.Extensions.Primitives;

namespace Actors.Hosting;

/// <summary>Reads the query of a request whose endpoint declares its parameters; an unknown, repeated or wrong one is a problem.</summary>
internal sealed class QueryReader
{
    private readonly IQueryCollection _query;

    /// <exception cref="ProblemException">A parameter is unknown or repeated.</exception>
    public QueryReader(HttpContext context)
    {
        _query = context.Request.Query;
        IReadOnlyList<QueryParameter> declared = context.GetEndpoint()?.Metadata.GetOrderedMetadata<QueryParameter>() ?? [];
        foreach ((string name, StringValues values) in _query)
        {
            if (!declared.Any(p => p.Name.EndsWith('*') ? name.StartsWith(p.Name[..^1], StringComparison.Ordinal) && name.Length >= p.Name.Length : p.Name == name))
            {
                string[] known = declared.Select(p => p.Name).ToArray();
                string rest = known.Length == 0 ? " This address takes none." : $" Known parameters: {string.Join(", ", known)}.";
                throw ProblemException.Query(name, $"There is no query parameter '{ProblemException.Shorten(name)}'.{Suggestion.Text(name, known)}{rest}");
            }

            if (values.Count != 1)
            {
                throw ProblemException.Query(name, $"The query parameter '{ProblemException.Shorten(name)}' is given {values.Count} times; give it once.");
            }
        }
    }

    /// <summary>The value; null when it is absent or empty.</summary>
    public string? Text(string name, int lengthMax = 500)
    {
        string? value = _query[name];
        return value?.Length > lengthMax
            ? throw ProblemException.Query(name, $"'{name}' has {value.Length} characters; at most {lengthMax} are allowed.")
            : string.IsNullOrEmpty(value) ? null : value;
    }

    public int Limit(int fallback, int max) => Text("limit") switch
    {
        null => fallback,
        { } text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit >= 1 && limit <= max => limit,
        { } text => throw ProblemException.Query("limit", $"'limit' must be a whole number from 1 to {max}, not '{ProblemException.Shorten(text)}'."),
    };

    public long? Number(string name) => Text(name) switch
    {
        null => null,
        { } text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) => number,
        { } text => throw ProblemException.Query(name, $"'{name}' must be a whole number from 0, not '{ProblemException.Shorten(text)}'."),
    };

    /// <summary>Comma-separated words of an enum; empty when the parameter is absent.</summary>
    public IReadOnlyList<T> Words<T>(string name)
        where T : struct, Enum
    {
        List<T> values = [];
        foreach (string word in Text(name)?.Split(',', StringSplitOptions.TrimEntries) ?? [])
        {
            // Words only: TryParse alone would take numbers, too.
            string[] known = WordsOf<T>();
            int index = Array.IndexOf(known, word);
            values.Add(index >= 0
                ? Enum.GetValues<T>()[index]
                : throw ProblemException.Query(name, $"'{name}' has no value '{ProblemException.Shorten(word)}'.{Suggestion.Text(word, known)} Allowed: {string.Join(", ", known)}."));
        }

        return values;
    }

    public RunId? Run(string name) => Text(name) switch
    {
        null => null,
        { } text when RunId.TryParse(text, out RunId id) => id,
        { } text => throw ProblemException.Query(name, $"'{name}' must be a run's id, not '{ProblemException.Shorten(text)}'."),
    };

    /// <summary>How long to wait: <c>500ms</c>, <c>30s</c>, <c>2m</c>, <c>1m30s</c> or plain seconds.</summary>
    public TimeSpan Duration(string name, TimeSpan fallback, TimeSpan max)
    {
        if (Text(name) is not { } text)
        {
            return fallback;
        }

        return Durations.TryParse(text, out TimeSpan value) && value <= max
            ? value
            : throw ProblemException.Query(name, $"'{name}' must be a duration such as 30s, 1m30s or 0, at most {max.TotalSeconds} seconds; not '{ProblemException.Shorten(text)}'.");
    }

    /// <summary>The labels asked for with <c>metadata.KEY=value</c>; null when there are none.</summary>
    public IReadOnlyDictionary<string, string>? Metadata()
    {
        Dictionary<string, string> labels = new(StringComparer.Ordinal);
        foreach ((string name, StringValues value) in _query)
        {
            if (name.StartsWith(WireText.MetadataPrefix, StringComparison.Ordinal))
            {
                labels.Add(name[WireText.MetadataPrefix.Length..], value.ToString());
            }
        }

        return labels.Count == 0 ? null : labels;
    }

    public static string[] WordsOf<T>()
        where T : struct, Enum =>
        Enum.GetNames<T>().Select(System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName).ToArray();
}
