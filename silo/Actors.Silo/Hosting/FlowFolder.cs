using Actors.Flows;

namespace Actors.Hosting;

/// <summary>Loads the YAML flows of a host; what is wrong with them stops its start with every problem's place.</summary>
public static class FlowFolder
{
    internal static void Load(string? path, ActorsRegistration registration)
    {
        if (!string.IsNullOrWhiteSpace(path))
        {
            Load(path, ActorsOptions.KeyText(nameof(ActorsOptions.Flows)), registration);
        }
    }

    /// <param name="path">A file or a folder.</param>
    /// <param name="setting">How the path was given, for messages.</param>
    /// <returns>The flows in the order of their files' names.</returns>
    /// <exception cref="ActorsStartException">There is no such file or folder, or a flow is not valid.</exception>
    public static IReadOnlyList<YamlFlowDefinition> Load(string path, string setting, ActorsRegistration registration)
    {
        try
        {
            return FlowFiles.Load(path, registration.Tasks, registration.Flows);
        }
        catch (FileNotFoundException e)
        {
            throw new ActorsStartException($"{(setting == path ? path : $"{setting} is '{path}'")}: there is no such file or folder (looked for {Path.GetFullPath(path)}).", e);
        }
        catch (FlowSyntaxException e)
        {
            int errors = e.Problems.Count(p => p.Severity == FlowProblemSeverity.Error);
            throw new ActorsStartException($"{setting}: {(e.HasMore ? "more than " : "")}{errors} {(errors == 1 ? "problem" : "problems")}\n{e.Message}", e);
        }
    }
}
