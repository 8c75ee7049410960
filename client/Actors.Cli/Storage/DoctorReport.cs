using System.Text.Json.Serialization;

namespace Actors.Cli.Storage;

/// <summary>What <c>actors doctor --format json</c> writes.</summary>
/// <param name="Database">How the database may be named: without a password.</param>
/// <param name="Complete">False: the look stopped early, and what is not among the findings is not proven sound.</param>
/// <param name="Silos">The living silos; null where a database has one at the most.</param>
internal sealed record DoctorReport(
    string Database, string Storage, bool Complete, DoctorCounts Checked, IReadOnlyList<DoctorFinding> Findings, IReadOnlyList<DoctorSilo>? Silos, IReadOnlyList<string> Notes);

internal sealed record DoctorCounts(long Runs, long LiveRuns, long Reminders, long Messages, long HumanTasks);

internal sealed record DoctorFinding(string Kind, string Says, string Means, string Do);

internal sealed record DoctorSilo(long No, string Name, DateTimeOffset BeganAt, bool Connected);

[JsonSerializable(typeof(DoctorReport))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class DoctorJson : JsonSerializerContext;
