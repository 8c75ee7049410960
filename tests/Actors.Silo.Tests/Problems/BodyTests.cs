using System.Net;
using System.Text;
using System.Text.Json;

namespace Actors.Hosting.Tests.Problems;

[Collection(OneSilo.Name)]
public sealed class BodyTests(SiloFixture silo)
{
    public static TheoryData<string> Addresses => ["/flows/Gate/runs", "/flows/Gate/execute", "/flows/Gate/execute/stream", "/runs/r1/cancel", "/runs/r1/signals/go", "/human-tasks/t1/answer"];

    [Theory]
    [MemberData(nameof(Addresses))]
    public async Task Malformed_JSON_is_told_with_line_and_column(string path)
    {
        JsonElement problem = await (await silo.PostAsync(path, "{\n  \"a\": 1,\n  oops\n}")).ProblemAsync(HttpStatusCode.BadRequest, "malformed_json");

        Assert.Equal(3, problem.GetProperty("line").GetInt64());
        Assert.Equal(3, problem.GetProperty("column").GetInt64());
        Assert.Contains("line 3, column 3", problem.Detail(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Addresses))]
    public async Task Unknown_fields_are_errors(string path)
    {
        JsonElement problem = await (await silo.PostAsync(path, """{"zzzzzz":1,"yyyyyy":2}""")).ProblemAsync(HttpStatusCode.UnprocessableEntity, "unknown_field");

        Assert.Equal(2, problem.GetProperty("errors").GetArrayLength());
        Assert.Equal("/zzzzzz", problem.Pointer());
    }

    [Theory]
    [InlineData("/flows/Gate/runs", """{"imput":1}""", "input")]
    [InlineData("/flows/Gate/runs", """{"Input":1}""", "input")]
    [InlineData("/runs/r1/cancel", """{"reson":""}""", "reason")]
    [InlineData("/human-tasks/t1/answer", """{"decission":"approve"}""", "decision")]
    public async Task A_misspelt_field_is_told_what_it_was_meant_to_be(string path, string body, string meant)
    {
        JsonElement problem = await (await silo.PostAsync(path, body)).ProblemAsync(HttpStatusCode.UnprocessableEntity, "unknown_field");

        Assert.Contains($"Did you mean '{meant}'?", problem.Detail(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("5")]
    [InlineData("null")]
    [InlineData("true")]
    public async Task A_body_that_is_no_object_is_refused(string body) =>
        await (await silo.PostAsync("/flows/Gate/runs", body)).ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid_request");

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("""{"input":1,"input":2}""")]
    [InlineData("""{"input":"\ud800"}""")]
    [InlineData("{\"input\":01}")]
    public async Task What_is_no_JSON_or_ambiguous_is_malformed(string body)
    {
        HttpResponseMessage response = await silo.PostAsync("/flows/Gate/runs", body);

        // No body at all is a start without input.
        if (body.Length == 0)
        {
            await response.JsonAsync(HttpStatusCode.Created);
        }
        else
        {
            await response.ProblemAsync(HttpStatusCode.BadRequest, "malformed_json");
        }
    }

    [Fact]
    public async Task Text_that_is_not_UTF8_is_malformed()
    {
        using ByteArrayContent content = new([.. "{\"input\":\""u8, 0xFF, .. "\"}"u8]);
        content.Headers.ContentType = new("application/json");

        await (await silo.Http.PostAsync("/flows/Gate/runs", content)).ProblemAsync(HttpStatusCode.BadRequest, "malformed_json");
    }

    [Fact]
    public async Task A_byte_order_mark_is_no_fault()
    {
        using ByteArrayContent content = new([0xEF, 0xBB, 0xBF, .. "{}"u8]);
        content.Headers.ContentType = new("application/json");

        await (await silo.Http.PostAsync("/flows/Gate/runs", content)).JsonAsync(HttpStatusCode.Created);
    }

    [Fact]
    public async Task JSON_that_nests_too_deep_is_refused()
    {
        string body = $$"""{"input":{{new string('[', 200)}}{{new string(']', 200)}}}""";

        await (await silo.PostAsync("/flows/Gate/runs", body)).ProblemAsync(HttpStatusCode.BadRequest, "malformed_json");
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/json; charset=utf-16")]
    public async Task Another_media_type_is_refused(string type) =>
        await (await silo.PostAsync("/flows/Gate/runs", "{}", contentType: type)).ProblemAsync(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");

    [Theory]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("application/vnd.shop+json")]
    public async Task Kinds_of_JSON_are_taken(string type) =>
        await (await silo.PostAsync("/flows/Gate/runs", "{}", contentType: type)).JsonAsync(HttpStatusCode.Created);

    [Theory]
    [MemberData(nameof(Addresses))]
    public async Task A_body_over_the_limit_is_refused(string path)
    {
        string body = $$"""{"input":"{{new string('x', SiloFixture.PayloadBytesMax + (100 * 1024))}}"}""";

        await (await silo.PostAsync(path, body)).ProblemAsync(HttpStatusCode.RequestEntityTooLarge, "payload_too_large");
    }

    [Fact]
    public async Task A_body_of_unknown_length_over_the_limit_is_refused()
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/flows/Gate/runs") { Content = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes(new string(' ', SiloFixture.PayloadBytesMax + (100 * 1024))))) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.TransferEncodingChunked = true;

        await (await silo.Http.SendAsync(request)).ProblemAsync(HttpStatusCode.RequestEntityTooLarge, "payload_too_large");
    }

    [Fact]
    public async Task An_input_over_the_limit_in_a_body_within_it_is_refused()
    {
        string body = $$"""{"input":"{{new string('x', SiloFixture.PayloadBytesMax + 1024)}}"}""";

        await (await silo.PostAsync("/flows/Gate/runs", body)).ProblemAsync(HttpStatusCode.RequestEntityTooLarge, "payload_too_large");
    }

    [Fact]
    public async Task An_answer_needs_a_body() =>
        await (await silo.PostAsync("/human-tasks/t1/answer", null)).ProblemAsync(HttpStatusCode.BadRequest, "body_required");

    [Theory]
    [InlineData("GET", "/nothing/here", 404, "unknown_address")]
    [InlineData("DELETE", "/runs", 405, "method_not_allowed")]
    [InlineData("PUT", "/flows/Gate/runs", 405, "method_not_allowed")]
    [InlineData("GET", "/problems/never_heard_of", 404, "unknown_address")]
    public async Task Addresses_and_methods_that_are_none_are_problems_too(string method, string path, int status, string code)
    {
        HttpResponseMessage response = await silo.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));

        await response.ProblemAsync((HttpStatusCode)status, code);
        if (status == 405)
        {
            Assert.NotEmpty(response.Content.Headers.Allow);
        }
    }

    [Fact]
    public async Task Every_code_is_described_at_its_type()
    {
        foreach (System.Reflection.FieldInfo field in typeof(Protocol.ProblemCodes).GetFields())
        {
            string code = (string)field.GetRawConstantValue()!;
            JsonElement description = await (await silo.Http.GetAsync($"/problems/{code}")).JsonAsync(HttpStatusCode.OK);
            Assert.Equal(code, description.GetProperty("code").GetString());
            Assert.False(string.IsNullOrEmpty(description.GetProperty("whatToDo").GetString()));
        }
    }
}
