using System.Text.Json;

namespace Actors.Flows;

/// <summary>What a connection of type <c>http</c> gives to requests: where they go, and headers.</summary>
internal sealed class HttpBase
{
    private HttpBase(Uri url, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        Url = url;
        Headers = headers;
        Mask = new SecretMask(headers.Where(static header => Authenticates(header.Key)).SelectMany(static header => Parts(header.Value)));
    }

    /// <summary>Hides what authenticates, which a server may repeat in its answer.</summary>
    public SecretMask Mask { get; }

    /// <summary>Ends with a slash; no query.</summary>
    public Uri Url { get; }

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; }

    /// <exception cref="TaskException">The connection is of another type.</exception>
    public static HttpBase Of(IStepConnection connection)
    {
        if (connection.Type != ConnectionRegistry.Http)
        {
            throw new TaskException($"http: the connection '{connection.Name}' is of type {connection.Type}, and must be of type {ConnectionRegistry.Http}.", "invalid_settings")
            {
                Type = ErrorTypes.InvalidInput,
                Retryable = false,
            };
        }

        List<InputFault> faults = [];
        HttpBase? read = Read(connection.Settings, isDraft: false, faults);
        SettingsReader.Require(faults, $"connection '{connection.Name}'");
        return read!;
    }

    /// <summary>Null when something is wrong or not known yet.</summary>
    public static HttpBase? Read(JsonElement settings, bool isDraft, List<InputFault> faults)
    {
        int before = faults.Count;
        SettingsReader read = new(settings, "", isDraft, faults, "a connection of type http", "type", "base_url", "headers");
        if (!read.Has("base_url"))
        {
            read.Fault("'base_url' is missing");
        }

        string text = read.Word("base_url") ?? "";
        Uri? url = null;
        if (text.Length > 0 && (!Uri.TryCreate(text, UriKind.Absolute, out url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0))
        {
            read.Fault("base_url", "'base_url' must begin with http:// or https://");
        }
        else if (url is not null && (url.UserInfo.Length > 0 || url.Query.Length > 0 || url.Fragment.Length > 0))
        {
            read.Fault("base_url", "'base_url' must have no user, query or fragment. Use 'headers' for what authenticates");
        }

        List<KeyValuePair<string, string>> headers = HttpCall.ReadHeaders(read, "headers", isDraft);
        return faults.Count > before || url is null ? null : new HttpBase(new Uri(url.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/"), headers);
    }

    private static bool Authenticates(string header)
    {
        foreach (string word in (ReadOnlySpan<string>)["auth", "key", "token", "secret", "cookie", "password", "signature", "session"])
        {
            if (header.Contains(word, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    // 'Bearer abc' is as secret as abc alone.
    private static string[] Parts(string value) => value.IndexOf(' ', StringComparison.Ordinal) is var at and > 0 ? [value, value[(at + 1)..]] : [value];

    public static bool SameOrigin(Uri a, Uri b) => a.Scheme == b.Scheme && a.Host == b.Host && a.Port == b.Port;

    /// <summary>Where a call goes. With a connection it stays beneath the connection's address, since the connection's headers go with it.</summary>
    /// <exception cref="TaskException">It would leave it, or is no address.</exception>
    public static Uri Address(HttpCall call, HttpBase? under)
    {
        string url = call.Url;
        if (under is not null && !url.Contains("://", StringComparison.Ordinal))
        {
            url = url.StartsWith('?') ? under.Url.AbsoluteUri.TrimEnd('/') + url : under.Url.AbsoluteUri + url.TrimStart('/');
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? address) || address.UserInfo.Length > 0)
        {
            throw Wrong("'url' is no address");
        }

        if (under is not null && !(SameOrigin(address, under.Url) && (address.AbsolutePath + "/").StartsWith(under.Url.AbsolutePath, StringComparison.Ordinal)))
        {
            throw Wrong($"'url' leaves the connection's base_url, {under.Url}, whose headers would go with it");
        }

        UriBuilder complete = new(address) { Fragment = "" };
        if (call.Query.Length > 0)
        {
            complete.Query = address.Query.Length > 1 ? $"{address.Query}&{call.Query}" : call.Query;
        }

        return complete.Uri;

        static TaskException Wrong(string message) => new($"http: {message}.", "invalid_settings") { Type = ErrorTypes.InvalidInput, Retryable = false };
    }
}
