using Actors.Protocol;
using Microsoft.AspNetCore.Authentication;

namespace Actors.Hosting;

/// <summary>Says who sends a request; see <see cref="ActorsBuilder.UseCaller"/>.</summary>
internal sealed class CallerResolver(ActorsBuilder builder)
{
    public const string TenantClaim = "tenant";
    private const int NameLengthMax = 100;

    public Caller Resolve(HttpContext context)
    {
        if (builder.Caller is { } custom)
        {
            return custom(context);
        }

        if (context.User.Identity is { IsAuthenticated: true } identity)
        {
            return new Caller(context.User.FindFirst(TenantClaim)?.Value ?? Caller.DefaultTenant, identity.Name ?? "unnamed")
            {
                Groups = context.User.Identities.SelectMany(i => i.FindAll(i.RoleClaimType)).Select(c => c.Value).Distinct(StringComparer.Ordinal).ToArray(),
            };
        }

        // Where the host can authenticate and lets somebody in without it, that one has no more rights than a stranger.
        return Authenticates(context) ? new Caller(Caller.DefaultTenant, "anonymous") : Caller.Local;
    }

    /// <summary>Who answers a human task. A name in the request counts only where nobody is authenticated at all; it is recorded as <c>local:NAME</c>.</summary>
    public Caller ResolveAnswering(HttpContext context, string? by)
    {
        Caller caller = Resolve(context);
        if (by is null)
        {
            return caller;
        }

        if (builder.Caller is not null || Authenticates(context))
        {
            throw ProblemException.Invalid(
                ProblemCodes.InvalidRequest, "/by", "Who answers comes from authentication on this silo; leave 'by' out.");
        }

        if (string.IsNullOrWhiteSpace(by) || by.Length > NameLengthMax || by.Any(char.IsControl))
        {
            throw ProblemException.Invalid(ProblemCodes.InvalidRequest, "/by", $"'by' must be 1 to {NameLengthMax} characters without control characters.");
        }

        return caller with { Principal = $"{caller.Principal}:{by}" };
    }

    private static bool Authenticates(HttpContext context) =>
        context.User.Identity?.IsAuthenticated == true || context.RequestServices.GetService<IAuthenticationSchemeProvider>() is not null;
}
