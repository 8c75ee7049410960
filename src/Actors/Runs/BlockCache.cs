using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Runs;

/// <summary>
/// What <c>Cached</c> blocks read and write in the store. It is an aid, never a reason to fail: what cannot be read is a miss, and what cannot be written is computed again the next time.
/// Called in bodies of steps, on any thread.
/// </summary>
internal static partial class BlockCache
{
    // What a look-up puts around a value; one that leaves no room for it could never be found.
    private const int LookupBytes = 32;

    /// <summary>
    /// The hash of flow, block and key. Items and iterations of one block share it, as do walks of numbered names: what stands in brackets or behind # is no part of the block's name.
    /// </summary>
    public static string KeyOf(string flow, string path, ReadOnlySpan<byte> key) => InputHash.FullOf($"1\n{flow}\n{NumbersAndKeys().Replace(path, "")}\n", key);

    /// <summary>Looks a value up; one that is not of this type any more is a miss.</summary>
    public static async Task<CachedValue> ReadAsync<T>(EngineServices services, RunInfo run, string key, CancellationToken cancellationToken)
    {
        try
        {
            if (await services.Store.ReadCacheAsync(run.Tenant, key, services.Time.GetUtcNow(), cancellationToken).ConfigureAwait(false) is not { } row)
            {
                return CachedValue.Missing;
            }

            JsonElement value = EntryBody.ToElement(Payload.Decode(row.Payload).Span);
            _ = value.Deserialize<T>(FlowJson.Options);
            CachedValue found = new(true, value);
            // Refused now rather than as the step's result.
            _ = Results.Encode(found, services.Options.PayloadBytesMax);
            return found;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // Whatever it is: the value is computed.
        catch (Exception e)
#pragma warning restore CA1031
        {
            services.Log.CacheNotRead(run.Id.Value, e.Message);
            return CachedValue.Missing;
        }
    }

    /// <returns>True when the value is kept.</returns>
    public static async Task<bool> WriteAsync(EngineServices services, RunInfo run, string key, byte[] json, TimeSpan ttl, CancellationToken cancellationToken)
    {
        if (json.Length > services.Options.PayloadBytesMax - LookupBytes)
        {
            return false;
        }

        try
        {
            CacheRow row = new(run.Tenant, key, Payload.Encode(json), RunGrain.Later(services.Time.GetUtcNow(), ttl));
            await services.Store.WriteCacheAsync(services.SiloNo, row, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // Whatever it is: the run has its value.
        catch (Exception e)
#pragma warning restore CA1031
        {
            services.Log.CacheNotWritten(run.Id.Value, e.Message);
            return false;
        }
    }

    [GeneratedRegex(@"\[[^\]]*\]|#\d+")]
    private static partial Regex NumbersAndKeys();
}

/// <summary>What a look-up gives, as it is journaled.</summary>
[IsItsOwnJson]
internal sealed record CachedValue(bool Hit, JsonElement? Value)
{
    public static CachedValue Missing { get; } = new(false, null);
}
