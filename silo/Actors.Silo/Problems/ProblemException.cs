using Actors.Protocol;

namespace Actors.Hosting;

/// <summary>A request that cannot be done, as the API says it.</summary>
internal sealed class ProblemException(int status, string code, string detail) : Exception(detail)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    public IReadOnlyList<ProblemError>? Errors { get; init; }

    public long? Line { get; init; }

    public long? Column { get; init; }

    public static ProblemException RunNotFound(string id) =>
        new(StatusCodes.Status404NotFound, ProblemCodes.UnknownRun, $"There is no run '{Shorten(id)}'.");

    public static ProblemException HumanTaskNotFound(string id) =>
        new(StatusCodes.Status404NotFound, ProblemCodes.UnknownTask, $"There is no human task '{Shorten(id)}'.");

    public static ProblemException FlowNotFound(string name, IEnumerable<string> known) =>
        new(StatusCodes.Status404NotFound, ProblemCodes.UnknownFlow, $"There is no flow '{Shorten(name)}'.{Suggestion.Text(name, known)}");

    /// <summary>A well-formed body that says something wrong at one place.</summary>
    public static ProblemException Invalid(string code, string pointer, string detail) =>
        new(StatusCodes.Status422UnprocessableEntity, code, detail) { Errors = [new ProblemError(pointer, detail)] };

    public static ProblemException Query(string name, string detail) =>
        new(StatusCodes.Status400BadRequest, ProblemCodes.InvalidQuery, detail) { Errors = [new ProblemError("?" + name, detail)] };

    public static string Shorten(string text) => text.Length <= 100 ? text : text[..99] + "…";
}
