namespace Actors.Cli.Local;

/// <summary>Shows a run as it goes. Two kinds: a tree on a terminal, lines elsewhere.</summary>
internal interface IRunView
{
    /// <summary>Shows events until <paramref name="show"/> ends; nothing else may write to the output meanwhile.</summary>
    Task ShowAsync(Func<Action<RunEvent>, Task> show);
}
