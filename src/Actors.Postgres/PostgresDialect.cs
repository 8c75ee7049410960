using System.Data.Common;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Actors.Flows;
using Npgsql;
using Npgsql.PostgresTypes;
using NpgsqlTypes;

namespace Actors.Postgres;

/// <summary>
/// SQL of flows on PostgreSQL. Texts, lists and mappings are sent without a type, so that the server takes them for what the statement needs: a date, a uuid, a json document, an array.
/// </summary>
internal sealed partial class PostgresDialect : SqlDialect
{
    private const string Asked = "actors_p";

    public override int ParametersMax => 65_535;

    public override bool IsFor(DbConnection connection) => connection is NpgsqlConnection;

    // $1, $2, …: parameters without names.
    public override string PositionalName(int number) => "";

    public override void Bind(DbParameter parameter, JsonElement value)
    {
        NpgsqlParameter target = (NpgsqlParameter)parameter;
        (target.NpgsqlDbType, target.Value) = value.ValueKind switch
        {
            JsonValueKind.True or JsonValueKind.False => (NpgsqlDbType.Boolean, value.GetBoolean()),

            // The smallest: where a larger type is needed the server widens it, but it narrows none.
            JsonValueKind.Number when value.TryGetInt32(out int small) => (NpgsqlDbType.Integer, small),
            JsonValueKind.Number when value.TryGetInt64(out long whole) => (NpgsqlDbType.Bigint, whole),
            JsonValueKind.Number when value.TryGetDecimal(out decimal number) && (double)number == value.GetDouble() => (NpgsqlDbType.Numeric, number),
            JsonValueKind.Number => (NpgsqlDbType.Double, value.GetDouble()),
            _ => (NpgsqlDbType.Unknown, ToPlain(value)),
        };
    }

    // A list may be meant for an array or for a json column, and only the server knows: it is asked, which costs a round trip for statements with lists.
    public override void Complete(DbCommand command, IReadOnlyList<JsonElement> values)
    {
        if (!values.Any(static value => value.ValueKind == JsonValueKind.Array))
        {
            return;
        }

        // Npgsql asks about parameters with names only. What is replaced in quotes does not change any type.
        bool named = command.Parameters[0].ParameterName.Length > 0;
        string text = named ? command.CommandText : Position().Replace(command.CommandText, $"@{Asked}$1");
        using NpgsqlCommand asked = new(text, (NpgsqlConnection)command.Connection!, (NpgsqlTransaction?)command.Transaction);
        NpgsqlCommandBuilder.DeriveParameters(asked);
        for (int i = 0; i < values.Count; i++)
        {
            NpgsqlParameter parameter = (NpgsqlParameter)command.Parameters[i];
            string name = named ? parameter.ParameterName : string.Create(CultureInfo.InvariantCulture, $"{Asked}{i + 1}");
            NpgsqlParameter? told = asked.Parameters.FirstOrDefault(p => p.ParameterName == name);
            if (values[i].ValueKind == JsonValueKind.Array && told?.PostgresType is PostgresArrayType)
            {
                StringBuilder array = new();
                WriteArray(array, values[i]);
                parameter.Value = array.ToString();
            }
        }
    }

    public override (string? Code, bool Retryable) Explain(DbException error) => error.SqlState switch
    {
        null => error.IsTransient ? ("connection", true) : ("driver", false),

        // More or fewer parameters than the statement has are reported as a violation of the protocol.
        "08P01" => (error.SqlState, false),
        ['0', '8', ..] or ['4', '0', ..] or ['5', '3', ..] or "55P03" or "57014" or "57P01" or "57P02" or "57P03" or "57P05" => (error.SqlState, true),
        _ => (error.SqlState, false),
    };

    private static void WriteArray(StringBuilder text, JsonElement list)
    {
        text.Append('{');
        string separator = "";
        foreach (JsonElement item in list.EnumerateArray())
        {
            text.Append(separator);
            separator = ",";
            switch (item.ValueKind)
            {
                case JsonValueKind.Array:
                    WriteArray(text, item);
                    break;
                case JsonValueKind.Null:
                    text.Append("NULL");
                    break;
                case JsonValueKind.String or JsonValueKind.Object:
                    string plain = item.ValueKind == JsonValueKind.String ? item.GetString()! : item.GetRawText();
                    text.Append('"').Append(plain.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
                    break;
                default:
                    text.Append(item.GetRawText());
                    break;
            }
        }

        text.Append('}');
    }

    [GeneratedRegex(@"(?<![\w$])\$(\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex Position();
}
