using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Actors.Flows;

/// <summary>Tells in the words of flows why a value cannot be read as a C# type. A value is never shown: it may be a secret.</summary>
internal static class TypeMismatch
{
    /// <summary>The first place at which the value is not what the type asks for, with what was expected there and what was found.</summary>
    /// <param name="e">What reading the value with these options has thrown.</param>
    public static SchemaFault Find(JsonElement value, Type type, JsonException e, JsonSerializerOptions options)
    {
        List<string> path = [];
        return Find(value, options.GetTypeInfo(type), path, options) is { } message
            ? new SchemaFault(SchemaFault.PointerTo(path), message)
            : new SchemaFault(PointerOf(e.Path), $"cannot be read as {type.Name}");
    }

    /// <summary>A path such as <c>$.items[2]['unit price']</c> as a pointer.</summary>
    private static string PointerOf(string? path)
    {
        List<string> segments = [];
        for (int at = 1; path is not null && at < path.Length;)
        {
            int end;
            if (path.AsSpan(at).StartsWith("['"))
            {
                end = path.IndexOf("']", at, StringComparison.Ordinal) is var close and >= 0 ? close : path.Length;
                segments.Add(path[(at + 2)..end]);
                at = end + 2;
            }
            else
            {
                end = path.AsSpan(at + 1).IndexOfAny('.', '[', ']') is var next and >= 0 ? at + 1 + next : path.Length;
                segments.Add(path[(at + 1)..end]);
                at = end + (end < path.Length && path[end] == ']' ? 1 : 0);
            }
        }

        return SchemaFault.PointerTo(segments);
    }

    /// <returns>Null: nothing is wrong here or below. Else the path leads to the place.</returns>
    private static string? Find(JsonElement value, JsonTypeInfo info, List<string> path, JsonSerializerOptions options)
    {
        bool isNull = value.ValueKind == JsonValueKind.Null;
        if (Nullable.GetUnderlyingType(info.Type) is { } inner)
        {
            return isNull ? null : Find(value, options.GetTypeInfo(inner), path, options);
        }

        if (info.Kind == JsonTypeInfoKind.None || (isNull && info.Type.IsValueType))
        {
            return CanRead(value, info) ? null : $"must be {Expected(info.Type, value, options)}, not {Found(info.Type, value)}";
        }

        if (isNull)
        {
            return null;
        }

        bool isList = info.Kind == JsonTypeInfoKind.Enumerable;
        if (value.ValueKind != (isList ? JsonValueKind.Array : JsonValueKind.Object))
        {
            return $"must be {(isList ? "an array" : "an object")}, not {Found(null, value)}";
        }

        return isList ? InList(value, info, path, options) : info.Kind == JsonTypeInfoKind.Dictionary ? InDictionary(value, info, path, options) : InObject(value, info, path, options);
    }

    private static string? InList(JsonElement value, JsonTypeInfo info, List<string> path, JsonSerializerOptions options)
    {
        JsonTypeInfo element = options.GetTypeInfo(info.ElementType ?? typeof(object));
        int index = 0;
        foreach (JsonElement item in value.EnumerateArray())
        {
            if (Below(item, element, $"{index++}", path, options) is { } message)
            {
                return message;
            }
        }

        return null;
    }

    private static string? InDictionary(JsonElement value, JsonTypeInfo info, List<string> path, JsonSerializerOptions options)
    {
        JsonTypeInfo element = options.GetTypeInfo(info.ElementType ?? typeof(object));
        foreach (JsonProperty entry in value.EnumerateObject())
        {
            if (Below(entry.Value, element, entry.Name, path, options) is { } message)
            {
                return message;
            }
        }

        return null;
    }

    private static string? InObject(JsonElement value, JsonTypeInfo info, List<string> path, JsonSerializerOptions options)
    {
        // Which type it is depends on the value; the reader knows.
        if (info.PolymorphismOptions is not null)
        {
            return null;
        }

        JsonPropertyInfo[] known = [.. info.Properties.Where(property => property.Set is not null || property.AssociatedParameter is not null)];
        bool takesAny = info.Properties.Any(property => property.IsExtensionData) || (info.UnmappedMemberHandling ?? options.UnmappedMemberHandling) == JsonUnmappedMemberHandling.Skip;
        StringComparison comparison = options.PropertyNameCaseInsensitive ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        HashSet<JsonPropertyInfo> given = [];
        foreach (JsonProperty entry in value.EnumerateObject())
        {
            if (Array.Find(known, property => property.Name.Equals(entry.Name, comparison)) is { } property)
            {
                given.Add(property);
                // One with a converter of its own, or with numbers read in a way of its own, is read as that likes, which is found out by trying only.
                if (property.CustomConverter is null && (property.NumberHandling ?? info.NumberHandling) is null && Below(entry.Value, options.GetTypeInfo(property.PropertyType), entry.Name, path, options) is { } message)
                {
                    return message;
                }
            }
            else if (!takesAny && !info.Properties.Any(property => property.Name.Equals(entry.Name, comparison)))
            {
                path.Add(entry.Name);
                string? near = Text.Nearest(entry.Name, known.Select(property => property.Name));
                return "is not known here. " + (near is not null ? $"Did you mean '{near}'?" : known.Length == 0 ? "Nothing is." : $"Known: {Listed(known.Select(property => property.Name))}.");
            }
        }

        string[] missing = [.. known.Where(property => !given.Contains(property) && IsRequired(property, options)).Select(property => $"'{property.Name}'")];
        return missing.Length == 0 ? null : $"needs {Listed(missing)}";
    }

    private static string? Below(JsonElement value, JsonTypeInfo info, string segment, List<string> path, JsonSerializerOptions options)
    {
        path.Add(segment);
        if (Find(value, info, path, options) is { } message)
        {
            return message;
        }

        path.RemoveAt(path.Count - 1);
        return null;
    }

    private static bool IsRequired(JsonPropertyInfo property, JsonSerializerOptions options) =>
        property.IsRequired || (options.RespectRequiredConstructorParameters && property.AssociatedParameter is { HasDefaultValue: false, IsMemberInitializer: false });

    private static bool CanRead(JsonElement value, JsonTypeInfo info)
    {
        try
        {
            _ = value.Deserialize(info);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Expected(Type type, JsonElement value, JsonSerializerOptions options)
    {
        if (type.IsEnum)
        {
            return type.IsDefined(typeof(JsonConverterAttribute), inherit: false)
                ? $"a word of {type.Name}"
                : $"one of {Listed(Enum.GetNames(type).Select(name => $"'{options.PropertyNamingPolicy?.ConvertName(name) ?? name}'"))}";
        }

        switch (Type.GetTypeCode(type))
        {
            case TypeCode.Boolean:
                return "a boolean";
            case TypeCode.String:
                return "a string";
            case TypeCode.Char:
                return "a string of one character";
            case TypeCode.Single or TypeCode.Double or TypeCode.Decimal:
                return "a number";
            case TypeCode.DateTime:
                return "a date and time such as 2026-01-31T12:00:00Z";
            case >= TypeCode.SByte and <= TypeCode.UInt64:
                return value.ValueKind == JsonValueKind.Number
                    ? $"an integer from {type.GetField("MinValue")!.GetRawConstantValue()} to {type.GetField("MaxValue")!.GetRawConstantValue()}"
                    : "an integer";
        }

        return type == typeof(DateTimeOffset) ? "a date and time such as 2026-01-31T12:00:00Z"
            : type == typeof(DateOnly) ? "a date such as 2026-01-31"
            : type == typeof(TimeOnly) ? "a time such as 12:00:00"
            : type == typeof(TimeSpan) ? "a duration such as 1.12:30:00"
            : type == typeof(Guid) ? "a UUID"
            : type == typeof(byte[]) ? "a string in base 64"
            : type == typeof(Uri) ? "an address"
            : $"what {type.Name} is read from";
    }

    /// <param name="type">What is read from a value of this kind, if it is the right one; null: nothing is.</param>
    private static string Found(Type? type, JsonElement value)
    {
        TypeCode code = type is null || type.IsEnum ? TypeCode.Empty : Type.GetTypeCode(type);
        return value.ValueKind switch
        {
            JsonValueKind.Null or JsonValueKind.Undefined => "null",
            JsonValueKind.True or JsonValueKind.False => "a boolean",
            JsonValueKind.Number => code is >= TypeCode.SByte and <= TypeCode.Decimal ? "this number" : "a number",
            JsonValueKind.String => type is { IsEnum: true } || code is TypeCode.Object or TypeCode.DateTime or TypeCode.Char ? "this string" : "a string",
            JsonValueKind.Array => "an array",
            _ => "an object",
        };
    }

    private static string Listed(IEnumerable<string> names) => Names.List(names.Select(name => Text.Shorten(name, 80)));
}
