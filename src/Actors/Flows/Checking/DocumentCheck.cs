namespace Actors.Flows;

/// <summary>What is probably not meant in a flow that can be run. Each check walks the steps once.</summary>
internal static class DocumentCheck
{
    public static void Run(FlowDocument document, YamlMap root, Problems problems)
    {
        StepNodes nodes = new(root);
        (TimeSpan, int)? limit = document.Timeout is { } time ? (time, root.Find("timeout")!.Line) : null;
        // The limit of the flow ends its steps; what is done after a cancellation has a limit of its own.
        foreach ((IReadOnlyList<FlowStep> steps, (TimeSpan, int)? around) in ((IReadOnlyList<FlowStep>, (TimeSpan, int)?)[])[(document.Steps, limit), (document.OnCancel, null)])
        {
            ReachCheck.Run(steps, nodes, problems);
            LoopCheck.Run(steps, nodes, problems);
            LimitCheck.Run(steps, around, nodes, problems);
        }

        UsageCheck.Run(document, root, problems);
    }

    /// <summary>A constant as a condition; null when it must be evaluated.</summary>
    public static bool? Constant(YamlItem? condition) => condition is YamlText text && text.Typed().TryGetBool(out bool value) ? value : null;

    /// <summary>All steps below these, in the order of the file.</summary>
    public static IEnumerable<FlowStep> All(IReadOnlyList<FlowStep> steps)
    {
        Stack<IEnumerator<FlowStep>> open = new();
        open.Push(steps.GetEnumerator());
        while (open.TryPeek(out IEnumerator<FlowStep>? level))
        {
            if (!level.MoveNext())
            {
                open.Pop();
                continue;
            }

            yield return level.Current;
            open.Push(level.Current.AllBlocks.SelectMany(block => block.Steps).GetEnumerator());
        }
    }
}
