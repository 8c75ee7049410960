namespace Actors.Flows;

internal static class SqlKind
{
    public const string ErrorType = "SqlError";
}
