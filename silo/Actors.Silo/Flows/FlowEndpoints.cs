using System.Text.Json;
using Actors.Flows;
using Actors.Protocol;
using Actors.Silos;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Actors.Hosting;

internal static class FlowEndpoints
{
    public static readonly QueryParameter Version = new("version", "A version's label or pinned version. Default: the latest.");

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/flows", List)
            .WithName("listFlows").WithTags("Flows").WithSummary("The flows that can be started, by name")
            .Produces<FlowList>().ProducesProblems(400);
        api.MapGet("/flows/{name}", Get)
            .WithName("getFlow").WithTags("Flows").WithSummary("A flow's inputs, outputs, tasks, versions and source")
            .Takes(Version)
            .Produces<FlowDetails>().ProducesProblems(400, 404);
    }

    private static JsonHttpResult<FlowList> List(HttpContext context, Silo silo)
    {
        _ = new QueryReader(context);
        return TypedResults.Json(new FlowList(silo.Flows.Latest.Select(Summary).ToArray()), WireJson.Default.FlowList);
    }

    private static JsonHttpResult<FlowDetails> Get(HttpContext context, string name, Silo silo)
    {
        FlowDefinition flow = Find(silo, name, new QueryReader(context).Text("version"));
        return TypedResults.Json(Details(flow, silo.Flows.Versions(name)), WireJson.Default.FlowDetails);
    }

    /// <exception cref="ProblemException">There is no such flow, or not in this version.</exception>
    public static FlowDefinition Find(Silo silo, string name, string? version)
    {
        if (silo.Flows.Find(name, version) is { } flow)
        {
            return flow;
        }

        throw silo.Flows.Find(name) is null
            ? ProblemException.FlowNotFound(name, silo.Flows.Latest.Select(f => f.Name))
            : new ProblemException(
                StatusCodes.Status404NotFound,
                ProblemCodes.UnknownVersion,
                $"Flow '{name}' has no version '{ProblemException.Shorten(version!)}'. Versions: {string.Join(", ", silo.Flows.Versions(name).Select(v => v.Label ?? v.Version))}.");
    }

    private static FlowSummary Summary(FlowDefinition flow) => new(flow.Name, flow.Version, flow.Label, flow.Description, Kind(flow));

    private static FlowDetails Details(FlowDefinition flow, IReadOnlyList<FlowDefinition> versions) => new(
        flow.Name,
        flow.Version,
        flow.Label,
        flow.Description,
        Kind(flow),
        flow.Inputs.Select(i => new FlowInputView(i.Name, i.Type, i.Required, i.Description, Given(i.Default), Given(i.Schema))).ToArray(),
        flow.Outputs.Select(o => new FlowOutputView(o.Name, o.Description, Given(o.Schema))).ToArray(),
        flow.Tasks,
        versions.Select(v => new FlowVersionView(v.Version, v.Label)).ToArray(),
        flow.Source,
        Given(flow.InputSchema),
        flow.RunTimeout?.TotalSeconds);

    private static JsonElement? Given(JsonElement json) => json.ValueKind == JsonValueKind.Undefined ? null : json;

    private static FlowKind Kind(FlowDefinition flow) => flow.Source is null ? FlowKind.Code : FlowKind.Yaml;
}
