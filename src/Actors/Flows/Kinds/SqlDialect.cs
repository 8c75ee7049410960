using System.Data.Common;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>What the <c>sql</c> kind must know about a database beyond System.Data.Common. Stateless, safe for any thread.</summary>
public abstract class SqlDialect
{
    internal static SqlDialect Standard { get; } = new StandardDialect();

    /// <summary>True when the connection is one of this database.</summary>
    public abstract bool IsFor(DbConnection connection);

    /// <summary>How parameter number <paramref name="number"/> (from 1) of a list is called, for <see cref="DbParameter.ParameterName"/>. Default: <c>p1</c>.</summary>
    public virtual string PositionalName(int number) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"p{number}");

    /// <summary>
    /// Sets a parameter's value. Default: null, bool, long, decimal or double, text as it is, and lists and mappings as JSON text.
    /// </summary>
    public virtual void Bind(DbParameter parameter, JsonElement value)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        parameter.Value = ToPlain(value);
    }

    /// <summary>Called when all parameters are bound, and before the command runs, with their values in order. Default: nothing.</summary>
    public virtual void Complete(DbCommand command, IReadOnlyList<JsonElement> values)
    {
    }

    /// <summary>Begins a transaction. Default: as the provider does.</summary>
    /// <param name="toRead">True when it most likely only reads: one that holds up no writer is enough.</param>
    public virtual ValueTask<DbTransaction> BeginAsync(DbConnection connection, bool toRead, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return connection.BeginTransactionAsync(cancellationToken);
    }

    /// <summary>The largest number of parameters of one statement. Default 999.</summary>
    public virtual int ParametersMax => 999;

    /// <summary>The value of a column that is not null. Default: <see cref="DbDataReader.GetValue"/>.</summary>
    public virtual object ReadColumn(DbDataReader row, int column)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.GetValue(column);
    }

    /// <summary>What an error is called, for handlers and retry rules, and whether another attempt may help. Default: its SQLSTATE; another attempt may help when the provider says so.</summary>
    public virtual (string? Code, bool Retryable) Explain(DbException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return (error.SqlState, error.IsTransient);
    }

    /// <summary>Ends the command that runs on the connection; called from another thread when the step is told to stop. Default: nothing, for providers that listen to their token.</summary>
    public virtual void Interrupt(DbConnection connection)
    {
    }

    /// <summary>A value as most providers take it; null is <see cref="DBNull"/>.</summary>
    protected static object ToPlain(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => DBNull.Value,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number => value.TryGetInt64(out long whole) ? whole : value.TryGetDecimal(out decimal number) && number != 0 ? number : value.GetDouble(),
        _ => value.GetRawText(),
    };

    private sealed class StandardDialect : SqlDialect
    {
        public override bool IsFor(DbConnection connection) => true;
    }
}
