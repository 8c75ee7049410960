using System.Reflection;
using Actors.Protocol;
using Actors.Silos;
using Microsoft.Extensions.Options;

namespace Actors.Hosting;

/// <summary>Reads the settings and refuses what cannot be meant, all faults at once, each with its key in both forms.</summary>
internal static class SettingsCheck
{
    public static ActorsOptions Read(IServiceProvider services, IConfiguration configuration)
    {
        List<string> faults = [];
        IConfigurationSection section = configuration.GetSection(ActorsOptions.Section);
        FindUnknown(section, "", typeof(ActorsOptions), faults);
        ActorsOptions options;
        try
        {
            options = services.GetRequiredService<IOptions<ActorsOptions>>().Value;
        }
        catch (InvalidOperationException e)
        {
            // The binder's message names the key in its A:B form and the value.
            faults.Add(e.Message);
            throw Refuse(faults, e);
        }

        Positive(options.StreamHeartbeat, "StreamHeartbeat", faults);
        Positive(options.Silo.IdleTimeout, "Silo:IdleTimeout", faults);
        Positive(options.Silo.CleanUpLimit, "Silo:CleanUpLimit", faults);
        Positive(options.Silo.CancelledBodyLimit, "Silo:CancelledBodyLimit", faults);
        Positive(options.Silo.DrainLimit, "Silo:DrainLimit", faults);
        Positive(options.Silo.ActiveRunsMax, "Silo:ActiveRunsMax", faults);
        Positive(options.Silo.MailboxMax, "Silo:MailboxMax", faults);
        Positive(options.Silo.SignalsKeptMax, "Silo:SignalsKeptMax", faults);
        Positive(options.Silo.PayloadBytesMax, "Silo:PayloadBytesMax", faults);
        Positive(options.Silo.BodiesMax, "Silo:BodiesMax", faults);
        Positive(options.Silo.CommitBatchMax, "Silo:CommitBatchMax", faults);
        Positive(options.Silo.CommitLanes, "Silo:CommitLanes", faults);
        if (options.Silo.KeepEndedRuns is { } keep && keep < TimeSpan.FromMinutes(1))
        {
            faults.Add($"{ActorsOptions.KeyText("Silo:KeepEndedRuns")} is {keep}: it must be at least a minute, or be left out to keep ended runs for ever.");
        }

        Positive(options.Silo.TransactionLimit, "Silo:TransactionLimit", faults);
        Positive(options.Silo.TransactionsMax, "Silo:TransactionsMax", faults);
        Positive(options.Silo.RemoteCommandLimit, "Silo:RemoteCommandLimit", faults);
        Positive(options.Silo.InboxWaitLimit, "Silo:InboxWaitLimit", faults);
        if (options.Silo.TickInterval < TimeSpan.FromMilliseconds(100) || options.Silo.TickInterval > TimeSpan.FromMinutes(1))
        {
            faults.Add($"{ActorsOptions.KeyText("Silo:TickInterval")} is {options.Silo.TickInterval}; it must be between 0.1 seconds and 1 minute.");
        }

        if (options.Silo.Lease < options.Silo.TickInterval * 4)
        {
            faults.Add($"{ActorsOptions.KeyText("Silo:Lease")} is {options.Silo.Lease}; it must be at least four times Silo:TickInterval ({options.Silo.TickInterval}), so that one slow beat ends no life.");
        }

        CheckPool(options.Postgres, faults);
        return faults.Count == 0 ? options : throw Refuse(faults, null);
    }

    private static ActorsStartException Refuse(List<string> faults, Exception? inner) => new(string.Join(Environment.NewLine, faults), inner);

    private static void FindUnknown(IConfigurationSection section, string path, Type type, List<string> faults)
    {
        string[] known = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite).Select(p => p.Name).ToArray();
        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (!known.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            {
                string? near = Suggestion.Nearest(child.Key, known);
                faults.Add($"{ActorsOptions.KeyText(path + child.Key)} is not a setting."
                    + (near is null ? $" Settings here: {string.Join(", ", known)}." : $" Did you mean {ActorsOptions.Section}:{path}{near}?"));
            }
            else if (string.Equals(child.Key, nameof(ActorsOptions.Silo), StringComparison.OrdinalIgnoreCase) && type == typeof(ActorsOptions))
            {
                FindUnknown(child, nameof(ActorsOptions.Silo) + ":", typeof(SiloOptions), faults);
            }
            else if (string.Equals(child.Key, nameof(ActorsOptions.Postgres), StringComparison.OrdinalIgnoreCase) && type == typeof(ActorsOptions))
            {
                FindUnknown(child, nameof(ActorsOptions.Postgres) + ":", typeof(PostgresOptions), faults);
            }
        }
    }

    private static void CheckPool(PostgresOptions pool, List<string> faults)
    {
        if (pool.PoolMax is < Actors.Postgres.PostgresStoreOptions.PoolSizeMin)
        {
            faults.Add($"{ActorsOptions.KeyText("Postgres:PoolMax")} is {pool.PoolMax}: a silo needs {Actors.Postgres.PostgresStoreOptions.PoolSizeMin} connections at the least.");
        }

        if (pool.PoolMin < 0 || pool.PoolMin > pool.PoolMax)
        {
            faults.Add($"{ActorsOptions.KeyText("Postgres:PoolMin")} is {pool.PoolMin}: it must be from 0 to Postgres:PoolMax.");
        }
    }

    private static void Positive(TimeSpan value, string key, List<string> faults)
    {
        if (value <= TimeSpan.Zero)
        {
            faults.Add($"{ActorsOptions.KeyText(key)} is {value}: it must be above zero.");
        }
    }

    private static void Positive(int value, string key, List<string> faults)
    {
        if (value <= 0)
        {
            faults.Add($"{ActorsOptions.KeyText(key)} is {value}: it must be above zero.");
        }
    }
}
