using System.Globalization;
using Actors.EndToEnd;
using Actors.Postgres;
using Actors.Postgres.Tests;
using Actors.Storage;
using Npgsql;

namespace Actors.Chaos.World;

/// <summary>What the tests of one class share: a PostgreSQL server of their own, a recorder of effects, and silo processes.</summary>
public abstract class ChaosWorld(ChaosOptions options) : IAsyncLifetime
{
    // The database itself watches who writes: a write in the name of a life that is over, or in no life's name, is noted in the writing transaction.
    private const string Watch = """
        CREATE SCHEMA watch;
        CREATE SEQUENCE watch.writes;
        CREATE TABLE watch.wrong (life integer, what text, at timestamptz DEFAULT clock_timestamp());
        CREATE FUNCTION watch.check_writer() RETURNS trigger LANGUAGE plpgsql AS $body$
        DECLARE
            writer text := current_setting('application_name');
            writing integer := CASE WHEN writer LIKE 'actors silo %' THEN substr(writer, 13)::integer END;
        BEGIN
            PERFORM nextval('watch.writes');
            IF writing IS NULL OR EXISTS (SELECT 1 FROM actors.silos s WHERE s.no = writing AND s.ended_at IS NOT NULL) THEN
                INSERT INTO watch.wrong (life, what) VALUES (writing, TG_OP || ' ' || TG_TABLE_NAME || ' by ' || writer);
            END IF;
            RETURN NULL;
        END $body$;
        CREATE TRIGGER watch_runs AFTER INSERT OR UPDATE OR DELETE ON actors.runs FOR EACH STATEMENT EXECUTE FUNCTION watch.check_writer();
        CREATE TRIGGER watch_journal AFTER INSERT OR UPDATE OR DELETE ON actors.journal FOR EACH STATEMENT EXECUTE FUNCTION watch.check_writer();
        CREATE TRIGGER watch_inbox AFTER INSERT OR UPDATE OR DELETE ON actors.inbox FOR EACH STATEMENT EXECUTE FUNCTION watch.check_writer();
        CREATE TRIGGER watch_reminders AFTER INSERT OR UPDATE OR DELETE ON actors.reminders FOR EACH STATEMENT EXECUTE FUNCTION watch.check_writer();
        CREATE TRIGGER watch_human_tasks AFTER INSERT OR UPDATE OR DELETE ON actors.human_tasks FOR EACH STATEMENT EXECUTE FUNCTION watch.check_writer();
        """;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly string _folder = Directory.CreateTempSubdirectory("actors-chaos-").FullName;
    private readonly List<SiloNode> _nodes = [];
    private PostgresServer? _server;
    private NpgsqlDataSource? _source;
    private Program? _recorder;

    internal ChaosOptions Options => options;

    internal PostgresServer Server => _server!;

    internal IReadOnlyList<SiloNode> Nodes => _nodes;

    internal EffectLog Effects { get; private set; } = null!;

    internal string RecorderUrl { get; private set; } = "";

    public async Task InitializeAsync()
    {
        _server = await PostgresServer.StartNewAsync("log_line_prefix='%m [%a] '");
        string database = ConnectionString(null);
        await PostgresStore.MigrateAsync(new PostgresStoreOptions { ConnectionString = database });
        _source = NpgsqlDataSource.Create(database + ";Search Path=actors");
        await ExecuteAsync(Watch);
        string log = Path.Combine(_folder, "effects.log");
        (_recorder, RecorderUrl) = await Program.StartAsync(
            Program.Dll("tests", "Actors.EndToEnd.Recorder"), [database, log], static line => line.StartsWith("http://", StringComparison.Ordinal));
        Effects = new EffectLog(log, new Uri(RecorderUrl));
        _nodes.AddRange(Enumerable.Range(1, options.Silos).Select(number => new SiloNode(this, $"silo-{number}")));
        await StartSilosAsync();
    }

    public async Task DisposeAsync()
    {
        foreach (SiloNode node in _nodes)
        {
            await node.DisposeAsync();
        }

        Effects.Dispose();
        await _recorder!.DisposeAsync();
        await _source!.DisposeAsync();
        await _server!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Starts a process in every place that has none.</summary>
    internal Task StartSilosAsync() => Task.WhenAll(_nodes.Select(static node => node.StartAsync()));

    /// <summary>Whatever the test before has left behind: afterwards every silo runs and is alive.</summary>
    internal async Task RepairAsync()
    {
        await Server.EnsureRunsAsync();
        foreach (SiloNode node in _nodes)
        {
            node.IsFrozen = false;
            node.Proxy?.CutCommits(0);
            node.Proxy?.Heal();
            if (node.Runs)
            {
                await node.ContinueAsync();
            }
        }

        await StartSilosAsync();
        foreach (SiloNode node in _nodes)
        {
            try
            {
                await UntilAsync<int?>($"{node.Name} is alive", options.Lease * 3, $"SELECT max(no) FROM silos WHERE name = '{node.Name}' AND ended_at IS NULL", static life => life is not null);
            }
            catch (TimeoutException)
            {
                await node.KillAsync();
                await node.StartAsync();
            }
        }
    }

    /// <param name="port">Of a proxy; null: straight to the server.</param>
    internal string ConnectionString(int? port) => string.Create(
        CultureInfo.InvariantCulture,
        $"Host=127.0.0.1;Port={port ?? Server.Port};Username=postgres;Password=secret;Database=postgres;Maximum Pool Size=24;Timeout=10");

    internal Task<T?> QueryAsync<T>(string sql) => AskAsync(sql, [], static async command => await command.ExecuteScalarAsync() is T value ? value : default);

    internal Task<IReadOnlyList<string>> ListAsync(string sql, params object[] arguments) => AskAsync<IReadOnlyList<string>>(sql, arguments, static async command =>
    {
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        List<string> rows = [];
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join(' ', Enumerable.Range(0, reader.FieldCount).Select(i => Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture))));
        }

        return rows;
    });

    internal Task ExecuteAsync(string sql) => QueryAsync<object>(sql);

    /// <summary>A connection of the test's own, for locks that it holds.</summary>
    internal ValueTask<NpgsqlConnection> ConnectAsync() => _source!.OpenConnectionAsync();

    /// <summary>Asks the database again and again until the answer fits; an error of a server that is down is asked again.</summary>
    /// <returns>How long it took.</returns>
    /// <exception cref="TimeoutException">It did not within the limit; the message has the last answer.</exception>
    internal async Task<TimeSpan> UntilAsync<T>(string what, TimeSpan limit, string sql, Func<T?, bool> fits)
    {
        long began = TimeProvider.System.GetTimestamp();
        string last = "";
        while (TimeProvider.System.GetElapsedTime(began) < limit)
        {
            try
            {
                T? value = await QueryAsync<T>(sql);
                if (fits(value))
                {
                    return TimeProvider.System.GetElapsedTime(began);
                }

                last = $"{value}";
            }
            catch (NpgsqlException e)
            {
                last = e.Message;
            }

            await Task.Delay(PollInterval);
        }

        throw new TimeoutException($"{what}: not within {limit.TotalSeconds:0.#} s; the last answer was '{last}'.");
    }

    /// <summary>The invariants of the store, and those that only hold in a cluster that is well; empty when nothing is broken.</summary>
    internal async Task<IReadOnlyList<string>> FindBrokenAsync()
    {
        List<string> broken = [];
        await using (PostgresStore store = await PostgresStore.OpenAsync(new PostgresStoreOptions { ConnectionString = ConnectionString(null) }))
        {
            broken.AddRange(await store.CheckInvariantsAsync(CancellationToken.None));
        }

        broken.AddRange(await ListAsync(
            """
            SELECT 'Run ' || id || ' (' || flow || ', status ' || status || ') is owned by the life ' || owner || ', which is not alive.' FROM runs
             WHERE owner IS NOT NULL AND owner NOT IN (SELECT no FROM silos WHERE ended_at IS NULL) LIMIT 20
            """));
        broken.AddRange(await ListAsync("SELECT 'Written though the life ' || coalesce(life::text, '?') || ' is over: ' || what || ' at ' || at FROM watch.wrong LIMIT 20"));
        broken.AddRange(await Effects.FindRepeatedAsync(this));
        return broken;
    }

    private async Task<T> AskAsync<T>(string sql, object[] arguments, Func<NpgsqlCommand, Task<T>> read)
    {
        for (bool again = true; ; again = false)
        {
            try
            {
                await using NpgsqlConnection connection = await _source!.OpenConnectionAsync();
                await using NpgsqlCommand command = new(sql, connection);
                foreach (object argument in arguments)
                {
                    command.Parameters.Add(new NpgsqlParameter { Value = argument });
                }

                return await read(command);
            }
            catch (NpgsqlException e) when (again && (e is not PostgresException || e.IsTransient))
            {
                // A pooled connection to the server before its restart.
                _source!.Clear();
            }
        }
    }
}
