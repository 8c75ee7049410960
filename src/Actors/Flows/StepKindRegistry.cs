using System.Collections.Concurrent;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>A kind of step beside those of the language: its name is the key by which a flow file asks for it.</summary>
/// <param name="Name">A letter, then letters, digits and '_'; not a key of the language.</param>
/// <param name="Description">One line for people.</param>
/// <param name="Run">
/// Acts. Gets what stands under the key, with all expressions evaluated, and gives the step's result. Called on the pool; may be called more than once for
/// one step, with the same <see cref="IStepContext.IdempotencyKey"/>, until its outcome is recorded.
/// </param>
public sealed record StepKind(string Name, string Description, Func<JsonElement, IStepContext, Task<JsonElement>> Run)
{
    /// <summary>A JSON Schema of what stands under the key, for validation and editors; undefined: anything.</summary>
    public JsonElement Settings { get; init; }

    /// <summary>
    /// Asked when a flow is read, with what stands under the key and expressions as their texts; gives what is wrong, each with a JSON pointer into it. Null: nothing is asked.
    /// </summary>
    public Func<JsonElement, IReadOnlyList<InputFault>>? Check { get; init; }

    /// <summary>
    /// Asked before the step runs, with the evaluated settings: true when it is to be committed in one transaction with the journal. Its context is then an
    /// <see cref="ITransactionalStepContext"/>. Null: never.
    /// </summary>
    public Func<JsonElement, bool>? IsTransactional { get; init; }

    /// <summary>The setting that names a connection, whose name is then checked when a flow is read. Null: there is none.</summary>
    public string? ConnectionSetting { get; init; }
}

/// <summary>The kinds of steps that flow files may use beside those of the language. Thread-safe.</summary>
public sealed class StepKindRegistry
{
    private readonly ConcurrentDictionary<string, StepKind> _kinds = new(StringComparer.Ordinal);

    /// <summary>In alphabetical order.</summary>
    public IReadOnlyList<StepKind> All => _kinds.Values.OrderBy(kind => kind.Name, StringComparer.Ordinal).ToArray();

    public StepKind? Find(string name) => _kinds.GetValueOrDefault(name);

    /// <exception cref="ArgumentException">The name is taken, is a key of the language, or is not a name.</exception>
    public StepKindRegistry Add(StepKind kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        if (!ValueReader.IsIdentifier(kind.Name) || Language.IsKey(kind.Name))
        {
            throw new ArgumentException($"'{kind.Name}' cannot be a kind of step: {(Language.IsKey(kind.Name) ? "the language uses it" : "a letter, then letters, digits and '_'")}.", nameof(kind));
        }

        return _kinds.TryAdd(kind.Name, kind) ? this : throw new ArgumentException($"A kind of step '{kind.Name}' is already registered.", nameof(kind));
    }

    /// <summary>Takes a kind away, so that flows cannot use it, or so that another of its name can be added. False when there is none.</summary>
    public bool Remove(string name) => _kinds.TryRemove(name, out _);
}
