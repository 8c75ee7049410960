using System.Globalization;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>What is the same everywhere in one walk of one flow.</summary>
/// <param name="Run">The facts of the run.</param>
internal sealed record WalkFacts(FlowDocument Flow, RunInfo Run, FlowResources Resources)
{
    private Value? _flow;
    private Value? _run;
    private FlowConnections? _connections;
    private Func<string, Value>? _root;
    private Func<string, Value>? _environment;

    /// <summary>Gives <c>flow</c> and <c>run</c>. Made once, because every evaluation has it.</summary>
    public Func<string, Value> ReadRoot => _root ??= name => name == "flow" ? FlowValue : RunValue;

    public Func<string, Value> ReadEnvironment => _environment ??= Environment;
    private IReadOnlyList<string>? _connectionSecrets;

    /// <summary>The connections that steps may name; settings are evaluated when one is used.</summary>
    public FlowConnections Connections => _connections ??= new FlowConnections(
        Resources.Connections, Flow.Connections.ToDictionary(c => c.Key, c => (Func<JsonElement>)(() => BodyFrame.Settings(this, c.Value).ToJson()), StringComparer.Ordinal));

    /// <summary>The names of the secrets that the flow's own connections use.</summary>
    public IReadOnlyList<string> ConnectionSecrets => _connectionSecrets ??= [.. Flow.Connections.Values.SelectMany(static template => template.Secrets).Distinct()];

    public Value Environment(string name) => Resources.EnvironmentAllowed.Contains(name) ? Value.Of(Resources.Environment(name)) : Value.Null;

    /// <exception cref="TaskException">There is no such secret.</exception>
    public string Secret(string name) =>
        Resources.Secrets(name) ?? throw new TaskException($"There is no secret '{name}' on this silo.") { Type = ErrorTypes.UnknownSecret, Retryable = false };

    public Value FlowValue => _flow ??= Value.Object(new("name", Value.Of(Flow.Name)), new("version", Value.Of(Flow.Label)));

    public Value RunValue => _run ??= Value.Object(
        new("id", Value.Of(Run.Id.Value)),
        new("started_at", Value.Of(Run.StartedAt.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture))),
        new("tenant", Value.Of(Run.Tenant)),
        new("flow", Value.Of(Run.Flow)));
}

/// <summary>Where a walk stands: the block's verbs and variables, and the flow's state.</summary>
internal readonly record struct Frame(IFlowContext Context, Variables Variables, Missing Missing, WalkState State, WalkFacts Facts)
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
            return Evaluate(template, Start());
        }
        catch (Exception e) when (e is ExpressionException or JsonException)
        {
            throw Failure(step, e);
        }
    }

    /// <exception cref="StepFailedException">The condition cannot be evaluated.</exception>
    public bool Test(Condition condition, string step)
    {
        try
        {
            return condition.Test(Start());
        }
        catch (Exception e) when (e is ExpressionException or JsonException)
        {
            throw Failure(step, e);
        }
    }

    /// <summary>An evaluation of this place.</summary>
    public Evaluation Start() => new(Variables, Missing) { Now = Context.Now, Environment = Facts.ReadEnvironment, Roots = State.IsEmpty ? Facts.ReadRoot : Root };

    /// <summary>A copy of everything that can be seen here, which later changes do not reach: for bodies, which run on other threads.</summary>
    public BodyFrame Copy()
    {
        Variables copy = new(null);
        Variables.CopyTo(copy);
        return new BodyFrame(this, copy, State.IsEmpty ? Value.Null : State.Read(Context.State), Context.Now);
    }

    /// <summary>What this block has written to the flow's state; null when nothing.</summary>
    public IReadOnlyDictionary<string, JsonElement>? StateDelta => State.IsEmpty ? null : Context.State.Delta;

    public static StepFailedException Fail(string step, string type, string message, string? code = null) =>
        new(step, new FlowError(type, Text.Shorten(message, FlowError.MessageLengthMax), code));

    public static Value Evaluate(Template template, Evaluation evaluation)
    {
        Value value = template.Evaluate(evaluation);
        return value.Depth(Evaluation.DepthMax) <= Evaluation.DepthMax
            ? value
            : throw new ExpressionException($"the value is nested deeper than {Evaluation.DepthMax} levels", code: ExpressionException.TooMuch);
    }

    private static StepFailedException Failure(string step, Exception e) => Fail(step, ErrorType, e.Message, (e as ExpressionException)?.Code);

    // What the state is can change with every step: it is looked up for each evaluation.
    private Value Root(string name) => name == "state" ? State.Read(Context.State) : Facts.ReadRoot(name);
}

/// <summary>What the body of a step sees of the place where it stands. Safe to use from any thread.</summary>
internal sealed class BodyFrame(Frame place, Variables variables, Value state, DateTimeOffset now)
{
    /// <summary>The same with one more variable.</summary>
    public BodyFrame With(string name, Value value)
    {
        Variables more = new(variables);
        more.Set(name, value);
        return new BodyFrame(place, more, state, now);
    }

    /// <param name="secrets">Gives secrets; null: they are masked.</param>
    /// <exception cref="TaskException">The expression cannot be evaluated.</exception>
    public Value Evaluate(Template template, Func<string, Value>? secrets = null) => Guarded(() => Frame.Evaluate(template, Start(secrets)));

    /// <summary>Evaluates where only the environment and secrets are known.</summary>
    /// <exception cref="TaskException">An expression cannot be evaluated, or a secret is missing.</exception>
    public static Value Settings(WalkFacts facts, Template template) => Guarded(
        () => Frame.Evaluate(template, new Evaluation(new Variables(null), Missing.Fails) { Environment = facts.Environment, Secrets = name => Value.Of(facts.Secret(name)) }));

    /// <exception cref="TaskException">The condition cannot be evaluated.</exception>
    public bool Test(Condition condition) => Guarded(() => condition.Test(Start(null)));

    private Evaluation Start(Func<string, Value>? secrets) => new(variables, place.Missing)
    {
        Now = now,
        Environment = place.Facts.ReadEnvironment,
        Roots = name => name == "state" ? state : place.Facts.ReadRoot(name),
        Secrets = secrets,
    };

    // What cannot be evaluated fails this attempt; it says so as any other failure of a body.
    private static T Guarded<T>(Func<T> evaluate)
    {
        try
        {
            return evaluate();
        }
        catch (ExpressionException e)
        {
            throw new TaskException(Text.Shorten(e.Message, FlowError.MessageLengthMax), e.Code) { Type = Frame.ErrorType };
        }
        catch (JsonException e)
        {
            throw new TaskException(Text.Shorten(e.Message, FlowError.MessageLengthMax)) { Type = Frame.ErrorType };
        }
    }
}
