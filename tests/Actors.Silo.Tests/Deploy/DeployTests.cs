using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using Actors.Silos;
using Xunit.Abstractions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Actors.Hosting.Tests.Deploy;

/// <summary>What can be checked of <c>deploy/</c> without a container engine: that its files speak of what is there.</summary>
[Collection(OneSilo.Name)]
public sealed partial class DeployTests(SiloFixture silo, ITestOutputHelper output)
{
    private static readonly string Root = FindRoot();

    private static readonly string[] Settings =
    [
        .. Keys(typeof(ActorsOptions), "").Where(static key => key is not ("Silo" or "Postgres")), .. Keys(typeof(SiloOptions), "Silo:"), .. Keys(typeof(PostgresOptions), "Postgres:"),
    ];

    [Fact]
    public async Task The_settings_table_has_every_setting_and_no_other()
    {
        string text = await File.ReadAllTextAsync(Deploy("README.md"));

        Assert.Equal(Settings.Order(StringComparer.Ordinal), TableSetting().Matches(text).Select(static m => m.Groups[1].Value).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("compose.yaml")]
    [InlineData("README.md")]
    [InlineData("nginx/nginx.conf")]
    [InlineData("plugins/README.md")]
    [InlineData(".env.example")]
    public async Task Every_setting_that_is_named_exists(string file)
    {
        string text = await File.ReadAllTextAsync(Deploy(file));
        string[] named = [.. NamedSetting().Matches(text).Select(static m => m.Groups[1].Value.Replace("__", ":", StringComparison.Ordinal)).Distinct()];

        Assert.All(named, static name => Assert.Contains(IndexAtTheEnd().Replace(name, ""), Settings));
    }

    [Fact]
    public async Task The_compose_file_names_what_is_there()
    {
        YamlMappingNode services = (YamlMappingNode)(await ComposeAsync())["services"];
        Assert.Equal(["migrate", "nginx", "postgres", "silo-1", "silo-2", "silo-3"], services.Children.Keys.Select(static key => key.ToString()).Order(StringComparer.Ordinal));

        foreach ((YamlNode name, YamlNode node) in services)
        {
            YamlMappingNode service = (YamlMappingNode)node;
            foreach (string dependency in Names(service, "depends_on"))
            {
                Assert.True(services.Children.ContainsKey(dependency), $"{name} depends on {dependency}.");
            }

            foreach (string volume in Names(service, "volumes").Where(static v => v.StartsWith('.')))
            {
                string path = Deploy(volume.Split(':')[0]);
                Assert.True(File.Exists(path) || Directory.Exists(path), $"{name} mounts {volume}.");
            }
        }

        YamlMappingNode build = (YamlMappingNode)services["migrate"]["build"];
        Assert.Equal(Root, Path.TrimEndingDirectorySeparator(Path.GetFullPath(Deploy(build["context"].ToString()))));
        Assert.True(File.Exists(Path.Combine(Root, build["dockerfile"].ToString())));
    }

    [Fact]
    public async Task Every_variable_of_the_compose_file_is_in_the_example()
    {
        string example = await File.ReadAllTextAsync(Deploy(".env.example"));
        string compose = await File.ReadAllTextAsync(Deploy("compose.yaml"));
        string[] wanted = [.. ComposeVariable().Matches(compose).Select(static m => m.Groups[1].Value).Distinct().Order(StringComparer.Ordinal)];

        Assert.Contains("ACTORS_PASSWORD", wanted);
        Assert.Equal(
            wanted.Append("COMPOSE_PROJECT_NAME").Order(StringComparer.Ordinal),
            example.Split('\n').Where(static line => line.Contains('=') && !line.StartsWith('#')).Select(static line => line.Split('=')[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_database_that_the_compose_file_names_is_one()
    {
        YamlNode environment = ((YamlMappingNode)(await ComposeAsync())["services"])["migrate"]["environment"];
        string written = environment["ACTORS_DATABASE"].ToString().Replace("$$", "$", StringComparison.Ordinal);

        Postgres.PostgresStoreOptions? read = StoreSetting.ReadPostgres(written, "x", static name => name == "ACTORS_PASSWORD" ? "a;b'c\"d$e" : null);

        Npgsql.NpgsqlConnectionStringBuilder connection = new(read!.ConnectionString);
        Assert.Equal(("postgres", "actors", "actors", "a;b'c\"d$e"), (connection.Host, connection.Database, connection.Username, connection.Password));
    }

    [Fact]
    public async Task Ports_agree_from_the_proxy_to_the_silo()
    {
        string nginx = await File.ReadAllTextAsync(Deploy("nginx/nginx.conf"));
        string image = await File.ReadAllTextAsync(Deploy("Dockerfile"));
        YamlMappingNode services = (YamlMappingNode)(await ComposeAsync())["services"];
        string port = Regex.Match(image, @"EXPOSE (\d+)").Groups[1].Value;

        Assert.Contains($"ASPNETCORE_HTTP_PORTS={port}", image, StringComparison.Ordinal);
        Assert.Contains($":-{port}}}", await File.ReadAllTextAsync(Deploy("healthcheck.sh")), StringComparison.Ordinal);
        Assert.Equal(
            services.Children.Keys.Select(static key => key.ToString()).Where(static name => name.StartsWith("silo-", StringComparison.Ordinal)).Select(name => $"{name}:{port}"),
            Regex.Matches(nginx, @"^\s+server (\S+)", RegexOptions.Multiline).Select(static m => m.Groups[1].Value).Where(static name => name.StartsWith("silo-", StringComparison.Ordinal)));
        string listens = Regex.Match(nginx, @"listen (\d+);").Groups[1].Value;
        Assert.EndsWith($":{listens}", services["nginx"]["ports"][0].ToString(), StringComparison.Ordinal);
        Assert.StartsWith("127.0.0.1:", services["nginx"]["ports"][0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_container_file_builds_and_copies_what_is_there_and_runs_without_rights()
    {
        string image = await File.ReadAllTextAsync(Deploy("Dockerfile"));
        string[] projects = [.. Regex.Matches(image, @"dotnet publish (\S+)").Select(static m => m.Groups[1].Value)];

        Assert.Equal(2, projects.Length);
        Assert.All(projects, static project => Assert.True(File.Exists(Path.Combine(Root, project)), project));
        Assert.All(
            Regex.Matches(image, @"^COPY (\S+) \S+$", RegexOptions.Multiline).Select(static m => m.Groups[1].Value).Where(static path => path != "."),
            static path => Assert.True(File.Exists(Path.Combine(Root, path)), path));
        foreach (Match dll in Regex.Matches(image + await File.ReadAllTextAsync(Deploy("compose.yaml")), @"/app/(\w+)/(\S+)\.dll"))
        {
            Assert.Contains(projects, project => project.EndsWith($"/{dll.Groups[2].Value}.csproj", StringComparison.Ordinal));
            Assert.Contains($"{dll.Groups[2].Value}.csproj --configuration Release --output /app/{dll.Groups[1].Value}", image, StringComparison.Ordinal);
        }

        Assert.Contains("\nUSER ${APP_UID}\n", image, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/health/ready", 0)]
    [InlineData("/health/live", 0)]
    [InlineData("/health/nothing", 1)]
    public async Task The_health_check_tells_a_silo_that_is_ready(string path, int exitCode) =>
        Assert.Equal(exitCode, await RunAsync("bash", [Deploy("healthcheck.sh"), silo.Address.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), path]));

    [Fact]
    public async Task The_health_check_fails_where_nothing_answers()
    {
        using System.Net.Sockets.Socket socket = new(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));

        Assert.Equal(1, await RunAsync("bash", [Deploy("healthcheck.sh"), $"{((System.Net.IPEndPoint)socket.LocalEndPoint!).Port}"]));
    }

    [Fact]
    public async Task Nginx_takes_the_configuration()
    {
        string? nginx = new[] { "/usr/sbin/nginx", "/usr/bin/nginx" }.FirstOrDefault(File.Exists);
        string text = await File.ReadAllTextAsync(Deploy("nginx/nginx.conf"));
        Assert.Equal(text.Count(static c => c == '{'), text.Count(static c => c == '}'));
        if (nginx is null)
        {
            output.WriteLine("nginx is not installed: its own check of nginx.conf was not made.");
            return;
        }

        string folder = Directory.CreateTempSubdirectory("actors-nginx-").FullName;
        string file = Path.Combine(folder, "nginx.conf");
        // The silos' names are those of the containers' network.
        await File.WriteAllTextAsync(file, Regex.Replace(text, @"silo-\d:", "127.0.0.1:").Replace("/tmp/nginx.pid", Path.Combine(folder, "nginx.pid"), StringComparison.Ordinal));
        Assert.Equal(0, await RunAsync(nginx, ["-t", "-q", "-c", file]));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void The_flows_that_come_with_it_are_valid() =>
        Assert.NotEmpty(Flows.FlowFiles.Load(Deploy("flows"), new Flows.TaskRegistry(), new Flows.FlowRegistry()));

    private async Task<int> RunAsync(string program, string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        output.WriteLine(await process.StandardOutput.ReadToEndAsync() + await error);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    private static async Task<YamlMappingNode> ComposeAsync()
    {
        // With the merges (<<) carried out, as compose does it.
        using StringReader text = new(await File.ReadAllTextAsync(Deploy("compose.yaml")));
        object? merged = new YamlDotNet.Serialization.DeserializerBuilder().Build().Deserialize(new MergingParser(new Parser(text)));
        using StringReader plain = new(new YamlDotNet.Serialization.SerializerBuilder().Build().Serialize(merged));
        YamlStream stream = [];
        stream.Load(plain);
        return (YamlMappingNode)stream.Documents[0].RootNode;
    }

    private static IEnumerable<string> Names(YamlMappingNode service, string key) => service.Children.TryGetValue(key, out YamlNode? node)
        ? node is YamlMappingNode map ? map.Children.Keys.Select(static k => k.ToString()) : ((YamlSequenceNode)node).Select(static k => k.ToString())
        : [];

    private static IEnumerable<string> Keys(Type type, string prefix) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(static p => p.CanWrite).Select(p => prefix + p.Name);

    private static string Deploy(string file) => Path.Combine(Root, "deploy", file);

    private static string FindRoot()
    {
        string root = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root, "Actors.sln")))
        {
            root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("Actors.sln is in no folder above the tests.");
        }

        return root;
    }

    [GeneratedRegex(@"^\| `Actors:([\w:]+)`", RegexOptions.Multiline)]
    private static partial Regex TableSetting();

    [GeneratedRegex(@"\bActors(?:__|:)([A-Za-z0-9_:]*[A-Za-z0-9])")]
    private static partial Regex NamedSetting();

    [GeneratedRegex(@":\d+$")]
    private static partial Regex IndexAtTheEnd();

    [GeneratedRegex(@"(?<!\$)\$\{(\w+)")]
    private static partial Regex ComposeVariable();
}
