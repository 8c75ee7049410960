namespace Actors.Flows;

/// <summary>Limits of time that are longer than the limit around them, and so never reached.</summary>
internal static class LimitCheck
{
    /// <param name="flow">The limit of the whole flow, and where it stands; null when there is none.</param>
    public static void Run(IReadOnlyList<FlowStep> steps, (TimeSpan Time, int Line)? flow, StepNodes nodes, Problems problems) =>
        Check(steps, flow is { } limit ? (limit.Time, $"the whole flow in line {limit.Line}") : null, nodes, problems);

    private static void Check(IReadOnlyList<FlowStep> steps, (TimeSpan Time, string Whose)? around, StepNodes nodes, Problems problems)
    {
        foreach (FlowStep step in steps)
        {
            YamlMap? node = nodes.Of(step);
            (TimeSpan Time, YamlItem? At)? own = Own(step, node);
            if (own is { } limit && around is { } outer && limit.Time > outer.Time)
            {
                string what = step is WaitStep ? "the wait" : "this limit";
                problems.Warn(
                    Rules.LongerThanBlock, limit.At?.Line ?? step.Line, limit.At?.Column ?? step.Column,
                    $"{what} is longer than that of {outer.Whose}, which ends it before");
            }

            (TimeSpan, string)? inner = own is { } block && step.Blocks.Count > 0 && (around is null || block.Time < around.Value.Time) ? (block.Time, $"the block around it in line {step.Line}") : around;
            foreach (StepBlock part in step.Blocks)
            {
                Check(part.Steps, part.Label == "finally" ? around : inner, nodes, problems);
            }

            Check(step.Common.Fallback ?? [], around, nodes, problems);
            Check(step.OnError?.Steps ?? [], around, nodes, problems);
        }
    }

    private static (TimeSpan, YamlItem?)? Own(FlowStep step, YamlMap? node)
    {
        TimeSpan? time = step switch
        {
            EffectStep { Settings.IsBackground: false } effect => effect.Settings.Options.Timeout,
            SubflowStep { IsBackground: false } subflow => subflow.Options?.Timeout,
            ForEachStep each => each.Options.Timeout,
            IfStep branches => branches.Options?.Timeout,
            SwitchStep cases => cases.Options?.Timeout,
            DoStep block => block.Options?.Timeout,
            LoopStep loop => loop.Options?.Timeout,
            ParallelStep parallel => parallel.Options?.Timeout,
            RouteStep route => route.Options?.Timeout,
            StateMachineStep machine => machine.Options?.Timeout,
            SignalStep signal => signal.Timeout,
            ApprovalStep approval => approval.Timeout,
            WaitStep { IsUntil: false, Time: ConstantTemplate constant } when Durations.TryParse(constant.Value, out TimeSpan wait) => wait,
            _ => null,
        };
        YamlItem? at = node?.Find("timeout")
            ?? (node?.Find("retry") as YamlMap)?.Find("timeout")
            ?? ((node?.Find("wait") ?? node?.Find("approval")) is YamlMap parts ? parts.Find("timeout") ?? parts.Find("for") : node?.Find("wait"));
        return time is null ? null : (time.Value, at);
    }
}
