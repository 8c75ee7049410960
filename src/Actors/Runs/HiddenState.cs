using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Actors.Runs;

/// <summary>
/// Finds what JSON loses without a trace: fields that no serialized property shows (a private counter, the items of a tuple, a property without a getter's backing field). Two values with the same JSON
/// may differ there. Types without such fields, which are nearly all, cost one look-up. What is marked with <see cref="JsonIgnoreAttribute"/> is meant to be lost.
/// </summary>
internal static class HiddenState
{
    private const int DepthMax = FlowJson.DepthMax;

    private static readonly ConcurrentDictionary<Type, Plan> Plans = new();

    /// <summary>The path of the first hidden field that differs between a value and its copy; null when there is none.</summary>
    public static string? FindLost(object value, object? copy) => copy is null || !HasHidden(value.GetType(), []) ? null : Compare(value, copy, "", 0);

    private static string? Compare(object? value, object? copy, string path, int depth)
    {
        if (value is null || copy is null || depth > DepthMax || value.GetType() != copy.GetType())
        {
            return value is null == copy is null ? null : path;
        }

        if (value is not string && value is IEnumerable items && copy is IEnumerable copies)
        {
            return CompareItems(items, copies, path, depth);
        }

        Plan plan = Of(value.GetType());
        foreach (FieldInfo field in plan.Hidden)
        {
            if (!Same(field.GetValue(value), field.GetValue(copy)))
            {
                return $"{path}.{field.Name}";
            }
        }

        foreach (PropertyInfo property in plan.Nested)
        {
            if (Compare(property.GetValue(value), property.GetValue(copy), $"{path}.{property.Name}", depth + 1) is { } lost)
            {
                return lost;
            }
        }

        return null;
    }

    private static string? CompareItems(IEnumerable items, IEnumerable copies, string path, int depth)
    {
        if (items is IDictionary { Values: var values } && copies is IDictionary { Values: var copiedValues })
        {
            (items, copies) = (values, copiedValues);
        }

        IEnumerator other = copies.GetEnumerator();
        foreach (object? item in items)
        {
            if (!other.MoveNext())
            {
                return path;
            }

            if (Compare(item, other.Current, $"{path}[]", depth + 1) is { } lost)
            {
                return lost;
            }
        }

        return null;
    }

    // A hidden field holds anything: plain values by equality, others by the JSON of their run-time type.
    private static bool Same(object? value, object? copy)
    {
        if (value is null || copy is null)
        {
            return value is null && copy is null;
        }

        if (value.Equals(copy))
        {
            return true;
        }

        Type type = value.GetType();
        if (type != copy.GetType() || type.IsPrimitive || type.IsEnum || value is string)
        {
            return false;
        }

        try
        {
            return JsonSerializer.SerializeToUtf8Bytes(value, type, FlowJson.Options).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(copy, type, FlowJson.Options));
        }
        catch (Exception e) when (e is NotSupportedException or JsonException or InvalidOperationException)
        {
            // A lock, a delegate, a stream: nothing that a result could mean to carry.
            return true;
        }
    }

    private static bool HasHidden(Type type, HashSet<Type> seen)
    {
        if (IsPlain(type) || !seen.Add(type))
        {
            return false;
        }

        if (typeof(IEnumerable).IsAssignableFrom(type))
        {
            return ElementTypes(type).Any(t => HasHidden(t, seen));
        }

        Plan plan = Of(type);
        return plan.Hidden.Length > 0 || plan.Nested.Any(p => HasHidden(p.PropertyType, seen));
    }

    private static IEnumerable<Type> ElementTypes(Type type) =>
        type.IsArray ? [type.GetElementType()!] : type.IsGenericType ? type.GetGenericArguments() : [];

    private static bool IsPlain(Type type) =>
        type.IsPrimitive || type.IsEnum || type.IsPointer || type == typeof(string) || type == typeof(object) || typeof(Delegate).IsAssignableFrom(type)
        || (type.Namespace?.StartsWith("System", StringComparison.Ordinal) == true && !IsTuple(type) && !typeof(IEnumerable).IsAssignableFrom(type) && Nullable.GetUnderlyingType(type) is null);

    private static bool IsTuple(Type type) => typeof(System.Runtime.CompilerServices.ITuple).IsAssignableFrom(type);

    private static Plan Of(Type type) => Plans.GetOrAdd(type, static t => Make(t));

    private static Plan Make(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is not null || IsPlain(type))
        {
            return new Plan([], []);
        }

        JsonTypeInfo info = FlowJson.Options.GetTypeInfo(type);
        if (info.Kind != JsonTypeInfoKind.Object)
        {
            // A converter of its own speaks for the type.
            return new Plan([], []);
        }

        HashSet<string> shown = [];
        List<PropertyInfo> nested = [];
        foreach (JsonPropertyInfo json in info.Properties)
        {
            if (json.AttributeProvider is MemberInfo member)
            {
                shown.Add(member.Name);
                if (json.Get is not null && member is PropertyInfo { GetMethod: not null } property && !IsPlain(property.PropertyType))
                {
                    nested.Add(property);
                }
            }
        }

        List<FieldInfo> hidden = [];
        for (Type? level = type; level is not null && level != typeof(object) && level != typeof(ValueType); level = level.BaseType)
        {
            foreach (FieldInfo field in level.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                string name = field.Name.StartsWith('<') && field.Name.IndexOf('>') is var end && end > 1 ? field.Name[1..end] : field.Name;
                bool ignored = field.IsDefined(typeof(JsonIgnoreAttribute)) || field.IsDefined(typeof(NonSerializedAttribute))
                    || level.GetProperty(name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)?.IsDefined(typeof(JsonIgnoreAttribute)) == true;
                if (!ignored && !shown.Contains(name))
                {
                    hidden.Add(field);
                }
            }
        }

        return new Plan([.. hidden], [.. nested]);
    }

    private sealed record Plan(FieldInfo[] Hidden, PropertyInfo[] Nested);
}
