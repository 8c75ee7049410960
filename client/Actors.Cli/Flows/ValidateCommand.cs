using System.CommandLine;
using System.Text;
using Actors.Flows;
using Actors.Hosting;
using Microsoft.Extensions.Configuration;

namespace Actors.Cli.Flows;

/// <summary>Checks flow files and tells every problem with its place.</summary>
internal static class ValidateCommand
{
    public static Command Create(CliConsole console)
    {
        Argument<string[]> paths = new("paths") { Description = "Flow files and folders of them; flows that they call are checked, too", Arity = ArgumentArity.ZeroOrMore };
        Option<string> format = new("--format")
        {
            Description = "text (for people), msbuild (for editors and builds), json, or sarif (for code scanners)",
            DefaultValueFactory = _ => "text",
        };
        format.AcceptOnlyFromAmong("text", "msbuild", "json", "sarif");
        Option<string[]> plugins = new("--plugin")
        {
            Description = "An assembly with tasks. When one is given, tasks that are not registered are problems, too",
            HelpName = "dll",
            DefaultValueFactory = _ => [],
        };
        Option<bool> strict = new("--strict") { Description = "Warnings fail, too" };
        Option<string?> baseline = new("--baseline") { Description = "A file with known findings, which are not told", HelpName = "file" };
        Option<bool> update = new("--update-baseline") { Description = "Write what is found now into the baseline" };
        Option<bool> fix = new("--fix") { Description = "Mend what can be mended without doubt" };
        Option<bool> dryRun = new("--fix-dry-run") { Description = "Print what --fix would change, as a unified diff" };
        Option<bool> quiet = new("--quiet") { Description = "Print problems only, no summary" };
        Option<bool> rules = new("--rules") { Description = "List all rules" };
        Option<string?> explain = new("--explain") { Description = "Explain a rule with an example", HelpName = "rule" };
        Command command = new("validate", "Check YAML flows") { paths, format, plugins, strict, baseline, update, fix, dryRun, quiet, rules, explain };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(explain) is { } id)
            {
                return Explain(console, id);
            }

            if (parsed.GetValue(rules))
            {
                ProblemWriter.Rules(console.Out, parsed.GetRequiredValue(format) == "json");
                return ExitCodes.Ok;
            }

            Settings settings = new(
                parsed.GetValue(paths) ?? [], parsed.GetRequiredValue(format), parsed.GetValue(plugins) ?? [], parsed.GetValue(strict), parsed.GetValue(baseline), parsed.GetValue(update),
                parsed.GetValue(fix), parsed.GetValue(dryRun), parsed.GetValue(quiet));
            return Run(console, settings);
        });
        return command.WithExamples(
            "actors validate flows", "actors validate order.yaml --plugin bin/Shop.dll", "actors validate flows --format sarif > flows.sarif", "actors validate flows --fix-dry-run",
            "actors validate --explain ACT1302");
    }

    private static int Explain(CliConsole console, string id)
    {
        if (FlowRules.Find(id.ToUpperInvariant()) is not { } rule)
        {
            throw new CliException($"There is no rule '{SafeText.Line(id)}'. 'actors validate --rules' lists them.", ExitCodes.Usage);
        }

        ProblemWriter.Explain(console.Out, rule);
        return ExitCodes.Ok;
    }

    private static int Run(CliConsole console, Settings settings)
    {
        if (settings.Paths.Length == 0)
        {
            throw new CliException("Name files or folders to check.", ExitCodes.Usage);
        }

        if (settings.UpdatesBaseline && settings.Baseline is null)
        {
            throw new CliException("--update-baseline needs --baseline with the name of the file.", ExitCodes.Usage);
        }

        ActorsRegistration registration = new(new TaskRegistry(), new FlowRegistry(), new ConfigurationBuilder().AddEnvironmentVariables().Build());
        HostResources.Apply(registration, HostResources.Read(registration.Configuration));
        foreach (string plugin in settings.Plugins)
        {
            PluginLoader.Load(plugin, "--plugin", registration);
        }

        FlowCheckOptions options = new() { Tasks = registration.Tasks, ChecksTasks = settings.Plugins.Length > 0, Flows = registration.Flows };
        try
        {
            return Run(console, settings, options);
        }
        catch (FileNotFoundException e)
        {
            throw new CliException(e.Message, ExitCodes.Usage);
        }
    }

    private static int Run(CliConsole console, Settings settings, FlowCheckOptions options)
    {
        int mended = 0;
        if (settings.Fixes || settings.ShowsFixes)
        {
            IReadOnlyList<FixedFlow> changes = FlowFixer.Fix(settings.Paths, options);
            if (settings.ShowsFixes)
            {
                foreach (FixedFlow change in changes)
                {
                    console.Out.Write(UnifiedDiff.Of(change.File, change.Before, change.After));
                }

                Say(console, settings, $"{Count(changes.Count, "file")} would be changed.");
                return ExitCodes.Ok;
            }

            foreach (FixedFlow change in changes)
            {
                Write(change);
                mended++;
            }
        }

        FlowCheck check = FlowChecker.Check(settings.Paths, options);
        SourceLines lines = new(check);
        if (settings.UpdatesBaseline)
        {
            Say(console, settings, $"{Count(Baseline.Write(settings.Baseline!, check.Problems, lines), "finding")} written to {SafeText.Line(settings.Baseline!)}.");
        }

        Baseline? baseline = settings.Baseline is null ? null : Baseline.Read(settings.Baseline);
        List<FlowProblem> told = [];
        List<FlowProblem> known = [];
        foreach (FlowProblem problem in check.Problems)
        {
            (baseline?.Knows(problem, lines) == true ? known : told).Add(problem);
        }

        switch (settings.Format)
        {
            case "json":
                ProblemWriter.AsJson(console.Out, told);
                break;
            case "sarif":
                SarifWriter.Write(console.Out, check, lines, told, known);
                break;
            case "msbuild":
                ProblemWriter.MSBuild(console.Out, told);
                break;
            default:
                ProblemWriter.Text(console.Out, told);
                break;
        }

        int errors = told.Count(p => p.Severity == FlowProblemSeverity.Error);
        Summarize(console, settings, check, told.Count - errors, errors, known.Count, baseline?.Gone ?? 0, mended);
        return errors > 0 || (settings.IsStrict && told.Count > 0) ? ExitCodes.Error : ExitCodes.Ok;
    }

    private static void Summarize(CliConsole console, Settings settings, FlowCheck check, int warnings, int errors, int known, int gone, int mended)
    {
        List<string> parts = [];
        int flows = check.Files.Count;
        parts.Add(errors > 0 ? (check.HasMore ? "more than " : "") + Count(errors, "error") : flows == 0 ? "There are no flow files here" : $"{Count(flows, "flow")} {(flows == 1 ? "is" : "are")} valid");
        parts.AddRange(warnings > 0 ? [(check.HasMoreWarnings ? "more than " : "") + Count(warnings, "warning")] : []);
        parts.AddRange(check.Ignored.Count > 0 ? [$"{check.Ignored.Count} ignored"] : []);
        parts.AddRange(known > 0 ? [$"{known} known"] : []);
        parts.AddRange(mended > 0 ? [$"{Count(mended, "file")} mended"] : []);
        int fixable = settings.Fixes ? 0 : check.Problems.Count(p => p.Fix is not null);
        Say(
            console, settings,
            $"{string.Join(", ", parts)}.{(fixable > 0 ? $" {fixable} can be mended with --fix." : "")}{(gone > 0 ? $" {Count(gone, "finding")} of the baseline {(gone == 1 ? "is" : "are")} gone: --update-baseline takes them out." : "")}"
            + $"{(errors == 0 && flows > 0 && settings.Plugins.Length == 0 ? " Tasks were not checked: name their assembly with --plugin." : "")}");
    }

    private static void Write(FixedFlow change)
    {
        try
        {
            // The byte order mark is part of the text.
            File.WriteAllBytes(change.File, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false).GetBytes(change.After));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"'{SafeText.Line(change.File)}' cannot be written: {e.Message}");
        }
    }

    private static void Say(CliConsole console, Settings settings, string text)
    {
        if (!settings.IsQuiet)
        {
            console.Error.WriteLine(text);
        }
    }

    private static string Count(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";

    private sealed record Settings(
        string[] Paths, string Format, string[] Plugins, bool IsStrict, string? Baseline, bool UpdatesBaseline, bool Fixes, bool ShowsFixes, bool IsQuiet);
}
