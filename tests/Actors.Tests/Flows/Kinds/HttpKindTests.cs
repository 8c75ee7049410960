using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Actors.Flows;

namespace Actors.Tests.Flows;

public sealed class HttpKindTests : IAsyncLifetime
{
    private readonly FlowResources _resources = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _resources.DisposeAsync();

    [Fact]
    public async Task An_address_alone_is_read_with_GET_and_gives_status_headers_and_JSON()
    {
        await using RawServer server = new(_ => RawServer.Answer(200, """{"a":[1,2.50,null,"ü"]}""", "Content-Type: application/json; charset=utf-8\r\nX-Seen: Yes\r\nX-Seen: Twice"));

        JsonElement output = await CallAsync($"{server.Url}/items?x=1");

        Assert.Equal(200, output.GetProperty("status").GetInt32());
        Assert.Equal("Yes, Twice", output.GetProperty("headers").GetProperty("x-seen").GetString());
        Assert.Equal("""{"a":[1,2.50,null,"ü"]}""", output.GetProperty("body").GetRawText());
        string request = Assert.Single(server.Requests);
        Assert.StartsWith("GET /items?x=1 HTTP/1.1\r\n", request, StringComparison.Ordinal);
        Assert.DoesNotContain("Idempotency-Key", request, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_body_makes_it_a_POST_with_the_key_that_tells_repetitions()
    {
        await using RawServer server = new(_ => RawServer.Answer(201, ""));

        JsonElement output = await CallAsync(new
        {
            url = $"{server.Url}/orders?a=1",
            query = new { q = "a b&c", n = (int[])[1, 2], none = (string?)null },
            headers = new { X_One = "1", Authorization = "Bearer t" },
            body = new { total = 1.5m, text = "ü" },
        });

        Assert.Equal((201, JsonValueKind.Null), (output.GetProperty("status").GetInt32(), output.GetProperty("body").ValueKind));
        string request = Assert.Single(server.Requests);
        Assert.StartsWith("POST /orders?a=1&q=a%20b%26c&n=1&n=2 HTTP/1.1\r\n", request, StringComparison.Ordinal);
        Assert.Contains("\r\nIdempotency-Key: r1:call\r\n", request, StringComparison.Ordinal);
        Assert.Contains("\r\nX_One: 1\r\n", request, StringComparison.Ordinal);
        Assert.Contains("\r\nContent-Type: application/json; charset=utf-8\r\n", request, StringComparison.Ordinal);
        Assert.EndsWith("""{"total":1.5,"text":"ü"}""", request, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"idempotency_header":false,"method":"DELETE"}""", null)]
    [InlineData("""{"idempotency_header":"X-Request","method":"put"}""", "X-Request: r1:call")]
    [InlineData("""{"idempotency_header":"X-Request","method":"GET"}""", "X-Request: r1:call")]
    [InlineData("""{"method":"PATCH","headers":{"idempotency-key":"mine"}}""", "idempotency-key: mine")]
    public async Task The_header_of_the_idempotency_key_can_be_chosen(string settings, string? header)
    {
        await using RawServer server = new(_ => RawServer.Answer(200, ""));
        Dictionary<string, object> all = JsonSerializer.Deserialize<Dictionary<string, object>>(settings)!;
        all["url"] = server.Url;

        await CallAsync(all);

        string request = Assert.Single(server.Requests);
        Assert.Equal(header is null ? 0 : 1, request.Split("r1:call").Length - 1 + (request.Contains("mine", StringComparison.Ordinal) ? 1 : 0));
        Assert.Contains(header ?? "DELETE", request, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_key_with_letters_that_headers_cannot_have_is_escaped()
    {
        await using RawServer server = new(_ => RawServer.Answer(200, ""));

        await new KindStepContext(_resources) { StepKey = "größe" }.RunAsync("http", new { url = server.Url, method = "POST" });

        Assert.Contains("Idempotency-Key: r1%3Agr%C3%B6%C3%9Fe\r\n", Assert.Single(server.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_is_sent_as_one()
    {
        await using RawServer server = new(_ => RawServer.Answer(200, ""));

        await CallAsync(new { url = server.Url, form = new { a = "x y", b = 2 } });

        Assert.EndsWith("a=x+y&b=2", Assert.Single(server.Requests), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/plain", "auto", "\"[1]\"")]
    [InlineData("application/problem+json", "auto", "[1]")]
    [InlineData("text/plain", "json", "[1]")]
    [InlineData("application/json", "text", "\"[1]\"")]
    [InlineData("", "auto", "\"[1]\"")]
    public async Task The_body_is_read_as_its_type_or_the_step_says(string type, string response, string body)
    {
        await using RawServer server = new(_ => RawServer.Answer(200, "[1]", type.Length == 0 ? "" : $"Content-Type: {type}"));

        JsonElement output = await CallAsync(new { url = server.Url, response });

        Assert.Equal(body, output.GetProperty("body").GetRawText());
    }

    [Fact]
    public async Task What_is_neither_JSON_nor_text_is_base64()
    {
        byte[] bytes = [0xFF, 0x00, 0x80];
        await using RawServer server = new(async (_, stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: image/png\r\n\r\n"u8.ToArray(), token);
            await stream.WriteAsync(bytes, token);
        });

        JsonElement output = await CallAsync(new { url = server.Url });

        Assert.Equal(bytes, output.GetProperty("body").GetBytesFromBase64());
    }

    [Theory]
    [InlineData(400, false)]
    [InlineData(404, false)]
    [InlineData(409, false)]
    [InlineData(408, true)]
    [InlineData(425, true)]
    [InlineData(429, true)]
    [InlineData(500, true)]
    [InlineData(503, true)]
    public async Task Another_status_is_an_error_that_says_whether_to_try_again(int status, bool retryable)
    {
        await using RawServer server = new(_ => RawServer.Answer(status, new string('x', 600), "Content-Type: text/plain\r\nRetry-After: 7"));

        TaskException e = await Assert.ThrowsAsync<TaskException>(() => CallAsync(new { url = $"{server.Url}/a?key=s3cret" }));

        Assert.Equal(("HttpError", $"{status}", retryable), (e.Type, e.Code, e.Retryable));
        Assert.Equal(retryable ? TimeSpan.FromSeconds(7) : null, e.RetryAfter);
        Assert.Contains($"{server.Url}/a: the server answers {status}", e.Message, StringComparison.Ordinal);
        Assert.Contains(new string('x', 500), e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(new string('x', 501), e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", e.Message, StringComparison.Ordinal);
        Assert.Equal((status, 500), (e.Details!.Value.GetProperty("status").GetInt32(), e.Details.Value.GetProperty("body").GetString()!.Length));
    }

    [Theory]
    [InlineData("999999999", 3600.0)]
    [InlineData("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)]
    [InlineData("soon", null)]
    [InlineData("-5", null)]
    public async Task A_server_cannot_put_a_step_off_for_ever(string retryAfter, double? seconds)
    {
        await using RawServer server = new(_ => RawServer.Answer(503, "", $"Retry-After: {retryAfter}"));

        TaskException e = await Assert.ThrowsAsync<TaskException>(() => CallAsync(new { url = server.Url }));

        Assert.Equal(seconds, e.RetryAfter?.TotalSeconds);
    }

    [Theory]
    [InlineData("404", 404)]
    [InlineData("[200,\"4xx\"]", 418)]
    [InlineData("\"5xx\"", 503)]
    [InlineData("[\"302\"]", 302)]
    public async Task Expected_statuses_are_no_errors(string expect, int status)
    {
        await using RawServer server = new(_ => RawServer.Answer(status, "{}", "Content-Type: application/json\r\nLocation: /elsewhere"));

        JsonElement output = await CallAsync(new { url = server.Url, expect = JsonDocument.Parse(expect).RootElement });

        Assert.Equal(status, output.GetProperty("status").GetInt32());
    }

    [Fact]
    public async Task A_status_that_is_not_listed_is_an_error_even_when_it_is_good()
    {
        await using RawServer server = new(_ => RawServer.Answer(200, "{}"));

        TaskException e = await Assert.ThrowsAsync<TaskException>(() => CallAsync(new { url = server.Url, expect = (int[])[201] }));

        Assert.Equal(("200", false), (e.Code, e.Retryable));
    }

    [Fact]
    public async Task A_body_without_an_end_is_given_up()
    {
        await using RawServer server = new(async (_, stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"u8.ToArray(), token);
            byte[] part = Encoding.UTF8.GetBytes(new string('a', 64 * 1024));
            while (true)
            {
                await stream.WriteAsync(part, token);
            }
        });

        TaskException e = await Assert.ThrowsAsync<TaskException>(() => CallAsync(new { url = server.Url }));

        Assert.Equal(("response_too_large", false), (e.Code, e.Retryable));
        Assert.Contains("1048576 bytes", e.Message, StringComparison.Ordinal);
        Assert.Contains("max_bytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_says_that_it_is_too_large_is_not_begun()
    {
        await using RawServer server = new(_ => "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");

        Assert.Equal("response_too_large", (await Assert.ThrowsAsync<TaskException>(() => CallAsync(new { url = server.Url }))).Code);
    }

    [Fact]
    public async Task A_small_body_that_unpacks_to_a_huge_one_is_given_up()
    {
        using MemoryStream packed = new();
        using (System.IO.Compression.GZipStream zip = new(packed, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            zip.Write(new byte[8 * 1024 * 1024]);
        }

        await using RawServer server = new(async (_, stream, token) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {packed.Length}\r\n\r\n"), token);
            await stream.WriteAsync(packed.ToArray(), token);
        });

        Assert.Equal("response_too_large", (await Assert.ThrowsAsync<TaskException>(() => CallAsync(new { url = server.Url }))).Code);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: text/plain\r\n\r\nhalf", "response", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello", "response", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "response", true)]
    [InlineData("not HTTP at all\r\n\r\n", "response", true)]
    [InlineData("", "response", true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"a\": 1,", "response_json", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n\"\\ud800\"", "response_json", false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 6\r\n\r\n1e9999", "response_json", false)]
    public async Task A_wrong_answer_is_told(string answer, string code, bool retryable)
    {
        await using RawServer server = new(_ => answer);

        TaskException e = await Assert.ThrowsAsync<TaskException>(() => CallAsync(new { url = server.Url }));

        Assert.Equal(("HttpError", code, retryable), (e.Type, e.Code, e.Retryable));
    }

    [Fact]
    public async Task JSON_that_is_nested_without_end_is_told()
    {
        string deep = new string('[', 100_000) + new string(']', 100_000);
        await using RawServer server = new(_ => RawServer.Answer(200, deep));

        Assert.Equal("response_json", (await Assert.ThrowsAsync<TaskException>(() => CallAsync(new { url = server.Url }))).Code);
    }

    [Fact]
    public async Task Huge_headers_are_refused()
    {
        await using RawServer server = new(async (_, stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), token);
            byte[] header = Encoding.ASCII.GetBytes($"X-Long: {new string('a', 10_000)}\r\n");
            while (true)
            {
                await stream.WriteAsync(header, token);
            }
        });

        TaskException e = await Assert.ThrowsAsync<TaskException>(() => CallAsync(new { url = server.Url }));

        Assert.Equal(("response_headers", false), (e.Code, e.Retryable));
    }

    [Fact]
    public async Task Very_many_headers_are_refused()
    {
        await using RawServer server = new(_ => RawServer.Answer(200, "{}", string.Join("\r\n", Enumerable.Range(0, 300).Select(static i => $"X-{i}: 1"))));

        Assert.Equal("response_headers", (await Assert.ThrowsAsync<TaskException>(() => CallAsync(new { url = server.Url }))).Code);
    }

    [Fact]
    public async Task A_server_that_nobody_runs_is_worth_another_attempt()
    {
        // Taken, so that no other test is given the port, and not listened on.
        using Socket taken = new(SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;

        TaskException e = await Assert.ThrowsAsync<TaskException>(() => CallAsync($"http://127.0.0.1:{port}/"));

        Assert.Equal(("connect", true), (e.Code, e.Retryable));
    }

    [Fact]
    public async Task The_token_ends_a_call_that_gets_no_answer()
    {
        using CancellationTokenSource stop = new();
        await using RawServer server = new(async (_, _, token) =>
        {
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, token);
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new KindStepContext(_resources, stop.Token).RunAsync("http", server.Url));
    }

    [Fact]
    public async Task Redirects_are_followed_and_a_loop_of_them_is_not()
    {
        await using RawServer server = new(request =>
            request.StartsWith("GET /loop", StringComparison.Ordinal) ? RawServer.Redirect(302, "/loop")
            : request.StartsWith("GET /end", StringComparison.Ordinal) ? RawServer.Answer(200, "1") : RawServer.Redirect(301, "end"));

        Assert.Equal(1, (await CallAsync($"{server.Url}/begin")).GetProperty("body").GetInt32());
        TaskException e = await Assert.ThrowsAsync<TaskException>(() => CallAsync($"{server.Url}/loop"));
        Assert.Equal(("redirects", false), (e.Code, e.Retryable));
        Assert.Equal(2 + 11, server.Requests.Count);
        Assert.Equal("302", (await Assert.ThrowsAsync<TaskException>(() => CallAsync(new { url = $"{server.Url}/loop", follow_redirects = false }))).Code);
    }

    [Theory]
    [InlineData("https://127.0.0.1/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://ann:pw@127.0.0.1/x")]
    [InlineData("//")]
    public async Task A_redirect_to_another_scheme_or_with_a_user_is_not_followed(string to)
    {
        await using RawServer server = new(_ => RawServer.Redirect(302, to));

        TaskException e = await Assert.ThrowsAsync<TaskException>(() => CallAsync(server.Url));

        Assert.Equal(("302", false), (e.Code, e.Retryable));
        Assert.DoesNotContain("pw@", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_to_another_host_gets_no_headers_of_the_step_and_no_POST()
    {
        await using RawServer other = new(_ => RawServer.Answer(200, "1"));
        await using RawServer server = new(request => RawServer.Redirect(request.StartsWith("GET", StringComparison.Ordinal) ? 302 : 307, $"{other.Url}/there"));

        Assert.Equal(1, (await CallAsync(new { url = server.Url, headers = new { Authorization = "Bearer s3cret" } })).GetProperty("body").GetInt32());
        TaskException e = await Assert.ThrowsAsync<TaskException>(() => CallAsync(new { url = server.Url, body = "s3cret" }));

        Assert.Equal(("307", false), (e.Code, e.Retryable));
        Assert.DoesNotContain("s3cret", Assert.Single(other.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_POST_that_is_answered_elsewhere_goes_on_as_a_read_without_its_body()
    {
        await using RawServer server = new(request => request.StartsWith("POST", StringComparison.Ordinal) ? RawServer.Redirect(303, "/made") : RawServer.Answer(200, "1"));

        await CallAsync(new { url = server.Url, body = "x" });

        Assert.StartsWith("GET /made", server.Requests.Last(), StringComparison.Ordinal);
        Assert.DoesNotContain("Idempotency-Key", server.Requests.Last(), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("ftp://host/x", "http://")]
    [InlineData("file:///etc/passwd", "http://")]
    [InlineData("http://ann:s3cret@host/", "user")]
    [InlineData("items", "connection")]
    [InlineData("", "http://")]
    public async Task Addresses_that_are_none_are_refused(string url, string says)
    {
        TaskException e = await Assert.ThrowsAsync<TaskException>(() => CallAsync(url));

        Assert.Equal((ErrorTypes.InvalidInput, false), (e.Type, e.Retryable));
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-A", "a\r\nX-B: b")]
    [InlineData("X-A\r\nX-B", "a")]
    [InlineData("X-A", "ü")]
    [InlineData("Host", "other")]
    [InlineData("content-length", "0")]
    [InlineData("Transfer-Encoding", "chunked")]
    public async Task Headers_cannot_be_smuggled_in(string name, string value)
    {
        await using RawServer server = new(_ => RawServer.Answer(200, ""));

        TaskException e = await Assert.ThrowsAsync<TaskException>(() => CallAsync(new { url = server.Url, headers = new Dictionary<string, string> { [name] = value } }));

        Assert.Equal(ErrorTypes.InvalidInput, e.Type);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Only_allowed_hosts_are_called_also_by_redirects()
    {
        await using RawServer server = new(_ => RawServer.Redirect(302, "http://localhost:1/"));
        _resources.HttpHostsAllowed = new HashSet<string> { "127.0.0.1", "*.example.com" };

        TaskException redirected = await Assert.ThrowsAsync<TaskException>(() => CallAsync(server.Url));
        TaskException other = await Assert.ThrowsAsync<TaskException>(() => CallAsync("http://example.com/"));

        Assert.Equal(("host_refused", false), (redirected.Code, redirected.Retryable));
        Assert.Contains("localhost", redirected.Message, StringComparison.Ordinal);
        Assert.Equal("host_refused", other.Code);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("[::1]")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("0x7f.1")]
    public async Task Private_addresses_can_be_refused(string host)
    {
        _resources.HttpPrivateAddressesRefused = true;

        TaskException e = await Assert.ThrowsAsync<TaskException>(() => CallAsync($"http://{host}:1/"));

        Assert.Equal(("host_refused", false), (e.Code, e.Retryable));
    }

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("172.31.0.1", true)]
    [InlineData("172.32.0.1", false)]
    [InlineData("169.254.169.254", true)]
    [InlineData("100.64.0.1", true)]
    [InlineData("8.8.8.8", false)]
    [InlineData("fd00::1", true)]
    [InlineData("64:ff9b::a9fe:a9fe", true)]
    [InlineData("2002:7f00:1::", true)]
    [InlineData("2606:4700::1", false)]
    [InlineData("::", true)]
    [InlineData("255.255.255.255", true)]
    public void Addresses_of_private_networks_are_known(string address, bool isPrivate) => Assert.Equal(isPrivate, HttpGuard.IsPrivate(IPAddress.Parse(address)));

    [Fact]
    public async Task A_connection_gives_its_address_and_headers()
    {
        await using RawServer server = new(_ => RawServer.Answer(200, "1"));
        _resources.Connections.Add("crm", "http", new Dictionary<string, object?>
        {
            ["base_url"] = $"{server.Url}/v1",
            ["headers"] = new Dictionary<string, string> { ["Authorization"] = "Bearer t", ["X-A"] = "connection" },
        });

        await CallAsync(new { connection = "crm", url = "/customers/1?full=1", headers = new Dictionary<string, string> { ["x-a"] = "step" } });

        string request = Assert.Single(server.Requests);
        Assert.StartsWith("GET /v1/customers/1?full=1 ", request, StringComparison.Ordinal);
        Assert.Contains("Authorization: Bearer t\r\n", request, StringComparison.Ordinal);
        Assert.Contains("x-a: step\r\n", request, StringComparison.Ordinal);
        Assert.DoesNotContain("X-A: connection", request, StringComparison.Ordinal);
        HttpClient client = _resources.Connections.Find("crm").Http!;
        Assert.Equal("1", await client.GetStringAsync("customers/2"));
        Assert.Same(client, _resources.Connections.Find("crm").Http);
        Assert.Contains("GET /v1/customers/2 HTTP/1.1\r\n", server.Requests.Last(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(500)]
    public async Task What_a_connection_authenticates_with_is_hidden_when_the_server_repeats_it(int status)
    {
        await using RawServer server = new(request => RawServer.Answer(status, JsonSerializer.Serialize(request), "Content-Type: application/json\r\nX-Echo: Bearer s3cret-token"));
        _resources.Connections.Add("crm", "http", new Dictionary<string, object?>
        {
            ["base_url"] = server.Url,
            ["headers"] = new Dictionary<string, string> { ["Authorization"] = "Bearer s3cret-token", ["Accept"] = "application/json" },
        });

        string told;
        try
        {
            told = (await CallAsync(new { connection = "crm", url = "x" })).GetRawText();
        }
        catch (TaskException e)
        {
            told = $"{e} {e.Details}";
        }

        Assert.Contains("***", told, StringComparison.Ordinal);
        Assert.Contains("application/json", told, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret-token", told, StringComparison.Ordinal);
        Assert.Contains("Bearer s3cret-token", Assert.Single(server.Requests), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://evil.example/x")]
    [InlineData("../admin")]
    [InlineData("/%2e%2e/admin")]
    [InlineData("http://127.0.0.1:1/v1/x")]
    public async Task A_call_cannot_leave_the_address_of_its_connection(string url)
    {
        _resources.Connections.Add("crm", "http", new Dictionary<string, object?> { ["base_url"] = "http://127.0.0.1:2/v1" });

        TaskException e = await Assert.ThrowsAsync<TaskException>(() => CallAsync(new { connection = "crm", url }));

        Assert.Contains("leaves the connection's base_url", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("@evil.example/x", "/v1/@evil.example/x")]
    [InlineData("//evil.example/x", "/v1/evil.example/x")]
    [InlineData("?q=1", "/v1?q=1")]
    public async Task What_looks_like_another_host_stays_beneath_the_connection(string url, string path)
    {
        await using RawServer server = new(_ => RawServer.Answer(200, "1"));
        _resources.Connections.Add("crm", "http", new Dictionary<string, object?> { ["base_url"] = $"{server.Url}/v1/" });

        await CallAsync(new { connection = "crm", url });

        Assert.StartsWith($"GET {path} ", Assert.Single(server.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_nobody_has_is_told_with_those_that_are_there()
    {
        _resources.Connections.Add("crm", "http", new Dictionary<string, object?> { ["base_url"] = "http://127.0.0.1:2" });

        TaskException e = await Assert.ThrowsAsync<TaskException>(() => CallAsync(new { connection = "crn", url = "x" }));

        Assert.Equal((ErrorTypes.UnknownConnection, false), (e.Type, e.Retryable));
        Assert.Contains("Did you mean 'crm'?", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"url":"${inputs.url}","method":"${inputs.method}","expect":"${inputs.e}","max_bytes":"${inputs.m}","headers":{"A":"${secrets.x}"},"query":"${inputs.q}"}""")]
    [InlineData("\"${inputs.url}\"")]
    [InlineData("\"https://example.com/${inputs.path}\"")]
    [InlineData("""{"url":"https://example.com","expect":["2xx",404]}""")]
    [InlineData("""{"url":"items/${inputs.id}","connection":"crm"}""")]
    public void Settings_that_can_be_meant_have_no_faults(string settings) => Assert.Empty(Check(settings));

    [Theory]
    [InlineData("""{"url":"https://a.b","metod":"GET"}""", "/metod", "Did you mean 'method'?")]
    [InlineData("""{"url":"https://a.b","method":"PSOT"}""", "/method", "Did you mean POST?")]
    [InlineData("""{"url":"https://a.b","expect":"ok"}""", "/expect", "2xx")]
    [InlineData("""{"url":"https://a.b","expect":[999]}""", "/expect", "999")]
    [InlineData("""{"url":"https://a.b","expect":[]}""", "/expect", "empty")]
    [InlineData("""{"method":"GET"}""", "", "'url' is missing")]
    [InlineData("""{"url":"items"}""", "/url", "connection")]
    [InlineData("""{"url":"https://a.b","method":"GET","body":1}""", "/body", "no body")]
    [InlineData("""{"url":"https://a.b","form":{"a":1},"body":1}""", "/form", "either")]
    [InlineData("""{"url":"https://a.b","headers":{"Host":"x"}}""", "/headers", "cannot be set")]
    [InlineData("""{"url":"https://a.b","headers":[1]}""", "/headers", "mapping")]
    [InlineData("""{"url":"https://a.b","response":"xml"}""", "/response", "auto, json, text")]
    [InlineData("""{"url":"https://a.b","max_bytes":0}""", "/max_bytes", "67108864")]
    [InlineData("""{"url":"https://a.b","follow_redirects":"yes"}""", "/follow_redirects", "true or false")]
    [InlineData("[1]", "", "must be a mapping")]
    [InlineData("null", "", "must be a mapping")]
    public void Mistakes_are_found_when_a_flow_is_read(string settings, string pointer, string says)
    {
        InputFault fault = Assert.Single(Check(settings));

        Assert.Equal(pointer, fault.Pointer);
        Assert.Contains(says, fault.Message, StringComparison.Ordinal);
    }

    private IReadOnlyList<InputFault> Check(string settings) => _resources.Kinds.Find("http")!.Check!(JsonDocument.Parse(settings).RootElement);

    private Task<JsonElement> CallAsync(object settings) => new KindStepContext(_resources).RunAsync("http", settings);
}
