using System.Diagnostics;
using Actors.Silos;
using Npgsql;

namespace Actors.Benchmarks;

// Figures of a silo with next to nothing to do.
internal static partial class Bench
{
    private const int Rounds = 20;

    /// <summary>One run at a time: from the body of a step to the body of the next; beside it, in turns, what the database takes for a transaction of one row.</summary>
    private static async Task AloneAsync(string storeName)
    {
        await using BenchStore database = await BenchStore.OpenAsync(storeName);
        await using Silo silo = await StartAsync(database.Store);
        await using BareRows? rows = database.ConnectionString is null ? null : await BareRows.OpenAsync(database);
        for (int i = 0; i < 3; i++)
        {
            await TimeAsync(silo, "Timed");
            await (rows?.InsertAsync(Timed.Steps) ?? Task.FromResult(new List<double>()));
        }

        List<double> steps = [];
        List<double> commits = [];
        List<double> firsts = [];
        for (int round = 0; round < Rounds; round++)
        {
            Timed.Begin();
            await TimeAsync(silo, "Timed");
            firsts.Add(Timed.FirstStep);
            steps.AddRange(Timed.BetweenSteps);
            if (rows is not null)
            {
                commits.AddRange(await rows.InsertAsync(Timed.Steps));
            }
        }

        steps.Sort();
        commits.Sort();
        firsts.Sort();
        string beside = rows is null ? "" : $"; the database's own commit of one row p50 {At(commits, 0.5):0.000} ms p99 {At(commits, 0.99):0.000} ms, so p50 is {At(steps, 0.5) - At(commits, 0.5):0.000} ms over it";
        Console.WriteLine($"one run alone: step to step p50 {At(steps, 0.5):0.000} ms p99 {At(steps, 0.99):0.000} ms{beside}; from the start's call to the first step p50 {At(firsts, 0.5):0.000} ms p99 {At(firsts, 0.99):0.000} ms");
    }

    /// <summary>What a silo asks of the database when there is nothing to do.</summary>
    private static async Task IdleAsync(string storeName)
    {
        await using BenchStore database = await BenchStore.OpenAsync(storeName);
        if (database.ConnectionString is null)
        {
            return;
        }

        await using Silo silo = await StartAsync(database.Store);
        await using Meter meter = await Meter.OpenAsync(database.ConnectionString);
        await TimeAsync(silo, "TenSteps");

        // The server's own counts come late: sessions report them after some seconds of quiet.
        await Task.Delay(TimeSpan.FromSeconds(12));
        long transactionsBefore = await meter.TransactionsAsync();
        long before = (await meter.ReadAsync()).RoundTrips;
        TimeSpan quiet = TimeSpan.FromSeconds(30);
        await Task.Delay(quiet);
        // Less the question for the log's place in between.
        double trips = (await meter.ReadAsync()).RoundTrips - before - 1;
        double transactions = await meter.TransactionsAsync() - transactionsBefore;
        Console.WriteLine($"idle silo: {trips / quiet.TotalSeconds:0.00} round trips/s; the server counts {transactions / quiet.TotalSeconds:0.00} transactions/s in this database, these figures' own included");
    }

    /// <summary>One row, one transaction, prepared, on a connection of its own.</summary>
    private sealed class BareRows(NpgsqlConnection connection, NpgsqlCommand insert) : IAsyncDisposable
    {
        private long _last;

        public static async Task<BareRows> OpenAsync(BenchStore database)
        {
            NpgsqlConnection connection = new($"{database.ConnectionString};Pooling=false;Search Path={database.Schema}");
            await connection.OpenAsync();
            await using (NpgsqlCommand create = new("CREATE TABLE bare (no bigint PRIMARY KEY, payload bytea NOT NULL)", connection))
            {
                await create.ExecuteNonQueryAsync();
            }

            NpgsqlCommand insert = new("INSERT INTO bare (no, payload) VALUES ($1, $2)", connection)
            {
                Parameters = { new NpgsqlParameter<long>(), new NpgsqlParameter<byte[]> { TypedValue = new byte[170] } },
            };
            await insert.PrepareAsync();
            return new BareRows(connection, insert);
        }

        /// <summary>Milliseconds of each.</summary>
        public async Task<List<double>> InsertAsync(int count)
        {
            List<double> times = [];
            for (int i = 0; i < count; i++)
            {
                ((NpgsqlParameter<long>)insert.Parameters[0]).TypedValue = ++_last;
                long begun = Stopwatch.GetTimestamp();
                await insert.ExecuteNonQueryAsync();
                times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            }

            return times;
        }

        public async ValueTask DisposeAsync()
        {
            await insert.DisposeAsync();
            await connection.DisposeAsync();
        }
    }
}
