using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Actors.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Actors.Postgres;

/// <summary>Parameters of statements: one array per column for many rows, or single values.</summary>
internal static class Columns
{
    // Plain characters stay readable in the database; what is stored is never put into a page.
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static NpgsqlParameter Of(long value) => new NpgsqlParameter<long> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bigint };

    public static NpgsqlParameter Of(int value) => new NpgsqlParameter<int> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Integer };

    public static NpgsqlParameter Of(string? value) => new() { Value = (object?)Checked(value) ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    public static NpgsqlParameter Of(string[]? values) => new()
    {
        Value = values is null ? DBNull.Value : System.Array.ConvertAll(values, static value => Checked(value)!), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
    };

    public static NpgsqlParameter Of(long[] values) => new NpgsqlParameter<long[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

    public static NpgsqlParameter Of(DateTimeOffset at) => Of(at.ToUnixTimeMilliseconds());

    public static NpgsqlParameter Of(ReadOnlyMemory<byte> bytes) => new NpgsqlParameter<ReadOnlyMemory<byte>> { TypedValue = bytes, NpgsqlDbType = NpgsqlDbType.Bytea };

    public static NpgsqlParameter Longs<T>(List<T> rows, Func<T, long> read) => Of(Array(rows, read));

    public static NpgsqlParameter LongsOrNull<T>(List<T> rows, Func<T, long?> read) =>
        new NpgsqlParameter<long?[]> { TypedValue = Array(rows, read), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

    public static NpgsqlParameter Times<T>(List<T> rows, Func<T, DateTimeOffset> read) => Longs(rows, row => read(row).ToUnixTimeMilliseconds());

    public static NpgsqlParameter TimesOrNull<T>(List<T> rows, Func<T, DateTimeOffset?> read) => LongsOrNull(rows, row => read(row)?.ToUnixTimeMilliseconds());

    public static NpgsqlParameter Bools<T>(List<T> rows, Func<T, bool?> read) =>
        new NpgsqlParameter<bool?[]> { TypedValue = Array(rows, read), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Boolean };

    public static NpgsqlParameter Texts<T>(List<T> rows, Func<T, string?> read) =>
        new NpgsqlParameter<string?[]> { TypedValue = Array(rows, row => Checked(read(row))), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    public static NpgsqlParameter Bytes<T>(List<T> rows, Func<T, ReadOnlyMemory<byte>> read) =>
        new NpgsqlParameter<ReadOnlyMemory<byte>[]> { TypedValue = Array(rows, read), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };

    public static string? ToJson(IReadOnlyDictionary<string, string>? labels) => labels is { Count: > 0 } ? JsonSerializer.Serialize(labels, Json) : null;

    public static string ToJson(IReadOnlyList<string> names) => JsonSerializer.Serialize(names, Json);

    public static T FromJson<T>(string json) => JsonSerializer.Deserialize<T>(json, Json)!;

    // Npgsql would write half a surrogate pair as another character: what is stored must be what was given, or be refused.
    private static string? Checked(string? text)
    {
        if (text.AsSpan().ContainsAnyInRange('\ud800', '\udfff'))
        {
            Strict.GetByteCount(text!);
        }

        return text;
    }

    private static TValue[] Array<T, TValue>(List<T> rows, Func<T, TValue> read)
    {
        TValue[] values = new TValue[rows.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = read(rows[i]);
        }

        return values;
    }
}
