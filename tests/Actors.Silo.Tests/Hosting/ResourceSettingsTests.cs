using Actors.Flows;
using Microsoft.Extensions.Configuration;

namespace Actors.Hosting.Tests.Hosting;

public sealed class ResourceSettingsTests
{
    [Fact]
    public async Task Connections_come_from_the_settings_in_their_spelling()
    {
        await using FlowResources resources = Apply(
            ("Actors:Connections:crm:Type", "Http"), ("Actors:Connections:crm:BaseUrl", "https://crm.example/v1"), ("Actors:Connections:crm:Headers:X-Key", "k"),
            ("Actors:Connections:shop:Type", "postgres"), ("Actors:Connections:shop:Url", "postgres://ann:s3cret@db/shop"), ("Actors:Connections:shop:PoolSize", "3"),
            ("Actors:Connections:book:type", "sqlite"), ("Actors:Connections:book:database", "12345"));

        Assert.Equal(["book", "crm", "shop"], resources.Connections.Names);
        HttpClient client = resources.Connections.Find("crm").Http!;
        Assert.Equal(("https://crm.example/v1/", "k"), (client.BaseAddress!.AbsoluteUri, client.DefaultRequestHeaders.GetValues("X-Key").Single()));
        IStepConnection shop = resources.Connections.Find("shop");
        Assert.Contains("Maximum Pool Size=3", shop.Database!.ConnectionString, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", shop.Database.ConnectionString, StringComparison.Ordinal);
        Assert.Same(shop.Database, resources.Connections.Find("shop").Database);
        Assert.EndsWith("12345", new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder(resources.Connections.Find("book").Database!.ConnectionString).DataSource, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Type", "Postgers", "Did you mean 'postgres'?")]
    [InlineData("Type", "oracle", "Types: http, postgres, sqlite.")]
    [InlineData("Url", "postgres://ann:s3cret@db/x", "'Type' is missing")]
    public void A_connection_without_a_type_that_is_known_stops_the_start(string key, string value, string says)
    {
        ActorsStartException e = Assert.Throws<ActorsStartException>(() => Apply(($"Actors:Connections:shop:{key}", value)));

        Assert.Contains("Actors__Connections__shop", e.Message, StringComparison.Ordinal);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", e.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Url", "s3cret", "'url' is no connection to PostgreSQL")]
    [InlineData("Url", "postgres://ann:s3cret@:port", "'url' is no connection to PostgreSQL")]
    [InlineData("pol_size", "3", "Did you mean 'pool_size'?")]
    [InlineData("PoolSize", "many", "'pool_size' must be a whole number from 1 to 1000")]
    public void A_wrong_setting_of_a_connection_stops_the_start_without_its_value(string key, string value, string says)
    {
        ActorsStartException e = Assert.Throws<ActorsStartException>(() =>
            Apply(("Actors:Connections:shop:Type", "postgres"), ($"Actors:Connections:shop:{key}", value)));

        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_journal_cannot_be_the_name_of_a_connection()
    {
        await using FlowResources resources = new();

        ArgumentException e = Assert.Throws<ArgumentException>(() => resources.Connections.Add("journal", "http", new Dictionary<string, object?> { ["base_url"] = "https://a.b" }));

        Assert.Contains("journal itself", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_come_from_the_settings_and_the_environment_and_are_heard_when_they_change()
    {
        Environment.SetEnvironmentVariable("ACTORS_SECRET_FROM_ENVIRONMENT", "one");
        IConfigurationRoot configuration = Configuration(("Actors:Secrets:STRIPE", "two"));
        ActorsRegistration registration = new(new TaskRegistry(), new FlowRegistry(), configuration);
        await using FlowResources resources = registration.Resources;
        HostResources.Apply(registration, new ActorsOptions { Secrets = { ["IN_CODE"] = "three" } });

        Assert.Equal(("one", "two", "three", null), (resources.Secrets("FROM_ENVIRONMENT"), resources.Secrets("STRIPE"), resources.Secrets("IN_CODE"), resources.Secrets("NONE")));
        configuration["Actors:Secrets:STRIPE"] = "four";
        Assert.Equal("four", resources.Secrets("STRIPE"));
        Environment.SetEnvironmentVariable("ACTORS_SECRET_FROM_ENVIRONMENT", null);
    }

    [Fact]
    public async Task Hosts_and_variables_that_flows_may_use_come_from_the_settings()
    {
        await using FlowResources resources = Apply(
            ("Actors:HttpHostsAllowed:0", "api.example"), ("Actors:HttpPrivateAddressesRefused", "true"), ("Actors:EnvironmentAllowed:0", "REGION"));

        Assert.Equal(["api.example"], resources.HttpHostsAllowed);
        Assert.True(resources.HttpPrivateAddressesRefused);
        Assert.Equal(["REGION"], resources.EnvironmentAllowed);
    }

    [Fact]
    public async Task A_silo_offers_what_its_settings_say()
    {
        FlowResources? seen = null;
        await using (Microsoft.AspNetCore.Builder.WebApplication silo = await SiloFixture.StartAsync(
            builder => builder.Register(registration => seen = registration.Resources),
            "--Actors:Connections:crm:Type=http", "--Actors:Connections:crm:BaseUrl=https://crm.example", "--Actors:Secrets:KEY=s3cret"))
        {
            Assert.Equal(["crm"], seen!.Connections.Names);
            Assert.Equal("s3cret", seen.Secrets("KEY"));
            Assert.NotNull(seen.Connections.Find("crm").Http);
        }

        Assert.Throws<ObjectDisposedException>(() => seen.Connections.Find("crm").Http);
    }

    private static FlowResources Apply(params (string Key, string Value)[] settings)
    {
        IConfigurationRoot configuration = Configuration(settings);
        ActorsRegistration registration = new(new TaskRegistry(), new FlowRegistry(), configuration);
        HostResources.Apply(registration, HostResources.Read(configuration));
        return registration.Resources;
    }

    private static IConfigurationRoot Configuration(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(static s => KeyValuePair.Create<string, string?>(s.Key, s.Value))).Build();
}
