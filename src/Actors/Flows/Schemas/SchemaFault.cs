namespace Actors.Flows;

/// <summary>What is wrong with a value, or with a schema.</summary>
/// <param name="Pointer">JSON pointer (RFC 6901), e.g. <c>/items/0/quantity</c>; empty for the value itself. One longer than 500 characters is cut and ends in an ellipsis.</param>
/// <param name="Message">A sentence without its subject and full stop: <c>must be at most 100, but is 250</c>. Shows at most 60 characters of a value.</param>
public sealed record SchemaFault(string Pointer, string Message)
{
    internal const int PointerLengthMax = 500;

    /// <summary>The whole sentence.</summary>
    /// <param name="whole">What the value as a whole is called, e.g. <c>the output</c>.</param>
    public string Sentence(string whole) => Pointer.Length == 0 ? $"{whole} {Message}" : $"'{Pointer[1..]}' {Message}";

    /// <summary>One segment of a pointer.</summary>
    internal static string Escape(string name) =>
        name.AsSpan().IndexOfAny('~', '/') < 0 ? name : name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    /// <summary>The pointer to a place.</summary>
    internal static string PointerTo(IReadOnlyList<string> path)
    {
        System.Text.StringBuilder pointer = new();
        foreach (string segment in path)
        {
            pointer.Append('/').Append(Escape(Text.Shorten(segment, PointerLengthMax)));
            if (pointer.Length > PointerLengthMax)
            {
                break;
            }
        }

        return Text.Shorten(pointer.ToString(), PointerLengthMax);
    }
}

/// <summary>A schema that cannot be used.</summary>
public sealed class JsonSchemaException : Exception
{
    public JsonSchemaException(IReadOnlyList<SchemaFault> faults)
        : base($"The JSON Schema is not valid: {string.Join("; ", faults.Take(10).Select(f => f.Pointer.Length == 0 ? f.Message : $"{f.Pointer}: {f.Message}"))}.") => Faults = faults;

    /// <summary>At least one; the pointers lead into the schema.</summary>
    public IReadOnlyList<SchemaFault> Faults { get; }
}
