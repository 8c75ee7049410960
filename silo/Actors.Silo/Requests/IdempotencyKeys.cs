using Actors.Protocol;

namespace Actors.Hosting;

internal static class IdempotencyKeys
{
    private const int LengthMax = 200;

    /// <summary>The key that the caller gave; null when there is none.</summary>
    /// <exception cref="ProblemException">It is empty, too long or given twice.</exception>
    public static string? Read(HttpContext context)
    {
        if (!context.Request.Headers.TryGetValue(WireText.IdempotencyKey, out Microsoft.Extensions.Primitives.StringValues values))
        {
            return null;
        }

        string? key = values.Count == 1 ? values[0]?.Trim() : null;
        return !string.IsNullOrEmpty(key) && key.Length <= LengthMax
            ? key
            : throw new ProblemException(
                StatusCodes.Status400BadRequest, ProblemCodes.InvalidRequest, $"The header {WireText.IdempotencyKey} must be given once, with 1 to {LengthMax} characters.");
    }
}
