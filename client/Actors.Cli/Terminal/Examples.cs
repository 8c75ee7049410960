using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace Actors.Cli;

/// <summary>Examples below a command's help.</summary>
internal static class Examples
{
    private static readonly ConditionalWeakTable<Command, string[]> ByCommand = [];

    public static T WithExamples<T>(this T command, params string[] examples)
        where T : Command
    {
        ByCommand.AddOrUpdate(command, examples);
        return command;
    }

    public static void AddHelp(RootCommand root)
    {
        foreach (HelpOption option in root.Options.OfType<HelpOption>())
        {
            if (option.Action is SynchronousCommandLineAction help)
            {
                option.Action = new HelpWithExamples(help);
            }
        }
    }

    private sealed class HelpWithExamples(SynchronousCommandLineAction help) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            int result = help.Invoke(parseResult);
            TextWriter output = parseResult.InvocationConfiguration.Output;
            if (ByCommand.TryGetValue(parseResult.CommandResult.Command, out string[]? examples))
            {
                output.WriteLine("Examples:");
                foreach (string example in examples)
                {
                    output.WriteLine("  " + example);
                }

                output.WriteLine();
            }

            if (parseResult.CommandResult.Command is RootCommand)
            {
                output.WriteLine("Exit codes:");
                foreach ((int code, string meaning) in ExitCodes.All)
                {
                    output.WriteLine($"  {code,3} {meaning}");
                }

                output.WriteLine();
            }

            return result;
        }
    }
}
