using Actors.Postgres;
using Actors.Postgres.Tests;
using Microsoft.AspNetCore.Builder;
using Npgsql;

namespace Actors.Hosting.Tests.Hosting;

/// <summary>Settings of a silo on PostgreSQL.</summary>
public sealed class DatabaseSettingTests
{
    [Fact]
    public async Task A_database_is_brought_up_to_date_on_request_only()
    {
        PostgresServer server = await PostgresServer.GetAsync();
        await server.ExecuteAsync("CREATE DATABASE empty");
        string[] settings = ["--Actors:Ephemeral=false", $"--Actors:Database={server.ConnectionString("empty")}"];

        ActorsStartException refused = await Assert.ThrowsAsync<ActorsStartException>(() => SiloFixture.StartAsync(null, settings));
        Assert.Contains("Run `actors migrate`", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
        await using (WebApplication app = await SiloFixture.StartAsync(null, [.. settings, "--migrate"]))
        {
            await app.StopAsync();
        }

        await using WebApplication again = await SiloFixture.StartAsync(null, settings);
        await again.StopAsync();
    }

    [Fact]
    public async Task A_silo_works_with_the_smallest_pool()
    {
        await using TestDatabase database = await TestDatabase.CreateAsync(DatabaseKind.Postgres);
        await using WebApplication app = await SiloFixture.StartAsync(
            null, "--Actors:Ephemeral=false", $"--Actors:Database={database.Setting}", "--Actors:Postgres:PoolMin=1", $"--Actors:Postgres:PoolMax={PostgresStoreOptions.PoolSizeMin}");
        using HttpClient http = new() { BaseAddress = new Uri(app.Urls.Single()) };
        Client.ActorsClient client = new(http);

        Protocol.ExecuteResponse[] done = await Task.WhenAll(Enumerable.Range(0, 50).Select(i =>
            client.ExecuteAsync("Echo", new Protocol.StartRunRequest { Input = System.Text.Json.JsonSerializer.SerializeToElement(new { text = $"{i}" }) })));

        Assert.All(done, static run => Assert.True(run.Success));
        await app.StopAsync();
    }

    [Theory]
    [InlineData("Host=a", null, null, 0, 100)]
    [InlineData("Host=a;Minimum Pool Size=3;Maximum Pool Size=9", null, null, 3, 9)]
    [InlineData("Host=a;Minimum Pool Size=3;Maximum Pool Size=9", 5, 20, 5, 20)]
    [InlineData("Host=a;MaxPoolSize=9", null, 20, 0, 20)]
    [InlineData("postgres://a?Maximum%20Pool%20Size=9", 1, null, 1, 9)]
    public void The_pools_settings_go_before_the_connection_string(string database, int? min, int? max, int minIs, int maxIs)
    {
        PostgresStoreOptions options = StoreSetting.WithPool(
            StoreSetting.ReadPostgres(database, "x", static _ => null)!, new PostgresOptions { PoolMin = min, PoolMax = max });

        NpgsqlConnectionStringBuilder read = new(options.ConnectionString);
        Assert.Equal((minIs, maxIs), (read.MinPoolSize, read.MaxPoolSize));
    }

    [Theory]
    [InlineData("PoolMax", "3", "at the least")]
    [InlineData("PoolMin", "-1", "from 0 to Postgres:PoolMax")]
    [InlineData("PoolMaxx", "9", "Did you mean Actors:Postgres:PoolMax?")]
    public async Task A_wrong_pool_is_told_with_its_key(string key, string value, string says)
    {
        ActorsStartException e = await Assert.ThrowsAsync<ActorsStartException>(() => SiloFixture.StartAsync(null, $"--Actors:Postgres:{key}={value}"));

        Assert.Contains($"Actors__Postgres__{key}", e.Message, StringComparison.Ordinal);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_string_with_too_small_a_pool_is_told()
    {
        ActorsStartException e = await Assert.ThrowsAsync<ActorsStartException>(() =>
            SiloFixture.StartAsync(null, "--Actors:Ephemeral=false", "--Actors:Database=Host=127.0.0.1;Maximum Pool Size=2"));

        Assert.Contains("A silo needs a maximum of 4 or more", e.Message, StringComparison.Ordinal);
    }
}
