using System.Text.Json;

namespace Actors.Flows;

/// <summary>Steps with a body.</summary>
internal sealed partial class FlowWalk
{
    private const string CheckFailed = "ValidationFailed";

    // As many as fit into an error's message; its data has all of them.
    private const int FaultsTold = 5;

    private async Task<StepEnd> RunEffect(Frame frame, EffectStep step)
    {
        try
        {
            return new StepEnd(await BeginEffect(frame, step));
        }
        catch (StepFailedException e) when (e.Error.Type == FlowExit.ErrorType)
        {
            throw NoExit(e);
        }
    }

    // A task's error that carries this type by chance must not be taken for an exit further out.
    private static StepFailedException NoExit(StepFailedException e) => new(e.StepKey, e.Error with { Type = nameof(TaskException) });

    private Task<Value> BeginEffect(Frame frame, EffectStep step)
    {
        Value input = frame.Evaluate(step.Inputs, step.Name);
        StepOptions options = Options(frame, step);
        Func<Value, IStepContext, Task<Value>> act = Action(frame, step);
        return step is KindStep { Handler.IsTransactional: { } asks } && asks(input.ToJson())
            ? frame.Context.Transaction(step.Name, input, (given, context) => act(given, context), options)
            : frame.Context.Step(step.Name, input, act, options);
    }

    /// <summary>What is done on the pool: it sees copies only.</summary>
    private Func<Value, IStepContext, Task<Value>> Action(Frame frame, EffectStep step)
    {
        if (step is TaskStep { Connection: null, Settings.LooksAtResult: false } plainTask && step.Inputs.Secrets.Count == 0)
        {
            return plainTask.Body ??= (given, context) => Call(plainTask.Task, given, context);
        }

        return BoundAction(frame, step);
    }

    private Func<Value, IStepContext, Task<Value>> BoundAction(Frame frame, EffectStep step)
    {
        FlowConnections connections = frame.Facts.Connections;
        Func<Value, IStepContext, Task<Value>> act = step switch
        {
            TaskStep task => (given, context) => Call(task.Task, given, task.Connection is null ? context : connections.Attach(context, task.Connection)),
            KindStep kind => async (given, context) => Value.FromJson(await kind.Handler.Run(given.ToJson(), connections.Attach(context, null))),
            _ => throw new InvalidOperationException($"no way to run {step.GetType().Name}"),
        };
        // A server may repeat what a connection authenticates with, too.
        IReadOnlyList<string> connected = step is TaskStep { Connection: null } ? [] : frame.Facts.ConnectionSecrets;
        bool usesSecrets = step.Inputs.Secrets.Count > 0 || connected.Count > 0;
        if (!usesSecrets && !step.Settings.LooksAtResult)
        {
            return act;
        }

        BodyFrame place = frame.Copy();
        if (usesSecrets)
        {
            Func<Value, IStepContext, Task<Value>> plain = act;
            act = (given, context) => WithSecrets(frame.Facts, place, step, connected, given, input => plain(input, context));
        }

        return step.Settings.LooksAtResult ? async (given, context) => Accept(place, step, await act(given, context)) : act;
    }

    /// <summary>Acts with the secrets in the step's input, which is journaled without them, and takes them out of what comes back.</summary>
    /// <param name="connected">The secrets of the flow's connections.</param>
    private static async Task<Value> WithSecrets(WalkFacts facts, BodyFrame place, EffectStep step, IReadOnlyList<string> connected, Value given, Func<Value, Task<Value>> act)
    {
        Dictionary<string, string> secrets = step.Inputs.Secrets.ToDictionary(name => name, facts.Secret, StringComparer.Ordinal);
        SecretMask mask = new(secrets.Values.Concat(connected.Select(facts.Resources.Secrets).OfType<string>()));
        try
        {
            Value result = await act(secrets.Count == 0 ? given : place.Evaluate(step.Inputs, name => Value.Of(secrets[name])));
            return Value.FromJson(mask.Hide(result.ToJson()));
        }
#pragma warning disable CA1031 // Whatever a body throws may hold what it was given.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            FlowError error = FlowError.From(e);
            TaskException? told = e as TaskException;
            throw new TaskException(mask.Hide(error.Message), error.Code)
            {
                Type = error.Type,
                Details = error.Data is { } data ? mask.Hide(data) : null,
                Retryable = told?.Retryable ?? true,
                RetryAfter = told?.RetryAfter,
            };
        }
    }

    private Task<Value> Call(string task, Value input, IStepContext context)
    {
        TaskHandler handler = tasks.Find(task) ?? throw new TaskException($"No task '{task}' is registered.") { Type = ErrorTypes.UnknownTask, Retryable = false };
        return handler.RunValue is { } run ? run(input, context) : ByJson(handler, input, context);
    }

    private static async Task<Value> ByJson(TaskHandler handler, Value input, IStepContext context) => Value.FromJson(await handler.Run(input.ToJson(), context));

    /// <summary>Checks what a step has given and makes its output of it.</summary>
    private static Value Accept(BodyFrame place, EffectStep step, Value result)
    {
        if (step.Settings.Schema is { } schema && !schema.TryValidate(result, out result, out IReadOnlyList<SchemaFault> faults))
        {
            string told = string.Join("; ", faults.Take(FaultsTold).Select(fault => $"'result{fault.Pointer}' {fault.Message}"));
            throw new TaskException(Text.Shorten($"The result is not valid: {told}", FlowError.MessageLengthMax))
            {
                Type = ErrorTypes.InvalidOutput,
                Details = JsonSerializer.SerializeToElement(faults, FlowJson.Options),
            };
        }

        BodyFrame sees = place.With("result", result);
        foreach (Postcondition check in step.Settings.Validate)
        {
            if (!sees.Test(check.Check))
            {
                string message = check.Message is null ? $"The result does not meet: {Text.Shorten(check.Source, 200)}" : sees.Evaluate(check.Message).ToString();
                throw new TaskException(Text.Shorten(message, FlowError.MessageLengthMax)) { Type = CheckFailed };
            }
        }

        return step.Settings.Result is null ? result : sees.Evaluate(step.Settings.Result);
    }

    private static StepOptions Options(Frame frame, EffectStep step)
    {
        if (step.Settings.Compensate is not { } compensate)
        {
            return step.Settings.Options;
        }

        if (compensate.Inputs is null)
        {
            return step.Settings.Options with { Compensation = compensate.Task };
        }

        BodyFrame place = frame.Copy();
        return step.Settings.Options with
        {
            Compensation = compensate.Task,
            CompensationInputFrom = result => place.With("result", Value.FromJson(result)).Evaluate(compensate.Inputs).ToJson(),
        };
    }

    private async Task<StepEnd> RunCachedStep(Frame frame, FlowStep step, CacheSetting cache)
    {
        Value key = frame.Evaluate(cache.Key ?? ((EffectStep)step).Inputs, step.Name);
        BlockOutcome outcome = await frame.Context.Cached(
            step.Name,
            key,
            cache.Ttl,
            async ctx =>
            {
                Frame inner = frame.Inside(ctx);
                StepEnd end = await Execute(inner, step);
                return new BlockOutcome(inner.Variables.Own(), null, null, end.Output);
            });
        frame.Variables.SetAll(outcome.Values);
        return new StepEnd(outcome.Result);
    }
}
