using System.Text.Json;

namespace Actors.Flows;

/// <summary>
/// One version of a flow as the engine runs it. There are two kinds: a class in C# (<see cref="CodeFlowDefinition{TIn,TOut}"/>) and a YAML document.
/// </summary>
public abstract class FlowDefinition
{
    public abstract string Name { get; }

    /// <summary>What runs are pinned to: the content hash of YAML, the declared version of C#.</summary>
    public abstract string Version { get; }

    /// <summary>The version that people read; null when the author gave none.</summary>
    public virtual string? Label => null;

    public virtual string? Description => null;

    /// <summary>The YAML text, stored with the first run; null for C#.</summary>
    public virtual string? Source => null;

    /// <summary>See <see cref="Flow{TIn,TOut}.Strict"/>.</summary>
    public virtual bool Strict => false;

    /// <summary>See <see cref="Flow{TIn,TOut}.RunTimeout"/>.</summary>
    public virtual TimeSpan? RunTimeout => null;

    /// <summary>Declared inputs, for lists and forms; empty when the flow declares none.</summary>
    public virtual IReadOnlyList<FlowInput> Inputs => [];

    /// <summary>One JSON Schema of the whole input, made of the declared inputs; undefined when the flow declares none.</summary>
    public JsonElement InputSchema => DeclaredSchema.Combine(Inputs);

    /// <summary>Declared outputs; empty when the flow declares none.</summary>
    public virtual IReadOnlyList<FlowOutput> Outputs => [];

    /// <summary>The names of the registered tasks it calls, in order of first use.</summary>
    public virtual IReadOnlyList<string> Tasks => [];

    /// <summary>Checks what a caller wants to start with and gives what is journaled: defaults applied.</summary>
    /// <param name="input">Any JSON value; undefined when the caller gave none.</param>
    /// <exception cref="InvalidFlowInputException">Something is missing, has another type or is not declared. All faults are in it.</exception>
    public abstract ReadOnlyMemory<byte> CheckInput(JsonElement input);

    /// <summary>Walks the flow. Called on the run's own thread; the input is the journaled JSON, and so is the result.</summary>
    internal abstract Task<FlowResult> RunAsync(IFlowContext ctx, ReadOnlyMemory<byte> input);

    /// <summary>The flow's own compensation of this name; null when it has none, and then a task is looked for.</summary>
    internal virtual CompensationHandler? FindCompensation(string name) => null;
}

/// <summary>How a walk ended well.</summary>
/// <param name="Output">JSON.</param>
/// <param name="ExitReason">Why the flow ended itself early; null when it came to its end.</param>
internal readonly record struct FlowResult(ReadOnlyMemory<byte> Output, string? ExitReason = null);

/// <param name="Type">string, integer, number, boolean, object, array or any.</param>
/// <param name="Default">Undefined when there is none.</param>
public sealed record FlowInput(string Name, string Type, bool Required, string? Description, JsonElement Default)
{
    /// <summary>The JSON Schema of the value, as it was written; undefined when there is none.</summary>
    public JsonElement Schema => Check?.Json ?? default;

    /// <summary>What the value is checked with beside its type; null: nothing.</summary>
    internal JsonSchema? Check { get; init; }
}

public sealed record FlowOutput(string Name, string? Description)
{
    /// <inheritdoc cref="FlowInput.Schema"/>
    public JsonElement Schema => Check?.Json ?? default;

    /// <summary>What the value is checked with when the flow ends; null: nothing.</summary>
    internal JsonSchema? Check { get; init; }
}

/// <summary>What was wrong with the input of a start. Nothing was stored.</summary>
public sealed class InvalidFlowInputException(string flow, IReadOnlyList<InputFault> faults)
    : Exception($"The input of flow '{flow}' is not valid: {string.Join("; ", faults.Select(f => f.Message))}")
{
    public IReadOnlyList<InputFault> Faults { get; } = faults;
}

/// <param name="Pointer">JSON pointer (RFC 6901) into the input, e.g. <c>/items/0/quantity</c>; empty for the input itself.</param>
public sealed record InputFault(string Pointer, string Message);

/// <summary>A C# flow.</summary>
public sealed class CodeFlowDefinition<TIn, TOut>(Flow<TIn, TOut> flow) : FlowDefinition
{
    public override string Name => flow.Name;
    public override string Version => flow.Version;
    public override string? Label => flow.Version;
    public override string? Description => flow.Description;
    public override bool Strict => flow.Strict;
    public override TimeSpan? RunTimeout => flow.RunTimeout;

    public override ReadOnlyMemory<byte> CheckInput(JsonElement input)
    {
        JsonElement given = input.ValueKind == JsonValueKind.Undefined ? JsonDocument.Parse("null").RootElement : input;
        try
        {
            TIn? value = given.Deserialize<TIn>(FlowJson.InputOptions);
            if (value is null && default(TIn) is null && Nullable.GetUnderlyingType(typeof(TIn)) is null && given.ValueKind == JsonValueKind.Null && typeof(TIn) != typeof(object))
            {
                throw new InvalidFlowInputException(Name, [new InputFault("", $"an input of type {typeof(TIn).Name} is required")]);
            }

            return JsonSerializer.SerializeToUtf8Bytes(value, FlowJson.Options);
        }
        catch (JsonException e)
        {
            SchemaFault fault = TypeMismatch.Find(given, typeof(TIn), e, FlowJson.InputOptions);
            throw new InvalidFlowInputException(Name, [new InputFault(fault.Pointer, fault.Sentence("the input"))]);
        }
    }

    internal override async Task<FlowResult> RunAsync(IFlowContext ctx, ReadOnlyMemory<byte> input)
    {
        TIn value = JsonSerializer.Deserialize<TIn>(input.Span, FlowJson.Options)!;
        TOut result = await flow.RunAsync(ctx, value);
        return new FlowResult(JsonSerializer.SerializeToUtf8Bytes(result, FlowJson.Options));
    }

    internal override CompensationHandler? FindCompensation(string name) => flow.FindCompensation(name);
}
