using System.Text.Json.Nodes;
using Actors.Hosting;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Microsoft.Extensions.DependencyInjection;

public static class ActorsOpenApi
{
    /// <summary>Adds what the endpoints of Actors read by themselves (query, headers, bodies) to an OpenAPI document.</summary>
    public static OpenApiOptions AddActors(this OpenApiOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.AddOperationTransformer(DescribeAsync);
        return options;
    }

    private static async Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (object metadata in context.Description.ActionDescriptor.EndpointMetadata)
        {
            switch (metadata)
            {
                case QueryParameter query:
                    (operation.Parameters ??= []).Add(new OpenApiParameter
                    {
                        Name = query.Name.Replace("*", "{key}", StringComparison.Ordinal),
                        In = ParameterLocation.Query,
                        Description = query.Description,
                        Schema = new OpenApiSchema
                        {
                            Type = query.Type == "integer" ? JsonSchemaType.Integer : JsonSchemaType.String,
                            // Several may be given where commas are allowed, so the words are told rather than enforced.
                            Examples = query.Values?.Select(v => (JsonNode)JsonValue.Create(v)!).ToList(),
                        },
                    });
                    break;
                case HeaderParameter header:
                    (operation.Parameters ??= []).Add(new OpenApiParameter
                    {
                        Name = header.Name,
                        In = ParameterLocation.Header,
                        Description = header.Description,
                        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                    });
                    break;
                case RequestBody body:
                    operation.RequestBody = new OpenApiRequestBody
                    {
                        Required = !body.Optional,
                        Content = new Dictionary<string, OpenApiMediaType>
                        {
                            ["application/json"] = new() { Schema = await SchemaAsync(body.Type, context, cancellationToken) },
                        },
                    };
                    break;
            }
        }
    }

    private static async Task<IOpenApiSchema> SchemaAsync(Type type, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        OpenApiSchema schema = await context.GetOrCreateSchemaAsync(type, null, cancellationToken);
        if (context.Document is not { } document)
        {
            return schema;
        }

        document.AddComponent(type.Name, schema);
        return new OpenApiSchemaReference(type.Name, document);
    }
}
