using System.Data.Common;
using System.Globalization;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>One text of SQL with its values.</summary>
/// <param name="IsQuery">True: its rows are the result; false: how many rows it has changed.</param>
/// <param name="Parameters">A mapping (by name), a list (by position), or undefined.</param>
internal sealed record SqlStatement(string Text, bool IsQuery, JsonElement Parameters)
{
    public bool HasSeveral => SqlText.HasSeveralStatements(Text);

    public void Bind(DbCommand command, SqlDialect dialect)
    {
        command.CommandText = Text;
        List<JsonElement> values = [];
        if (Parameters.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty parameter in Parameters.EnumerateObject())
            {
                Add(parameter.Name, parameter.Value);
            }
        }
        else if (Parameters.ValueKind == JsonValueKind.Array)
        {
            bool named = Text.Contains("@p1", StringComparison.Ordinal);
            foreach (JsonElement value in Parameters.EnumerateArray())
            {
                Add(named ? string.Create(CultureInfo.InvariantCulture, $"p{values.Count + 1}") : dialect.PositionalName(values.Count + 1), value);
            }
        }

        dialect.Complete(command, values);

        void Add(string name, JsonElement value)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = name;
            dialect.Bind(parameter, value);
            command.Parameters.Add(parameter);
            values.Add(value);
        }
    }
}
