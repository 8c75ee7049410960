using Spectre.Console;
using Spectre.Console.Rendering;

namespace Actors.Cli.Local;

/// <summary>A tree of steps that is drawn again as they go on.</summary>
internal sealed class TreeRunView(IAnsiConsole console, TimeProvider time, string title) : IRunView
{
    // Fast enough to look alive, slow enough to cost nothing.
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(120);

    // More than this are told as a number: a terminal has few lines.
    private const int RootsMax = 30;
    private const int ChildrenMax = 12;

    private readonly RunTree _tree = new();

    public Task ShowAsync(Func<Action<RunEvent>, Task> show) =>
        console.Live(Draw()).AutoClear(false).Overflow(VerticalOverflow.Crop).Cropping(VerticalOverflowCropping.Top).StartAsync(async live =>
        {
            Lock gate = new();
            Task done = show(e =>
            {
                lock (gate)
                {
                    _tree.Apply(e);
                }
            });
            using PeriodicTimer ticks = new(Redraw, time);
            Task<bool> tick = ticks.WaitForNextTickAsync().AsTask();
            while (!done.IsCompleted)
            {
                await Task.WhenAny(done, tick);
                if (tick.IsCompleted)
                {
                    tick = ticks.WaitForNextTickAsync().AsTask();
                }

                Refresh();
            }

            Refresh();
            await done;

            void Refresh()
            {
                lock (gate)
                {
                    live.UpdateTarget(Draw());
                }

                live.Refresh();
            }
        });

    private IRenderable Draw()
    {
        Tree tree = new($"[bold]{Markup.Escape(title)}[/]");
        AddAll(tree, _tree.Roots, RootsMax);
        if (_tree.Report is { } report)
        {
            tree.AddNode($"[grey]{Markup.Escape(report)}[/]");
        }

        return tree;
    }

    private void AddAll(IHasTreeNodes parent, List<StepNode> steps, int max)
    {
        int hidden = Math.Max(0, steps.Count - max);
        if (hidden > 0)
        {
            int done = steps.Count(s => s.State == StepState.Completed);
            parent.AddNode($"[grey]{done} of {steps.Count} done[/]");
        }

        // The latest, and whatever before them is open or went wrong.
        foreach (StepNode step in steps.Where((s, i) => i >= hidden || s.IsOpen || s.State == StepState.Failed).TakeLast(max))
        {
            // A branch that is one step of the same name is shown as that step.
            StepNode shown = step is { Children: [{ Children: [] } only] } && only.Name == step.Name ? only : step;
            AddAll(parent.AddNode(Text(shown)), shown.Children, ChildrenMax);
        }
    }

    private string Text(StepNode step)
    {
        (string mark, string colour) = step.State switch
        {
            StepState.Completed => ("✓", "green"),
            StepState.Failed => ("✗", "red"),
            StepState.Cancelled => ("–", "grey"),
            StepState.Waiting => ("◷", "yellow"),
            StepState.Retrying => ("↻", "yellow"),
            _ => ("●", "blue"),
        };
        TimeSpan taken = step.Duration ?? time.GetUtcNow() - step.StartedAt;
        string detail = step.Detail is null ? "" : $"  [grey]{Markup.Escape(step.Detail)}[/]";
        return $"[{colour}]{mark}[/] {Markup.Escape(step.Name)}  [grey]{TimeText.Of(taken)}[/]{detail}";
    }
}
