using System.Data.Common;
using System.Text.Json;

namespace Actors;

/// <summary>A named connection to another system, opened and shared by the host. Safe for any thread; the step must not dispose what it gives.</summary>
public interface IStepConnection
{
    string Name { get; }

    /// <summary>postgres, sqlite, http, or a type that the host has registered.</summary>
    string Type { get; }

    /// <summary>Its settings, with secrets in them: never put them into a result, an error or a log.</summary>
    JsonElement Settings { get; }

    /// <summary>Gives connections to the database; null when it is none.</summary>
    DbDataSource? Database { get; }

    /// <summary>Sends requests beneath the connection's <c>base_url</c> with its headers, within what the host allows; follows no redirects. Null when it is no HTTP connection.</summary>
    HttpClient? Http { get; }
}
