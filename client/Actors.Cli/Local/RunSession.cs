using System.Text.Json;
using Actors.Cli.HumanTasks;
using Actors.Protocol;
using Actors.Silos;
using Actors.Storage;
using StoredHumanTaskStatus = Actors.Storage.HumanTaskStatus;
using StoredRunStatus = Actors.Storage.RunStatus;

namespace Actors.Cli.Local;

/// <summary>How a run is followed in this process.</summary>
/// <param name="Yes">Answer what it asks people by itself.</param>
/// <param name="Json">Write nothing but the ended run, as JSON.</param>
/// <param name="WaysToGoOn">What to tell when a person is needed and nobody can be asked; gets the open task.</param>
internal sealed record SessionOptions(bool Yes, bool Json, Func<HumanTaskRow, string> WaysToGoOn);

/// <summary>Follows a run to its end: shows it, asks the person at the terminal what the run asks people, and says how it ended.</summary>
internal sealed class RunSession(Silo silo, CliConsole console, SessionOptions options)
{
    private readonly Caller _caller = Caller.Local;

    /// <returns>The exit code.</returns>
    public async Task<int> FollowAsync(RunRow run, CancellationToken cancellationToken)
    {
        IRunView view = options.Json ? new LineRunView(TextWriter.Null)
            : console.CanDraw ? new TreeRunView(console.Ansi(), silo.Time, $"{run.Flow} {run.Id}")
            : new LineRunView(console.Error);
        long after = 0;
        while (true)
        {
            Stop stop = default;
            await view.ShowAsync(async show =>
            {
                stop = await WatchAsync(run.Id, after, show, cancellationToken);
            });
            after = stop.Seq;
            if (stop.Asks is { } task)
            {
                if (await AnswerAsync(task, cancellationToken))
                {
                    continue;
                }

                await console.Error.WriteLineAsync(options.WaysToGoOn(task));
                return ExitCodes.WaitsForHuman;
            }

            RunResult result = await silo.GetRunAsync(run.Id, _caller, cancellationToken) ?? throw new CliException($"The run {run.Id} is gone.");
            return Tell(result);
        }
    }

    /// <summary>Watches until the run ends, is parked, or asks a person something that is still open.</summary>
    private async Task<Stop> WatchAsync(RunId run, long after, Action<RunEvent> show, CancellationToken cancellationToken)
    {
        long seq = after;
        await foreach (RunEvent e in silo.WatchAsync(run, _caller, after, cancellationToken))
        {
            seq = e.Seq;
            show(e);
            if (e.Type == Actors.RunEventTypes.HumanTaskOpened && await OpenTaskAsync(run, e.Step, cancellationToken) is { } task)
            {
                return new Stop(seq, task);
            }

            if (e.Type == Actors.RunEventTypes.RunParked && await IsParkedAsync(run, cancellationToken))
            {
                return new Stop(seq, null);
            }
        }

        return new Stop(seq, null);
    }

    private async Task<HumanTaskRow?> OpenTaskAsync(RunId run, string? step, CancellationToken cancellationToken)
    {
        HumanTaskQuery query = new() { Tenant = _caller.Tenant, Run = run, Status = StoredHumanTaskStatus.Open, Limit = HumanTaskQuery.LimitMax };
        IReadOnlyList<HumanTaskRow> open = await silo.Store.ListHumanTasksAsync(query, cancellationToken);
        return open.FirstOrDefault(t => t.Key == step);
    }

    private async Task<bool> IsParkedAsync(RunId run, CancellationToken cancellationToken) =>
        await silo.GetRunAsync(run, _caller, cancellationToken) is { Run.Status: StoredRunStatus.Parked };

    /// <returns>False when nobody can be asked.</returns>
    private async Task<bool> AnswerAsync(HumanTaskRow task, CancellationToken cancellationToken)
    {
        TaskAnswer? answer = options.Yes
            ? new TaskAnswer(task.Decisions.Contains(HumanQuestion.Approve) ? HumanQuestion.Approve : task.Decisions[0], "answered with --yes")
            : console.CanAsk && !options.Json ? await AskAsync(task, cancellationToken) : null;
        if (answer is null)
        {
            return false;
        }

        try
        {
            await silo.AnswerAsync(task.Id, answer, _caller, cancellationToken);
        }
        catch (ConflictException e)
        {
            await console.Error.WriteLineAsync(e.Message);
        }
        catch (InvalidRequestException e) when (!options.Yes && e.Faults.Count > 0)
        {
            // The task stays open: it is asked again.
            await console.Error.WriteLineAsync(e.Message);
            return await AnswerAsync(task, cancellationToken);
        }

        return true;
    }

    private async Task<TaskAnswer?> AskAsync(HumanTaskRow task, CancellationToken cancellationToken)
    {
        await console.Error.WriteLineAsync();
        await console.Error.WriteLineAsync(task.Title);
        if (task.Details is { } details)
        {
            using JsonDocument document = JsonDocument.Parse(details);
            await console.Error.WriteLineAsync(OutputFormat.Json(document.RootElement, WireJson.Default.JsonElement));
        }

        while (true)
        {
            await console.Error.WriteAsync($"{string.Join(" / ", task.Decisions)}? ");
            await console.Error.FlushAsync(cancellationToken);
            if (await console.In.ReadLineAsync(cancellationToken) is not { } line)
            {
                return null;
            }

            string[] words = line.Trim().Split(' ', 2, StringSplitOptions.TrimEntries);
            string[] meant = task.Decisions.Where(d => words[0].Length > 0 && d.StartsWith(words[0], StringComparison.OrdinalIgnoreCase)).ToArray();
            if (meant.Length == 1 || task.Decisions.Contains(words[0]))
            {
                string? comment = words.Length > 1 && words[1].Length > 0 ? words[1] : null;
                TaskAnswer answer = new(task.Decisions.Contains(words[0]) ? words[0] : meant[0], comment);
                return task.Form is null ? answer : await AskDataAsync(task.Form, answer, cancellationToken);
            }

            await console.Error.WriteLineAsync("Type one of them, or its first letters; a comment may follow after a space.");
        }
    }

    private async Task<TaskAnswer?> AskDataAsync(string form, TaskAnswer answer, CancellationToken cancellationToken)
    {
        using JsonDocument document = JsonDocument.Parse(form);
        await console.Error.WriteLineAsync($"With data ({FormText.Of(document.RootElement)}), as JSON in one line; nothing for {{}}:");
        await console.Error.FlushAsync(cancellationToken);
        while (await console.In.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Trim().Length == 0)
            {
                return answer;
            }

            try
            {
                return answer with { Data = InputText.Parse(line, "data") };
            }
            catch (CliException e)
            {
                await console.Error.WriteLineAsync(e.Message);
            }
        }

        return null;
    }

    private int Tell(RunResult result)
    {
        if (options.Json)
        {
            OutputFormat.WriteJson(console.Out, Actors.Hosting.RunViews.View(result), WireJson.Default.RunView);
        }

        RunRow run = result.Run;
        string took = TimeText.Of((run.FinishedAt ?? silo.Time.GetUtcNow()) - run.CreatedAt);
        switch (run.Status)
        {
            case StoredRunStatus.Completed:
                if (!options.Json)
                {
                    console.Error.WriteLine($"Completed in {took}{(result.ExitReason is { } exit ? $", early: {exit.TrimEnd('.')}" : "")}. Run {run.Id}");
                    if (result.Output.ValueKind != JsonValueKind.Undefined)
                    {
                        OutputFormat.WriteJson(console.Out, result.Output, WireJson.Default.JsonElement);
                    }
                }

                return ExitCodes.Ok;
            case StoredRunStatus.Cancelled:
                console.Error.WriteLine($"Cancelled after {took}: {run.Why ?? "no reason was given"}. Run {run.Id}");
                return ExitCodes.RunCancelled;
            case StoredRunStatus.Parked:
                console.Error.WriteLine($"Parked: {run.Why} Nothing is lost; mend the cause and run it again. Run {run.Id}");
                return ExitCodes.RunFailed;
            default:
                console.Error.WriteLine($"Failed after {took}: {result.Error?.Message ?? run.Why}{(result.Error is { } error ? $" ({error.Code ?? error.Type})" : "")}. Run {run.Id}");
                return ExitCodes.RunFailed;
        }
    }

    /// <param name="Seq">The last event that was shown.</param>
    /// <param name="Asks">The open question; null when the run has ended or is parked.</param>
    private readonly record struct Stop(long Seq, HumanTaskRow? Asks);
}
