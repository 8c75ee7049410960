using System.Globalization;
using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;
using Npgsql;

namespace Actors.Postgres.Tests;

/// <summary>The <c>sql</c> kind on a real server: on connections of its own, and on the journal's database, where it happens once whatever happens.</summary>
public sealed class SqlKindTests : IAsyncLifetime
{
    private static readonly StepOptions Retried = new() { Retry = new RetryPolicy { MaxAttempts = 3, Delay = TimeSpan.FromMilliseconds(1) } };

    private readonly PostgresFixture _fixture = new();
    private readonly FlowResources _resources = new();
    private IStore _store = null!;
    private string _table = "";

    public async Task InitializeAsync()
    {
        _store = await _fixture.CreateStoreAsync();
        _table = $"sql_{_fixture.Schema}";
        await _fixture.Server.ExecuteAsync(
            $"""
            DROP TABLE IF EXISTS {_table};
            CREATE TABLE {_table} (
              id int PRIMARY KEY, name text, big bigint, small smallint, amount numeric, ratio float8, single real, yes boolean, at timestamptz, local timestamp, day date, hour time, doc jsonb, plain json,
              tags text[], numbers int[], raw bytea, uid uuid)
            """);
        _resources.Connections.AddPostgres().Add("db", "postgres", new Dictionary<string, object?>
        {
            ["url"] = $"postgres://postgres:secret@127.0.0.1:{_fixture.Server.Port}/postgres",
            ["pool_size"] = 4,
        });
    }

    public async Task DisposeAsync()
    {
        await _resources.DisposeAsync();
        await _store.DisposeAsync();
        await _fixture.Server.ExecuteAsync($"DROP TABLE {_table}");
        await _fixture.DisposeAsync();
    }

    [Fact]
    public async Task Each_type_of_a_column_takes_JSON_and_gives_it_back()
    {
        const string Row =
            """
            {"id":1,"name":"Ann'; DROP TABLE x; --","big":9007199254740993,"small":7,"amount":12.50,"ratio":0.1,"single":0.5,"yes":true,"at":"2026-01-02T03:04:05.678Z","local":"2026-01-02T03:04:05","day":"2026-01-02","hour":"03:04:05","doc":{"a":[1,null,"x"]},"plain":[1,"2"],"tags":["a\"b","c,d",null,"\\"],"numbers":[1,2],"raw":"\\x00ff","uid":"0a0b0c0d-0000-0000-0000-000000000001"}
            """;
        string[] names = [.. JsonDocument.Parse(Row).RootElement.EnumerateObject().Select(static p => p.Name)];
        string insert = $"INSERT INTO {_table} ({string.Join(", ", names)}) VALUES ({string.Join(", ", names.Select(static n => "@" + n))})";

        JsonElement changed = await RunAsync(new { connection = "db", execute = insert, parameters = JsonDocument.Parse(Row).RootElement });
        JsonElement read = await RunAsync(new { connection = "db", query = $"SELECT * FROM {_table} WHERE id = $1 AND name = $2 AND at = $3", parameters = (object[])[1, "Ann'; DROP TABLE x; --", "2026-01-02T04:04:05.678+01:00"] });

        Assert.Equal(1, changed.GetProperty("rows_affected").GetInt32());
        Value expected = Value.Parse(Row.Replace("\"\\\\x00ff\"", "\"AP8=\"", StringComparison.Ordinal));
        Assert.Equal(expected, Value.FromJson(read.GetProperty("rows")[0]));
        Assert.Equal("9007199254740993", read.GetProperty("rows")[0].GetProperty("big").GetRawText());
    }

    [Fact]
    public async Task Nulls_and_lists_go_where_they_are_meant()
    {
        await RunAsync(new { connection = "db", execute = $"INSERT INTO {_table} (id, name, tags, doc, numbers) VALUES ($1, $2, $3, $4, $5)", parameters = (object?[])[1, null, Array.Empty<string>(), Array.Empty<int>(), null] });
        await RunAsync(new { connection = "db", execute = $"INSERT INTO {_table} (id, doc) VALUES ($1, $2)", parameters = (object?[])[2, (int[])[3]] });

        JsonElement rows = (await RunAsync(new { connection = "db", query = $"SELECT id, name, tags, doc, numbers FROM {_table} WHERE id = ANY(@ids) ORDER BY id", parameters = new { ids = (int[])[1, 2] } })).GetProperty("rows");

        Assert.Equal("""[{"id":1,"name":null,"tags":[],"doc":[],"numbers":null},{"id":2,"name":null,"tags":null,"doc":[3],"numbers":null}]""", rows.GetRawText());
        Assert.Equal(0, (await RunAsync(new { connection = "db", query = $"SELECT 1 AS one FROM {_table} WHERE id = ANY($1)", parameters = (object[])[Array.Empty<int>()] })).GetProperty("count").GetInt32());
    }

    [Theory]
    [InlineData("SELECT 'NaN'::float8 AS v", "\"NaN\"")]
    [InlineData("SELECT 'infinity'::timestamptz AS v", "\"infinity\"")]
    [InlineData("SELECT ARRAY[[1,2],[3,4]] AS v", "[[1,2],[3,4]]")]
    [InlineData("SELECT '{\"a\":1.50}'::json AS v", "{\"a\":1.50}")]
    [InlineData("SELECT ARRAY['{}'::jsonb] AS v", "[{}]")]
    [InlineData("SELECT interval '1 day 2 hours' AS v", "\"1.02:00:00\"")]
    [InlineData("SELECT host('10.0.0.1'::inet) AS v", "\"10.0.0.1\"")]
    [InlineData("SELECT NULL::int AS v", "null")]
    public async Task What_the_database_gives_is_JSON(string query, string value) =>
        Assert.Equal(value, (await RunAsync(new { connection = "db", query })).GetProperty("rows")[0].GetProperty("v").GetRawText());

    [Theory]
    [InlineData("SELECT 1e100::numeric AS v", "column", false)]
    [InlineData("SELECT interval '1 month' AS v", "column", false)]
    [InlineData("SELECT 1 / 0", "22012", false)]
    [InlineData("SELEC", "42601", false)]
    [InlineData("SELECT $1::int", "08P01", false)]
    [InlineData("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$", "40001", true)]
    [InlineData("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$", "40P01", true)]
    [InlineData("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '53300'; END $$", "53300", true)]
    [InlineData("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'P0001'; END $$", "P0001", false)]
    public async Task Errors_have_their_SQLSTATE_and_say_whether_to_try_again(string query, string code, bool retryable)
    {
        TaskException e = await Assert.ThrowsAsync<TaskException>(() => RunAsync(new { connection = "db", query }));

        Assert.Equal(("SqlError", code, retryable), (e.Type, e.Code, e.Retryable));
    }

    [Fact]
    public async Task A_server_that_is_away_is_worth_another_attempt_and_a_wrong_password_is_not()
    {
        _resources.Connections
            .Add("away", "postgres", new Dictionary<string, object?> { ["url"] = "postgres://ann:s3cret@127.0.0.1:1/x" })
            .Add("wrong", "postgres", new Dictionary<string, object?> { ["url"] = $"postgres://postgres:s3cret@127.0.0.1:{_fixture.Server.Port}/postgres" });

        TaskException away = await Assert.ThrowsAsync<TaskException>(() => RunAsync(new { connection = "away", query = "SELECT 1" }));
        TaskException wrong = await Assert.ThrowsAsync<TaskException>(() => RunAsync(new { connection = "wrong", query = "SELECT 1" }));

        Assert.Equal(("connection", true), (away.Code, away.Retryable));
        Assert.Equal(("28P01", false), (wrong.Code, wrong.Retryable));
        Assert.DoesNotContain("s3cret", $"{away} {wrong}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_transaction_leaves_nothing_and_its_error_no_values_of_rows()
    {
        await RunAsync(new { connection = "db", execute = $"INSERT INTO {_table} (id, name) VALUES (1, 'private')" });

        TaskException e = await Assert.ThrowsAsync<TaskException>(() => RunAsync(new
        {
            connection = "db",
            transaction = (object[])[new { execute = $"INSERT INTO {_table} (id) VALUES (2)" }, new { execute = $"INSERT INTO {_table} (id, name) VALUES (1, 'private')" }],
        }));

        Assert.Equal(("23505", false), (e.Code, e.Retryable));
        Assert.DoesNotContain("private", e.Message, StringComparison.Ordinal);
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task Whoever_is_told_to_stop_ends_the_statement()
    {
        using CancellationTokenSource stop = new(100);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(new { connection = "db", query = "SELECT pg_sleep(60)" }, stop.Token));
    }

    [Fact]
    public async Task Statements_that_cannot_be_in_a_transaction_can_be_run() =>
        await RunAsync(new { connection = "db", execute = $"CREATE INDEX CONCURRENTLY ON {_table} (name)" });

    [Fact]
    public async Task A_batch_is_inserted_and_updated()
    {
        object[] rows = [.. Enumerable.Range(0, 300).Select(static i => new { id = i, name = i % 2 == 0 ? null : $"x{i}", at = "2026-01-02T03:04:05Z", doc = (int[])[i], tags = (string[])["a", $"{i}"] })];

        JsonElement inserted = await TaskAsync("pg_batch_insert", new { table = $"public.{_table}", rows, batch_size = 100 });
        JsonElement updated = await TaskAsync("pg_batch_update", new { table = _table, key = (string[])["id"], rows = (object[])[new { id = 1, name = "new", numbers = (int[])[4] }] });

        Assert.Equal($$"""{"inserted_count":300,"batches":3,"table":"public.{{_table}}"}""", inserted.GetRawText());
        Assert.Equal(1, updated.GetProperty("updated_count").GetInt32());
        JsonElement read = await TaskAsync("pg_query", new { query = $"SELECT name, doc, tags, numbers FROM {_table} WHERE id = $1", parameters = (int[])[1] });
        Assert.Equal("""{"rows":[{"name":"new","doc":[1],"tags":["a","1"],"numbers":[4]}],"count":1}""", read.GetRawText());
    }

    [Fact]
    public async Task On_the_journal_a_silo_that_is_killed_before_the_commit_has_written_nothing()
    {
        TaskCompletionSource inserted = new(), goOn = new();
        int bodies = 0;
        await using ActorsTestHost host = JournalHost(async step =>
        {
            JsonElement output = await InsertAsync(step);
            if (Interlocked.Increment(ref bodies) == 1)
            {
                inserted.SetResult();
                await goOn.Task;
            }

            return output;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("journal", 0);
        await inserted.Task;

        host.Kill();
        goOn.SetResult();
        await host.CrashAsync();

        Assert.Equal(RunStatus.Completed, (await host.EndAsync(run)).Run.Status);
        Assert.Equal((2, 1), (bodies, await CountAsync()));
    }

    [Fact]
    public async Task On_the_journal_a_commit_whose_answer_is_lost_is_found_out()
    {
        await using CommitCuttingProxy proxy = new(_fixture.Server.Port, _table);
        NpgsqlConnectionStringBuilder through = new(_fixture.Server.ConnectionString()) { Port = proxy.Port };
        await using PostgresStore store = await PostgresStore.OpenAsync(new PostgresStoreOptions { ConnectionString = through.ConnectionString, Schema = _fixture.Schema });
        await using ActorsTestHost host = JournalHost(InsertAsync, store);
        await host.StartAsync();
        proxy.Arm();

        RunResult result = await host.RunAsync("journal", 0);

        Assert.Equal((RunStatus.Completed, 1, 1), (result.Run.Status, proxy.Cuts, await CountAsync()));
    }

    [Fact]
    public async Task On_the_journal_an_error_rolls_back_and_is_the_steps()
    {
        await _fixture.Server.ExecuteAsync($"INSERT INTO {_table} (id) VALUES (1)");
        await using ActorsTestHost host = JournalHost(InsertAsync);
        await host.StartAsync();

        RunResult result = await host.RunAsync("journal", 0);

        Assert.Equal((RunStatus.Failed, "SqlError", "23505"), (result.Run.Status, result.Error?.Type, result.Error?.Code));
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task A_flow_file_works_on_the_journal_and_on_a_connection_of_its_own()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { Store = _store, VirtualTime = false });
        host.Tasks.Resources.Connections.AddPostgres();
        host.Tasks.Resources.Secrets = name => name == "PG_PASSWORD" ? "secret" : null;
        host.Flows.Add(YamlFlowDefinition.Parse(
            $$"""
            flow: orders
            inputs: [{name: id, type: integer}, {name: name, type: string}]
            connections:
              shop: {type: postgres, url: "Host=127.0.0.1;Port={{_fixture.Server.Port}};Username=postgres;Database=postgres;Password=${secrets.PG_PASSWORD}"}
            steps:
              - id: add
                sql:
                  connection: journal
                  execute: INSERT INTO {{_table}} (id, name, tags) VALUES (@id, @name, @tags)
                  parameters: {id: "${inputs.id}", name: "${inputs.name}", tags: ["${inputs.name}"]}
              - id: read
                sql:
                  connection: shop
                  query: SELECT id, name, tags FROM {{_table}} WHERE id = $1
                  parameters: ["${inputs.id}"]
              - id: again
                task: pg_query
                connection: shop
                inputs: {query: "SELECT count(*) AS n FROM {{_table}}"}
            outputs:
              - {name: changed, value: "${add.rows_affected}"}
              - {name: row, value: "${read.rows[0]}"}
              - {name: count, value: "${again.rows[0].n}"}
            """,
            "orders.yaml",
            host.Tasks));
        await host.StartAsync();

        RunResult result = await host.RunAsync("orders", new { id = 3, name = "x'); DROP TABLE y; --" });

        Assert.Equal((RunStatus.Completed, null), (result.Run.Status, result.Error?.Message));
        Assert.Equal("""{"changed":1,"row":{"id":3,"name":"x'); DROP TABLE y; --","tags":["x'); DROP TABLE y; --"]},"count":1}""", result.Output.GetRawText());
        await host.Tasks.Resources.DisposeAsync();
    }

    [Fact]
    public async Task On_the_journal_SQL_that_commits_by_itself_is_told()
    {
        await using ActorsTestHost host = JournalHost(step => RunOnAsync(step, new { connection = "journal", execute = $"INSERT INTO {_table} (id) VALUES (1); COMMIT" }));
        await host.StartAsync();

        Assert.Equal(ErrorTypes.TransactionEnded, (await host.RunAsync("journal", 0)).Error?.Type);
    }

    [Fact]
    public async Task A_store_without_transactions_says_what_is_needed()
    {
        await using ActorsTestHost host = JournalHost(InsertAsync, new MemoryStore());
        await host.StartAsync();

        Assert.Equal(ErrorTypes.NotTransactional, (await host.RunAsync("journal", 0)).Error?.Type);
        Assert.Equal(0, await CountAsync());
    }

    // The first statement is of another kind than the second, so that a half would be seen.
    private Task<JsonElement> InsertAsync(ITransactionalStepContext step) => RunOnAsync(step, new
    {
        connection = "journal",
        transaction = (object[])[new { execute = $"INSERT INTO {_table} (id, tags) VALUES (1, $1)", parameters = (object[])[(string[])["a"]] }, new { query = $"SELECT count(*) AS n FROM {_table}" }],
    });

    private Task<JsonElement> RunOnAsync(IStepContext step, object settings) => _resources.Kinds.Find("sql")!.Run(JsonSerializer.SerializeToElement(settings), step);

    private Task<JsonElement> RunAsync(object settings, CancellationToken cancellationToken = default) => RunOnAsync(new Step(_resources, cancellationToken), settings);

    private Task<JsonElement> TaskAsync(string task, object input)
    {
        TaskRegistry tasks = new();
        tasks.Resources.Connections.AddPostgres();
        return tasks.Find(task)!.Run(
            JsonSerializer.SerializeToElement(input), new FlowConnections(_resources.Connections, new Dictionary<string, Func<JsonElement>>()).Attach(new Step(_resources, default), "db"));
    }

    private ActorsTestHost JournalHost(Func<ITransactionalStepContext, Task<JsonElement>> body, IStore? store = null) =>
        new ActorsTestHost(new ActorsTestOptions { Store = store ?? _store, VirtualTime = false, Silo = new SiloOptions { TransactionLimit = TimeSpan.FromSeconds(30) } })
            .Flow<int, JsonElement>("journal", (ctx, _) => ctx.Transaction("insert", 0, (_, step) => body(step), Retried));

    private async Task<int> CountAsync() => Convert.ToInt32(await _fixture.Server.QueryAsync<long>($"SELECT count(*) FROM {_table}"), CultureInfo.InvariantCulture);

    private sealed class Step(FlowResources resources, CancellationToken cancellationToken) : IStepContext
    {
        public RunInfo Run { get; } = new(new RunId("r1"), "flow", "1", "tenant", "ann", DateTimeOffset.UnixEpoch);

        public string StepKey => "sql";

        public int Attempt => 1;

        public string IdempotencyKey => "r1:sql";

        public CancellationToken CancellationToken => cancellationToken;

        public TimeProvider Time => TimeProvider.System;

        public IStepConnection GetConnection(string name) => resources.Connections.Find(name);
    }
}
