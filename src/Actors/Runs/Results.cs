using System.Text.Json;

namespace Actors.Runs;

/// <summary>What flow code returns and receives, as the bytes that are journaled.</summary>
internal static class Results
{
    /// <summary>Writes a result, and proves that reading it gives the same value back.</summary>
    /// <exception cref="TaskException">It is too large, cannot be written, or loses something: a member of a derived type, a private field, a property without a setter.</exception>
    public static byte[] Encode<T>(T value, int bytesMax)
    {
        byte[] json;
        try
        {
            json = JsonSerializer.SerializeToUtf8Bytes(value, FlowJson.Options);
            if (!Known<T>.IsItsOwnJson && value is not null)
            {
                T? copy = JsonSerializer.Deserialize<T>(json, FlowJson.Options);
                // By the run-time type, so that what a derived type adds, and the declared type would silently drop, is seen.
                Type type = value.GetType();
                ReadOnlySpan<byte> before = type == typeof(T) ? json : JsonSerializer.SerializeToUtf8Bytes(value, type, FlowJson.Options);
                ReadOnlySpan<byte> after = copy is null ? default : JsonSerializer.SerializeToUtf8Bytes(copy, copy.GetType(), FlowJson.Options);
                if (!before.SequenceEqual(after))
                {
                    throw new TaskException(
                        $"The result of type {type.Name} is not the same after it was written as {typeof(T).Name} and read back: {Excerpt(before)} became {Excerpt(after)}.")
                    {
                        Type = ErrorTypes.ResultNotSerializable,
                        Retryable = false,
                    };
                }

                if (HiddenState.FindLost(value, copy) is { } lost)
                {
                    throw new TaskException(
                        $"The result of type {type.Name} is not the same after it was written as JSON and read back: '{lost.TrimStart('.')}' is lost. Make it a public property, or mark it with [JsonIgnore] if it may be.")
                    {
                        Type = ErrorTypes.ResultNotSerializable,
                        Retryable = false,
                    };
                }
            }
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException)
        {
            throw new TaskException($"The result of type {typeof(T).Name} cannot be written as JSON: {Text.Shorten(e.Message, 500)}", null, e)
            {
                Type = ErrorTypes.ResultNotSerializable,
                Retryable = false,
            };
        }

        if (json.Length > bytesMax)
        {
            throw new TaskException($"The result has {json.Length:N0} bytes of JSON; {bytesMax:N0} are allowed (SiloOptions.PayloadBytesMax). Store large data elsewhere and return where it is.")
            {
                Type = ErrorTypes.PayloadTooLarge,
                Retryable = false,
            };
        }

        return json;
    }

    /// <summary>
    /// A body's own copy of its input: what it changes in it must not reach the flow's code, which would not see that in the next walk.
    /// Values that cannot be changed, and types that are written but cannot be read, are given as they are.
    /// </summary>
    public static T Copy<T>(T input, byte[] json)
    {
        Type type = typeof(T);
        if (type.IsValueType || Known<T>.IsItsOwnJson || input is null || input is string)
        {
            return input;
        }

        try
        {
            return JsonSerializer.Deserialize<T>(json, FlowJson.Options) is { } copy && copy.GetType() == input.GetType() && HiddenState.FindLost(input, copy) is null ? copy : input;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException)
        {
            return input;
        }
    }

    /// <exception cref="InvalidDataException">The recorded value is not of this type any more.</exception>
    public static T Decode<T>(ReadOnlyMemory<byte> json, string key)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json.Span, FlowJson.Options)!;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new InvalidDataException($"The recorded result of '{key}' cannot be read as {typeof(T).Name}: {Text.Shorten(e.Message, 300)}", e);
        }
    }

    // Types whose JSON is the value itself need no proof.
    private static bool IsItsOwnJson(Type type) =>
        type.IsPrimitive || type == typeof(string) || type == typeof(decimal) || type == typeof(JsonElement) || type == typeof(Guid)
        || typeof(System.Text.Json.Nodes.JsonNode).IsAssignableFrom(type) || type.IsDefined(typeof(IsItsOwnJsonAttribute), inherit: false)
        || (type.IsSZArray && IsItsOwnJson(type.GetElementType()!));

    // Asked once for each type: looking for attributes costs more than writing a small result.
    private static class Known<T>
    {
        public static readonly bool IsItsOwnJson = Results.IsItsOwnJson(typeof(T));
    }

    private static string Excerpt(ReadOnlySpan<byte> json) => Text.Shorten(System.Text.Encoding.UTF8.GetString(json[..Math.Min(json.Length, 120)]), 100);
}

/// <summary>Marks a type whose JSON form is proven to be read back as the same value, so that results of it need not be checked one by one.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
internal sealed class IsItsOwnJsonAttribute : Attribute;
