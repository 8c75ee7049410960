using System.Text.Json;

namespace Actors.Cli.Tests;

/// <summary>Runs commands in this process, in a folder of their own, with what a person or a script would see.</summary>
internal sealed class CommandLine : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("actors-cli").FullName;

    public string Path(string name) => System.IO.Path.Combine(Folder, name);

    public string Write(string name, string text)
    {
        File.WriteAllText(Path(name), text);
        return Path(name);
    }

    public static Task<Said> RunAsync(params string[] args) => RunAsync("", canAsk: false, CancellationToken.None, args);

    public static async Task<Said> RunAsync(string input, bool canAsk, CancellationToken cancellationToken, params string[] args)
    {
        StringWriter output = new();
        StringWriter error = new();
        CliConsole console = new() { In = new StringReader(input), Out = output, Error = error, CanAsk = canAsk, CanDraw = false };
        int exitCode = await CliApp.RunAsync(args, console, cancellationToken);
        return new Said(exitCode, output.ToString(), error.ToString());
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

internal sealed record Said(int ExitCode, string Out, string Error)
{
    public JsonElement Json()
    {
        using JsonDocument document = JsonDocument.Parse(Out);
        return document.RootElement.Clone();
    }
}
