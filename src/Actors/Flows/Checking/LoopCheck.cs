using System.Text.RegularExpressions;

namespace Actors.Flows;

/// <summary>Loops that do not end, or not because of what happens in them.</summary>
internal static partial class LoopCheck
{
    // What may be another value in the next iteration, whatever the body does.
    private static readonly HashSet<string> Changing = new(StringComparer.Ordinal) { "carried", "index", "state", "error", "data", "result", "branches", "env", "secrets" };

    public static void Run(IReadOnlyList<FlowStep> steps, StepNodes nodes, Problems problems)
    {
        foreach (FlowStep step in DocumentCheck.All(steps))
        {
            if (step is LoopStep loop && nodes.Of(loop) is { } node)
            {
                Check(loop, node, problems);
            }
        }
    }

    private static void Check(LoopStep loop, YamlMap node, Problems problems)
    {
        YamlItem? before = node.Find("while");
        YamlItem? after = node.Find("until");
        if (before is null && after is null)
        {
            return;
        }

        bool onMax = loop.ExitsOnMax && node.Find("max") is not null;
        bool neverStops = (before is null || DocumentCheck.Constant(before) == true) && (after is null || DocumentCheck.Constant(after) == false);
        if (neverStops && !onMax && !DocumentCheck.All(loop.Do).Any(step => step is ExitStep))
        {
            problems.Warn(
                Rules.EndlessLoop, (before ?? after)!, $"the loop has no end: it fails after {loop.Max:N0} iterations", "Write a condition, or max and on_max: exit, or an exit step.");
            return;
        }

        // A constant of two conditions decides nothing.
        YamlItem[] asked = new[] { before, after }.OfType<YamlItem>().Where(c => DocumentCheck.Constant(c) is null).ToArray();
        if (asked.Length == 0 || onMax)
        {
            return;
        }

        HashSet<string> ids = DocumentCheck.All(loop.Do).Select(step => step.Id).OfType<string>().ToHashSet(StringComparer.Ordinal);
        if (!asked.Any(condition => MayChange(condition, ids)))
        {
            problems.Warn(
                Rules.UnchangedCondition, asked[0], "nothing in the loop changes what the condition asks for",
                "A condition changes with carried, index, state, or an id of the loop's own steps.");
        }
    }

    private static bool MayChange(YamlItem condition, HashSet<string> ids) => condition switch
    {
        YamlText text => MayChange(text.Value, ids),
        YamlList list => list.Items.Any(item => MayChange(item, ids)),
        YamlMap map => map.Entries.Any(entry => MayChange(entry.Value, ids)),
        _ => true,
    };

    private static bool MayChange(string text, HashSet<string> ids)
    {
        foreach (ValueMatch match in Word().EnumerateMatches(text))
        {
            string word = text.Substring(match.Index, match.Length);
            int end = match.Index + match.Length;
            if (Changing.Contains(word) || ids.Contains(word) || ids.Any(id => id.Contains('-', StringComparison.Ordinal) && id.StartsWith(word, StringComparison.Ordinal)))
            {
                return true;
            }

            // A call of the clock or of chance; all other functions give the same for the same.
            if (end < text.Length && text[end] == '(' && (!Function.All.ContainsKey(word) || word.Contains("now", StringComparison.Ordinal) || word is "today" or "random" or "uuid"))
            {
                return true;
            }
        }

        return false;
    }

    [GeneratedRegex("[A-Za-z_][A-Za-z0-9_]*")]
    private static partial Regex Word();
}
