using System.Text.Json;
using Actors.Flows;
using Actors.Protocol;
using Actors.Silos;
using Microsoft.Net.Http.Headers;

namespace Actors.Hosting;

/// <summary>Pictures of flows and of their runs.</summary>
internal static class DiagramEndpoints
{
    private const string Formats = "Asked for with format, else with the header Accept: text/plain is the text of a Mermaid flowchart, which is also the default.";

    private static readonly QueryParameter Format = new("format", "mermaid, svg, html or json. Default: what Accept asks for, else mermaid.", Values: QueryReader.WordsOf<DiagramFormat>());

    // In the order in which they are looked for where Accept does not care.
    private static readonly (string Type, DiagramFormat Format)[] Types =
    [
        ("text/plain", DiagramFormat.Mermaid),
        ("text/html", DiagramFormat.Html),
        ("image/svg+xml", DiagramFormat.Svg),
        ("application/json", DiagramFormat.Json),
    ];

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/flows/{name}/visualize", FlowAsync)
            .WithName("visualizeFlow").WithTags("Flows").WithSummary("A diagram of a flow, maybe with the state of one of its runs").WithDescription(Formats)
            .Takes(Format, FlowEndpoints.Version, new QueryParameter("run", "The id of a run of this flow, whose state is laid over the diagram of its version."))
            .Produces<DiagramView>().Produces<string>(200, "text/plain", "text/html", "image/svg+xml").ProducesProblems(400, 404);
        api.MapGet("/runs/{id}/visualize", RunAsync)
            .WithName("visualizeRun").WithTags("Runs").WithSummary("A diagram of a run: its flow, and what the run has done so far").WithDescription(Formats)
            .Takes(Format)
            .Produces<DiagramView>().Produces<string>(200, "text/plain", "text/html", "image/svg+xml").ProducesProblems(400, 404);
    }

    private static async Task<IResult> FlowAsync(HttpContext context, string name, Silo silo, CallerResolver callers)
    {
        QueryReader query = new(context);
        DiagramFormat format = Wanted(context, query);
        string? version = query.Text("version");
        if (query.Run("run") is { } id)
        {
            RunResult run = await silo.GetRunAsync(id, callers.Resolve(context), context.RequestAborted) ?? throw ProblemException.RunNotFound(id.Value);
            if (run.Run.Flow != name)
            {
                throw ProblemException.Query("run", $"Run '{id}' is a run of flow '{run.Run.Flow}', not of '{ProblemException.Shorten(name)}'.");
            }

            if (version is not null && FlowEndpoints.Find(silo, name, version).Version != run.Run.FlowVersion)
            {
                throw ProblemException.Query("version", $"Run '{id}' is pinned to version '{run.Run.FlowVersion}'; leave 'version' out.");
            }

            return Result(context, await silo.DrawRunAsync(id, callers.Resolve(context), context.RequestAborted), id.Value, format);
        }

        return FlowEndpoints.Find(silo, name, version) is YamlFlowDefinition flow
            ? Result(context, FlowDiagram.Of(flow), null, format)
            : throw new ProblemException(
                StatusCodes.Status404NotFound, ProblemCodes.NoDiagram, $"Flow '{name}' is written in C#, so its steps are known of its runs only. Ask for one of them: /flows/{name}/visualize?run=ID.");
    }

    private static async Task<IResult> RunAsync(HttpContext context, string id, Silo silo, CallerResolver callers)
    {
        DiagramFormat format = Wanted(context, new QueryReader(context));
        RunId run = RunEndpoints.ReadId(id);
        return Result(context, await silo.DrawRunAsync(run, callers.Resolve(context), context.RequestAborted), run.Value, format);
    }

    private static DiagramFormat Wanted(HttpContext context, QueryReader query)
    {
        switch (query.Words<DiagramFormat>("format"))
        {
            case [var asked]:
                return asked;
            case { Count: > 1 }:
                throw ProblemException.Query("format", "'format' must be one word.");
        }

        context.Response.Headers.Vary = HeaderNames.Accept;
        foreach (MediaTypeHeaderValue accepted in (context.Request.GetTypedHeaders().Accept ?? []).Where(a => a.Quality is not 0).OrderByDescending(a => a.Quality ?? 1))
        {
            foreach ((string type, DiagramFormat format) in Types)
            {
                if (new MediaTypeHeaderValue(type).IsSubsetOf(accepted))
                {
                    return format;
                }
            }
        }

        return DiagramFormat.Mermaid;
    }

    private static IResult Result(HttpContext context, FlowDiagram diagram, string? run, DiagramFormat format)
    {
        if (run is not null)
        {
            context.Response.Headers.CacheControl = "no-cache";
        }

        context.Response.Headers.XContentTypeOptions = "nosniff";
        if (format is DiagramFormat.Html or DiagramFormat.Svg)
        {
            context.Response.Headers.ContentSecurityPolicy = FlowDiagram.PagePolicy;
        }

        return format switch
        {
            DiagramFormat.Svg => TypedResults.Text(diagram.ToSvg(), "image/svg+xml; charset=utf-8"),
            DiagramFormat.Html => TypedResults.Text(diagram.ToHtml(), "text/html; charset=utf-8"),
            DiagramFormat.Json => TypedResults.Json(View(diagram, run), WireJson.Default.DiagramView),
            _ => TypedResults.Text(diagram.ToMermaid(), "text/plain; charset=utf-8"),
        };
    }

    /// <summary>What callers see of a diagram.</summary>
    public static DiagramView View(FlowDiagram diagram, string? run) => new(
        diagram.Flow,
        run,
        diagram.ToMermaid(),
        [.. diagram.Nodes.Select(node => new DiagramNodeView(
            node.Id, node.Kind, node.Title, Optional(node.Detail), node.Description, node.StepId, Optional(node.Path), node.Line == 0 ? null : node.Line, node.Cluster, State(node.State), node.Note))],
        [.. diagram.Edges.Select(edge => new DiagramEdgeView(edge.From, edge.To, JsonNamingPolicy.KebabCaseLower.ConvertName(edge.Kind.ToString()), edge.Label))],
        [.. diagram.Clusters.Select(cluster => new DiagramClusterView(cluster.Id, cluster.Kind, cluster.Title, cluster.Parent, State(cluster.State)))]);

    private static string? Optional(string text) => text.Length == 0 ? null : text;

    private static DiagramState? State(StepState state) => state switch
    {
        StepState.Done => DiagramState.Done,
        StepState.Failed => DiagramState.Failed,
        StepState.Running => DiagramState.Running,
        StepState.Waiting => DiagramState.Waiting,
        StepState.Skipped => DiagramState.Skipped,
        StepState.Cancelled => DiagramState.Cancelled,
        _ => null,
    };
}
