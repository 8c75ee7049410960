using System.Text.Json;

namespace Actors.Flows;

/// <summary>Where a walk stands: the block's verbs and variables, and the flow's state.</summary>
internal readonly record struct Frame(IFlowContext Context, Variables Variables, Missing Missing, WalkState State)
{
    public const string ErrorType = "ExpressionError";

    /// <summary>The frame of a block inside, with variables of its own.</summary>
    /// <param name="around">Its variables see these; null: this frame's.</param>
    public Frame Inside(IFlowContext context, Variables? around = null) => this with { Context = context, Variables = new Variables(around ?? Variables) };

    /// <summary>This frame with one more variable.</summary>
    public Frame With(string name, Value value)
    {
        Variables variables = new(Variables);
        variables.Set(name, value);
        return this with { Variables = variables };
    }

    /// <exception cref="StepFailedException">The expression cannot be evaluated.</exception>
    public Value Evaluate(Template template, string step)
    {
        if (template is ConstantTemplate constant)
        {
            return constant.Value;
        }

        try
        {
            Value value = template.Evaluate(Start());
            return value.Depth(Evaluation.DepthMax) <= Evaluation.DepthMax
                ? value
                : throw new ExpressionException($"the value is nested deeper than {Evaluation.DepthMax} levels", code: ExpressionException.TooMuch);
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
            return condition.Test(Start());
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

    /// <summary>What this block has written to the flow's state; null when nothing.</summary>
    public IReadOnlyDictionary<string, JsonElement>? StateDelta => State.IsEmpty ? null : Context.State.Delta;

    /// <summary>An evaluation of this place.</summary>
    public Evaluation Start() => new(All(), Missing);

    /// <summary>A copy of everything that can be seen here, which later changes do not reach: for bodies, which run on other threads.</summary>
    public Frame Copy()
    {
        Variables copy = new(null);
        All().CopyTo(copy);
        return this with { Variables = copy, State = WalkState.None };
    }

    public static StepFailedException Fail(string step, string type, string message, string? code = null) =>
        new(step, new FlowError(type, Text.Shorten(message, FlowError.MessageLengthMax), code));

    // What the state is can change with every step: it is looked up for each evaluation.
    private Variables All() => State.IsEmpty ? Variables : With("state", State.Read(Context.State)).Variables;

    private static StepFailedException Failure(string step, ExpressionException e) => Fail(step, ErrorType, e.Message, e.Code);
}
