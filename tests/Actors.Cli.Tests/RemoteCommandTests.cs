using System.Text.Json;
using Actors.Hosting;
using Actors.Postgres.Tests;
using Actors.Samples.Orders;
using Actors.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Actors.Cli.Tests;

public sealed class RemoteCommandSqliteTests() : RemoteCommandTests(DatabaseKind.Sqlite);

public sealed class RemoteCommandPostgresTests() : RemoteCommandTests(DatabaseKind.Postgres);

public abstract class RemoteCommandTests : IAsyncLifetime
{
    private readonly DatabaseKind _kind;
    private TestDatabase _database = null!;
    private WebApplication _app = null!;
    private string _url = "";
    private Client.ActorsClient _client = null!;

    private protected RemoteCommandTests(DatabaseKind kind) => _kind = kind;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync(_kind);
        WebApplicationBuilder builder = Server.CreateBuilder(["--urls=http://127.0.0.1:0", $"--Actors:Database={_database.Setting}", "--Logging:LogLevel:Default=Error"]);
        builder.Services.AddActors().AddPlugin(new OrderPlugin());
        _app = Server.Build(builder);
        await _app.StartAsync();
        _url = _app.Urls.Single();
        _client = new Client.ActorsClient(new HttpClient { BaseAddress = new Uri(_url) });
    }

    public async Task DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await using IStore store = await _database.OpenAsync();
        Assert.Empty(await store.CheckInvariantsAsync(default));
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_person_finds_a_question_answers_it_and_follows_the_run()
    {
        string run = await StartWaitingAsync();
        Said tasks = await CommandLine.RunAsync("tasks", "list", "-o", "json", "--url", _url);
        string task = tasks.Json().GetProperty("items")[0].GetProperty("id").GetString()!;

        Said answered = await CommandLine.RunAsync("tasks", "answer", task[..12], "approve", "--comment", "fine", "--by", "ann", "--url", _url);
        Said followed = await CommandLine.RunAsync("runs", "logs", run, "--follow", "--url", _url);
        Said shown = await CommandLine.RunAsync("runs", "show", run, "--url", _url);

        Assert.Equal(ExitCodes.Ok, answered.ExitCode);
        Assert.Contains("approve by local:ann", answered.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, followed.ExitCode);
        Assert.Contains("run.completed", followed.Out.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
        Assert.Contains("completed", shown.Out, StringComparison.Ordinal);
        Said again = await CommandLine.RunAsync("tasks", "answer", task, "reject", "--url", _url);
        Assert.Equal(ExitCodes.Error, again.ExitCode);
        Assert.Contains("local:ann", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_is_found_by_the_beginning_of_its_id_and_cancelled()
    {
        string run = await StartWaitingAsync();

        Said cancelled = await CommandLine.RunAsync("runs", "cancel", run[..^3], "--reason", "ordered twice", "-o", "json", "--url", _url);
        Said followed = await CommandLine.RunAsync("runs", "logs", run, "--follow", "-o", "json", "--url", _url);

        Assert.Equal(run, cancelled.Json().GetProperty("id").GetString());
        Assert.Equal(ExitCodes.RunCancelled, followed.ExitCode);
        Assert.All(followed.Out.Trim().Split('\n'), line => JsonDocument.Parse(line).Dispose());
        Said resumed = await CommandLine.RunAsync("runs", "resume", run, "--url", _url);
        Assert.Equal(ExitCodes.Error, resumed.ExitCode);
        Assert.Contains("run_ended", resumed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_beginning_that_several_ids_have_is_refused_with_them()
    {
        string first = await StartWaitingAsync();
        await StartWaitingAsync();

        Said said = await CommandLine.RunAsync("runs", "show", "run_", "--url", _url);

        Assert.Equal(ExitCodes.Error, said.ExitCode);
        Assert.Contains(first, said.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runs_are_listed_as_a_table_and_as_JSON()
    {
        string run = await StartWaitingAsync();

        Said table = await CommandLine.RunAsync("runs", "list", "--status", "waiting", "running", "--url", _url);
        Said json = await CommandLine.RunAsync("runs", "list", "--flow", OrderSample.CodeFlow, "-o", "json", "--url", _url);
        Said none = await CommandLine.RunAsync("runs", "show", "nothing", "--url", _url);

        Assert.Contains(run, table.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", table.Out, StringComparison.Ordinal);
        Assert.Equal(run, json.Json().GetProperty("items")[0].GetProperty("id").GetString());
        Assert.Equal(ExitCodes.Error, none.ExitCode);
        Assert.Contains("There is no run 'nothing'", none.Error, StringComparison.Ordinal);
    }

    private async Task<string> StartWaitingAsync()
    {
        string run = (await _client.StartRunAsync(OrderSample.CodeFlow, OrderSample.ExpensiveOrder)).Id;
        await foreach (Protocol.RunEventView e in _client.WatchRunAsync(run))
        {
            if (e.Type == Protocol.RunEventTypes.HumanTaskOpened)
            {
                break;
            }
        }

        return run;
    }
}
