using System.Globalization;
using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

/// <summary>
/// Two connections that stand for one life. One holds a lock of its session, which the server gives free when the process is gone, however it went, and listens for notices; the other
/// beats, so that a beat never waits for a free connection.
/// </summary>
internal sealed class PostgresSession : ISiloSession
{
    private readonly NpgsqlConnection _listening;
    private readonly NpgsqlConnection _beating;
    private readonly string _place;
    private readonly int _lockClass;
    private readonly long _silo;
    private readonly Action<string> _onNotice;
    private readonly CancellationTokenSource _closed = new();

    // Held by the tick that is under way.
    private readonly SemaphoreSlim _ticking = new(1);
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _listeningEnds = Task.CompletedTask;

    private PostgresSession(NpgsqlConnection listening, NpgsqlConnection beating, string place, int lockClass, long silo, Action<string> onNotice)
    {
        (_listening, _beating, _place, _lockClass, _silo, _onNotice) = (listening, beating, place, lockClass, silo, onNotice);
        _listening.Notification += (_, e) => _onNotice(e.Payload);
    }

    public Task Lost => _lost.Task;

    public static async Task<PostgresSession> OpenAsync(
        NpgsqlDataSource source, string place, int lockClass, long silo, Action<string> onNotice, CancellationToken cancellationToken)
    {
        NpgsqlConnection listening = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            NpgsqlConnection beating = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                PostgresSession session = new(listening, beating, place, lockClass, silo, onNotice);
                await session.BeginAsync(cancellationToken).ConfigureAwait(false);
                return session;
            }
            catch
            {
                await beating.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }
        catch
        {
            await listening.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask<Tick> TickAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closed.Token);
        await _ticking.WaitAsync(ends.Token).ConfigureAwait(false);
        try
        {
            return await BeatAsync(ends.Token).ConfigureAwait(false);
        }
        finally
        {
            _ticking.Release();
        }
    }

    /// <summary>
    /// Closes both connections, each when what is under way on it has heard that it is to end: a connection of this driver that is closed while it is being read from may never be closed at all.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync().ConfigureAwait(false);
        await _listeningEnds.ConfigureAwait(false);
        await _ticking.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        await _listening.DisposeAsync().ConfigureAwait(false);
        await _beating.DisposeAsync().ConfigureAwait(false);
        _lost.TrySetResult();
    }

    private async Task<Tick> BeatAsync(CancellationToken cancellationToken)
    {
        try
        {
            List<LivingSilo> silos = [];
            List<RunId> messages = [];
            bool runnable = false;
            bool unclaimable = false;
            using NpgsqlCommand command = new(ClusterStatements.Tick, _beating)
            {
                Parameters = { Columns.Of(_silo), Columns.Of(_lockClass), Columns.Of((long)Tick.WithMessagesMax) },
            };
            using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                switch (row.GetInt32(0))
                {
                    case 0:
                        silos.Add(new LivingSilo(row.GetInt64(1), row.GetString(2), row.GetInt64(3), row.GetBoolean(4), RowReader.Time(row, 5)));
                        break;
                    case 1:
                        runnable = row.GetBoolean(4);
                        break;
                    case 2:
                        unclaimable = row.GetBoolean(4);
                        break;
                    default:
                        messages.Add(new RunId(row.GetString(2)));
                        break;
                }
            }

            return silos.Exists(s => s.No == _silo)
                ? new Tick([.. silos.OrderBy(static s => s.No)], runnable, unclaimable, messages)
                : throw PostgresStore.Fenced(_silo, null);
        }
        catch (Exception e) when (PostgresErrors.IsOurs(e))
        {
            throw PostgresErrors.From(e, _place);
        }
        catch (InvalidOperationException e) when (_beating.State != System.Data.ConnectionState.Open)
        {
            throw new StoreException(StoreFailure.Transient, "The connection is lost.", e);
        }
    }

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        int key = -(int)_silo;
        await RunAsync(
            string.Create(CultureInfo.InvariantCulture, $"LISTEN {PostgresStore.Channel(_lockClass, _silo)}; LISTEN {PostgresStore.Channel(_lockClass, null)}; SET lock_timeout = '2s'"),
            cancellationToken).ConfigureAwait(false);
        await RunAsync(
            ClusterStatements.TerminateSession, cancellationToken, Columns.Of((long)unchecked((uint)_lockClass)), Columns.Of((long)unchecked((uint)key))).ConfigureAwait(false);
        await RunAsync(ClusterStatements.LockSession, cancellationToken, Columns.Of(_lockClass), Columns.Of(key)).ConfigureAwait(false);
        using (NpgsqlCommand alive = new(ClusterStatements.IsAlive, _listening) { Parameters = { Columns.Of(_silo) } })
        {
            if (!(bool)(await alive.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!)
            {
                throw PostgresStore.Fenced(_silo, null);
            }
        }

        _listeningEnds = ListenAsync();
    }

    private async Task RunAsync(string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        using NpgsqlCommand command = new(sql, _listening);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task ListenAsync()
    {
        try
        {
            while (!_closed.IsCancellationRequested)
            {
                await _listening.WaitAsync(_closed.Token).ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // However it ended, the connection is gone.
        catch (Exception)
#pragma warning restore CA1031
        {
        }

        _lost.TrySetResult();
    }
}
