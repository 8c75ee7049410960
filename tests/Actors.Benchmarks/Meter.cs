using System.Diagnostics.Metrics;
using System.Globalization;
using Npgsql;

namespace Actors.Benchmarks;

/// <summary>What a figure cost: processor time of this process and of the database server, round trips, write-ahead log. Zero where it cannot be known.</summary>
internal readonly record struct Cost(TimeSpan Silo, TimeSpan Database, long RoundTrips, long WalBytes)
{
    public static Cost operator -(Cost after, Cost before) =>
        new(after.Silo - before.Silo, after.Database - before.Database, after.RoundTrips - before.RoundTrips, after.WalBytes - before.WalBytes);
}

/// <summary>Reads counters that only grow; figures are differences.</summary>
internal sealed class Meter : IAsyncDisposable
{
    private const int TicksPerSecond = 100;

    private static long s_roundTrips;

    // Counts what Npgsql sends: a command or a batch is one recording.
    private static readonly MeterListener Listener = Listen();

    private readonly NpgsqlConnection? _connection;
    private readonly int? _postmaster;

    private Meter(NpgsqlConnection? connection, int? postmaster)
    {
        _connection = connection;
        _postmaster = postmaster;
    }

    public static async Task<Meter> OpenAsync(string? connectionString)
    {
        _ = Listener;
        if (connectionString is null)
        {
            return new Meter(null, null);
        }

        NpgsqlConnection connection = new(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        return new Meter(connection, await PostmasterAsync(connection));
    }

    public async Task<Cost> ReadAsync()
    {
        long wal = _connection is null ? 0 : await AskAsync<long>("SELECT (pg_current_wal_lsn() - '0/0')::bigint");
        return new Cost(Environment.CpuUsage.TotalTime, DatabaseTime(), Interlocked.Read(ref s_roundTrips), wal);
    }

    /// <summary>Transactions of the database so far, as it counts them itself; late by up to a second.</summary>
    public Task<long> TransactionsAsync() => AskAsync<long>("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()");

    public async Task<T> AskAsync<T>(string sql)
    {
        await using NpgsqlCommand command = new(sql, _connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }
    }

    private static MeterListener Listen()
    {
        MeterListener listener = new()
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == "Npgsql" && instrument is Histogram<double> && instrument.Name.Contains("duration", StringComparison.Ordinal)
                    && !instrument.Name.Contains("connection", StringComparison.Ordinal))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>(static (_, _, _, _) => Interlocked.Increment(ref s_roundTrips));
        listener.Start();
        return listener;
    }

    // Only a superuser may read it, and it means something only when the server runs on this machine.
    private static async Task<int?> PostmasterAsync(NpgsqlConnection connection)
    {
        try
        {
            await using NpgsqlCommand command = new("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int", connection);
            int pid = (int)(await command.ExecuteScalarAsync())!;
            return File.Exists($"/proc/{pid}/stat") && File.ReadAllText($"/proc/{pid}/stat").Contains("(postgres)", StringComparison.Ordinal) ? pid : null;
        }
        catch (PostgresException)
        {
            return null;
        }
    }

    private TimeSpan DatabaseTime()
    {
        if (_postmaster is not { } postmaster)
        {
            return TimeSpan.Zero;
        }

        long ticks = 0;
        foreach (string process in Directory.EnumerateDirectories("/proc").Where(static path => char.IsAsciiDigit(path["/proc/".Length])))
        {
            try
            {
                string stat = File.ReadAllText($"{process}/stat");
                string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                bool server = process == $"/proc/{postmaster}";
                if (server || fields[1] == postmaster.ToString(CultureInfo.InvariantCulture))
                {
                    // Its own time, and for the server that of the sessions that have ended.
                    ticks += fields.Skip(11).Take(server ? 4 : 2).Sum(static field => long.Parse(field, CultureInfo.InvariantCulture));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile.
            }
        }

        return TimeSpan.FromSeconds(ticks / (double)TicksPerSecond);
    }
}
