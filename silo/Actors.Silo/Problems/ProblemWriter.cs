using System.Diagnostics;
using System.Globalization;
using Actors.Flows;
using Actors.Protocol;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Hosting;

/// <summary>Turns every exception of a request into an RFC 9457 problem. What is not a caller's matter is logged and told without its text.</summary>
internal sealed class ProblemWriter(ILoggerFactory logs, LinkGenerator links)
{
    // Long enough for a queue of starts to be committed, short enough that nobody notices.
    private const int RetryAfterSeconds = 1;

    private readonly ILogger _log = logs.CreateLogger("Actors.Api");

    /// <summary>Runs the rest of the request and answers its exceptions.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; there is nobody to answer. What was accepted goes on.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            await WriteAsync(context, Describe(context, e));
        }
    }

    /// <param name="allow">The methods that the address takes, for the header Allow; null for none.</param>
    public async Task WriteAsync(HttpContext context, ProblemException problem, string? allow = null)
    {
        context.Response.Clear();
        if (allow is not null)
        {
            context.Response.Headers.Allow = allow;
        }

        context.Response.StatusCode = problem.Status;
        if (problem.Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        }

        Problem body = new(
            links.GetPathByName(context, "getProblem", new { code = problem.Code }) ?? "about:blank",
            ProblemCatalog.Title(problem.Code, problem.Status),
            problem.Status,
            problem.Message,
            problem.Code,
            Activity.Current?.Id ?? context.TraceIdentifier,
            problem.Errors,
            problem.Line,
            problem.Column);
        await context.Response.WriteAsJsonAsync(body, WireJson.Default.Problem, WireText.ProblemContentType, context.RequestAborted);
    }

    private ProblemException Describe(HttpContext context, Exception exception)
    {
        switch (exception)
        {
            case ProblemException problem:
                return problem;
            case NotFoundException e:
                return new ProblemException(StatusCodes.Status404NotFound, e.Code, e.Message);
            case ConflictException e:
                return new ProblemException(StatusCodes.Status409Conflict, e.Code, e.Message);
            case InvalidRequestException { Code: ProblemCodes.PayloadTooLarge } e:
                return new ProblemException(StatusCodes.Status413PayloadTooLarge, e.Code, e.Message) { Errors = [new ProblemError(e.Pointer ?? "", e.Message)] };
            case InvalidRequestException { Code: ProblemCodes.NotACandidate } e:
                return new ProblemException(StatusCodes.Status403Forbidden, e.Code, e.Message);
            case InvalidRequestException { Faults.Count: > 0 } e:
                return new ProblemException(StatusCodes.Status422UnprocessableEntity, e.Code, e.Message) { Errors = e.Faults.Select(f => new ProblemError(f.Pointer, f.Message)).ToArray() };
            case InvalidRequestException e:
                return ProblemException.Invalid(e.Code, e.Pointer ?? "", e.Message);
            case InvalidFlowInputException e:
                return InvalidInput(e, "");
            case OverloadedException e:
                return new ProblemException(StatusCodes.Status429TooManyRequests, e.Code, e.Message);
            case UnavailableException e:
                return new ProblemException(StatusCodes.Status503ServiceUnavailable, e.Code, e.Message);
            case BadHttpRequestException e:
                return new ProblemException(
                    e.StatusCode,
                    e.StatusCode == StatusCodes.Status413PayloadTooLarge ? ProblemCodes.PayloadTooLarge : ProblemCodes.InvalidRequest,
                    e.Message);
            case StoreException { Kind: StoreFailure.Transient or StoreFailure.UnknownOutcome or StoreFailure.Fenced } e:
                HostLog.StoreUnavailable(_log, e, context.Request.Method, context.Request.Path);
                return new ProblemException(StatusCodes.Status503ServiceUnavailable, ProblemCodes.Unavailable, "The silo's database does not answer now.");
            case OperationCanceledException:
                return new ProblemException(StatusCodes.Status503ServiceUnavailable, ProblemCodes.Unavailable, "The silo is stopping.");
            default:
                HostLog.RequestFailed(_log, exception, context.Request.Method, context.Request.Path);
                return new ProblemException(
                    StatusCodes.Status500InternalServerError, ProblemCodes.Internal, "The silo could not do this; its log has the cause under this trace id.");
        }
    }

    /// <param name="prefix">Where the input is in the body, e.g. <c>/input</c>.</param>
    public static ProblemException InvalidInput(InvalidFlowInputException exception, string prefix) =>
        new(StatusCodes.Status422UnprocessableEntity, ProblemCodes.InvalidInput, exception.Message)
        {
            Errors = exception.Faults.Select(f => new ProblemError(prefix + f.Pointer, f.Message)).ToArray(),
        };
}
