using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Actors.Flows;

internal enum HttpBodyKind
{
    /// <summary>By the answer's content type: JSON, text, or base64 for what is neither.</summary>
    Auto,
    Json,
    Text,
}

/// <summary>What an <c>http</c> step wants: its settings, read.</summary>
internal sealed class HttpCall
{
    public const int BytesDefault = 1024 * 1024;
    public const int BytesMax = 64 * 1024 * 1024;
    public const int RedirectsDefault = 10;
    private const string IdempotencyHeaderDefault = "Idempotency-Key";

    private static readonly string[] Known =
        ["method", "url", "query", "headers", "body", "form", "expect", "idempotency_header", "response", "connection", "follow_redirects", "max_bytes"];

    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    // They describe the transport, which is the client's affair; a Host of one's own would get around a list of allowed hosts.
    private static readonly HashSet<string> ClientHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "Expect", "TE", "Trailer", "Proxy-Authorization", "Proxy-Connection",
    };

    /// <summary>Absolute, or, with a connection, relative to its <c>base_url</c>. Empty only in a draft.</summary>
    public string Url { get; private init; } = "";

    public string Method { get; private init; } = "GET";

    public string Query { get; private init; } = "";

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; private init; } = [];

    public JsonElement? Body { get; private init; }

    public IReadOnlyList<KeyValuePair<string, string>>? Form { get; private init; }

    /// <summary>From and to, both included.</summary>
    public IReadOnlyList<(int From, int To)> Expected { get; private init; } = [(200, 299)];

    /// <summary>Null: the idempotency key is not sent.</summary>
    public string? IdempotencyHeader { get; private init; }

    public HttpBodyKind Response { get; private init; }

    public string? Connection { get; private init; }

    /// <summary>0: none is followed.</summary>
    public int Redirects { get; private init; } = RedirectsDefault;

    public int MaxBytes { get; private init; } = BytesDefault;

    /// <summary>True for methods that only read.</summary>
    public bool IsRead => Method is "GET" or "HEAD" or "OPTIONS";

    public bool Expects(int status)
    {
        foreach ((int from, int to) in Expected)
        {
            if (status >= from && status <= to)
            {
                return true;
            }
        }

        return false;
    }

    /// <exception cref="TaskException">The settings are wrong.</exception>
    public static HttpCall Read(JsonElement settings)
    {
        List<InputFault> faults = [];
        HttpCall call = Read(settings, isDraft: false, faults);
        SettingsReader.Require(faults, HttpKind.Name);
        return call;
    }

    public static HttpCall Read(JsonElement settings, bool isDraft, List<InputFault> faults)
    {
        if (settings.ValueKind == JsonValueKind.String)
        {
            string text = settings.GetString()!.Trim();
            if (!(isDraft && SettingsReader.IsExpression(text)))
            {
                CheckUrl(text, hasConnection: false, message => faults.Add(new InputFault("", message)));
            }

            return new HttpCall { Url = text };
        }

        SettingsReader read = new(settings, "", isDraft, faults, HttpKind.Name, Known);
        string? connection = read.Word("connection");
        if (settings.ValueKind == JsonValueKind.Object && !read.Has("url"))
        {
            read.Fault("'url' is missing");
        }

        string url = read.Word("url") ?? "";
        if (url.Length > 0)
        {
            CheckUrl(url, read.Has("connection"), message => read.Fault("url", message));
        }

        bool hasBody = read.Has("body") || read.Has("form");
        if (read.Has("body") && read.Has("form"))
        {
            read.Fault("form", "give either 'body' or 'form'");
        }

        string method = ReadMethod(read) ?? (hasBody ? "POST" : "GET");
        if (method is "GET" or "HEAD" && hasBody && read.Find("method") is not null)
        {
            read.Fault(read.Has("body") ? "body" : "form", $"a {method} request has no body. Use 'query', or another method");
        }

        return new HttpCall
        {
            Url = url,
            Method = method,
            Query = ReadQuery(read, isDraft),
            Headers = ReadHeaders(read, "headers", isDraft),
            Body = read.Find("body"),
            Form = read.Has("form") ? ReadPairs(read, "form", isDraft) : null,
            Expected = ReadExpected(read, isDraft),
            IdempotencyHeader = method is "GET" or "HEAD" or "OPTIONS" && !read.Has("idempotency_header") ? null : ReadIdempotency(read),
            Response = read.Choice("response", "auto", "json", "text") switch { "json" => HttpBodyKind.Json, "text" => HttpBodyKind.Text, _ => HttpBodyKind.Auto },
            Connection = connection,
            Redirects = ReadRedirects(read),
            MaxBytes = read.Whole("max_bytes", 1, BytesMax) ?? BytesDefault,
        };
    }

    /// <summary>The headers of a mapping; also of a connection's.</summary>
    public static List<KeyValuePair<string, string>> ReadHeaders(SettingsReader read, string key, bool isDraft)
    {
        List<KeyValuePair<string, string>> headers = ReadPairs(read, key, isDraft);
        foreach ((string name, string value) in headers)
        {
            if (!IsHeaderName(name))
            {
                read.Fault(key, $"'{Text.Shorten(name, 60)}' is no name of a header");
            }
            else if (ClientHeaders.Contains(name))
            {
                read.Fault(key, $"the header '{name}' cannot be set: it follows from the request");
            }
            else if (!IsHeaderValue(value))
            {
                read.Fault(key, $"the value of the header '{name}' has a line break or a character outside ASCII");
            }
        }

        return headers;
    }

    public static bool IsHeaderValue(string value)
    {
        foreach (char c in value)
        {
            if (c is (< ' ' and not '\t') or > '~')
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsHeaderName(string name) =>
        name.Length is > 0 and <= 200 && name.All(static c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal));

    private static void CheckUrl(string url, bool hasConnection, Action<string> fault)
    {
        if (hasConnection && !url.Contains("://", StringComparison.Ordinal))
        {
            return;
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
        {
            fault(hasConnection || url.Contains("://", StringComparison.Ordinal)
                ? "'url' must begin with http:// or https://"
                : "'url' must begin with http:// or https://, or there must be a 'connection' with a base_url");
        }
        else if (uri.UserInfo.Length > 0)
        {
            fault("'url' has a user or a password in it, which would be in logs and in the run's history. Use a header with a secret");
        }
        else if (uri.Host.Length == 0)
        {
            fault("'url' names no host");
        }
    }

    private static string? ReadMethod(SettingsReader read)
    {
        if (read.Word("method") is not { } word)
        {
            return null;
        }

        string method = word.ToUpperInvariant();
        if (Methods.Contains(method))
        {
            return method;
        }

        string? near = Text.Nearest(method, Methods);
        read.Fault("method", $"'method' cannot be '{Text.Shorten(word, 60)}'. {(near is null ? $"One of: {string.Join(", ", Methods)}" : $"Did you mean {near}?")}");
        return null;
    }

    private static string ReadQuery(SettingsReader read, bool isDraft)
    {
        StringBuilder query = new();
        foreach ((string name, string value) in ReadPairs(read, "query", isDraft))
        {
            query.Append(query.Length == 0 ? "" : "&").Append(Escape(name)).Append('=').Append(Escape(value));
        }

        return query.ToString();
    }

    private static string Escape(string text) => Uri.EscapeDataString(text);

    // Of a list, one pair for each item; null is left out.
    private static List<KeyValuePair<string, string>> ReadPairs(SettingsReader read, string key, bool isDraft)
    {
        List<KeyValuePair<string, string>> pairs = [];
        foreach (JsonProperty entry in read.Map(key))
        {
            if (entry.Value.ValueKind == JsonValueKind.Array)
            {
                foreach (JsonElement item in entry.Value.EnumerateArray())
                {
                    Add(entry.Name, item);
                }
            }
            else
            {
                Add(entry.Name, entry.Value);
            }
        }

        return pairs;

        void Add(string name, JsonElement value)
        {
            if (value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
            {
                read.Fault(key, $"'{Text.Shorten(name, 60)}' must be a text, a number, true, false, or a list of them, not {SettingsReader.NameOf(value)}");
            }
            else if (value.ValueKind != JsonValueKind.Null && !(isDraft && SettingsReader.IsExpression(value)))
            {
                pairs.Add(KeyValuePair.Create(name, Value.FromJson(value).ToString()));
            }
        }
    }

    private static List<(int From, int To)> ReadExpected(SettingsReader read, bool isDraft)
    {
        if (read.Find("expect") is not { } value)
        {
            return [(200, 299)];
        }

        List<(int From, int To)> expected = [];
        JsonElement[] items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        foreach (JsonElement item in items)
        {
            if (isDraft && SettingsReader.IsExpression(item))
            {
                continue;
            }

            string text = item.ValueKind is JsonValueKind.Number or JsonValueKind.String ? Value.FromJson(item).ToString().Trim() : "";
            if (text.Length == 3 && text[0] is >= '1' and <= '5' && text.EndsWith("xx", StringComparison.OrdinalIgnoreCase))
            {
                int from = (text[0] - '0') * 100;
                expected.Add((from, from + 99));
            }
            else if (text.Length == 3 && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int status) && status is >= 100 and <= 599)
            {
                expected.Add((status, status));
            }
            else
            {
                read.Fault("expect", $"'expect' takes status codes from 100 to 599 and classes such as 2xx, not '{Text.Shorten(item.ToString(), 40)}'");
            }
        }

        if (items.Length == 0)
        {
            read.Fault("expect", "'expect' is empty, so that no answer would do");
        }

        return expected;
    }

    private static string? ReadIdempotency(SettingsReader read)
    {
        if (read.Find("idempotency_header") is not { } value || value.ValueKind == JsonValueKind.True)
        {
            return IdempotencyHeaderDefault;
        }

        if (value.ValueKind == JsonValueKind.False)
        {
            return null;
        }

        string? name = read.Word("idempotency_header");
        if (name is not null && (!IsHeaderName(name) || ClientHeaders.Contains(name)))
        {
            read.Fault("idempotency_header", "'idempotency_header' must be the name of a header, or false");
        }

        return name;
    }

    private static int ReadRedirects(SettingsReader read)
    {
        if (read.Find("follow_redirects") is { ValueKind: JsonValueKind.Number })
        {
            return read.Whole("follow_redirects", 0, 50) ?? RedirectsDefault;
        }

        return read.Flag("follow_redirects") == false ? 0 : RedirectsDefault;
    }

    /// <summary>The request's body; null when it has none.</summary>
    public HttpContent? Content()
    {
        if (Form is not null)
        {
            return new FormUrlEncodedContent(Form);
        }

        if (Body is not { } body)
        {
            return null;
        }

        bool isText = body.ValueKind == JsonValueKind.String;
        ByteArrayContent content = new(isText ? Encoding.UTF8.GetBytes(body.GetString()!) : JsonSerializer.SerializeToUtf8Bytes(body, FlowJson.Options));
        content.Headers.ContentType = new MediaTypeHeaderValue(isText ? "text/plain" : "application/json", "utf-8");
        return content;
    }
}
