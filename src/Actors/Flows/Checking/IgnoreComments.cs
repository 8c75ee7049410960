using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Tokens;

namespace Actors.Flows;

/// <summary>
/// Comments that keep problems from being told: <c># actors: ignore ACT1403, ACT1416</c> for what is found in the same line, or, in a line of its own, in the next line that is no comment;
/// <c># actors: ignore-file ACT1403</c> for the whole file. Problems that keep a flow from being read are told all the same.
/// </summary>
internal sealed partial class IgnoreComments
{
    private readonly List<Ignore> _ignores = [];
    private readonly List<FlowProblem> _wrong = [];
    private readonly SourceText _source;
    private int _next;

    private IgnoreComments(SourceText source) => _source = source;

    /// <summary>Splits what was found into what is told, with what is wrong in the comments themselves, and what is ignored.</summary>
    /// <param name="isYaml">False: comments are not looked for.</param>
    /// <param name="isRead">False: the flow could not be read, so that not everything was looked for, and a comment may have its reason yet.</param>
    public static (IReadOnlyList<FlowProblem> Told, IReadOnlyList<FlowProblem> Ignored) Apply(IReadOnlyList<FlowProblem> found, SourceText source, bool isYaml, bool isRead)
    {
        if (!isYaml || !source.Text.Contains("actors:", StringComparison.Ordinal))
        {
            return (found, []);
        }

        IgnoreComments comments = new(source);
        comments.Read();
        return comments._ignores.Count + comments._wrong.Count == 0 ? (found, []) : comments.Split(found, isRead);
    }

    /// <summary>True for what does not keep a flow from being read.</summary>
    private static bool CanIgnore(FlowProblem problem) => problem.Severity == FlowProblemSeverity.Warning || problem.RuleId is Rules.SubflowInput or Rules.EndlessSubflows;

    private (IReadOnlyList<FlowProblem>, IReadOnlyList<FlowProblem>) Split(IReadOnlyList<FlowProblem> found, bool isRead)
    {
        List<FlowProblem> told = [.. _wrong];
        List<FlowProblem> ignored = [];
        foreach (FlowProblem problem in found)
        {
            bool isIgnored = false;
            foreach (Ignore ignore in _ignores)
            {
                if (ignore.Rule == problem.RuleId && (ignore.ForLine is null || ignore.ForLine == problem.Line))
                {
                    ignore.IsUsed = true;
                    isIgnored |= CanIgnore(problem);
                    if (!CanIgnore(problem))
                    {
                        told.Add(Wrong(Rules.BadIgnore, ignore, $"{problem.RuleId} cannot be ignored here: the flow cannot be run with it"));
                    }
                }
            }

            (isIgnored ? ignored : told).Add(problem);
        }

        foreach (Ignore ignore in _ignores.Where(i => !i.IsUsed))
        {
            if (FlowRules.Find(ignore.Rule) is null)
            {
                string? near = Text.Nearest(ignore.Rule, FlowRules.All.Select(rule => rule.Id));
                told.Add(Wrong(Rules.BadIgnore, ignore, $"there is no rule '{Text.Shorten(ignore.Rule, 40)}'", near is null ? "Rules are ACT and four digits." : null));
            }
            else if (isRead)
            {
                told.Add(Wrong(Rules.UnusedIgnore, ignore, $"nothing of {ignore.Rule} is found here, so nothing is ignored", "Take the comment out."));
            }
        }

        return (told.Distinct().OrderBy(p => p.Line).ThenBy(p => p.Column).ToArray(), ignored);
    }

    private FlowProblem Wrong(string rule, Ignore ignore, string message, string? suggestion = null) =>
        _source.Problem(rule, FlowProblemSeverity.Warning, ignore.Line, ignore.Column, message, suggestion);

    private void Read()
    {
        Scanner scanner = new(new StringReader(_source.Text), skipComments: false);
        try
        {
            // Without a parser to stop it, the scanner gives tokens without an end for some texts that are no YAML; in others each takes a character or closes a level.
            for (int left = (2 * _source.Text.Length) + 100; left > 0 && scanner.MoveNext(); left--)
            {
                if (scanner.Current is Comment comment)
                {
                    Read(comment);
                }
            }
        }
        catch (Exception e) when (e is YamlException or InvalidOperationException or ArgumentException or IndexOutOfRangeException or FormatException or OverflowException)
        {
            // The file is no YAML, which is told elsewhere; what was read until here counts.
        }
    }

    private void Read(Comment comment)
    {
        int line = (int)comment.Start.Line;
        int column = (int)comment.Start.Column;
        string text = _source.Line(line);
        if (column > text.Length || text[column - 1] != '#' || !Start().IsMatch(text, column - 1))
        {
            return;
        }

        if (Form().Match(text, column - 1) is not { Success: true } form)
        {
            _wrong.Add(_source.Problem(
                Rules.BadIgnore, FlowProblemSeverity.Warning, line, column, "this comment is not understood, so nothing is ignored", "Write # actors: ignore ACT1403 - why, or # actors: ignore-file ACT1403."));
            return;
        }

        int? forLine = form.Groups["file"].Success ? null : text.AsSpan(0, column - 1).Trim().IsEmpty ? NextLine(line) : line;
        Group rules = form.Groups["rules"];
        foreach (ValueMatch rule in Word().EnumerateMatches(rules.ValueSpan))
        {
            _ignores.Add(new Ignore(rules.ValueSpan.Slice(rule.Index, rule.Length).ToString(), forLine, line, rules.Index + rule.Index + 1));
        }

    }

    private int NextLine(int line)
    {
        // Comments come in their order: below one of many stands what stands below the one before it.
        if (line < _next)
        {
            return _next;
        }

        for (line++; line <= _source.LineCount; line++)
        {
            ReadOnlySpan<char> text = _source.Line(line).AsSpan().Trim();
            if (!text.IsEmpty && text[0] != '#')
            {
                break;
            }
        }

        return _next = line;
    }

    // What follows the ids after ' -' is the reason.
    [GeneratedRegex(@"\G#+\s*actors:\s*ignore(?<file>-file)?\s+(?<rules>[A-Za-z0-9]+(?:\s*,\s*[A-Za-z0-9]+)*)(?:\s+-.*)?\s*$")]
    private static partial Regex Form();

    [GeneratedRegex(@"\G#+\s*actors:")]
    private static partial Regex Start();

    [GeneratedRegex("[A-Za-z0-9]+")]
    private static partial Regex Word();

    private sealed class Ignore(string rule, int? forLine, int line, int column)
    {
        public string Rule => rule;

        /// <summary>Null: the whole file.</summary>
        public int? ForLine => forLine;

        public int Line => line;
        public int Column => column;
        public bool IsUsed { get; set; }
    }
}
