using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Actors.Protocol;

namespace Actors.Hosting;

/// <summary>Where a page ended, as callers give it back. They are opaque to callers: a kind, a version and the position.</summary>
internal static class Cursors
{
    private const string RunKind = "r1";
    private const string HumanTaskKind = "h1";

    public static string AfterRun(long no) => Encode($"{RunKind}:{no.ToString(CultureInfo.InvariantCulture)}");

    public static string AfterHumanTask(DateTimeOffset createdAt, HumanTaskId id) =>
        Encode($"{HumanTaskKind}:{createdAt.UtcTicks.ToString(CultureInfo.InvariantCulture)}:{id}");

    /// <exception cref="ProblemException">It is no cursor of a list of runs.</exception>
    public static long? ReadRun(string? cursor)
    {
        if (cursor is null)
        {
            return null;
        }

        return Decode(cursor) is [RunKind, var text] && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long no)
            ? no
            : throw Invalid(cursor);
    }

    /// <exception cref="ProblemException">It is no cursor of a list of human tasks.</exception>
    public static (DateTimeOffset CreatedAt, HumanTaskId Id)? ReadHumanTask(string? cursor)
    {
        if (cursor is null)
        {
            return null;
        }

        return Decode(cursor) is [HumanTaskKind, var text, var name]
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long ticks) && ticks <= DateTime.MaxValue.Ticks
            && HumanTaskId.TryParse(name, out HumanTaskId id)
            ? (new DateTimeOffset(ticks, TimeSpan.Zero), id)
            : throw Invalid(cursor);
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.ASCII.GetBytes(text));

    private static string[] Decode(string cursor)
    {
        try
        {
            return Encoding.ASCII.GetString(Base64Url.DecodeFromChars(cursor)).Split(':');
        }
        catch (FormatException)
        {
            return [];
        }
    }

    private static ProblemException Invalid(string cursor)
    {
        string detail = $"'{ProblemException.Shorten(cursor)}' is no cursor of this list; use 'next' of the page before as it is.";
        return new ProblemException(StatusCodes.Status400BadRequest, ProblemCodes.InvalidCursor, detail) { Errors = [new ProblemError("?cursor", detail)] };
    }
}
