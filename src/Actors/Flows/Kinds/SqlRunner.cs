using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>Runs SQL on one connection and writes what it gives as JSON. Errors of the database become <see cref="TaskException"/>.</summary>
/// <param name="transaction">Null: commands are on their own.</param>
internal sealed class SqlRunner(DbConnection connection, DbTransaction? transaction, SqlDialect dialect, IStepContext step)
{
    private const long BytesMax = 16 * 1024 * 1024;

    /// <summary>Opens a connection, lets the work be done on it, and gives it back.</summary>
    /// <param name="inTransaction">True: what the work does is committed together, and rolled back when it throws.</param>
    /// <exception cref="TaskException">The database refuses, or the connection is none to a database.</exception>
    public static async Task<T> RunAsync<T>(
        FlowResources resources, IStepConnection named, IStepContext step, bool inTransaction, bool toRead, Func<SqlRunner, Task<T>> work)
    {
        DbDataSource database = named.Database ?? throw new TaskException(
            $"The connection '{named.Name}' is of type {named.Type}, and is no database.", "invalid_settings") { Type = ErrorTypes.InvalidInput, Retryable = false };
        SqlDialect dialect = SqlDialect.Standard;
        try
        {
            DbConnection connection = await database.OpenConnectionAsync(step.CancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                dialect = resources.Connections.DialectOf(connection);
                if (!inTransaction)
                {
                    return await work(new SqlRunner(connection, null, dialect, step)).ConfigureAwait(false);
                }

                DbTransaction transaction = await dialect.BeginAsync(connection, toRead, step.CancellationToken).ConfigureAwait(false);
                await using (transaction.ConfigureAwait(false))
                {
                    T result = await work(new SqlRunner(connection, transaction, dialect, step)).ConfigureAwait(false);

                    // Who is told to stop here would not know what became of it.
                    await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
                    return result;
                }
            }
        }
        catch (DbException e)
        {
            throw Error(e, resources.Connections.Types.FirstOrDefault(type => type.Name == named.Type)?.Dialect ?? dialect, step);
        }
    }

    /// <summary>Runs a statement and writes <c>{rows, count}</c> or <c>{rows_affected}</c>.</summary>
    /// <exception cref="TaskException">The database refuses, or gives more than it may.</exception>
    public async Task WriteAsync(Utf8JsonWriter writer, SqlStatement statement, int maxRows)
    {
        await DoAsync(statement, async command =>
        {
            if (!statement.IsQuery)
            {
                int changed = await command.ExecuteNonQueryAsync(step.CancellationToken).ConfigureAwait(false);
                writer.WriteStartObject();
                writer.WriteNumber("rows_affected", Math.Max(0, changed));
                writer.WriteEndObject();
                return 0;
            }

            DbDataReader rows = await command.ExecuteReaderAsync(CommandBehavior.SingleResult, step.CancellationToken).ConfigureAwait(false);
            await using (rows.ConfigureAwait(false))
            {
                await WriteRowsAsync(writer, rows, maxRows).ConfigureAwait(false);
            }

            return 0;
        }).ConfigureAwait(false);
    }

    /// <summary>Runs a statement that gives no rows.</summary>
    /// <returns>How many rows it has changed.</returns>
    /// <exception cref="TaskException">The database refuses.</exception>
    public Task<int> ExecuteAsync(SqlStatement statement) =>
        DoAsync(statement, async command => Math.Max(0, await command.ExecuteNonQueryAsync(step.CancellationToken).ConfigureAwait(false)));

    public int ParametersMax => dialect.ParametersMax;

    private async Task<T> DoAsync<T>(SqlStatement statement, Func<DbCommand, Task<T>> work)
    {
        step.CancellationToken.ThrowIfCancellationRequested();
        try
        {
            DbCommand command = connection.CreateCommand();
            await using (command.ConfigureAwait(false))
            {
                command.Transaction = transaction;
                statement.Bind(command, dialect);
                using (step.CancellationToken.UnsafeRegister(static state => ((SqlRunner)state!).Interrupt(), this))
                {
                    return await work(command).ConfigureAwait(false);
                }
            }
        }
        catch (DbException e)
        {
            throw Error(e, dialect, step);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or InvalidCastException or NotSupportedException or FormatException or OverflowException)
        {
            // The provider's own words: a parameter is missing, or a value does not fit.
            throw new TaskException($"sql: {Text.Shorten(FirstLine(e.Message), 500)}", "parameters", e) { Type = SqlKind.ErrorType, Retryable = false };
        }
    }

    private void Interrupt() => dialect.Interrupt(connection);

    private async Task WriteRowsAsync(Utf8JsonWriter writer, DbDataReader rows, int maxRows)
    {
        string[] names = [.. Enumerable.Range(0, rows.FieldCount).Select(rows.GetName)];
        string? twice = names.GroupBy(static name => name, StringComparer.Ordinal).FirstOrDefault(static group => group.Count() > 1)?.Key;
        if (twice is not null)
        {
            throw Refuse($"two columns are called '{Text.Shorten(twice, 60)}'. Give one of them another name with AS", "duplicate_column");
        }

        string[]? types = null;
        int count = 0;
        writer.WriteStartObject();
        writer.WriteStartArray("rows");
        while (await rows.ReadAsync(step.CancellationToken).ConfigureAwait(false))
        {
            if (++count > maxRows)
            {
                throw Refuse(string.Create(
                    CultureInfo.InvariantCulture, $"the query gives more than {maxRows} rows. Ask for fewer (LIMIT), or raise 'max_rows' (up to {SqlCall.RowsMax})"), "too_many_rows");
            }

            // Not before the first row: until then not every provider knows them.
            types ??= [.. Enumerable.Range(0, names.Length).Select(rows.GetDataTypeName)];
            WriteRow(writer, rows, names, types);
            if (writer.BytesCommitted + writer.BytesPending > BytesMax)
            {
                throw Refuse(string.Create(CultureInfo.InvariantCulture, $"the rows are larger than {BytesMax} bytes. Ask for fewer rows or columns"), "result_too_large");
            }
        }

        writer.WriteEndArray();
        writer.WriteNumber("count", count);
        writer.WriteEndObject();
    }

    private void WriteRow(Utf8JsonWriter writer, DbDataReader rows, string[] names, string[] types)
    {
        writer.WriteStartObject();
        for (int i = 0; i < names.Length; i++)
        {
            writer.WritePropertyName(names[i]);
            try
            {
                object? value = rows.IsDBNull(i) ? null : dialect.ReadColumn(rows, i);
                SqlValues.Write(writer, value, types[i]);
            }
            catch (Exception e) when (e is InvalidCastException or OverflowException or FormatException or NotSupportedException)
            {
                throw Refuse(
                    $"the column '{Text.Shorten(names[i], 60)}' of type {Text.Shorten(types[i], 60)} has a value that cannot be read ({Text.Shorten(FirstLine(e.Message), 200)}). Cast it to text in the query", "column");
            }
        }

        writer.WriteEndObject();
    }

    private static TaskException Refuse(string message, string code) => new($"sql: {message}.", code) { Type = SqlKind.ErrorType, Retryable = false };

    internal static Exception Error(DbException error, SqlDialect dialect, IStepContext step)
    {
        if (step.CancellationToken.IsCancellationRequested)
        {
            return new OperationCanceledException("The statement was told to stop.", error, step.CancellationToken);
        }

        (string? code, bool retryable) = dialect.Explain(error);
        return new TaskException($"sql: {Text.Shorten(FirstLine(error.Message), 1000)}", code, error) { Type = SqlKind.ErrorType, Retryable = retryable };
    }

    // What follows may be values of rows.
    private static string FirstLine(string message) => message.Split('\n', 2)[0].TrimEnd();
}
