using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>
/// The kind <c>http</c>: one request, and its answer as <c>{status, headers, body}</c>.
/// <list type="bullet">
/// <item>What is not a read carries the step's idempotency key, so that a server that knows such keys acts once, however often the step is tried.</item>
/// <item>
/// An answer with another status than expected fails the attempt with <see cref="ErrorType"/> and the status as code. Another attempt is worth it after 408, 425, 429, 5xx and when the
/// connection fails, and then waits as long as the answer's <c>Retry-After</c> says, up to an hour.
/// </item>
/// <item>A body of JSON is JSON, a text is a text, and anything else is base64. It may have at most <c>max_bytes</c> (1 MiB).</item>
/// <item>
/// A redirect is followed within its scheme. One to another host is followed by reads only, and without the step's and the connection's headers, which may hold secrets.
/// </item>
/// <item>What a connection's headers authenticate with is hidden when the server repeats it.</item>
/// <item>The step's token ends the call; and so does a server that says nothing for five minutes.</item>
/// </list>
/// Which hosts may be called is the host's decision: <see cref="FlowResources.HttpHostsAllowed"/> and <see cref="FlowResources.HttpPrivateAddressesRefused"/>.
/// </summary>
internal sealed class HttpKind(FlowResources resources)
{
    public const string Name = "http";
    public const string ErrorType = "HttpError";

    private const int ExcerptMax = 500;
    private const int HeadersMax = 200;

    private static readonly TimeSpan SilenceMax = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan RetryAfterMax = TimeSpan.FromHours(1);

    private static readonly JsonElement Schema = JsonDocument.Parse("""
        {
          "oneOf": [
            { "type": "string", "description": "The address; the request is a GET." },
            {
              "type": "object",
              "additionalProperties": false,
              "required": ["url"],
              "properties": {
                "method": { "type": "string", "description": "GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS. Default: GET, with a body POST." },
                "url": { "type": "string", "description": "http:// or https://; with a connection, what follows its base_url." },
                "query": { "type": ["object", "string"], "description": "Added to the address. A list gives one pair for each item; null is left out." },
                "headers": { "type": ["object", "string"] },
                "body": { "description": "A text is sent as it is, anything else as JSON." },
                "form": { "type": ["object", "string"], "description": "In place of body: sent as application/x-www-form-urlencoded." },
                "expect": { "type": ["array", "integer", "string"], "description": "Status codes and classes (2xx) that are no error. Default: 2xx." },
                "idempotency_header": { "type": ["string", "boolean"], "description": "The header that carries the step's idempotency key; false for none. Default: Idempotency-Key, except for reads." },
                "response": { "type": "string", "enum": ["auto", "json", "text"], "description": "What the body is read as. Default: auto, by its content type." },
                "connection": { "type": "string", "description": "A connection of type http." },
                "follow_redirects": { "type": ["boolean", "integer", "string"], "description": "How many, or whether. Default: 10." },
                "max_bytes": { "type": ["integer", "string"], "description": "The largest body, from 1 to 67108864. Default: 1048576." }
              }
            }
          ]
        }
        """).RootElement;

    public static StepKind Create(FlowResources resources) => new(Name, "Sends an HTTP request and gives its answer.", new HttpKind(resources).RunAsync)
    {
        Settings = Schema,
        Check = Check,
        ConnectionSetting = "connection",
    };

    private static List<InputFault> Check(JsonElement settings)
    {
        List<InputFault> faults = [];
        HttpCall.Read(settings, isDraft: true, faults);
        return faults;
    }

    private async Task<JsonElement> RunAsync(JsonElement settings, IStepContext step)
    {
        HttpCall call = HttpCall.Read(settings);
        HttpBase? under = call.Connection is null ? null : HttpBase.Of(step.GetConnection(call.Connection));
        using CancellationTokenSource silence = new(SilenceMax, step.Time);
        using CancellationTokenSource ends = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, step.CancellationToken);
        Exchange exchange = new(call, under, step, resources.Http, silence, ends.Token);
        try
        {
            JsonElement output = await exchange.RunAsync().ConfigureAwait(false);
            return under is null ? output : under.Mask.Hide(output);
        }
        catch (TaskException e) when (under is { Mask.IsEmpty: false } && e.Type == ErrorType)
        {
            throw new TaskException(under.Mask.Hide(e.Message), e.Code)
            {
                Type = e.Type,
                Retryable = e.Retryable,
                RetryAfter = e.RetryAfter,
                Details = e.Details is { } details ? under.Mask.Hide(details) : null,
            };
        }
        catch (OperationCanceledException) when (!step.CancellationToken.IsCancellationRequested && silence.IsCancellationRequested)
        {
            throw exchange.Error($"the server has said nothing for {SilenceMax.TotalMinutes:0} minutes", "silent", retryable: true);
        }
        catch (HttpRequestException e) when (e.InnerException is TaskException refused)
        {
            throw refused;
        }
        catch (HttpRequestException e)
        {
            throw exchange.TransportError(e, e.HttpRequestError);
        }
        catch (HttpIOException e)
        {
            throw exchange.TransportError(e, e.HttpRequestError);
        }
        catch (IOException e)
        {
            throw exchange.TransportError(e, HttpRequestError.ResponseEnded);
        }
    }

    /// <summary>One request with its redirects.</summary>
    private sealed class Exchange(HttpCall call, HttpBase? under, IStepContext step, HttpClient client, CancellationTokenSource silence, CancellationToken ends)
    {
        private Uri _url = HttpBase.Address(call, under);
        private string _method = call.Method;
        private bool _isBare;

        public async Task<JsonElement> RunAsync()
        {
            for (int hop = 0; ; hop++)
            {
                using HttpRequestMessage request = CreateRequest();
                using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ends).ConfigureAwait(false);
                silence.CancelAfter(SilenceMax);
                int status = (int)response.StatusCode;
                if (call.Expects(status))
                {
                    return await ReadAsync(response).ConfigureAwait(false);
                }

                if (call.Redirects == 0 || status is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is null)
                {
                    throw await UnexpectedAsync(response).ConfigureAwait(false);
                }

                if (hop >= call.Redirects)
                {
                    throw Error(string.Create(CultureInfo.InvariantCulture, $"the server redirects more than {call.Redirects} times"), "redirects", retryable: false);
                }

                Redirect(status, response.Headers.Location);
            }
        }

        public TaskException Error(string message, string code, bool retryable, JsonElement? details = null, TimeSpan? retryAfter = null, Exception? inner = null) =>
            new($"{_method} {Place(_url)}: {message}", code, inner) { Type = ErrorType, Retryable = retryable, Details = details, RetryAfter = retryAfter };

        public TaskException TransportError(Exception e, HttpRequestError kind) => kind switch
        {
            HttpRequestError.NameResolutionError => Error($"the host's name cannot be resolved: {e.Message}", "name", retryable: true, inner: e),
            HttpRequestError.SecureConnectionError => Error($"no secure connection: {e.Message} {e.InnerException?.Message}".TrimEnd(), "tls", retryable: true, inner: e),
            HttpRequestError.ConfigurationLimitExceeded => Error($"the answer's headers are too large: {e.Message}", "response_headers", retryable: false, inner: e),
            HttpRequestError.InvalidResponse => Error($"the answer is no HTTP: {e.Message}", "response", retryable: true, inner: e),
            HttpRequestError.ResponseEnded => Error($"the connection ended in the middle of the answer: {e.Message}", "response", retryable: true, inner: e),
            _ => Error($"the connection failed: {e.Message}", "connect", retryable: true, inner: e),
        };

        // Without a query and a user, which may hold keys.
        private static string Place(Uri url) => url.IsAbsoluteUri ? url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped) : url.OriginalString.Split('?')[0];

        private HttpRequestMessage CreateRequest()
        {
            HttpRequestMessage request = new(new HttpMethod(_method), _url);
            bool hasBody = _method == call.Method;
            if (hasBody)
            {
                request.Content = call.Content();
            }

            if (_isBare)
            {
                return request;
            }

            // The step's own go before the connection's.
            HashSet<string> given = new(call.Headers.Select(static header => header.Key), StringComparer.OrdinalIgnoreCase);
            if (hasBody && call.IdempotencyHeader is { } header && !given.Contains(header))
            {
                request.Headers.TryAddWithoutValidation(header, Printable(step.IdempotencyKey));
                given.Add(header);
            }

            foreach ((string name, string value) in call.Headers.Concat(under?.Headers.Where(h => !given.Contains(h.Key)) ?? []))
            {
                if (!request.Headers.TryAddWithoutValidation(name, value) && hasBody && request.Content is { } content)
                {
                    content.Headers.Remove(name);
                    content.Headers.TryAddWithoutValidation(name, value);
                }
            }

            return request;
        }

        // Keys of steps may have letters that headers cannot have.
        private static string Printable(string key) => HttpCall.IsHeaderValue(key) ? key : Uri.EscapeDataString(key);

        private void Redirect(int status, Uri location)
        {
            if (!Uri.TryCreate(_url, location, out Uri? next) || next.Scheme != _url.Scheme || next.UserInfo.Length > 0)
            {
                throw Error(
                    $"the server redirects ({status}) to '{Text.Shorten(Place(next ?? location), 200)}', which is not followed: it has another scheme, or a user in it. Call that address itself",
                    status.ToString(CultureInfo.InvariantCulture), retryable: false);
            }

            bool isElsewhere = !HttpBase.SameOrigin(next, _url);
            bool asRead = status == 303 && _method != "HEAD" || status is 301 or 302 && _method == "POST";
            if (isElsewhere && !asRead && _method is not ("GET" or "HEAD" or "OPTIONS"))
            {
                throw Error(
                    $"the server redirects ({status}) to another host, '{Text.Shorten(Place(next), 200)}', to which a {_method} is not repeated. Call that address itself",
                    status.ToString(CultureInfo.InvariantCulture), retryable: false);
            }

            _url = next;
            _isBare |= isElsewhere;
            _method = asRead ? "GET" : _method;
        }

        private async Task<JsonElement> ReadAsync(HttpResponseMessage response)
        {
            byte[] bytes = await ReadBytesAsync(response.Content).ConfigureAwait(false);
            using MemoryStream buffer = new();
            using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Encoder = FlowJson.Options.Encoder }))
            {
                writer.WriteStartObject();
                writer.WriteNumber("status", (int)response.StatusCode);
                writer.WritePropertyName("headers");
                WriteHeaders(writer, response);
                writer.WritePropertyName("body");
                WriteBody(writer, response, bytes);
                writer.WriteEndObject();
            }

            return JsonDocument.Parse(buffer.ToArray()).RootElement;
        }

        private async Task<byte[]> ReadBytesAsync(HttpContent content)
        {
            if (content.Headers.ContentLength > call.MaxBytes)
            {
                throw TooLarge();
            }

            using MemoryStream kept = new();
            byte[] part = new byte[16 * 1024];
            Stream stream = await content.ReadAsStreamAsync(ends).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                int read;
                while ((read = await stream.ReadAsync(part, ends).ConfigureAwait(false)) > 0)
                {
                    silence.CancelAfter(SilenceMax);
                    if (kept.Length + read > call.MaxBytes)
                    {
                        throw TooLarge();
                    }

                    kept.Write(part, 0, read);
                }
            }

            return kept.ToArray();
        }

        private TaskException TooLarge() => Error(
            string.Create(CultureInfo.InvariantCulture, $"the answer is larger than {call.MaxBytes} bytes. Ask for less, or raise 'max_bytes' (up to {HttpCall.BytesMax})"), "response_too_large", retryable: false);

        private void WriteHeaders(Utf8JsonWriter writer, HttpResponseMessage response)
        {
            HashSet<string> written = new(StringComparer.Ordinal);
            writer.WriteStartObject();
            foreach ((string name, HeaderStringValues values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
            {
                string key = name.ToLowerInvariant();
                if (written.Add(key))
                {
                    writer.WriteString(key, string.Join(", ", values));
                }

                if (written.Count > HeadersMax)
                {
                    throw Error(string.Create(CultureInfo.InvariantCulture, $"the answer has more than {HeadersMax} headers"), "response_headers", retryable: false);
                }
            }

            writer.WriteEndObject();
        }

        private void WriteBody(Utf8JsonWriter writer, HttpResponseMessage response, byte[] bytes)
        {
            MediaTypeHeaderValue? type = response.Content.Headers.ContentType;
            if (bytes.Length == 0)
            {
                writer.WriteNullValue();
            }
            else if (call.Response == HttpBodyKind.Json || call.Response == HttpBodyKind.Auto && IsJson(type?.MediaType))
            {
                WriteJson(writer, response, bytes);
            }
            else if (call.Response == HttpBodyKind.Text || IsText(type?.MediaType) || IsUtf8(bytes))
            {
                writer.WriteStringValue(Decode(bytes, type?.CharSet));
            }
            else
            {
                writer.WriteBase64StringValue(bytes);
            }
        }

        private void WriteJson(Utf8JsonWriter writer, HttpResponseMessage response, byte[] bytes)
        {
            try
            {
                // A byte order mark is allowed by some servers and by no JSON reader.
                ReadOnlyMemory<byte> json = bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;

                // Two levels less than a value may have: it stands in the step's output, and that in an entry.
                using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = FlowJson.DepthMax - 2 });

                // Looks into every corner: what cannot be journaled is told here.
                writer.WriteRawValue(JsonSerializer.SerializeToUtf8Bytes(Value.FromJson(document.RootElement), FlowJson.Options), skipInputValidation: true);
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                string hint = call.Response == HttpBodyKind.Json ? "" : " Its content type says that it is; with 'response: text' it is taken as it is.";
                throw Error($"the answer is no JSON: {Text.Shorten(e.Message, 300)}{hint}", "response_json", retryable: false, Details(response, Excerpt(response, bytes)), inner: e);
            }
        }

        private async Task<TaskException> UnexpectedAsync(HttpResponseMessage response)
        {
            int status = (int)response.StatusCode;
            string excerpt = Excerpt(response, await ReadStartAsync(response.Content).ConfigureAwait(false));
            bool retryable = status is 408 or 425 or 429 or >= 500;
            string where = response.Headers.Location is { } location && status is >= 300 and < 400 ? $" (to {Text.Shorten(Place(location), 200)})" : "";
            return Error(
                string.Create(CultureInfo.InvariantCulture, $"the server answers {status} {response.ReasonPhrase}{where}{(excerpt.Length == 0 ? "" : ": ")}{excerpt}"),
                status.ToString(CultureInfo.InvariantCulture), retryable, Details(response, excerpt), retryable ? RetryAfter(response) : null);
        }

        // What an error says helps, but is not worth another error.
        private async Task<byte[]> ReadStartAsync(HttpContent content)
        {
            byte[] start = new byte[ExcerptMax * 4];
            int length = 0;
            try
            {
                Stream stream = await content.ReadAsStreamAsync(ends).ConfigureAwait(false);
                await using (stream.ConfigureAwait(false))
                {
                    length = await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, ends).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is IOException or HttpRequestException or InvalidDataException)
            {
                return [];
            }

            return start[..length];
        }

        private TimeSpan? RetryAfter(HttpResponseMessage response)
        {
            TimeSpan? wait = response.Headers.RetryAfter is not { } header ? null : header.Delta ?? (header.Date - step.Time.GetUtcNow());
            return wait is not { } time ? null : time < TimeSpan.Zero ? TimeSpan.Zero : time > RetryAfterMax ? RetryAfterMax : time;
        }

        private static JsonElement Details(HttpResponseMessage response, string excerpt) => JsonSerializer.SerializeToElement(
            new Dictionary<string, object?>
            {
                ["status"] = (int)response.StatusCode,
                ["content_type"] = response.Content.Headers.ContentType?.ToString(),
                ["body"] = excerpt,
            },
            FlowJson.TaskOptions);

        private static string Excerpt(HttpResponseMessage response, byte[] bytes)
        {
            string text = Decode(bytes, response.Content.Headers.ContentType?.CharSet);
            StringBuilder kept = new(Math.Min(text.Length, ExcerptMax));
            foreach (char c in text)
            {
                if (kept.Length == ExcerptMax)
                {
                    break;
                }

                kept.Append(char.IsControl(c) && c is not ('\n' or '\t') ? ' ' : c);
            }

            // Half a pair of surrogates at the cut would be no text.
            if (kept.Length > 0 && char.IsHighSurrogate(kept[^1]))
            {
                kept.Length--;
            }

            return kept.ToString().Trim();
        }

        private static bool IsJson(string? type) =>
            type is not null && (type.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.EndsWith("+json", StringComparison.OrdinalIgnoreCase));

        private static bool IsText(string? type) => type is not null
            && (type.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || type.EndsWith("xml", StringComparison.OrdinalIgnoreCase)
                || type.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase));

        private static bool IsUtf8(byte[] bytes) => System.Text.Unicode.Utf8.IsValid(bytes) && Array.IndexOf(bytes, (byte)0) < 0;

        private static string Decode(byte[] bytes, string? charset)
        {
            Encoding encoding = Encoding.UTF8;
            if (charset is { Length: > 0 and < 40 })
            {
                try
                {
                    encoding = Encoding.GetEncoding(charset.Trim('"'));
                }
                catch (ArgumentException)
                {
                    // A name that nobody knows: what is no UTF-8 is replaced.
                }
            }

            return encoding.GetString(bytes);
        }
    }
}
