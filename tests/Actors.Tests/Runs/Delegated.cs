namespace Actors.Tests.Runs;

/// <summary>A flow written as a lambda.</summary>
internal sealed class Delegated<TIn, TOut>(string name, Func<IFlowContext, TIn, Task<TOut>> run) : Flow<TIn, TOut>
{
    public override string Name => name;

    public override Task<TOut> RunAsync(IFlowContext ctx, TIn input) => run(ctx, input);
}
