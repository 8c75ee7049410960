using System.Data.Common;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>
/// The kind <c>sql</c>: a statement, or several in one transaction, on a connection.
/// <list type="bullet">
/// <item>The SQL is a constant of the file; values are parameters: a mapping for <c>@name</c>, a list for <c>$1</c> or <c>@p1</c>.</item>
/// <item><c>query</c> gives <c>{rows, count}</c>, with an object for each row; more than <c>max_rows</c> (1,000) fail the step, and what the query has changed is rolled back.</item>
/// <item><c>execute</c> gives <c>{rows_affected}</c>. <c>transaction</c> is a list of both, committed together, and gives <c>{results, count}</c>.</item>
/// <item>
/// On the connection <c>journal</c> the SQL and the step's outcome are committed together: it happens once. On any other, a step whose outcome was lost with its process runs again, so that a statement
/// should bear repetition (<c>ON CONFLICT DO NOTHING</c>).
/// </item>
/// <item>
/// An error is of type <see cref="ErrorType"/> with the SQLSTATE (SQLite: the name of its code) as code. Another attempt is worth it after deadlocks, lost connections and the like.
/// </item>
/// </list>
/// </summary>
internal sealed class SqlKind(FlowResources resources)
{
    public const string Name = "sql";
    public const string ErrorType = "SqlError";

    private static readonly JsonElement Schema = JsonDocument.Parse("""
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["connection"],
          "oneOf": [{ "required": ["query"] }, { "required": ["execute"] }, { "required": ["transaction"] }],
          "properties": {
            "connection": { "type": "string", "description": "A connection to a database; journal for that of the runs, where the step happens exactly once." },
            "query": { "type": "string", "description": "One statement that gives rows; without expressions." },
            "execute": { "type": "string", "description": "Statements that give none; without expressions." },
            "transaction": {
              "type": "array",
              "minItems": 1,
              "description": "Statements that are committed together.",
              "items": {
                "type": "object",
                "additionalProperties": false,
                "oneOf": [{ "required": ["query"] }, { "required": ["execute"] }],
                "properties": { "query": { "type": "string" }, "execute": { "type": "string" }, "parameters": { "type": ["object", "array", "string"] } }
              }
            },
            "parameters": { "type": ["object", "array", "string"], "description": "A mapping for @name in the SQL, or a list for $1 or @p1." },
            "max_rows": { "type": ["integer", "string"], "description": "More rows are an error; from 1 to 100000. Default: 1000." },
            "transactional": { "enum": ["auto", true, false], "description": "true: refuse any connection but journal. Default: auto." }
          }
        }
        """).RootElement;

    public static StepKind Create(FlowResources resources) => new(Name, "Runs SQL on a connection.", new SqlKind(resources).RunAsync)
    {
        Settings = Schema,
        Check = Check,
        ConnectionSetting = "connection",
        IsTransactional = static settings => settings.ValueKind == JsonValueKind.Object
            && settings.TryGetProperty("connection", out JsonElement connection) && connection.ValueKind == JsonValueKind.String && connection.GetString() == ConnectionRegistry.Journal,
    };

    private static List<InputFault> Check(JsonElement settings)
    {
        List<InputFault> faults = [];
        SqlCall.Read(settings, isDraft: true, faults);
        return faults;
    }

    private async Task<JsonElement> RunAsync(JsonElement settings, IStepContext step)
    {
        SqlCall call = SqlCall.Read(settings);
        if (call.Connection != ConnectionRegistry.Journal)
        {
            // A single statement that changes rows is whole without a transaction, and some cannot be in one.
            SqlStatement first = call.Statements[0];
            bool inTransaction = call.IsTransaction || first.IsQuery || first.HasSeveral;
            return await SqlRunner.RunAsync(
                resources, step.GetConnection(call.Connection), step, inTransaction, toRead: !call.IsTransaction && first.IsQuery, runner => RunAsync(call, runner)).ConfigureAwait(false);
        }

        if (step is not ITransactionalStepContext journal)
        {
            throw new TaskException($"sql: the connection '{ConnectionRegistry.Journal}' needs a transactional step.") { Type = ErrorTypes.NotTransactional, Retryable = false };
        }

        DbConnection connection = journal.Connection;
        return await RunAsync(call, new SqlRunner(connection, journal.Transaction, resources.Connections.DialectOf(connection), step)).ConfigureAwait(false);
    }

    private static Task<JsonElement> RunAsync(SqlCall call, SqlRunner runner) => WriteAsync(runner, call.Statements, call.IsTransaction, call.MaxRows);

    /// <summary>Runs the statements one after the other.</summary>
    /// <param name="asList">True: <c>{results, count}</c>; false: the result of the only one.</param>
    internal static async Task<JsonElement> WriteAsync(SqlRunner runner, IReadOnlyList<SqlStatement> statements, bool asList, int maxRows)
    {
        using MemoryStream buffer = new();
        Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Encoder = FlowJson.Options.Encoder });
        await using (writer.ConfigureAwait(false))
        {
            if (asList)
            {
                writer.WriteStartObject();
                writer.WriteStartArray("results");
            }

            foreach (SqlStatement statement in statements)
            {
                await runner.WriteAsync(writer, statement, maxRows).ConfigureAwait(false);
            }

            if (asList)
            {
                writer.WriteEndArray();
                writer.WriteNumber("count", statements.Count);
                writer.WriteEndObject();
            }
        }

        return JsonDocument.Parse(buffer.ToArray()).RootElement;
    }
}
