using System.CommandLine;
using System.Text.Json;
using Actors.Cli.Local;
using Actors.Cli.Remote;
using Actors.Client;
using Actors.Protocol;
using Spectre.Console;

namespace Actors.Cli.HumanTasks;

/// <summary>What the runs of a server ask people.</summary>
internal static class HumanTaskCommands
{
    public static Command Create(CliConsole console) => new("tasks", "See and answer what runs ask people")
    {
        List(console),
        Answer(console),
    };

    private static Command List(CliConsole console)
    {
        Option<string?> url = RemoteSilo.UrlOption();
        Option<string> output = OutputFormat.Option();
        Option<string> status = new("--status", "-s") { Description = "open, answered, expired or cancelled", DefaultValueFactory = _ => "open" };
        status.AcceptOnlyFromAmong("open", "answered", "expired", "cancelled");
        Option<string?> run = new("--run") { Description = "Only tasks of this run" };
        Option<string?> candidate = new("--candidate", "-c") { Description = "Only tasks that this person or group may answer" };
        Option<int> limit = new("--limit", "-n") { Description = "At most so many, from 1 to 500", DefaultValueFactory = _ => 50 };
        Command command = new("list", "Human tasks, oldest first") { status, run, candidate, limit, url, output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            HumanTaskFilter filter = new()
            {
                Status = Enum.Parse<HumanTaskStatus>(parsed.GetRequiredValue(status), ignoreCase: true),
                Run = parsed.GetValue(run),
                Candidate = parsed.GetValue(candidate),
                PageSize = parsed.GetValue(limit),
            };
            HumanTaskPage page = await RemoteSilo.Client(parsed, url).ListHumanTaskPageAsync(filter, cancellationToken: cancellationToken);
            if (OutputFormat.IsJson(parsed, output))
            {
                OutputFormat.WriteJson(console.Out, page, WireJson.Default.HumanTaskPage);
                return ExitCodes.Ok;
            }

            bool hasForms = page.Items.Any(t => t.Form is not null);
            Table table = new Table().Border(console.CanDraw ? TableBorder.Rounded : TableBorder.None).AddColumns("Task", "Flow", "Title", "Decisions", "Candidates", "Due");
            if (hasForms)
            {
                table.AddColumn("Data (* required)");
            }

            foreach (HumanTaskView task in page.Items)
            {
                List<string> cells =
                [
                    Markup.Escape(task.Id),
                    Markup.Escape(task.Flow),
                    Markup.Escape(task.Title),
                    Markup.Escape(task.Decision is { } decision ? $"{decision} by {task.AnsweredBy}" : string.Join(", ", task.Decisions)),
                    Markup.Escape(task.Candidates.Count == 0 ? "everybody" : string.Join(", ", task.Candidates)),
                    task.DueAt is { } due ? TimeText.Local(due) : "",
                ];
                if (hasForms)
                {
                    cells.Add(task.Form is { } form ? Markup.Escape(FormText.Of(form)) : "");
                }

                table.AddRow([.. cells]);
            }

            console.Ansi().Write(table);
            return ExitCodes.Ok;
        });
        return command.WithExamples("actors tasks list", "actors tasks list --candidate finance -o json");
    }

    private static Command Answer(CliConsole console)
    {
        Option<string?> url = RemoteSilo.UrlOption();
        Option<string> output = OutputFormat.Option();
        Argument<string> id = new("task") { Description = "The task's id, or the beginning of it where only one open task has it" };
        Argument<string> decision = new("decision") { Description = "One of the task's decisions, e.g. approve" };
        Option<string?> comment = new("--comment", "-m") { Description = "Kept with the answer and given to the flow" };
        Option<string?> data = new("--data", "-d") { Description = "JSON for the flow; must fit the task's form, which 'actors tasks list -o json' shows", HelpName = "json" };
        Option<string?> by = new("--by") { Description = "Who answers; recorded as local:NAME, only where the server has no authentication", HelpName = "name" };
        Command command = new("answer", "Answer a human task") { id, decision, comment, data, by, url, output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ActorsClient client = RemoteSilo.Client(parsed, url);
            JsonElement? form = parsed.GetValue(data) is { } text ? InputText.Parse(text, "--data") : null;
            HumanTaskView task = await client.FindHumanTaskAsync(parsed.GetRequiredValue(id), cancellationToken);
            AnswerRequest answer = new()
            {
                Decision = parsed.GetRequiredValue(decision),
                Comment = parsed.GetValue(comment),
                Data = form,
                By = parsed.GetValue(by),
            };
            HumanTaskView answered = await client.AnswerHumanTaskAsync(task.Id, answer, cancellationToken);
            if (OutputFormat.IsJson(parsed, output))
            {
                OutputFormat.WriteJson(console.Out, answered, WireJson.Default.HumanTaskView);
            }
            else
            {
                await console.Out.WriteLineAsync($"{answered.Title}: {answered.Decision} by {answered.AnsweredBy}. Run {answered.Run} goes on.");
            }

            return ExitCodes.Ok;
        });
        return command.WithExamples("actors tasks answer task_0zhx approve --comment 'within the budget'", "actors tasks answer task_0zhx approve --data '{\"amount\": 250}'");
    }
}
