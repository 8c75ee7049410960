namespace Actors.Flows;

/// <summary>
/// Finds the flows that the steps of a flow run inside it. A run is fixed to all of them: their texts stand behind the flow's own, so that the version, which is the hash of the whole,
/// changes with each of them, and so that what is stored with a run is enough to go on with it.
/// </summary>
internal static class Linking
{
    // A document of its own for YAML, and no line that a single flow's text can hold except as its first.
    private const string Separator = "\n--- # actors: subflow\n";

    /// <summary>A stored text taken apart: the flow's own, then those of the flows it runs inside it.</summary>
    public static string[] Split(string source) => source.Split(Separator);

    public static string Join(FlowDocument flow, IReadOnlyDictionary<string, FlowDocument> subflows) =>
        subflows.Count == 0 ? flow.Source : string.Join(Separator, [flow.Source, .. subflows.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => s.Value.Source)]);

    /// <summary>All flows that run inside <paramref name="flow"/>, directly or not, by the names that steps call them.</summary>
    /// <param name="find">Null: there is none of this name.</param>
    /// <exception cref="FlowSyntaxException">One is missing, or they run each other in a circle.</exception>
    public static IReadOnlyDictionary<string, FlowDocument> Link(FlowDocument flow, Func<string, FlowDocument?> find, IEnumerable<string> known)
    {
        Dictionary<string, FlowDocument> linked = new(StringComparer.Ordinal);
        List<FlowProblem> problems = [];
        HashSet<string> done = new(StringComparer.Ordinal);
        Walk(flow, [flow.Name]);
        return problems.Count == 0 ? linked : throw new FlowSyntaxException(problems);

        void Walk(FlowDocument document, List<string> path)
        {
            foreach (SubflowReference reference in document.Subflows)
            {
                if (reference.IsChild)
                {
                    continue;
                }

                if (path.Contains(reference.Flow))
                {
                    string chain = string.Join(" → ", path.SkipWhile(name => name != reference.Flow).Append(reference.Flow));
                    Tell(document, reference, Rules.FlowCycle, $"flows run each other in a circle: {chain}", "A flow that calls itself needs run: child.");
                }
                else if (find(reference.Flow) is not { } found)
                {
                    string? near = Text.Nearest(reference.Flow, known);
                    Tell(document, reference, Rules.UnknownFlow, $"there is no flow '{reference.Flow}'", near is null ? "Give its file as well, or write run: child for a flow in C#." : $"Did you mean '{near}'?");
                }
                else
                {
                    linked.TryAdd(reference.Flow, found);
                    if (done.Add(reference.Flow))
                    {
                        Walk(found, [.. path, reference.Flow]);
                    }
                }
            }
        }

        void Tell(FlowDocument document, SubflowReference at, string rule, string message, string suggestion)
        {
            SourceText source = new(document.Source, document.File);
            FlowProblem problem = source.Problem(rule, FlowProblemSeverity.Error, at.Line, at.Column, message, suggestion);
            if (!problems.Contains(problem))
            {
                problems.Add(problem);
            }
        }
    }
}
