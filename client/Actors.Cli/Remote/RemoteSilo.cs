using System.CommandLine;
using System.Net;
using Actors.Client;
using Actors.Protocol;

namespace Actors.Cli.Remote;

/// <summary>The silo that a command talks to.</summary>
internal static class RemoteSilo
{
    public const string UrlVariable = "ACTORS_URL";

    // How many of the newest runs are looked through for the beginning of an id: one page.
    private const int PrefixPageSize = 500;

    public static Option<string?> UrlOption() => new("--url")
    {
        Description = $"Where the server is. Default: {UrlVariable}, else {WireText.DefaultUrl}",
        HelpName = "url",
    };

    /// <exception cref="CliException">The address is none.</exception>
    public static ActorsClient Client(ParseResult parsed, Option<string?> option)
    {
        string text = parsed.GetValue(option) ?? Environment.GetEnvironmentVariable(UrlVariable) ?? WireText.DefaultUrl;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
        {
            throw new CliException($"'{text}' is no address of a server; it must be like {WireText.DefaultUrl}.", ExitCodes.Usage);
        }

        // A person waits: two attempts are enough to tell that nothing listens.
        return new ActorsClient(new HttpClient { BaseAddress = address }, new ActorsClientOptions { AttemptsMax = 2 });
    }

    /// <summary>The run with this id, or the only one of the newest whose id begins with it.</summary>
    /// <exception cref="CliException">Several begin with it.</exception>
    public static async Task<RunView> FindRunAsync(this ActorsClient client, string id, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetRunAsync(id, cancellationToken);
        }
        catch (ActorsApiException e) when (e.Status == HttpStatusCode.NotFound)
        {
            RunPage page = await client.ListRunPageAsync(new RunFilter { PageSize = PrefixPageSize }, cancellationToken: cancellationToken);
            string found = Only(id, page.Items.Select(r => r.Id), "run") ?? throw new CliException(e.Message);
            return await client.GetRunAsync(found, cancellationToken);
        }
    }

    /// <summary>The human task with this id, or the only open one whose id begins with it.</summary>
    /// <exception cref="CliException">Several begin with it.</exception>
    public static async Task<HumanTaskView> FindHumanTaskAsync(this ActorsClient client, string id, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetHumanTaskAsync(id, cancellationToken);
        }
        catch (ActorsApiException e) when (e.Status == HttpStatusCode.NotFound)
        {
            HumanTaskPage page = await client.ListHumanTaskPageAsync(
                new HumanTaskFilter { Status = HumanTaskStatus.Open, PageSize = PrefixPageSize }, cancellationToken: cancellationToken);
            string found = Only(id, page.Items.Select(t => t.Id), "human task") ?? throw new CliException(e.Message);
            return page.Items.First(t => t.Id == found);
        }
    }

    private static string? Only(string prefix, IEnumerable<string> ids, string what)
    {
        string[] found = ids.Where(i => i.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)).Take(6).ToArray();
        return found.Length <= 1
            ? found.FirstOrDefault()
            : throw new CliException($"Several ids of a {what} begin with '{prefix}': {string.Join(", ", found.Take(5))}{(found.Length > 5 ? ", …" : "")}. Give more of it.");
    }
}
