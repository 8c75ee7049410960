using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Actors.Client.Tests;

/// <summary>A real server on a loopback port that answers each request with the next line of a script and remembers what it was asked.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Func<HttpContext, Task>> _script = new();
    private readonly ConcurrentQueue<Seen> _seen = new();

    private ScriptedServer(WebApplication app) => _app = app;

    public Uri Address { get; private set; } = null!;

    public IReadOnlyList<Seen> Requests => _seen.ToArray();

    public static async Task<ScriptedServer> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        ScriptedServer server = new(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        server.Address = new Uri(app.Urls.Single());
        return server;
    }

    public ScriptedServer Then(Func<HttpContext, Task> answer)
    {
        _script.Enqueue(answer);
        return this;
    }

    public ScriptedServer Then(int status, string body = "", string contentType = "application/json", string? retryAfter = null) => Then(context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        if (retryAfter is not null)
        {
            context.Response.Headers.RetryAfter = retryAfter;
        }

        return context.Response.WriteAsync(body);
    });

    public ScriptedServer ThenProblem(int status, string code, string detail, string errors = "[]") =>
        Then(status, $$"""{"type":"/problems/{{code}}","title":"T","status":{{status}},"detail":"{{detail}}","code":"{{code}}","errors":{{errors}},"later":1}""", "application/problem+json");

    /// <summary>The connection breaks without an answer.</summary>
    public ScriptedServer ThenBreak() => Then(context =>
    {
        context.Abort();
        return Task.CompletedTask;
    });

    /// <summary>An event stream with this text, which ends in order when <paramref name="cutAfter"/> is null; else the connection breaks once that has happened.</summary>
    public ScriptedServer ThenStream(string text, Task? cutAfter = null) => Then(async context =>
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync(text);
        await context.Response.Body.FlushAsync();
        if (cutAfter is not null)
        {
            // Not before the caller has the text: a broken connection takes with it what was not read yet.
            await cutAfter;
            context.Abort();
        }
    });

    public ActorsClient Client(TimeProvider time, ActorsClientOptions? options = null) => new(new HttpClient { BaseAddress = Address }, options, time);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using StreamReader reader = new(context.Request.Body, Encoding.UTF8);
        string body = await reader.ReadToEndAsync();
        _seen.Enqueue(new Seen(
            context.Request.Method,
            context.Request.Path + context.Request.QueryString,
            body,
            context.Request.Headers["Idempotency-Key"].ToString(),
            context.Request.Headers["Last-Event-ID"].ToString()));
        if (_script.TryDequeue(out Func<HttpContext, Task>? answer))
        {
            await answer(context);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status418ImATeapot;
            await context.Response.WriteAsync("The script has no answer for this.");
        }
    }

    internal sealed record Seen(string Method, string Path, string Body, string IdempotencyKey, string LastEventId);
}
