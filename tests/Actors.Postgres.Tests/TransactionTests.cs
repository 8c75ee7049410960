using System.Data.Common;
using System.Globalization;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;
using Npgsql;

namespace Actors.Postgres.Tests;

/// <summary>Transactional steps on a real server: the user's table has one row per effect, whatever happens on the way.</summary>
public sealed class TransactionTests : IAsyncLifetime
{
    private static readonly StepOptions Retried = new() { Retry = new RetryPolicy { MaxAttempts = 3, Delay = TimeSpan.FromMilliseconds(1) } };

    private readonly PostgresFixture _fixture = new();
    private IStore _store = null!;
    private string _table = "";

    public async Task InitializeAsync()
    {
        _store = await _fixture.CreateStoreAsync();
        _table = $"effects_{_fixture.Schema}";
        await _fixture.Server.ExecuteAsync($"DROP TABLE IF EXISTS {_table}; CREATE TABLE {_table} (id bigserial PRIMARY KEY, name text NOT NULL, once text UNIQUE)");
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        await _fixture.DisposeAsync();
    }

    [Fact]
    public async Task Two_in_parallel_have_their_effect_once()
    {
        await using ActorsTestHost host = Host().Flow<int, int>("two", async (ctx, _) =>
        {
            int[] results = await ctx.All("both", [new Branch<int>("a", c => AddAsync(c, "a")), new Branch<int>("b", c => AddAsync(c, "b"))]);
            return results.Sum();
        });
        await host.StartAsync();

        RunResult[] results = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => host.RunAsync("two", i)));

        Assert.All(results, static result => Assert.Equal((RunStatus.Completed, 2), (result.Run.Status, result.Output.GetInt32())));
        Assert.Equal((20, 20), (await CountAsync("a"), await CountAsync("b")));
    }

    [Fact]
    public async Task A_body_that_fails_is_rolled_back_and_tried_again()
    {
        await using ActorsTestHost host = Host().Flow<int, int>("fails", (ctx, _) => ctx.Transaction(
            "add",
            "a",
            async (name, step) =>
            {
                await InsertAsync(step, name);
                return step.Attempt < 3 ? throw new TaskException("Not yet.") : step.Attempt;
            },
            Retried));
        await host.StartAsync();

        Assert.Equal(3, (await host.RunAsync("fails", 0)).Output.GetInt32());
        Assert.Equal(1, await CountAsync("a"));
    }

    [Fact]
    public async Task A_silo_that_is_killed_before_the_commit_has_written_nothing()
    {
        TaskCompletionSource inserted = new(), goOn = new();
        int bodies = 0;
        await using ActorsTestHost host = Host().Flow<int, int>("killed", (ctx, _) => ctx.Transaction("add", "a", async (name, step) =>
        {
            await InsertAsync(step, name);
            if (Interlocked.Increment(ref bodies) == 1)
            {
                inserted.SetResult();
                await goOn.Task;
            }

            return bodies;
        }));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("killed", 0);
        await inserted.Task;

        host.Kill();
        goOn.SetResult();
        await host.CrashAsync();

        Assert.Equal(2, (await host.EndAsync(run)).Output.GetInt32());
        Assert.Equal(1, await CountAsync("a"));
    }

    [Fact]
    public async Task A_connection_that_is_terminated_before_the_commit_has_written_nothing()
    {
        int bodies = 0;
        await using ActorsTestHost host = Host().Flow<int, int>("cut", (ctx, _) => ctx.Transaction(
            "add",
            "a",
            async (name, step) =>
            {
                await InsertAsync(step, name);
                if (Interlocked.Increment(ref bodies) == 1)
                {
                    await _fixture.Server.ExecuteAsync($"SELECT pg_terminate_backend({((NpgsqlConnection)step.Connection).ProcessID}, 10000)");
                }

                return step.Attempt;
            }));
        await host.StartAsync();

        // Not the fault of the body: the same attempt again, though the step has one only.
        Assert.Equal(1, (await host.RunAsync("cut", 0)).Output.GetInt32());
        Assert.Equal((2, 1), (bodies, await CountAsync("a")));
    }

    [Fact]
    public async Task A_commit_whose_answer_is_lost_is_found_out()
    {
        await using CommitCuttingProxy proxy = new(_fixture.Server.Port, _table);
        NpgsqlConnectionStringBuilder through = new(_fixture.Server.ConnectionString()) { Port = proxy.Port };
        await using PostgresStore store = await PostgresStore.OpenAsync(new PostgresStoreOptions { ConnectionString = through.ConnectionString, Schema = _fixture.Schema });
        int bodies = 0;
        await using ActorsTestHost host = Host(store).Flow<int, int>("lost", (ctx, _) => ctx.Transaction("add", "a", async (name, step) =>
        {
            await InsertAsync(step, name);
            return Interlocked.Increment(ref bodies);
        }));
        await host.StartAsync();
        proxy.Arm();

        Assert.Equal(1, (await host.RunAsync("lost", 0)).Output.GetInt32());

        Assert.Equal((1, 1, 1), (proxy.Cuts, bodies, await CountAsync("a")));
    }

    [Fact]
    public async Task A_life_that_ends_during_the_body_writes_nothing()
    {
        TaskCompletionSource inserted = new(), goOn = new(), over = new();
        int bodies = 0;
        await using ActorsTestHost host = Host().Flow<int, int>("fenced", (ctx, _) => ctx.Transaction("add", "a", async (name, step) =>
        {
            int body = Interlocked.Increment(ref bodies);
            await InsertAsync(step, name);
            if (body == 1)
            {
                step.CancellationToken.Register(over.SetResult);
                inserted.SetResult();
                await goOn.Task;
            }

            return body;
        }));
        await host.StartAsync();
        Silo first = host.Silo;
        RunId run = await host.StartRunAsync("fenced", 0);
        await inserted.Task;

        await _store.EndLifeAsync(first.LifeNo, DateTimeOffset.UtcNow, default);
        goOn.SetResult();
        await host.SettleAsync();
        await host.CrashAsync();

        Assert.Equal(2, (await host.EndAsync(run)).Output.GetInt32());
        Assert.Equal(1, await CountAsync("a"));
    }

    [Fact]
    public async Task A_body_that_takes_too_long_is_rolled_back()
    {
        await using ActorsTestHost host = Host(limit: TimeSpan.FromMilliseconds(300)).Flow<int, int>("long", (ctx, _) => ctx.Transaction("add", "a", async (name, step) =>
        {
            await InsertAsync(step, name);
            await using DbCommand sleep = step.Connection.CreateCommand();
            sleep.CommandText = "SELECT pg_sleep(60)";
            await sleep.ExecuteNonQueryAsync(step.CancellationToken);
            return 1;
        }));
        await host.StartAsync();

        RunResult result = await host.RunAsync("long", 0);

        Assert.Equal((RunStatus.Failed, ErrorTypes.Timeout), (result.Run.Status, result.Error?.Type));
        Assert.Equal(0, await CountAsync("a"));
    }

    [Fact]
    public async Task A_unique_violation_is_the_failure_of_the_step()
    {
        await _fixture.Server.ExecuteAsync($"INSERT INTO {_table} (name, once) VALUES ('before', 'taken')");
        await using ActorsTestHost host = Host().Flow<int, int>("unique", (ctx, _) => ctx.Transaction("add", "a", async (name, step) =>
        {
            await InsertAsync(step, name);
            await InsertAsync(step, name, "taken");
            return 1;
        }));
        await host.StartAsync();

        RunResult result = await host.RunAsync("unique", 0);

        Assert.Equal((RunStatus.Failed, "23505"), (result.Run.Status, result.Error?.Code));
        Assert.Equal(0, await CountAsync("a"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_ends_the_transaction_itself_is_told(bool commits)
    {
        int bodies = 0;
        await using ActorsTestHost host = Host().Flow<int, int>("ends", (ctx, _) => ctx.Transaction(
            "add",
            "a",
            async (name, step) =>
            {
                await InsertAsync(step, name);
                await (commits ? step.Transaction.CommitAsync() : step.Transaction.RollbackAsync());
                return Interlocked.Increment(ref bodies);
            },
            Retried));
        await host.StartAsync();

        RunResult result = await host.RunAsync("ends", 0);

        Assert.Equal((RunStatus.Failed, ErrorTypes.TransactionEnded, 1), (result.Run.Status, result.Error?.Type, bodies));
    }

    [Fact]
    public async Task A_body_that_goes_on_after_its_sql_failed_is_told()
    {
        await using ActorsTestHost host = Host().Flow<int, int>("goes-on", (ctx, _) => ctx.Transaction("add", "a", async (name, step) =>
        {
            await InsertAsync(step, name);
            await Assert.ThrowsAsync<PostgresException>(() => InsertAsync(step, null!));
            return 1;
        }));
        await host.StartAsync();

        Assert.Equal(ErrorTypes.TransactionEnded, (await host.RunAsync("goes-on", 0)).Error?.Type);
        Assert.Equal(0, await CountAsync("a"));
    }

    [Fact]
    public async Task A_store_without_transactions_fails_the_step_at_once()
    {
        int bodies = 0;
        await using ActorsTestHost host = Host(new MemoryStore()).Flow<int, int>(
            "memory", (ctx, _) => ctx.Transaction("add", "a", (_, _) => Task.FromResult(Interlocked.Increment(ref bodies)), Retried));
        await host.StartAsync();

        RunResult result = await host.RunAsync("memory", 0);

        Assert.Equal((RunStatus.Failed, ErrorTypes.NotTransactional, 0), (result.Run.Status, result.Error?.Type, bodies));
        Assert.Contains("PostgreSQL", result.Error?.Message, StringComparison.Ordinal);
    }

    private Task<int> AddAsync(IFlowContext ctx, string name) => ctx.Transaction("add", name, async (value, step) =>
    {
        await InsertAsync(step, value);
        return 1;
    });

    private async Task InsertAsync(ITransactionalStepContext step, string name, string? once = null)
    {
        await using DbCommand command = step.Connection.CreateCommand();
        command.Transaction = step.Transaction;
        command.CommandText = $"INSERT INTO {_table} (name, once) VALUES ($1, $2)";
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)name ?? DBNull.Value });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)once ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        await command.ExecuteNonQueryAsync(step.CancellationToken);
    }

    private async Task<int> CountAsync(string name) =>
        Convert.ToInt32(await _fixture.Server.QueryAsync<long>($"SELECT count(*) FROM {_table} WHERE name = '{name}'"), CultureInfo.InvariantCulture);

    private ActorsTestHost Host(IStore? store = null, TimeSpan? limit = null) => new(new ActorsTestOptions
    {
        Store = store ?? _store,
        VirtualTime = false,
        Silo = new SiloOptions { TransactionLimit = limit ?? TimeSpan.FromSeconds(30) },
    });
}
