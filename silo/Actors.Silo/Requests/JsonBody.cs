using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using Actors.Protocol;
using Microsoft.AspNetCore.Http.Features;

namespace Actors.Hosting;

/// <summary>
/// Reads a request's body: within the limit, JSON in UTF-8, an object without unknown or repeated fields. Each fault is a problem with its place.
/// </summary>
internal static class JsonBody
{
    // The input may nest as deep as the engine allows, one level below the body's object.
    private const int DepthMax = FlowJson.DepthMax + 1;

    /// <exception cref="ProblemException">The body is missing or wrong.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type)
        where T : class =>
        await ReadOptionalAsync(context, type)
        ?? throw new ProblemException(StatusCodes.Status400BadRequest, ProblemCodes.BodyRequired, "This request needs a JSON object as its body.");

    /// <summary>Null when the body is empty.</summary>
    /// <exception cref="ProblemException">The body is wrong.</exception>
    public static async Task<T?> ReadOptionalAsync<T>(HttpContext context, JsonTypeInfo<T> type)
        where T : class
    {
        ReadOnlyMemory<byte> bytes = await ReadBytesAsync(context);
        if (bytes.IsEmpty)
        {
            return null;
        }

        CheckContentType(context.Request);
        JsonElement root = Parse(bytes);
        CheckFields(root, type);
        try
        {
            return root.Deserialize(type);
        }
        catch (JsonException e)
        {
            throw WrongType(e, type);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadBytesAsync(HttpContext context)
    {
        int limit = context.RequestServices.GetRequiredService<SiloHost>().BodyBytesMax;
        if (context.Request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }

        // The limit below is ours; the server's own must not come before it.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server)
        {
            server.MaxRequestBodySize = null;
        }

        using MemoryStream body = new((int)(context.Request.ContentLength ?? 0));
        byte[] chunk = new byte[16 * 1024];
        int read;
        while ((read = await context.Request.Body.ReadAsync(chunk, context.RequestAborted)) > 0)
        {
            body.Write(chunk, 0, read);
            if (body.Length > limit)
            {
                throw TooLarge(limit);
            }
        }

        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    private static ProblemException TooLarge(int limit) =>
        new(StatusCodes.Status413PayloadTooLarge, ProblemCodes.PayloadTooLarge, $"The body is larger than {limit} bytes, the limit that {ActorsOptions.KeyText("Silo:PayloadBytesMax")} gives.");

    private static void CheckContentType(HttpRequest request)
    {
        bool utf8 = request.GetTypedHeaders().ContentType?.Charset is not { HasValue: true } charset
            || charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase);
        if (!request.HasJsonContentType() || !utf8)
        {
            throw new ProblemException(
                StatusCodes.Status415UnsupportedMediaType,
                ProblemCodes.UnsupportedMediaType,
                $"The body must be application/json in UTF-8, but its Content-Type is {(request.ContentType is { } type ? $"'{ProblemException.Shorten(type)}'" : "missing")}.");
        }
    }

    private static JsonElement Parse(ReadOnlyMemory<byte> bytes)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        ReadOnlyMemory<byte> text = bytes.Span.StartsWith(mark) ? bytes[mark.Length..] : bytes;
        if (!Utf8.IsValid(text.Span))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, ProblemCodes.MalformedJson, "The body is not valid UTF-8.");
        }

        try
        {
            // Not disposed: the elements go to the engine and are collected with the request.
            JsonElement root = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = DepthMax, AllowDuplicateProperties = false }).RootElement;
            if (text.Span.IndexOf("\\u"u8) >= 0)
            {
                CheckSurrogates(root);
            }

            return root;
        }
        catch (JsonException e)
        {
            long? line = e.LineNumber + 1;
            long? column = e.BytePositionInLine + 1;
            string message = e.Message;
            int facts = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            message = facts > 0 ? message[..facts] : message;
            string place = line is null ? "" : $" (line {line}, column {column})";
            throw new ProblemException(StatusCodes.Status400BadRequest, ProblemCodes.MalformedJson, message.TrimEnd('.') + place + ".") { Line = line, Column = column };
        }
        catch (InvalidOperationException e)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, ProblemCodes.MalformedJson, "A text in the body has half of a surrogate pair: " + e.Message);
        }
    }

    // Half a surrogate pair passes the parser and fails wherever the text is read later, so it is read here once.
    private static void CheckSurrogates(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                {
                    CheckSurrogates(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    _ = property.Name;
                    CheckSurrogates(property.Value);
                }

                break;
        }
    }

    private static void CheckFields<T>(JsonElement root, JsonTypeInfo<T> type)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw ProblemException.Invalid(ProblemCodes.InvalidRequest, "", $"The body must be a JSON object, not {Article(root.ValueKind)}.");
        }

        string[] known = type.Properties.Select(p => p.Name).ToArray();
        ProblemError[] faults = root.EnumerateObject()
            .Where(p => !known.Contains(p.Name, StringComparer.Ordinal))
            .Select(p => new ProblemError("/" + Escape(p.Name), $"There is no field '{ProblemException.Shorten(p.Name)}'.{Suggestion.Text(p.Name, known)}"))
            .Take(20)
            .ToArray();
        if (faults.Length > 0)
        {
            throw new ProblemException(
                StatusCodes.Status422UnprocessableEntity,
                ProblemCodes.UnknownField,
                string.Join(" ", faults.Select(f => f.Detail)) + $" Known fields: {string.Join(", ", known)}.") { Errors = faults };
        }
    }

    private static ProblemException WrongType<T>(JsonException exception, JsonTypeInfo<T> type)
    {
        string path = exception.Path is null or "$" ? "" : exception.Path.TrimStart('$', '.');
        string field = path.Split('.', '[')[0];
        JsonPropertyInfo? property = type.Properties.FirstOrDefault(p => p.Name == field);
        string pointer = path.Length == 0 ? "" : "/" + Escape(path).Replace(".", "/", StringComparison.Ordinal).Replace("[", "/", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Replace("'", "", StringComparison.Ordinal);
        return ProblemException.Invalid(ProblemCodes.InvalidRequest, pointer, property is null ? "The body has a value of a wrong type." : $"'{field}' must be {Expected(property.PropertyType)}.");
    }

    private static string Expected(Type type)
    {
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        if (plain == typeof(string))
        {
            return "a string";
        }

        return plain == typeof(int) ? "a whole number" : plain.IsAssignableTo(typeof(IEnumerable<KeyValuePair<string, string>>)) ? "an object whose values are strings" : "of another type";
    }

    private static string Article(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "a boolean",
    };

    private static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
