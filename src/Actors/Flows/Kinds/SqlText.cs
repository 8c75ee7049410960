namespace Actors.Flows;

/// <summary>The little that must be known about the text of SQL: how many statements it has, and how names are written safely.</summary>
internal static class SqlText
{
    /// <summary>
    /// True when something follows a semicolon. What quotes, comments and dollar quotes enclose does not count. A help for authors, who could hide a statement from it behind <c>E'\''</c>: it guards nothing,
    /// since the text is their own.
    /// </summary>
    public static bool HasSeveralStatements(string sql)
    {
        bool ended = false;
        for (int at = 0; at < sql.Length; at++)
        {
            char c = sql[at];
            int end = c switch
            {
                '\'' or '"' or '`' => EndOfQuoted(sql, at),
                '-' when Follows(sql, at, '-') => EndOf(sql, at, "\n"),
                '/' when Follows(sql, at, '*') => EndOf(sql, at + 2, "*/"),
                '$' => EndOfDollarQuoted(sql, at),
                _ => -1,
            };
            bool isComment = end >= 0 && c is '-' or '/';
            if (c == ';')
            {
                ended = true;
            }
            else if (ended && !isComment && !char.IsWhiteSpace(c))
            {
                return true;
            }

            at = end >= 0 ? end : at;
        }

        return false;
    }

    /// <summary>A name between double quotes, which no name can leave.</summary>
    /// <exception cref="TaskException">It is no name.</exception>
    public static string Quote(string name) => name.Length is > 0 and <= 128 && !name.Contains('\0', StringComparison.Ordinal)
        ? $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
        : throw new TaskException($"'{Text.Shorten(name, 60)}' cannot be the name of a table or column.", "invalid_input") { Type = ErrorTypes.InvalidInput, Retryable = false };

    /// <summary>A table, with its schema before a dot if it has one.</summary>
    /// <exception cref="TaskException">It is no name.</exception>
    public static string QuoteTable(string table) => string.Join('.', table.Split('.', 3).Select(Quote));

    private static bool Follows(string sql, int at, char next) => at + 1 < sql.Length && sql[at + 1] == next;

    // A quote that is doubled begins the next quoted part at once, which comes to the same.
    private static int EndOfQuoted(string sql, int at)
    {
        int end = sql.IndexOf(sql[at], at + 1);
        return end < 0 ? sql.Length : end;
    }

    private static int EndOf(string sql, int at, string mark)
    {
        int end = sql.IndexOf(mark, at, StringComparison.Ordinal);
        return end < 0 ? sql.Length : end + mark.Length - 1;
    }

    // $$…$$ and $tag$…$tag$; -1 when it is a parameter.
    private static int EndOfDollarQuoted(string sql, int at)
    {
        int close = at + 1;
        while (close < sql.Length && (char.IsLetterOrDigit(sql[close]) || sql[close] == '_'))
        {
            close++;
        }

        if (close >= sql.Length || sql[close] != '$' || close > at + 1 && char.IsDigit(sql[at + 1]))
        {
            return -1;
        }

        string tag = sql[at..(close + 1)];
        int end = sql.IndexOf(tag, close + 1, StringComparison.Ordinal);
        return end < 0 ? -1 : end + tag.Length - 1;
    }
}
