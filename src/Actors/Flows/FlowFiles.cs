using System.Buffers;
using System.Text;

namespace Actors.Flows;

/// <summary>Loads flow files.</summary>
public static class FlowFiles
{
    // A folder with more is not a folder of flows but somebody's disk.
    private const int FilesMax = 10_000;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Reads a file, or every <c>*.yaml</c> and <c>*.yml</c> in a folder and those below it, and registers the flows: all of them, or none when one has a problem.
    /// </summary>
    /// <param name="checkTasks">False: a task that is not registered is no problem. For checking files where the tasks are not at hand.</param>
    /// <returns>The flows in the order of their files' names.</returns>
    /// <exception cref="FlowSyntaxException">The problems of all files.</exception>
    /// <exception cref="FileNotFoundException">There is no such file or folder.</exception>
    public static IReadOnlyList<YamlFlowDefinition> Load(string path, TaskRegistry tasks, FlowRegistry registry, bool checkTasks = true)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(tasks);
        ArgumentNullException.ThrowIfNull(registry);
        List<FlowDocument> documents = [];
        List<FlowProblem> problems = [];
        Dictionary<string, FlowDocument> byName = new(StringComparer.Ordinal);
        foreach (string file in Find(path))
        {
            try
            {
                FlowDocument document = FlowReader.Read(Read(file), file, tasks, checkTasks);
                documents.Add(document);
                if (!byName.TryAdd(document.Name, document))
                {
                    problems.Add(Twice(document, byName[document.Name].File));
                }
            }
            catch (FlowSyntaxException e)
            {
                problems.AddRange(e.Problems);
            }
        }

        List<YamlFlowDefinition> flows = [];
        foreach (FlowDocument document in documents)
        {
            try
            {
                flows.Add(new YamlFlowDefinition(document, Linking.Link(document, FindFlow, byName.Keys), tasks));
            }
            catch (FlowSyntaxException e)
            {
                problems.AddRange(e.Problems.Except(problems));
            }
        }

        if (problems.Count > 0)
        {
            throw new FlowSyntaxException(problems);
        }

        foreach (YamlFlowDefinition flow in flows)
        {
            registry.Add(flow);
        }

        return flows;

        FlowDocument? FindFlow(string name) => byName.GetValueOrDefault(name) ?? (registry.Find(name) as YamlFlowDefinition)?.Document;
    }

    /// <summary>The flow files of a path, by name.</summary>
    internal static IEnumerable<string> Find(string path)
    {
        if (File.Exists(path))
        {
            return [path];
        }

        if (!Directory.Exists(path))
        {
            throw new FileNotFoundException($"There is no file or folder '{path}'.", path);
        }

        // Links are not followed: one that leads upwards would never end.
        EnumerationOptions options = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint };
        string[] files = Directory.EnumerateFiles(path, "*", options)
            .Where(f => Path.GetExtension(f).ToLowerInvariant() is ".yaml" or ".yml" && !IsBuilt(Path.GetRelativePath(path, f)))
            .Take(FilesMax + 1)
            .Order(StringComparer.Ordinal)
            .ToArray();
        return files.Length <= FilesMax ? files : throw Fault(path, Rules.TooLarge, $"the folder has more than {FilesMax:N0} flow files");
    }

    // What a build or a package manager has put there are copies.
    private static bool IsBuilt(string relative) => relative.Split(Path.DirectorySeparatorChar)[..^1].Any(folder => folder is "bin" or "obj" or "node_modules");

    /// <exception cref="FlowSyntaxException">It is too large, or no text.</exception>
    internal static string Read(string file)
    {
        // One byte more than allowed shows that there is more, whatever the file's length says.
        byte[] buffer = ArrayPool<byte>.Shared.Rent(YamlComposer.BytesMax + 1);
        try
        {
            using FileStream stream = File.OpenRead(file);
            return Decode(file, buffer.AsSpan(0, stream.ReadAtLeast(buffer.AsSpan(0, YamlComposer.BytesMax + 1), YamlComposer.BytesMax + 1, throwOnEndOfStream: false)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static string Decode(string file, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > YamlComposer.BytesMax)
        {
            throw Fault(file, Rules.TooLarge, $"the file is larger than {YamlComposer.BytesMax / 1024:N0} KiB", "Split it, or move data into inputs.");
        }

        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            ReadOnlySpan<byte> before = bytes[..Math.Clamp(e.Index, 0, bytes.Length)];
            FlowProblem problem = new(
                Rules.NotText, FlowProblemSeverity.Error, file, before.Count((byte)'\n') + 1, Math.Max(1, before.Length - before.LastIndexOf((byte)'\n')), "the file is not text in UTF-8", null, "");
            throw new FlowSyntaxException([problem]);
        }
    }

    private static FlowProblem Twice(FlowDocument flow, string first)
    {
        SourceText source = new(flow.Source, flow.File);
        YamlItem? name = (YamlComposer.Compose(new Problems(source)) as YamlMap)?.Find("flow");
        return source.Problem(
            Rules.DuplicateFlow, FlowProblemSeverity.Error, name?.Line ?? 1, name?.Column ?? 1, $"the flow '{flow.Name}' is declared in {first} too", "Give one of them another name.");
    }

    private static FlowSyntaxException Fault(string file, string rule, string message, string? suggestion = null) =>
        new([new FlowProblem(rule, FlowProblemSeverity.Error, file, 1, 1, message, suggestion, "")]);
}
