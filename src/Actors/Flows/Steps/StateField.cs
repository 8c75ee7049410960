namespace Actors.Flows;

/// <summary>A field of a flow's state.</summary>
/// <param name="Type">string, integer, number, boolean, object, array or any.</param>
/// <param name="Default">Its first value; null when there is none.</param>
/// <param name="Schema">What it must look like; null: what the type says.</param>
internal sealed record StateField(string Name, string Type, Value Default, string? Description, JsonSchema? Schema);
