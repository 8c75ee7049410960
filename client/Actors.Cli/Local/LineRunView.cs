using System.Globalization;

namespace Actors.Cli.Local;

/// <summary>A line for each event: for pipes, logs and terminals that cannot be drawn upon. It is no data, so it belongs on standard error.</summary>
internal sealed class LineRunView(TextWriter output) : IRunView
{
    public Task ShowAsync(Func<Action<RunEvent>, Task> show) => show(Write);

    private void Write(RunEvent e)
    {
        string? word = e.Type == RunEventTypes.RunReported
            ? "report"
            : RunTree.StateOf(e.Type) switch
            {
                StepState.Running => "running",
                StepState.Retrying => "retrying",
                StepState.Waiting => "waiting",
                StepState.Completed => "done",
                StepState.Failed => "failed",
                StepState.Cancelled => "cancelled",
                _ => null,
            };
        // That a block is done is said by the steps in it; here, where there is no tree, it would only be a second line.
        if (word is null || e.Type == RunEventTypes.ScopeCompleted)
        {
            return;
        }

        string time = e.At.ToLocalTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        string duration = e.Duration is { } d ? $"  {TimeText.Of(d)}" : "";
        string detail = (e.Type == RunEventTypes.RunReported ? e.Detail : RunTree.DetailOf(e)) is { } text ? $"  {text}" : "";
        output.WriteLine($"{time}  {word,-9}  {e.Step}{duration}{detail}");
    }
}
