using System.Data.Common;
using System.Globalization;

namespace Actors.Postgres;

/// <summary>Reads the two forms in which a connection to PostgreSQL is written.</summary>
public static class PostgresConnectionText
{
    /// <summary>True for <c>postgres://</c> and <c>postgresql://</c>.</summary>
    public static bool IsUri(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The parts of <c>postgres://user:password@host:port/database?option=value</c>, as Npgsql calls them.</summary>
    /// <exception cref="UriFormatException">It is no such address. The message does not repeat it, since it may hold a password.</exception>
    public static DbConnectionStringBuilder FromUri(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Host.Length == 0)
        {
            throw new UriFormatException("It is no address of the form postgres://user:password@host:port/database.");
        }

        DbConnectionStringBuilder parts = new() { ["Host"] = uri.Host };
        string[] user = uri.UserInfo.Split(':', 2);
        Set("Port", uri.IsDefaultPort ? "" : uri.Port.ToString(CultureInfo.InvariantCulture));
        Set("Username", user[0]);
        Set("Password", user.Length > 1 ? user[1] : "");
        Set("Database", uri.AbsolutePath.Trim('/'));
        foreach (string pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] option = pair.Split('=', 2);
            Set(Uri.UnescapeDataString(option[0]), option.Length > 1 ? option[1] : "");
        }

        return parts;

        void Set(string key, string escaped)
        {
            if (escaped.Length > 0)
            {
                parts[key] = Uri.UnescapeDataString(escaped);
            }
        }
    }
}
