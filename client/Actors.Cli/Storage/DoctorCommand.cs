using System.CommandLine;
using System.Globalization;
using Actors.Cli.Local;
using Actors.Hosting;
using Actors.Storage;

namespace Actors.Cli.Storage;

/// <summary>Proves that every row of a database keeps its promise, beside the silos that work on it, and explains what does not.</summary>
internal static class DoctorCommand
{
    private const string DefaultLimit = "10m";

    public static Command Create(CliConsole console)
    {
        Option<string?> database = LocalOptions.Database($"{Server.DatabaseVariable}, else Actors:Database in appsettings.json, else {ActorsOptions.DefaultDatabase}");
        Option<string> format = new("--format") { Description = "text (for people) or json", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        Option<string> limit = new("--limit") { Description = "Stop after so long, e.g. 30s or 2h", HelpName = "time", DefaultValueFactory = _ => DefaultLimit };
        Command command = new("doctor", "Prove a database sound, beside the silos that work on it: 0 all holds, 1 something does not, 2 it cannot tell") { database, format, limit };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (!Durations.TryParse(parsed.GetRequiredValue(limit), out TimeSpan time) || time <= TimeSpan.Zero)
            {
                throw new CliException($"--limit '{parsed.GetValue(limit)}' is no time; write it like 30s or 2h.", ExitCodes.Usage);
            }

            (string place, string setting) = StoreSetting.Find(parsed.GetValue(database), "--db");
            try
            {
                await using IStore store = await StoreSetting.OpenToReadAsync(place, setting, cancellationToken);
                DoctorReport report = await LookAsync(store, StoreSetting.Describe(place), time, cancellationToken);
                Write(console, report, parsed.GetValue(format) == "json");
                return report.Findings.Count > 0 ? ExitCodes.Error : report.Complete ? ExitCodes.Ok : ExitCodes.CannotTell;
            }
            catch (Exception e) when (e is ActorsStartException or StoreException)
            {
                throw new CliException(e.Message, ExitCodes.CannotTell);
            }
        });
        return command.WithExamples(
            "actors doctor --db /var/lib/actors/shop.db",
            "actors doctor --db 'postgres://actors:${PASSWORD}@db/shop' --limit 1h --format json");
    }

    private static async Task<DoctorReport> LookAsync(IStore store, string place, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (store is not ICheckedStore rows)
        {
            throw new CliException($"{place} has no rows to look at.", ExitCodes.CannotTell);
        }

        DatabaseCheck check = await rows.CheckAsync(limit, cancellationToken);
        IReadOnlyList<LivingSilo>? silos = store is IClusterStore { IsShared: true } cluster ? await cluster.ListSilosAsync(cancellationToken) : null;
        return new DoctorReport(
            place,
            store.Name,
            check.IsComplete,
            new DoctorCounts(check.Runs, check.LiveRuns, check.Reminders, check.Messages, check.HumanTasks),
            [.. check.Broken.Select(static row =>
            {
                (string means, string what) = Findings.Explain(row.Kind);
                return new DoctorFinding(row.Kind.ToString(), row.Says, means, what);
            })],
            silos?.Select(static silo => new DoctorSilo(silo.No, silo.Name, silo.BeganAt, silo.IsConnected)).ToArray(),
            [.. Notes(check, silos, limit)]);
    }

    // What is no broken row, but what one who looks wants to know.
    private static IEnumerable<string> Notes(DatabaseCheck check, IReadOnlyList<LivingSilo>? silos, TimeSpan limit)
    {
        if (!check.IsComplete)
        {
            yield return check.Broken.Count >= BrokenRows.Max
                ? $"It stopped after {BrokenRows.Max} findings: a damage that large needs a backup, not a list."
                : $"It stopped after {TimeText.Of(limit)}, before it had seen everything. Give it longer with --limit.";
        }

        if (silos is null)
        {
            yield break;
        }

        foreach (LivingSilo silo in silos.Where(static silo => !silo.IsConnected))
        {
            yield return $"Silo {silo.No} ({silo.Name}) has no connection to the database: it was killed or is cut off. Another silo takes its runs over within seconds; where none runs, start one.";
        }

        if (check.LiveRuns > 0 && !silos.Any(static silo => silo.IsConnected))
        {
            yield return $"No silo is running: {Of(check.LiveRuns, "live run")} cannot go on without one.";
        }
    }

    private static string Of(long count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

    private static void Write(CliConsole console, DoctorReport report, bool json)
    {
        if (json)
        {
            OutputFormat.WriteJson(console.Out, report, DoctorJson.Default.DoctorReport);
            return;
        }

        foreach (DoctorFinding finding in report.Findings)
        {
            console.Out.WriteLine(finding.Says);
            console.Out.WriteLine($"  What it means: {finding.Means}");
            console.Out.WriteLine($"  What to do:    {finding.Do}");
        }

        foreach (DoctorSilo silo in report.Silos ?? [])
        {
            console.Out.WriteLine($"Silo {silo.No} ({silo.Name}) since {TimeText.Local(silo.BeganAt)}: {(silo.Connected ? "alive" : "not connected")}.");
        }

        foreach (string note in report.Notes)
        {
            console.Out.WriteLine($"Note: {note}");
        }

        DoctorCounts seen = report.Checked;
        string counted = string.Create(
            CultureInfo.InvariantCulture,
            $"{Of(seen.Runs, "run")} ({seen.LiveRuns} live), {Of(seen.HumanTasks, "human task")}, {Of(seen.Reminders, "reminder")} and {Of(seen.Messages, "message")} of {report.Database} were checked");
        console.Out.WriteLine(report.Findings.Count > 0
            ? $"{counted}: {report.Findings.Count} {(report.Findings.Count == 1 ? "breaks" : "break")} a promise."
            : $"{counted}{(report.Complete ? ": all holds" : "; the rest is not known")}.");
    }
}
