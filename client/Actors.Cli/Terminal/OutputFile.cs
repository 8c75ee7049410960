namespace Actors.Cli;

/// <summary>Files that commands write with --output.</summary>
internal static class OutputFile
{
    /// <summary>Writes a text, and makes the folders that lead to the file.</summary>
    /// <exception cref="CliException">It is a folder, or cannot be written.</exception>
    public static async Task WriteAsync(string path, string text, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
        {
            throw new CliException($"--output '{SafeText.Line(path)}' is a folder; name a file in it.", ExitCodes.Usage);
        }

        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            {
                Directory.CreateDirectory(folder);
            }

            await File.WriteAllTextAsync(path, text, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"--output '{SafeText.Line(path)}' cannot be written: {e.Message}");
        }
    }
}
