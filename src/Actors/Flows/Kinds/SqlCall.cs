using System.Text.Json;

namespace Actors.Flows;

/// <summary>What an <c>sql</c> step wants: its settings, read.</summary>
internal sealed class SqlCall
{
    public const int RowsDefault = 1000;
    public const int RowsMax = 100_000;
    private const int StatementsMax = 1000;

    private static readonly string[] Known = ["connection", "query", "execute", "transaction", "parameters", "max_rows", "transactional"];

    public string Connection { get; private init; } = "";

    /// <summary>At least one, except in a draft.</summary>
    public IReadOnlyList<SqlStatement> Statements { get; private init; } = [];

    /// <summary>True: they are committed together, and the result is a list.</summary>
    public bool IsTransaction { get; private init; }

    public int MaxRows { get; private init; } = RowsDefault;

    /// <exception cref="TaskException">The settings are wrong.</exception>
    public static SqlCall Read(JsonElement settings)
    {
        List<InputFault> faults = [];
        SqlCall call = Read(settings, isDraft: false, faults);
        SettingsReader.Require(faults, SqlKind.Name);
        return call;
    }

    public static SqlCall Read(JsonElement settings, bool isDraft, List<InputFault> faults)
    {
        if (isDraft && SettingsReader.IsExpression(settings))
        {
            faults.Add(new InputFault("", "the settings of an sql step must stand in the file: SQL that is put together at run time could be anything"));
            return new SqlCall();
        }

        SettingsReader read = new(settings, isDraft, faults, SqlKind.Name, Known);
        if (settings.ValueKind != JsonValueKind.Object)
        {
            return new SqlCall();
        }

        string? connection = Constant(read, settings, "connection", isDraft);
        if (!read.Has("connection"))
        {
            read.Fault("'connection' is missing: the name of a connection, or 'journal' for the database of the runs themselves");
        }

        string[] verbs = [.. new[] { "query", "execute", "transaction" }.Where(read.Has)];
        if (verbs.Length != 1)
        {
            read.Fault(verbs.Length == 0 ? "'query' or 'execute' is missing" : $"give only one of {string.Join(" and ", verbs)}");
        }

        ReadTransactional(read, connection);
        bool isTransaction = verbs is ["transaction"];
        if (isTransaction && read.Has("parameters"))
        {
            read.Fault("parameters", "'parameters' belong to each statement of the transaction");
        }

        return new SqlCall
        {
            Connection = connection ?? "",
            IsTransaction = isTransaction,
            Statements = isTransaction ? ReadAll(read, isDraft, faults) : verbs.Length == 1 && ReadOne(read, settings, isDraft) is { } one ? [one] : [],
            MaxRows = read.Whole("max_rows", 1, RowsMax) ?? RowsDefault,
        };
    }

    private static SqlStatement? ReadOne(SettingsReader read, JsonElement settings, bool isDraft)
    {
        bool isQuery = read.Has("query");
        string key = isQuery ? "query" : "execute";
        string? text = Constant(read, settings, key, isDraft);
        if (text is null)
        {
            return null;
        }

        if (isQuery && SqlText.HasSeveralStatements(text))
        {
            read.Fault(key, "'query' has several statements, of which only one could give the rows. Use 'execute' for those that give none, or 'transaction' for a list of them");
        }

        JsonElement parameters = read.Find("parameters") ?? default;
        switch (parameters.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty parameter in parameters.EnumerateObject())
                {
                    if (!IsName(parameter.Name))
                    {
                        read.Fault("parameters", $"'{Actors.Text.Shorten(parameter.Name, 60)}' cannot be a parameter: a letter or '_', then letters, digits and '_'. The statement writes it with '@' before it");
                    }
                    else if (!isDraft && !text.Contains(parameter.Name, StringComparison.Ordinal))
                    {
                        read.Fault("parameters", $"the statement has no parameter '@{parameter.Name}'");
                    }
                }

                break;
            case JsonValueKind.Array or JsonValueKind.Undefined:
                break;
            default:
                read.Fault("parameters", $"'parameters' must be a mapping of names to values, or a list, not {SettingsReader.NameOf(parameters)}");
                break;
        }

        return new SqlStatement(text, isQuery, parameters);
    }

    private static List<SqlStatement> ReadAll(SettingsReader read, bool isDraft, List<InputFault> faults)
    {
        List<SqlStatement> statements = [];
        if (read.Find("transaction") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() is 0 or > StatementsMax)
        {
            read.Fault("transaction", $"'transaction' must be a list of one to {StatementsMax} statements, each a mapping with 'query' or 'execute', and 'parameters'");
            return statements;
        }

        int index = 0;
        foreach (JsonElement item in list.EnumerateArray())
        {
            SettingsReader one = new(item, $"{read.PathOf("transaction")}/{index++}", isDraft, faults, "a statement", "query", "execute", "parameters");
            if (item.ValueKind != JsonValueKind.Object)
            {
                continue;
            }

            if (one.Has("query") == one.Has("execute"))
            {
                one.Fault("a statement has either 'query' or 'execute'");
            }
            else if (ReadOne(one, item, isDraft) is { } statement)
            {
                statements.Add(statement);
            }
        }

        return statements;
    }

    private static void ReadTransactional(SettingsReader read, string? connection)
    {
        if (read.Find("transactional") is not { } value || value.ValueKind == JsonValueKind.String && value.GetString() == "auto")
        {
            return;
        }

        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            read.Fault("transactional", "'transactional' must be auto, true or false");
        }
        else if (connection is not null && value.GetBoolean() != (connection == ConnectionRegistry.Journal))
        {
            read.Fault(
                "transactional",
                value.GetBoolean()
                    ? $"only the connection '{ConnectionRegistry.Journal}' is committed together with the run; on another one a step can act more than once"
                    : $"the connection '{ConnectionRegistry.Journal}' always is committed together with the run");
        }
    }

    // Not by the reader's own means, which pass over texts with expressions.
    private static string? Constant(SettingsReader read, JsonElement settings, string key, bool isDraft)
    {
        if (isDraft && settings.TryGetProperty(key, out JsonElement value) && SettingsReader.IsExpression(value))
        {
            read.Fault(key, key == "connection"
                ? "'connection' must be a name that stands in the file"
                : $"'{key}' must be SQL without expressions: a value in the text would be read as SQL. Write @name in the text, and the value under 'parameters'");
            return null;
        }

        return read.Word(key);
    }

    private static bool IsName(string name) => name.Length is > 0 and <= 60 && (char.IsAsciiLetter(name[0]) || name[0] == '_') && name.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
