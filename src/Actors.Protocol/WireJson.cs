using System.Text.Json;
using System.Text.Json.Serialization;

namespace Actors.Protocol;

/// <summary>
/// How wire records become JSON: camelCase, enums as kebab-case words, times as RFC 3339, absent instead of null.
/// Readers ignore fields they do not know, so that an old client can talk to a new silo; the silo checks request bodies on its own.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ServiceInfo))]
[JsonSerializable(typeof(Health))]
[JsonSerializable(typeof(FlowSummary))]
[JsonSerializable(typeof(FlowList))]
[JsonSerializable(typeof(FlowDetails))]
[JsonSerializable(typeof(DiagramView))]
[JsonSerializable(typeof(StartRunRequest))]
[JsonSerializable(typeof(ExecuteResponse))]
[JsonSerializable(typeof(RunView))]
[JsonSerializable(typeof(RunPage))]
[JsonSerializable(typeof(RunEventView))]
[JsonSerializable(typeof(EventPage))]
[JsonSerializable(typeof(CancelRequest))]
[JsonSerializable(typeof(SignalRequest))]
[JsonSerializable(typeof(HumanTaskView))]
[JsonSerializable(typeof(HumanTaskPage))]
[JsonSerializable(typeof(AnswerRequest))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(ProblemDescription))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(JsonElement))]
public sealed partial class WireJson : JsonSerializerContext;

/// <summary>Writes an enum as kebab-case words and reads nothing else, not even numbers.</summary>
public sealed class KebabEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
