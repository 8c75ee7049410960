namespace Actors.Hosting;

/// <summary>What an endpoint reads from the request beside its route; checked by <see cref="QueryReader"/> and shown in the OpenAPI document from this one place.</summary>
/// <param name="Name">One that ends with <c>*</c> stands for all names that begin with the rest.</param>
/// <param name="Type">string, integer or boolean.</param>
/// <param name="Values">The allowed words; null when any will do.</param>
internal sealed record QueryParameter(string Name, string Description, string Type = "string", IReadOnlyList<string>? Values = null);

internal sealed record HeaderParameter(string Name, string Description);

/// <param name="Type">A record of the protocol.</param>
internal sealed record RequestBody(Type Type, bool Optional);

internal static class RequestParts
{
    public static RouteHandlerBuilder Takes(this RouteHandlerBuilder endpoint, params QueryParameter[] parameters) => endpoint.WithMetadata([.. parameters]);

    public static RouteHandlerBuilder TakesHeader(this RouteHandlerBuilder endpoint, string name, string description) =>
        endpoint.WithMetadata(new HeaderParameter(name, description));

    public static RouteHandlerBuilder TakesBody<T>(this RouteHandlerBuilder endpoint, bool optional = false) =>
        endpoint.WithMetadata(new RequestBody(typeof(T), optional));
}
