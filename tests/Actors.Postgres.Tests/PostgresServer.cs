using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Npgsql;

namespace Actors.Postgres.Tests;

/// <summary>
/// A PostgreSQL server of this test run alone: the system's binaries, a data directory of its own, a free port of the loopback. Nothing of an installed
/// server is touched. Commits are really flushed, as in production.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private static readonly Lazy<Task<PostgresServer>> Only = new(() => Task.Run(() => StartNewAsync()));

    private readonly string _directory;
    private readonly string _binaries;
    private readonly string _options;

    private PostgresServer(string directory, string binaries, int port, string options)
    {
        _directory = directory;
        _binaries = binaries;
        _options = options;
        Port = port;
    }

    public int Port { get; }

    /// <summary>The one of this test run, started on first use and removed when the process ends.</summary>
    public static Task<PostgresServer> GetAsync() => Only.Value;

    /// <summary>One of its own, for tests that stop it. It is removed when it is disposed, at the latest when the process ends.</summary>
    /// <param name="settings">Further settings of the server, as <c>name=value</c>.</param>
    public static async Task<PostgresServer> StartNewAsync(params string[] settings)
    {
        string binaries = await FindBinariesAsync();
        string directory = Directory.CreateTempSubdirectory("actors-postgres-").FullName;
        string password = Path.Combine(directory, "password");
        await File.WriteAllTextAsync(password, "secret");
        if (Environment.IsPrivilegedProcess)
        {
            // The server refuses to run as root.
            await RunAsync("chown", ["-R", "postgres", directory]);
        }

        int port = FreePort.Take();
        string options = string.Create(
            CultureInfo.InvariantCulture,
            $"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=on -c max_connections=400 -c shared_buffers=64MB");
        PostgresServer server = new(directory, binaries, port, string.Join(" -c ", settings.Prepend(options)));
        await server.RunAsServerAsync(
            "initdb", "--pgdata", server.Data, "--username", "postgres", "--pwfile", password, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8");
        server.StopWithThisProcess();
        await server.StartAsync();
        return server;
    }

    private string Data => Path.Combine(_directory, "data");

    private string LogFile => Path.Combine(_directory, "log");

    /// <summary>Starts it again on the same port.</summary>
    public Task StartAsync() => RunAsServerAsync("pg_ctl", "--pgdata", Data, "--wait", "--log", LogFile, "--options", _options, "start");

    /// <summary>Stops it without a shutdown checkpoint, like a crash: the next start recovers from the log.</summary>
    public Task StopAsync() => RunAsServerAsync("pg_ctl", "--pgdata", Data, "--mode", "immediate", "--wait", "stop");

    /// <summary>Starts it when it was stopped.</summary>
    public async Task EnsureRunsAsync()
    {
        if (!File.Exists(Path.Combine(Data, "postmaster.pid")))
        {
            await StartAsync();
        }
    }

    /// <summary><c>pg_ctl restart -m immediate</c>.</summary>
    public Task RestartAsync() =>
        RunAsServerAsync("pg_ctl", "--pgdata", Data, "--mode", "immediate", "--wait", "--log", LogFile, "--options", _options, "restart");

    /// <summary>Ends its timeline and begins another, as a standby does that takes over: a crash, a start as a standby, a promotion.</summary>
    public async Task FailOverAsync()
    {
        await StopAsync();
        string signal = Path.Combine(Data, "standby.signal");
        await File.WriteAllTextAsync(signal, "");
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", ["postgres", signal]);
        }

        await StartAsync();
        await RunAsServerAsync("pg_ctl", "--pgdata", Data, "--wait", "promote");
    }

    /// <summary>The lines of the server's own log.</summary>
    public Task<string[]> ReadLogAsync() => File.ReadAllLinesAsync(LogFile);

    /// <summary>Stops and removes it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(Data, "postmaster.pid")))
        {
            await StopAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    public string ConnectionString(string database = "postgres") =>
        string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={Port};Username=postgres;Password=secret;Database={database};Maximum Pool Size=24;Timeout=30");

    public async Task<T?> QueryAsync<T>(string sql, string database = "postgres")
    {
        await using NpgsqlConnection connection = new(ConnectionString(database) + ";Pooling=false");
        await connection.OpenAsync();
        await using NpgsqlCommand command = new(sql, connection);
        return await command.ExecuteScalarAsync() is T value ? value : default;
    }

    public async Task ExecuteAsync(string sql, string database = "postgres") => await QueryAsync<object>(sql, database);

    private static async Task<string> FindBinariesAsync()
    {
        if (Newest() is { } installed)
        {
            return installed;
        }

        if (!Environment.IsPrivilegedProcess)
        {
            throw new InvalidOperationException(
                "These tests need the server binaries of PostgreSQL in /usr/lib/postgresql/*/bin. Install them: apt-get install postgresql.");
        }

        // Several test processes may find it missing at once: the first installs it, the others wait and find it there.
        const string Install = "ls /usr/lib/postgresql/*/bin/initdb || { apt-get update && apt-get install --yes --no-install-recommends postgresql; }";
        await RunAsync("flock", [Path.Combine(Path.GetTempPath(), "actors-postgres-install.lock"), "/bin/sh", "-c", Install]);
        return Newest() ?? throw new InvalidOperationException("The package postgresql was installed, but /usr/lib/postgresql/*/bin has no initdb.");
    }

    private static string? Newest()
    {
        const string Versions = "/usr/lib/postgresql";
        return !Directory.Exists(Versions)
            ? null
            : Directory.GetDirectories(Versions)
                .OrderByDescending(static version => int.TryParse(Path.GetFileName(version), CultureInfo.InvariantCulture, out int number) ? number : 0)
                .Select(static version => Path.Combine(version, "bin"))
                .FirstOrDefault(static bin => File.Exists(Path.Combine(bin, "initdb")));
    }

    private Task RunAsServerAsync(string program, params string[] arguments)
    {
        string path = Path.Combine(_binaries, program);
        return Environment.IsPrivilegedProcess ? RunAsync("runuser", ["-u", "postgres", "--", path, .. arguments]) : RunAsync(path, arguments);
    }

    private static async Task RunAsync(string program, string[] arguments)
    {
        // Into files: the server that pg_ctl starts keeps inherited pipes open, and their end would never come.
        string output = Path.GetTempFileName();
        try
        {
            string line = string.Join(' ', arguments.Prepend(program).Select(static word => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
            ProcessStartInfo start = new("/bin/sh", ["-c", $"{line} > '{output}' 2>&1 < /dev/null"]) { WorkingDirectory = "/" };
            start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
            using Process process = Process.Start(start)!;
            await process.WaitForExitAsync();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"{program} failed with {process.ExitCode}: {await File.ReadAllTextAsync(output)}");
            }
        }
        finally
        {
            File.Delete(output);
        }
    }

    /// <summary>Starts a standby that follows this server, which goes with it when the tests end.</summary>
    /// <returns>Its port.</returns>
    public async Task<int> StartStandbyAsync()
    {
        string data = Path.Combine(_directory, "standby");
        int port = FreePort.Take();
        string source = string.Create(CultureInfo.InvariantCulture, $"host=127.0.0.1 port={Port} user=postgres password=secret");
        await RunAsServerAsync("pg_basebackup", "--pgdata", data, "--dbname", source, "--write-recovery-conf", "--checkpoint", "fast");
        string options = string.Create(CultureInfo.InvariantCulture, $"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c max_connections=400");
        await RunAsServerAsync("pg_ctl", "--pgdata", data, "--wait", "--log", Path.Combine(_directory, "standby.log"), "--options", options, "start");
        return port;
    }

    // A shell beside the tests: it also stops the server and removes its directory when the test process is killed.
    private void StopWithThisProcess()
    {
        string stop = $"'{Path.Combine(_binaries, "pg_ctl")}' --pgdata '{Data}' --mode immediate --wait stop";
        string asServer = Environment.IsPrivilegedProcess ? $"runuser -u postgres -- {stop}" : stop;
        asServer += $"; [ ! -d '{_directory}/standby' ] || {asServer.Replace($"{_directory}/data", $"{_directory}/standby", StringComparison.Ordinal)}";
        string wait = string.Create(CultureInfo.InvariantCulture, $"while kill -0 {Environment.ProcessId}; do sleep 0.3; done");
        using Process? shell = Process.Start(new ProcessStartInfo(
            "setsid", ["--fork", "/bin/sh", "-c", $"exec > /dev/null 2>&1 < /dev/null; {wait}; {asServer}; rm -rf '{_directory}'"]) { WorkingDirectory = "/" });
    }
}
