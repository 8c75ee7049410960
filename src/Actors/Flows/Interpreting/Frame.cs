using System.Text.Json;

namespace Actors.Flows;

/// <summary>Where a walk stands: the block's verbs and variables.</summary>
internal readonly record struct Frame(IFlowContext Context, Variables Variables, Missing Missing)
{
    private const string ErrorType = "ExpressionError";

    /// <summary>The frame of a block inside, with variables of its own.</summary>
    /// <param name="around">Its variables see these; null: this frame's.</param>
    public Frame Inside(IFlowContext context, Variables? around = null) => new(context, new Variables(around ?? Variables), Missing);

    /// <exception cref="StepFailedException">The expression cannot be evaluated.</exception>
    public Value Evaluate(Template template, string step)
    {
        try
        {
            Value value = template.Evaluate(Evaluation());
            return template is ConstantTemplate || value.Depth(Flows.Evaluation.DepthMax) <= Flows.Evaluation.DepthMax
                ? value
                : throw new ExpressionException($"the value is nested deeper than {Flows.Evaluation.DepthMax} levels", code: ExpressionException.TooMuch);
        }
        catch (ExpressionException e)
        {
            throw Failure(step, e);
        }
        catch (JsonException e)
        {
            throw Failure(step, new ExpressionException(e.Message));
        }
    }

    /// <exception cref="StepFailedException">The condition cannot be evaluated.</exception>
    public bool Test(Condition condition, string step)
    {
        try
        {
            return condition.Test(Evaluation());
        }
        catch (ExpressionException e)
        {
            throw Failure(step, e);
        }
        catch (JsonException e)
        {
            throw Failure(step, new ExpressionException(e.Message));
        }
    }

    private Evaluation Evaluation() => new(Variables, Missing) { Now = Context.Now };

    public static StepFailedException Fail(string step, string type, string message, string? code = null) =>
        new(step, new FlowError(type, Text.Shorten(message, FlowError.MessageLengthMax), code));

    private static StepFailedException Failure(string step, ExpressionException e) => Fail(step, ErrorType, e.Message, e.Code);
}
