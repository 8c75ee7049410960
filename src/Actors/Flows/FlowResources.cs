namespace Actors.Flows;

/// <summary>What a host offers to flows beside tasks. Everything in it may be added to until the host starts.</summary>
public sealed class FlowResources
{
    /// <summary>Kinds of steps beside those of the language.</summary>
    public StepKindRegistry Kinds { get; } = new();

    /// <summary>Environment variables that expressions may read as <c>env.NAME</c>; empty: none.</summary>
    public ISet<string> EnvironmentAllowed { get; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Gives an environment variable; null when it is not set.</summary>
    public Func<string, string?> Environment { get; set; } = System.Environment.GetEnvironmentVariable;

    /// <summary>Gives a secret by its name; null when there is none. Called for each attempt of a step that uses it; what it gives is never stored.</summary>
    public Func<string, string?> Secrets { get; set; } = static _ => null;
}
