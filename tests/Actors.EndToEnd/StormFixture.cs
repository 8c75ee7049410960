using Actors.Client;
using Actors.Postgres.Tests;
using Actors.Storage;

namespace Actors.EndToEnd;

/// <summary>A silo process on a database, a recorder process, and a client that does not give up while the silo is away.</summary>
internal sealed class StormFixture(DatabaseKind kind) : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actors-storm-").FullName;
    private readonly int _port = FreePort.Take();
    private TestDatabase _database = null!;
    private Program? _recorder;
    private string _recorderUrl = "";
    private HttpClient? _recorderHttp;

    public Program Silo { get; private set; } = null!;

    public ActorsClient Client { get; private set; } = null!;

    private string Log => Path.Combine(_folder, "effects.log");

    public async Task<StormFixture> StartAsync()
    {
        _database = await TestDatabase.CreateAsync(kind);
        (_recorder, _recorderUrl) = await Program.StartAsync(
            Program.Dll("tests", "Actors.EndToEnd.Recorder"), [_database.Setting, Log], line => line.StartsWith("http://", StringComparison.Ordinal));
        _recorderHttp = new HttpClient { BaseAddress = new Uri(_recorderUrl), Timeout = Timeout.InfiniteTimeSpan };
        await StartSiloAsync();
        HttpClient http = new() { BaseAddress = new Uri($"http://127.0.0.1:{_port}") };
        // Away for the time of a restart, which on a busy machine is seconds.
        Client = new ActorsClient(http, new ActorsClientOptions { AttemptsMax = 1_000, RetryDelay = TimeSpan.FromMilliseconds(100), RetryDelayMax = TimeSpan.FromMilliseconds(500) });
        return this;
    }

    public async Task StartSiloAsync() =>
        (Silo, _) = await Program.StartAsync(
            Program.Dll("silo", "Actors.Silo"),
            ["--urls", $"http://127.0.0.1:{_port}"],
            line => line.StartsWith("Actors ", StringComparison.Ordinal),
            new Dictionary<string, string>
            {
                ["ACTORS_DATABASE"] = _database.Setting,
                ["Actors__Plugins__0"] = Program.Dll("tests", "Actors.EndToEnd.Plugin"),
                ["Recorder__Url"] = _recorderUrl,
                ["Logging__LogLevel__Default"] = "Warning",
            });

    public async Task KillAsync() => await Silo.KillAsync();

    public async Task WhenEffectsAsync(int count)
    {
        using HttpResponseMessage answer = await _recorderHttp!.GetAsync(new Uri($"/when?wanted={count}", UriKind.Relative));
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>The recorder's log: run, step key, attempt, verdict.</summary>
    public IReadOnlyList<string[]> Effects()
    {
        using FileStream file = new(Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using StreamReader reader = new(file);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('\t'))];
    }

    public async Task<IReadOnlyList<string>> InvariantsAsync()
    {
        await using IStore store = await _database.OpenToReadAsync();
        return await store.CheckInvariantsAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await Silo.DisposeAsync();
        _recorderHttp?.Dispose();
        if (_recorder is not null)
        {
            await _recorder.DisposeAsync();
        }

        await _database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
