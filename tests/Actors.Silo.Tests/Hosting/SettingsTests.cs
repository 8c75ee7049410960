using Actors.Flows;
using Actors.Postgres.Tests;
using Microsoft.AspNetCore.Builder;

namespace Actors.Hosting.Tests.Hosting;

public sealed class SettingsTests
{
    [Theory]
    [InlineData("Flwos", "x", "Actors__Flwos", "Did you mean Actors:Flows?")]
    [InlineData("Silo:IdelTimeout", "x", "Actors__Silo__IdelTimeout", "Did you mean Actors:Silo:IdleTimeout?")]
    [InlineData("Silo:ActiveRunsMax", "0", "Actors__Silo__ActiveRunsMax", "above zero")]
    [InlineData("Silo:DrainLimit", "soon", "Actors:Silo:DrainLimit", "soon")]
    [InlineData("Flows", "/no/such/folder", "Actors__Flows", "/no/such/folder")]
    [InlineData("Plugins:0", "/no/such.dll", "Actors__Plugins__0", "/no/such.dll")]
    public async Task A_wrong_setting_stops_the_start_with_its_key_and_the_cure(string key, string value, string names, string cure)
    {
        ActorsStartException e = await Assert.ThrowsAsync<ActorsStartException>(() => SiloFixture.StartAsync(null, $"--Actors:{key}={value}"));

        Assert.Contains(names, e.Message, StringComparison.Ordinal);
        Assert.Contains(cure, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_wrong_settings_are_told_at_once()
    {
        ActorsStartException e = await Assert.ThrowsAsync<ActorsStartException>(() =>
            SiloFixture.StartAsync(null, "--Actors:Silo:BodiesMax=-1", "--Actors:Silo:MailboxMax=0", "--Actors:Color=red"));

        Assert.Equal(3, e.Message.Split(System.Environment.NewLine).Length);
    }

    [Theory]
    [InlineData("Host=db;Password=s3cret")]
    [InlineData("Data Source=a;Password=s3cret")]
    [InlineData("'=s3cret")]
    public void A_connection_string_that_is_none_is_refused_without_repeating_it(string value)
    {
        ActorsStartException e = Assert.Throws<ActorsStartException>(() => StoreSetting.ReadPath(value, "Actors:Database"));

        Assert.DoesNotContain("s3cret", e.Message, StringComparison.Ordinal);
        Assert.Contains("Actors:Database", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "./.actors/actors.db")]
    [InlineData(" ", "./.actors/actors.db")]
    [InlineData("a/b.db", "a/b.db")]
    [InlineData("Data Source=a b.db", "a b.db")]
    [InlineData("memory", null)]
    [InlineData(":memory:", null)]
    [InlineData("Data Source=:memory:", null)]
    public void Databases_can_be_named_in_several_ways(string? value, string? path) => Assert.Equal(path, StoreSetting.ReadPath(value, "x"));

    [Theory]
    [InlineData("Host=db;Username=ann;Password=${SECRET}", "Host=db;Username=ann;Password='p;w=''1'", "actors")]
    [InlineData("Server=db;Search Path=shop", "Server=db", "shop")]
    [InlineData("postgres://ann:${SECRET}@db:5433/my%20shop?SSL%20Mode=Require", "Host=db;Port=5433;Username=ann;Password='p;w=''1';Database='my shop';SSL Mode=Require", "actors")]
    [InlineData(" postgresql://db?Search%20Path=shop ", "Host=db", "shop")]
    [InlineData("${URL}", "Host=db;Database=shop", "actors")]
    public void PostgreSQL_can_be_named_in_several_ways(string value, string connection, string schema)
    {
        Actors.Postgres.PostgresStoreOptions? options = StoreSetting.ReadPostgres(value, "x", Environment);

        Assert.Equal(
            new System.Data.Common.DbConnectionStringBuilder { ConnectionString = connection }.ConnectionString,
            options?.ConnectionString,
            ignoreCase: true);
        Assert.Equal(schema, options?.Schema);
    }

    [Theory]
    [InlineData("a/b.db")]
    [InlineData("Data Source=a.db")]
    [InlineData("memory")]
    [InlineData("")]
    [InlineData(null)]
    public void What_is_no_connection_to_PostgreSQL_is_left_to_the_others(string? value) => Assert.Null(StoreSetting.ReadPostgres(value, "x", Environment));

    [Theory]
    [InlineData("postgres://ann:s3cret@/shop", "x is no connection")]
    [InlineData("postgres://ann:s3cret@db:port/shop", "x is no connection")]
    [InlineData("Host=db;Password='s3cret", "x is no connection")]
    [InlineData("Host=db;Password=${NOT_SET};User=s3cret", "NOT_SET")]
    public void A_wrong_connection_to_PostgreSQL_is_refused_without_repeating_it(string value, string says)
    {
        ActorsStartException e = Assert.Throws<ActorsStartException>(() => StoreSetting.ReadPostgres(value, "x", Environment));

        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", StoreSetting.Describe(value), StringComparison.Ordinal);
    }

    private static string? Environment(string name) => name switch
    {
        "SECRET" => "p;w='1",
        "URL" => "postgres://db/shop",
        _ => null,
    };

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task What_one_silo_kept_its_successor_finds(DatabaseKind kind)
    {
        await using TestDatabase database = await TestDatabase.CreateAsync(kind);
        string[] settings = ["--Actors:Ephemeral=false", $"--Actors:Database={database.Setting}"];
        string id;
        await using (WebApplication app = await SiloFixture.StartAsync(null, settings))
        {
            using HttpClient http = new() { BaseAddress = new Uri(app.Urls.Single()) };
            id = (await new Client.ActorsClient(http).StartRunAsync("Gate")).Id;
            await app.StopAsync();
        }

        await using (WebApplication app = await SiloFixture.StartAsync(null, settings))
        {
            using HttpClient http = new() { BaseAddress = new Uri(app.Urls.Single()) };
            Client.ActorsClient client = new(http);
            await client.SignalRunAsync(id, "go", System.Text.Json.JsonSerializer.SerializeToElement("on"));
            Assert.Equal("on", (await client.WaitForEndAsync(id)).Output?.GetString());
            await app.StopAsync();
        }
    }

    [Fact]
    public async Task A_plugin_brings_its_tasks_and_flows_and_YAML_flows_call_them()
    {
        string here = AppContext.BaseDirectory;
        string samples = Path.GetFullPath(Path.Combine(here, "../../../../../client/samples/Orders"));
        string plugin = Path.Combine(samples, Path.GetRelativePath(Path.Combine(here, "../../.."), here), "Actors.Samples.Orders.dll");
        string folder = Directory.CreateTempSubdirectory("actors-flows").FullName;
        File.Copy(Path.Combine(samples, "order-fulfilment.yaml"), Path.Combine(folder, "order.yaml"));

        await using WebApplication app = await SiloFixture.StartAsync(null, $"--Actors:Plugins:0={plugin}", $"--Actors:Flows={folder}");
        using HttpClient http = new() { BaseAddress = new Uri(app.Urls.Single()) };
        Client.ActorsClient client = new(http);
        Protocol.FlowDetails flow = await client.GetFlowAsync("order_fulfilment");
        using System.Text.Json.JsonDocument input = System.Text.Json.JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(samples, "inputs/standard.json")));
        Protocol.ExecuteResponse done = await client.ExecuteAsync("order_fulfilment", new Protocol.StartRunRequest { Input = input.RootElement });

        Assert.Equal(Protocol.FlowKind.Yaml, flow.Kind);
        Assert.Equal("1", flow.Label);
        Assert.Contains("ProcessPayment", flow.Tasks);
        Assert.Contains(flow.Inputs, i => i is { Name: "customer_id", Required: true, Type: "string" });
        Assert.NotNull(flow.Source);
        Assert.True(done.Success);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void An_assembly_without_a_plugin_or_that_is_none_is_told_with_its_path()
    {
        ActorsRegistration registration = new(new TaskRegistry(), new FlowRegistry(), new Microsoft.Extensions.Configuration.ConfigurationBuilder().Build());
        string without = typeof(FactAttribute).Assembly.Location;
        string none = Path.Combine(AppContext.BaseDirectory, "Actors.Silo.Tests.runtimeconfig.json");

        Assert.Contains("IActorsPlugin", Assert.Throws<ActorsStartException>(() => PluginLoader.Load(without, "--plugin", registration)).Message, StringComparison.Ordinal);
        Assert.Contains("--plugin", Assert.Throws<ActorsStartException>(() => PluginLoader.Load(none, "--plugin", registration)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_flow_files_stop_the_start_with_every_problem()
    {
        string folder = Directory.CreateTempSubdirectory("actors-flows").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "a.yaml"), "flow: a\nstep: []\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "b.yaml"), "flow: b\nsteps:\n  - task: NoSuchTask\n");

        ActorsStartException e = await Assert.ThrowsAsync<ActorsStartException>(() => SiloFixture.StartAsync(null, $"--Actors:Flows={folder}"));

        Assert.Contains("a.yaml:2:1", e.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'steps'?", e.Message, StringComparison.Ordinal);
        Assert.Contains("b.yaml:3:", e.Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("30", 30_000)]
    [InlineData("1.5", 1_500)]
    [InlineData("500ms", 500)]
    [InlineData("30s", 30_000)]
    [InlineData("1m30s", 90_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("PT2M", 120_000)]
    public void Durations_are_read_as_people_write_them(string text, double ms)
    {
        Assert.True(Durations.TryParse(text, out TimeSpan value));
        Assert.Equal(ms, value.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1s1m")]
    [InlineData("1s1s")]
    [InlineData("1 s")]
    [InlineData("1e9")]
    [InlineData("99999999999999999d")]
    [InlineData("1.1.1s")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(Durations.TryParse(text, out _));

    [Theory]
    [InlineData("nonsense")]
    [InlineData("http://127.0.0.1:0/path")]
    [InlineData("http://127.0.0.1:99999")]
    public async Task An_address_that_nobody_can_listen_on_is_told_in_a_sentence(string urls)
    {
        using StringWriter error = new();
        Assert.Equal(1, await Server.RunAsync([$"--urls={urls}", "--ephemeral"], error));
        Assert.StartsWith($"error: Actors cannot start: it cannot listen on '{urls}'", error.ToString());
    }
}
