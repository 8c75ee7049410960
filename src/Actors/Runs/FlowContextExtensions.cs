using System.Text.Json;

namespace Actors;

/// <summary>Short forms of the verbs.</summary>
public static class FlowContextExtensions
{
    /// <summary>A step without an input.</summary>
    public static Task<T> Step<T>(this IFlowContext ctx, string name, Func<IStepContext, Task<T>> body, StepOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(body);
        return ctx.Step(name, default(JsonElement?), (_, step) => body(step), options);
    }

    /// <summary>A step without a result.</summary>
    public static Task Step<TIn>(this IFlowContext ctx, string name, TIn input, Func<TIn, IStepContext, Task> body, StepOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(body);
        return ctx.Step<TIn, bool>(
            name,
            input,
            async (value, step) =>
            {
                await body(value, step).ConfigureAwait(false);
                return true;
            },
            options);
    }

    /// <summary>A transactional step without a result.</summary>
    public static Task Transaction<TIn>(this IFlowContext ctx, string name, TIn input, Func<TIn, ITransactionalStepContext, Task> body, StepOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(body);
        return ctx.Transaction<TIn, bool>(
            name,
            input,
            async (value, step) =>
            {
                await body(value, step).ConfigureAwait(false);
                return true;
            },
            options);
    }

    /// <summary>A scope without a result.</summary>
    public static Task Scope(this IFlowContext ctx, string name, Func<IFlowContext, Task> body, ScopeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(body);
        return ctx.Scope(
            name,
            async inner =>
            {
                await body(inner);
                return true;
            },
            options);
    }
}
