using System.Net;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Actors.Silos;
using Actors.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Actors.Hosting.Tests.Hosting;

public sealed class EmbeddingTests
{
    [Fact]
    public async Task In_an_application_of_ones_own_all_addresses_have_the_prefix_and_the_rest_is_left_alone()
    {
        await using WebApplication app = await StartAsync(b => b);
        using HttpClient http = new() { BaseAddress = new Uri(app.Urls.Single()) };

        HttpResponseMessage started = await http.PostAsync("/api/flows/Gate/runs", null);
        JsonElement run = await started.JsonAsync(HttpStatusCode.Created);
        HttpResponseMessage missing = await http.GetAsync("/api/runs/none");

        Assert.Equal($"/api/runs/{run.GetProperty("id").GetString()}", started.Headers.Location?.OriginalString);
        Assert.Equal("/api/problems/unknown_run", (await missing.JsonAsync(HttpStatusCode.NotFound)).GetProperty("type").GetString());
        Assert.Equal("mine", await http.GetStringAsync("/mine"));
        Assert.Equal("", await (await http.GetAsync("/nothing")).Content.ReadAsStringAsync());
    }

    [Fact]
    public void Adding_it_twice_gives_one_silo()
    {
        ServiceCollection services = new();

        Assert.Same(services.AddActors(), services.AddActors());
    }

    [Fact]
    public async Task A_header_does_not_make_a_principal()
    {
        await using WebApplication app = await StartAsync(b => b);
        using HttpClient http = new() { BaseAddress = new Uri(app.Urls.Single()) };
        http.DefaultRequestHeaders.Add("X-Actors-Principal", "admin");

        JsonElement run = await (await http.PostAsync("/api/flows/Gate/runs", null)).JsonAsync(HttpStatusCode.Created);

        Assert.Equal("local", run.GetProperty("startedBy").GetString());
    }

    [Fact]
    public async Task An_authenticated_caller_sees_its_own_tenant_only_and_cannot_name_another_person()
    {
        await using WebApplication app = await StartAsync(b => b, user: true);
        using HttpClient ann = ClientOf(app, "ann", "red");
        using HttpClient bob = ClientOf(app, "bob", "blue");

        JsonElement run = await (await ann.PostAsync("/api/flows/Ask/runs", Json("""{"input":[]}"""))).JsonAsync(HttpStatusCode.Created);
        string id = run.GetProperty("id").GetString()!;
        Assert.Equal("ann", run.GetProperty("startedBy").GetString());
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync($"/api/runs/{id}")).StatusCode);
        foreach (string path in (string[])[$"/api/runs/{id}", $"/api/runs/{id}/events", $"/api/runs/{id}/stream"])
        {
            Assert.Equal(HttpStatusCode.NotFound, (await bob.GetAsync(path)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await bob.PostAsync($"/api/runs/{id}/cancel", null)).StatusCode);
        Assert.Equal(0, (await (await bob.GetAsync("/api/runs")).JsonAsync(HttpStatusCode.OK)).GetProperty("items").GetArrayLength());
        JsonElement tasks = await (await ann.GetAsync($"/api/human-tasks?run={id}")).JsonAsync(HttpStatusCode.OK);
        while (tasks.GetProperty("items").GetArrayLength() == 0)
        {
            tasks = await (await ann.GetAsync($"/api/human-tasks?run={id}")).JsonAsync(HttpStatusCode.OK);
        }

        string task = tasks.GetProperty("items")[0].GetProperty("id").GetString()!;
        Assert.Equal(HttpStatusCode.NotFound, (await bob.GetAsync($"/api/human-tasks/{task}")).StatusCode);
        HttpResponseMessage named = await ann.PostAsync($"/api/human-tasks/{task}/answer", Json("""{"decision":"approve","by":"carl"}"""));
        Assert.Equal("/by", (await named.JsonAsync(HttpStatusCode.UnprocessableEntity)).Pointer());
        JsonElement answered = await (await ann.PostAsync($"/api/human-tasks/{task}/answer", Json("""{"decision":"approve"}"""))).JsonAsync(HttpStatusCode.OK);
        Assert.Equal("ann", answered.GetProperty("answeredBy").GetString());
    }

    [Fact]
    public async Task Only_candidates_and_members_of_their_groups_answer()
    {
        await using WebApplication app = await StartAsync(b => b, user: true);
        using HttpClient ann = ClientOf(app, "ann", "red");
        using HttpClient bob = ClientOf(app, "bob", "red", "finance");
        await ann.PostAsync("/api/flows/Ask/runs", Json("""{"input":["carl","finance"]}"""));
        JsonElement tasks = await (await ann.GetAsync("/api/human-tasks")).JsonAsync(HttpStatusCode.OK);
        while (tasks.GetProperty("items").GetArrayLength() == 0)
        {
            tasks = await (await ann.GetAsync("/api/human-tasks")).JsonAsync(HttpStatusCode.OK);
        }

        string path = $"/api/human-tasks/{tasks.GetProperty("items")[0].GetProperty("id").GetString()}/answer";
        JsonElement refused = await (await ann.PostAsync(path, Json("""{"decision":"approve"}"""))).JsonAsync(HttpStatusCode.Forbidden);
        JsonElement answered = await (await bob.PostAsync(path, Json("""{"decision":"approve"}"""))).JsonAsync(HttpStatusCode.OK);

        Assert.Equal("not_a_candidate", refused.GetProperty("code").GetString());
        Assert.Equal("bob", answered.GetProperty("answeredBy").GetString());
    }

    public static TheoryData<Exception, int, bool> Failures => new()
    {
        { new InvalidOperationException("secret"), 500, false },
        { new StoreException(StoreFailure.Transient, "secret"), 503, true },
        { new StoreException(StoreFailure.Fenced, "secret"), 503, true },
        { new StoreException(StoreFailure.Fatal, "secret"), 500, false },
        { new OverloadedException("Too much."), 429, true },
        { new UnavailableException("Not now."), 503, true },
    };

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public async Task Failures_are_problems_that_keep_their_inner_text_to_the_log(Exception failure, int status, bool later)
    {
        await using WebApplication app = await StartAsync(b => b.UseCaller(_ => throw failure));
        using HttpClient http = new() { BaseAddress = new Uri(app.Urls.Single()) };

        HttpResponseMessage response = await http.GetAsync("/api/runs");

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.DoesNotContain("secret", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(later, response.Headers.RetryAfter is not null);
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static HttpClient ClientOf(WebApplication app, string name, string tenant, string role = "")
    {
        HttpClient http = new() { BaseAddress = new Uri(app.Urls.Single()) };
        http.DefaultRequestHeaders.Add("Test-User", name);
        http.DefaultRequestHeaders.Add("Test-Tenant", tenant);
        http.DefaultRequestHeaders.Add("Test-Role", role);
        return http;
    }

    private static async Task<WebApplication> StartAsync(Func<ActorsBuilder, ActorsBuilder> configure, bool user = false)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        configure(builder.Services.AddActors(o => o.Ephemeral = true).Register(SiloFixture.Register));
        WebApplication app = builder.Build();
        if (user)
        {
            // Stands for the application's own authentication.
            app.Use((context, next) =>
            {
                string Header(string name) => context.Request.Headers[name].ToString();
                Claim[] claims = [new(ClaimTypes.Name, Header("Test-User")), new("tenant", Header("Test-Tenant")), new(ClaimTypes.Role, Header("Test-Role"))];
                context.User = new ClaimsPrincipal(new ClaimsIdentity(claims, "test"));
                return next(context);
            });
        }

        app.MapActorsApi("/api");
        app.MapGet("/mine", () => "mine");
        await app.StartAsync();
        return app;
    }
}
