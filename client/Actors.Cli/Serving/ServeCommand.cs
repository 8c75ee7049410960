using System.CommandLine;
using Actors.Cli.Local;
using Actors.Hosting;
using Actors.Protocol;
using Actors.Samples.Orders;
using Microsoft.Extensions.DependencyInjection;

namespace Actors.Cli.Serving;

/// <summary>The server of Actors.Silo with options in place of configuration keys.</summary>
internal static class ServeCommand
{
    public static Command Create(CliConsole console)
    {
        Option<string?> flows = new("--flows") { Description = "A folder of YAML flows", HelpName = "dir" };
        Option<string?> database = LocalOptions.Database(ActorsOptions.DefaultDatabase);
        Option<bool> ephemeral = LocalOptions.Ephemeral();
        Option<bool> migrate = new("--migrate") { Description = "Bring a PostgreSQL database up to date first; a file always is" };
        Option<string[]> plugins = LocalOptions.Plugins();
        Option<bool> samples = new("--samples") { Description = "Serve the sample order of 'actors demo', too" };
        Option<string?> urls = new("--urls") { Description = $"Where to listen. Default: {WireText.DefaultUrl}", HelpName = "urls" };
        Command command = new("serve", "Serve flows over HTTP") { flows, database, ephemeral, migrate, plugins, samples, urls };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            List<string> line = [];
            Add(line, "urls", parsed.GetValue(urls));
            Add(line, "Actors:Flows", parsed.GetValue(flows));
            Add(line, "Actors:Database", parsed.GetValue(database));
            Add(line, "Actors:Ephemeral", parsed.GetValue(ephemeral) ? "true" : null);
            Add(line, "Actors:Migrate", parsed.GetValue(migrate) ? "true" : null);
            string[] assemblies = parsed.GetValue(plugins) ?? [];
            for (int i = 0; i < assemblies.Length; i++)
            {
                Add(line, $"Actors:Plugins:{i}", assemblies[i]);
            }

            return await Server.RunAsync(
                [.. line],
                console.Error,
                builder =>
                {
                    if (parsed.GetValue(samples))
                    {
                        builder.Services.AddActors().AddPlugin(new OrderPlugin());
                    }
                },
                cancellationToken);
        });
        return command.WithExamples(
            "actors serve --flows flows",
            "actors serve --flows flows --plugin bin/Shop.dll --db /var/lib/actors/shop.db --urls http://0.0.0.0:8080");
    }

    private static void Add(List<string> line, string key, string? value)
    {
        if (value is not null)
        {
            line.Add($"--{key}={value}");
        }
    }
}
