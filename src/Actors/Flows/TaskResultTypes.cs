using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Actors.Flows;

/// <summary>
/// What is known of the results of tasks by their types in C#: the fields that the serializer writes, under the names that it gives them. Whatever may be written in another way than
/// the type says, by a converter of its own or as a derived type, may be anything.
/// </summary>
internal sealed class TaskResultTypes
{
    // Deeper than paths of expressions go.
    private const int DepthMax = 16;

    private readonly Dictionary<Type, StaticType> _known = [];
    private readonly HashSet<Type> _open = [];

    /// <param name="type">Null: not known.</param>
    public StaticType Of(Type? type) => type is null ? StaticType.Any : Of(type, FlowJson.TaskOptions.NumberHandling, 0);

    private StaticType Of(Type type, JsonNumberHandling numbers, int depth)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            return Of(inner, numbers, depth).OrNull();
        }

        // Numbers may be written as texts in one place and not in another.
        bool isUsual = numbers == FlowJson.TaskOptions.NumberHandling;
        if (isUsual && _known.TryGetValue(type, out StaticType? known))
        {
            return known;
        }

        if (depth == DepthMax || !_open.Add(type))
        {
            return StaticType.Any;
        }

        StaticType read = Read(type, numbers, depth);
        read = type.IsValueType ? read : read.OrNull();
        _open.Remove(type);
        if (isUsual)
        {
            _known[type] = read;
        }

        return read;
    }

    private StaticType Read(Type type, JsonNumberHandling numbers, int depth)
    {
        JsonTypeInfo info;
        try
        {
            info = FlowJson.TaskOptions.GetTypeInfo(type);
        }
        catch (Exception e) when (e is NotSupportedException or InvalidOperationException or ArgumentException)
        {
            // The task cannot give a result; it says why when it is called.
            return StaticType.Any;
        }

        if (info.PolymorphismOptions is not null)
        {
            return StaticType.Any;
        }

        numbers = info.NumberHandling ?? numbers;
        return info.Kind switch
        {
            JsonTypeInfoKind.Object => ObjectOf(info, depth),
            JsonTypeInfoKind.Enumerable => info.ElementType is { } item ? StaticType.ListOf(Of(item, numbers, depth + 1)) : StaticType.List,
            JsonTypeInfoKind.Dictionary => StaticType.Object,
            _ => info.Converter.GetType().Assembly == typeof(JsonSerializer).Assembly ? Scalar(type, numbers) : StaticType.Any,
        };
    }

    private StaticType ObjectOf(JsonTypeInfo info, int depth)
    {
        Dictionary<string, StaticType> fields = new(StringComparer.Ordinal);
        bool isClosed = true;
        foreach (JsonPropertyInfo property in info.Properties)
        {
            if (property.IsExtensionData)
            {
                isClosed = false;
            }
            else if (property.Get is not null)
            {
                StaticType type = property.CustomConverter is null
                    ? Of(property.PropertyType, property.NumberHandling ?? info.NumberHandling ?? FlowJson.TaskOptions.NumberHandling, depth + 1)
                    : StaticType.Any;
                bool isAlwaysWritten = property.ShouldSerialize is null && property.AttributeProvider?.IsDefined(typeof(JsonIgnoreAttribute), inherit: true) != true;
                fields[property.Name] = isAlwaysWritten ? type : type.OrNull();
            }
        }

        return StaticType.ObjectOf(fields, isClosed);
    }

    private static StaticType Scalar(Type type, JsonNumberHandling numbers)
    {
        // Enums are written by name, and by number when the value has none.
        if (type.IsEnum)
        {
            return StaticType.Of(TypeKinds.Numeric);
        }

        bool isNumber = type == typeof(decimal) || type == typeof(Int128) || type == typeof(UInt128)
            || Type.GetTypeCode(type) is >= TypeCode.SByte and <= TypeCode.UInt64;
        bool isFloating = type == typeof(double) || type == typeof(float) || type == typeof(Half);
        if (isNumber || isFloating)
        {
            bool mayBeText = (numbers & JsonNumberHandling.WriteAsString) != 0 || (isFloating && (numbers & JsonNumberHandling.AllowNamedFloatingPointLiterals) != 0);
            return mayBeText ? StaticType.Of(TypeKinds.Numeric) : StaticType.Number;
        }

        return type == typeof(bool) ? StaticType.Bool
            : Array.IndexOf(Texts, type) >= 0 ? StaticType.Text
            : StaticType.Any;
    }

    private static readonly Type[] Texts =
    [
        typeof(string), typeof(char), typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly), typeof(TimeOnly), typeof(TimeSpan), typeof(Guid), typeof(Uri), typeof(Version), typeof(byte[]),
    ];
}
