using System.CommandLine;
using Actors.Cli.Remote;
using Actors.Client;
using Actors.Protocol;
using Spectre.Console;

namespace Actors.Cli.Runs;

/// <summary>Runs of a server.</summary>
internal static class RunCommands
{
    public static Command Create(CliConsole console) => new("runs", "Look at and steer the runs of a server")
    {
        List(console),
        Show(console),
        Logs(console),
        Cancel(console),
        Resume(console),
    };

    private static Command List(CliConsole console)
    {
        Option<string?> url = RemoteSilo.UrlOption();
        Option<string> output = OutputFormat.Option();
        Option<string[]> status = new("--status", "-s") { Description = "Only these statuses", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
        status.AcceptOnlyFromAmong("queued", "running", "waiting", "parked", "completed", "failed", "cancelled");
        Option<string?> flow = new("--flow", "-f") { Description = "Only runs of this flow" };
        Option<string[]> metadata = new("--metadata", "-m") { Description = "Only runs with this label, as key=value", DefaultValueFactory = _ => [] };
        Option<int> limit = new("--limit", "-n") { Description = "At most so many, from 1 to 500", DefaultValueFactory = _ => 20 };
        Command command = new("list", "Runs, newest first") { status, flow, metadata, limit, url, output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            RunFilter filter = new()
            {
                Statuses = (parsed.GetValue(status) ?? []).Select(s => Enum.Parse<RunStatus>(s, ignoreCase: true)).ToArray(),
                Flow = parsed.GetValue(flow),
                Metadata = (parsed.GetValue(metadata) ?? []).Select(Pair).ToDictionary(),
                PageSize = parsed.GetValue(limit),
            };
            RunPage page = await RemoteSilo.Client(parsed, url).ListRunPageAsync(filter, cancellationToken: cancellationToken);
            if (OutputFormat.IsJson(parsed, output))
            {
                OutputFormat.WriteJson(console.Out, page, WireJson.Default.RunPage);
                return ExitCodes.Ok;
            }

            Table table = new Table().Border(console.CanDraw ? TableBorder.Rounded : TableBorder.None).AddColumns("Run", "Flow", "Status", "Since", "Why");
            foreach (RunView run in page.Items)
            {
                table.AddRow(
                    Markup.Escape(run.Id), Markup.Escape(run.Flow), Coloured(run.Status), TimeText.Local(run.UpdatedAt), Markup.Escape(run.Why ?? ""));
            }

            console.Ansi().Write(table);
            if (page.Next is not null)
            {
                await console.Error.WriteLineAsync($"There are more; --limit up to 500, or filter with --status and --flow.");
            }

            return ExitCodes.Ok;
        });
        return command.WithExamples("actors runs list --status waiting parked", "actors runs list --flow order -m customer=CUST-1 -o json");
    }

    private static Command Show(CliConsole console)
    {
        Option<string?> url = RemoteSilo.UrlOption();
        Option<string> output = OutputFormat.Option();
        Argument<string> id = Id();
        Command command = new("show", "A run: what it does, waits for or came to") { id, url, output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            RunView run = await RemoteSilo.Client(parsed, url).FindRunAsync(parsed.GetRequiredValue(id), cancellationToken);
            Write(console, run, OutputFormat.IsJson(parsed, output));
            return ExitCodes.Ok;
        });
        return command.WithExamples("actors runs show run_06gz", "actors runs show run_06gz -o json");
    }

    private static Command Logs(CliConsole console)
    {
        Option<string?> url = RemoteSilo.UrlOption();
        Option<string> output = OutputFormat.Option();
        Option<bool> follow = new("--follow", "-F") { Description = "Go on until the run has ended; the exit code then says how" };
        Argument<string> id = Id();
        Command command = new("logs", "What happened in a run") { id, follow, url, output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ActorsClient client = RemoteSilo.Client(parsed, url);
            RunView run = await client.FindRunAsync(parsed.GetRequiredValue(id), cancellationToken);
            bool json = OutputFormat.IsJson(parsed, output);
            bool toTheEnd = parsed.GetValue(follow);
            IAsyncEnumerable<RunEventView> events = toTheEnd
                ? client.WatchRunAsync(run.Id, cancellationToken: cancellationToken)
                : client.ListRunEventsAsync(run.Id, cancellationToken: cancellationToken);
            await foreach (RunEventView e in events.WithCancellation(cancellationToken))
            {
                // JSON lines: one event each, so that a pipe can read them as they come.
                await console.Out.WriteLineAsync(json ? System.Text.Json.JsonSerializer.Serialize(e, WireJson.Default.RunEventView) : EventLine.Of(e));
            }

            if (!toTheEnd)
            {
                return ExitCodes.Ok;
            }

            return (await client.GetRunAsync(run.Id, cancellationToken)).Status switch
            {
                RunStatus.Failed => ExitCodes.RunFailed,
                RunStatus.Cancelled => ExitCodes.RunCancelled,
                _ => ExitCodes.Ok,
            };
        });
        return command.WithExamples("actors runs logs run_06gz", "actors runs logs run_06gz --follow -o json");
    }

    private static Command Cancel(CliConsole console)
    {
        Option<string?> url = RemoteSilo.UrlOption();
        Option<string> output = OutputFormat.Option();
        Option<string?> reason = new("--reason", "-r") { Description = "Why; shown with the run" };
        Argument<string> id = Id();
        Command command = new("cancel", "Ask a run to cancel; its clean-up runs") { id, reason, url, output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ActorsClient client = RemoteSilo.Client(parsed, url);
            RunView run = await client.FindRunAsync(parsed.GetRequiredValue(id), cancellationToken);
            Write(console, await client.CancelRunAsync(run.Id, parsed.GetValue(reason), cancellationToken), OutputFormat.IsJson(parsed, output));
            return ExitCodes.Ok;
        });
        return command.WithExamples("actors runs cancel run_06gz --reason 'ordered twice'");
    }

    private static Command Resume(CliConsole console)
    {
        Option<string?> url = RemoteSilo.UrlOption();
        Option<string> output = OutputFormat.Option();
        Argument<string> id = Id();
        Command command = new("resume", "Try a parked run again") { id, url, output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ActorsClient client = RemoteSilo.Client(parsed, url);
            RunView run = await client.FindRunAsync(parsed.GetRequiredValue(id), cancellationToken);
            Write(console, await client.ResumeRunAsync(run.Id, cancellationToken), OutputFormat.IsJson(parsed, output));
            return ExitCodes.Ok;
        });
        return command.WithExamples("actors runs resume run_06gz");
    }

    private static Argument<string> Id() => new("run") { Description = "The run's id, or the beginning of it where only one run has it" };

    private static KeyValuePair<string, string> Pair(string text)
    {
        int equals = text.IndexOf('=');
        return equals > 0
            ? new(text[..equals], text[(equals + 1)..])
            : throw new CliException($"--metadata '{text}' must be key=value.", ExitCodes.Usage);
    }

    private static string Coloured(RunStatus status)
    {
        string colour = status switch
        {
            RunStatus.Completed => "green",
            RunStatus.Failed or RunStatus.Parked => "red",
            RunStatus.Waiting or RunStatus.Queued => "yellow",
            RunStatus.Running => "blue",
            _ => "grey",
        };
        return $"[{colour}]{status.ToString().ToLowerInvariant()}[/]";
    }

    private static void Write(CliConsole console, RunView run, bool json)
    {
        if (json)
        {
            OutputFormat.WriteJson(console.Out, run, WireJson.Default.RunView);
            return;
        }

        Line("Run", run.Id);
        Line("Flow", $"{run.Flow} {run.Version}");
        Line("Status", run.Status.ToString().ToLowerInvariant());
        Line("Why", run.Why);
        Line("Started", $"{TimeText.Local(run.CreatedAt)} by {run.StartedBy}");
        Line("Ended", run.FinishedAt is { } end ? $"{TimeText.Local(end)}, after {TimeText.Of(end - run.CreatedAt)}" : null);
        Line("Parent", run.Parent is { } parent ? $"{parent.Id}, step {parent.Step}" : null);
        Line("Labels", run.Metadata is { } labels ? string.Join(", ", labels.Select(l => $"{l.Key}={l.Value}")) : null);
        Line("Exit", run.ExitReason);
        Line("Error", run.Error is { } error ? $"{error.Message} ({error.Code ?? error.Type})" : null);
        foreach (string problem in run.CleanUpErrors ?? [])
        {
            Line("Clean-up", problem);
        }

        Line("State", run.State is { } state ? OutputFormat.Compact(state) : null);
        Line("Output", run.Output is { } value ? OutputFormat.Compact(value) : null);

        void Line(string name, string? text)
        {
            if (text is not null)
            {
                console.Out.WriteLine($"{name,-9} {text}");
            }
        }
    }
}
