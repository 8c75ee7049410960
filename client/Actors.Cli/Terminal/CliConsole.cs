using Spectre.Console;

namespace Actors.Cli;

/// <summary>Where a command reads and writes. Data goes to <see cref="Out"/>, all else to <see cref="Error"/>, so that output can be piped.</summary>
internal sealed class CliConsole
{
    public required TextReader In { get; init; }
    public required TextWriter Out { get; init; }
    public required TextWriter Error { get; init; }

    /// <summary>True: a person can be asked.</summary>
    public required bool CanAsk { get; init; }

    /// <summary>True: the output is a terminal that can be drawn upon. False: plain lines.</summary>
    public required bool CanDraw { get; init; }

    public static CliConsole System() => new()
    {
        In = Console.In,
        Out = Console.Out,
        Error = Console.Error,
        CanAsk = !Console.IsInputRedirected && !Console.IsErrorRedirected,
        // Spectre.Console would write colours into files and pipes, so this is decided here.
        CanDraw = !Console.IsOutputRedirected
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") is not "dumb",
    };

    /// <summary>The same with plain lines only.</summary>
    public CliConsole Plain() => new() { In = In, Out = Out, Error = Error, CanAsk = CanAsk, CanDraw = false };

    /// <summary>For tables and live views.</summary>
    public IAnsiConsole Ansi()
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = CanDraw ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = CanDraw ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = CanDraw ? InteractionSupport.Detect : InteractionSupport.No,
            Out = new AnsiConsoleOutput(Out),
        });
        if (!CanDraw)
        {
            // A pipe has no width; a table must not be cut in it.
            console.Profile.Width = 10_000;
        }

        return console;
    }
}
