using Actors.Protocol;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Configuration.Memory;
using System.Net.Sockets;
using System.Text.Json.Serialization;

namespace Actors.Hosting;

/// <summary>The stand-alone server: a silo, its API, the OpenAPI document and a page to try it.</summary>
public static class Server
{
    /// <summary>Beats the settings files and <c>Actors__Database</c>; the command line beats it.</summary>
    public const string DatabaseVariable = "ACTORS_DATABASE";

    /// <summary>Runs until the process is asked to stop or the token is cancelled. 0 after an orderly stop, 1 when it cannot start, 2 when that is because a file or folder that a setting names is not there; why is told to <paramref name="error"/>.</summary>
    public static async Task<int> RunAsync(
        string[] args, TextWriter error, Action<WebApplicationBuilder>? configure = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(error);
        try
        {
            WebApplicationBuilder builder = CreateBuilder(args);
            configure?.Invoke(builder);
            await using WebApplication app = Build(builder);
            await StartAsync(app, cancellationToken);
            await error.WriteLineAsync($"Actors {HealthEndpoints.Version}: {string.Join(", ", app.Urls)}  OpenAPI /openapi/v1.json  page /swagger");
            using CancellationTokenRegistration stop = cancellationToken.Register(app.Lifetime.StopApplication);
            await app.WaitForShutdownAsync(CancellationToken.None);
            return 0;
        }
        catch (Exception e) when (e is ActorsStartException or IOException or Actors.Storage.StoreException)
        {
            await error.WriteLineAsync("error: Actors cannot start: " + e.Message);
            return e.InnerException is FileNotFoundException ? 2 : 1;
        }
    }

    private static async Task StartAsync(WebApplication app, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception e) when (
            e is (FormatException or ArgumentException or InvalidOperationException or SocketException) && e.StackTrace?.Contains("Kestrel", StringComparison.Ordinal) == true)
        {
            // Kestrel's own words for an address that is none, that it may not use, or whose certificate is missing.
            throw new ActorsStartException($"it cannot listen on '{app.Configuration[WebHostDefaults.ServerUrlsKey]}': {e.Message} An address is such as {WireText.DefaultUrl} (--urls).");
        }
    }

    /// <summary>Settings: appsettings.json, the environment, <see cref="DatabaseVariable"/>, then the command line, where <c>--ephemeral</c> and <c>--migrate</c> need no value.</summary>
    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        string[] line = args.Select(a => a switch
        {
            "--ephemeral" => "--Actors:Ephemeral=true",
            "--migrate" => "--Actors:Migrate=true",
            _ => a,
        }).ToArray();
        WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = line, ContentRootPath = Directory.GetCurrentDirectory() });
        // Below every other source, so that each can change it.
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData =
            [
                new("Logging:LogLevel:Microsoft.AspNetCore", "Warning"),
                // Why the host did not start is told by RunAsync, without the trace that the host would log.
                new("Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host", "Critical"),
            ],
        });
        if (Environment.GetEnvironmentVariable(DatabaseVariable) is { Length: > 0 } database)
        {
            builder.Configuration.AddInMemoryCollection([new($"{ActorsOptions.Section}:{nameof(ActorsOptions.Database)}", database)]);
            builder.Configuration.AddCommandLine(line);
        }

        if (string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.ServerUrlsKey])
            && string.IsNullOrEmpty(builder.Configuration["HTTP_PORTS"]) && string.IsNullOrEmpty(builder.Configuration["HTTPS_PORTS"])
            && !builder.Configuration.GetSection("Kestrel:Endpoints").GetChildren().Any())
        {
            // This machine only, until an operator says otherwise: there is no authentication by default.
            builder.WebHost.UseUrls(WireText.DefaultUrl);
        }

        builder.Services.AddActors();
        builder.Services.AddOpenApi("v1", options => options.AddActors().AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Actors";
            document.Info.Version = HealthEndpoints.Version;
            document.Info.Description = "Start, watch and steer durable flows. Errors are RFC 9457 problems with a stable code.";
            return Task.CompletedTask;
        }));
        // Numbers are numbers in the document, and nothing is read from text.
        builder.Services.Configure<JsonOptions>(options => options.SerializerOptions.NumberHandling = JsonNumberHandling.Strict);
        return builder;
    }

    /// <summary>The application, not yet started.</summary>
    public static WebApplication Build(WebApplicationBuilder builder)
    {
        WebApplication app = builder.Build();
        app.UseStatusCodePages(async context =>
        {
            HttpContext http = context.HttpContext;
            ProblemException? problem = http.Response.StatusCode switch
            {
                StatusCodes.Status404NotFound => new(404, ProblemCodes.UnknownAddress, $"There is nothing at {http.Request.Method} {http.Request.Path}."),
                StatusCodes.Status405MethodNotAllowed => new(405, ProblemCodes.MethodNotAllowed, $"{http.Request.Path} does not take {http.Request.Method}; it takes {http.Response.Headers.Allow}."),
                _ => null,
            };
            if (problem is not null)
            {
                string? allow = http.Response.Headers.Allow;
                ProblemWriter writer = http.RequestServices.GetRequiredService<ProblemWriter>();
                await writer.WriteAsync(http, problem, allow);
            }
        });
        app.MapActorsApi();
        app.MapOpenApi("/openapi/{documentName}.json");
        app.UseSwaggerUI(options =>
        {
            options.RoutePrefix = "swagger";
            options.DocumentTitle = "Actors API";
            options.SwaggerEndpoint("../openapi/v1.json", "Actors");
        });
        return app;
    }
}
