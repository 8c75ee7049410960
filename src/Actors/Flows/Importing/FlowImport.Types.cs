namespace Actors.Flows;

/// <summary>The language that a file is written in.</summary>
public enum ImportSource
{
    /// <summary>Found out by what the file says.</summary>
    Auto,

    /// <summary>A Flujo blueprint.</summary>
    Flujo,

    /// <summary>A configuration of Configurable Agents.</summary>
    ConfigurableAgents,
}

public enum ImportSeverity
{
    /// <summary>It means the same as before.</summary>
    Carried,

    /// <summary>It is there, and works in another way.</summary>
    Changed,

    /// <summary>It is not there.</summary>
    Lost,
}

/// <summary>What became of one thing in the source.</summary>
/// <param name="Line">In the source, from 1.</param>
/// <param name="Column">From 1, in UTF-16 characters.</param>
/// <param name="Message">A sentence without a full stop.</param>
/// <param name="Todo">What is to be done, as a sentence; null: nothing.</param>
public sealed record ImportNote(ImportSeverity Severity, string File, int Line, int Column, string Message, string? Todo)
{
    public override string ToString() => $"{File}:{Line}:{Column}: {Severity.ToString().ToLowerInvariant()}: {Message}{(Todo is null ? "" : ". " + Todo)}";
}

/// <summary>A file to be written.</summary>
/// <param name="Name">Without folders.</param>
public sealed record ImportedFile(string Name, string Text);

/// <summary>A task that a generated flow calls and somebody must register.</summary>
/// <param name="Was">What it was in the source, e.g. <c>agent, model openai:gpt-4o</c>.</param>
public sealed record ImportedTask(string Name, string Was);

/// <summary>What an import gives. Nothing is written.</summary>
/// <param name="Files">The flow of the given file first, then those it calls.</param>
/// <param name="Notes">By file, line and column.</param>
/// <param name="Tasks">In alphabetical order.</param>
/// <param name="Problems">Errors of the generated files: what must not be written. Empty when all is well.</param>
public sealed record ImportResult(ImportSource From, IReadOnlyList<ImportedFile> Files, IReadOnlyList<ImportNote> Notes, IReadOnlyList<ImportedTask> Tasks, IReadOnlyList<FlowProblem> Problems);
