using System.Diagnostics;
using System.Text.Json;
using Actors.Postgres.Tests;
using Actors.Storage;

namespace Actors.Cli.Tests;

/// <summary>The command as a process of its own: what only the operating system can do to it.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_demo_that_is_killed_goes_on_where_it_was(DatabaseKind kind)
    {
        await using TestDatabase database = await TestDatabase.CreateAsync(kind);
        using Process first = Start("demo", "--yes", "--db", database.Setting);
        string? line;
        do
        {
            line = await first.StandardError.ReadLineAsync();
        }
        while (line is not null && !line.Contains("stock[0]/line", StringComparison.Ordinal));
        first.Kill();
        await first.WaitForExitAsync();

        using Process second = Start("demo", "--yes", "--db", database.Setting);
        Task<string> error = second.StandardError.ReadToEndAsync();
        string output = await second.StandardOutput.ReadToEndAsync();
        await second.WaitForExitAsync();

        Assert.NotNull(line);
        Assert.Equal(0, second.ExitCode);
        Assert.Contains("going on with it", await error, StringComparison.Ordinal);
        using JsonDocument result = JsonDocument.Parse(output);
        Assert.True(result.RootElement.GetProperty("success").GetBoolean());
        await using IStore store = await database.OpenToReadAsync();
        Assert.Empty(await store.CheckInvariantsAsync(default));
    }

    [Fact]
    public async Task A_server_stops_in_order_when_it_is_asked_to()
    {
        using Process server = Start("serve", "--samples", "--ephemeral", "--urls", "http://127.0.0.1:0");
        Task<string> output = server.StandardOutput.ReadToEndAsync();
        string? line;
        do
        {
            line = await server.StandardError.ReadLineAsync();
        }
        while (line is not null && !line.StartsWith("Actors ", StringComparison.Ordinal));
        Uri address = new(line!.Split(' ')[2]);
        using HttpClient http = new() { BaseAddress = address };
        Assert.Contains("OrderFulfilment", await http.GetStringAsync("/flows"), StringComparison.Ordinal);

        using Process kill = Process.Start("kill", ["-TERM", server.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await server.WaitForExitAsync();

        Assert.Equal(0, server.ExitCode);
        Assert.Contains("Silo stopped", await output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_environments_database_beats_the_settings_file_and_names_its_password_by_a_variable()
    {
        await using TestDatabase database = await TestDatabase.CreateAsync(DatabaseKind.Postgres);
        _line.Write("appsettings.json", """{"Actors":{"Database":"/dev/null/no.db"}}""");
        Dictionary<string, string> environment = new()
        {
            ["ACTORS_DATABASE"] = database.Setting.Replace("Password=secret", "Password=${DB_PASSWORD}", StringComparison.Ordinal),
            ["DB_PASSWORD"] = "secret",
        };
        using Process server = Start(environment, "serve", "--urls", "http://127.0.0.1:0");
        string? line = await server.StandardError.ReadLineAsync();
        Assert.StartsWith("Actors ", line);
        using HttpClient http = new() { BaseAddress = new Uri(line!.Split(' ')[2]) };

        Assert.Contains("\"storage\":\"postgres\"", await http.GetStringAsync("/"), StringComparison.Ordinal);
        server.Kill();

        environment["DB_PASSWORD"] = "guessed";
        using Process refused = Start(environment, "serve", "--urls", "http://127.0.0.1:0");
        string error = await refused.StandardError.ReadToEndAsync();
        Assert.Contains("password is wrong", error, StringComparison.Ordinal);
        Assert.DoesNotContain("guessed", error, StringComparison.Ordinal);
        environment.Remove("ACTORS_DATABASE");
        using Process file = Start(environment, "serve", "--urls", "http://127.0.0.1:0");
        Assert.Contains("/dev/null/no.db", await file.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
    }

    private Process Start(params string[] args) => Start([], args);

    private Process Start(Dictionary<string, string> environment, params string[] args)
    {
        // From its own folder: beside the tests it would miss what only it needs.
        string here = AppContext.BaseDirectory;
        string built = Path.Combine(here, "../../../../../client/Actors.Cli", Path.GetRelativePath(Path.Combine(here, "../../.."), here), "Actors.Cli.dll");
        ProcessStartInfo start = new("dotnet", [Path.GetFullPath(built), .. args])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _line.Folder,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
