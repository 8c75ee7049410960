using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>The C# handlers that steps call by name. Thread-safe.</summary>
public sealed class TaskRegistry
{
    private readonly ConcurrentDictionary<string, TaskHandler> _tasks = new(StringComparer.Ordinal);

    /// <summary>What flows may use beside tasks.</summary>
    public FlowResources Resources { get; } = new();

    /// <summary>Registered names, in alphabetical order.</summary>
    public IReadOnlyList<string> Names => _tasks.Keys.Order(StringComparer.Ordinal).ToArray();

    /// <summary>All that <see cref="Find"/> finds, in alphabetical order.</summary>
    internal IReadOnlyList<string> Known => _tasks.Keys.Union(Resources.SqlTasks.Names, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();

    /// <summary>The registered one, else the one that is always there (<c>pg_query</c> and the like, which need the step's <c>connection</c>); null when there is none.</summary>
    public TaskHandler? Find(string name) => _tasks.GetValueOrDefault(name) ?? Resources.SqlTasks.Find(name);

    /// <summary>Registers a task. Inputs and results are JSON with snake_case names (<see cref="FlowJson.TaskOptions"/>).</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public TaskRegistry Add<TIn, TOut>(string name, Func<TIn, IStepContext, Task<TOut>> handler, string? description = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Add(new TaskHandler(name, description, typeof(TIn), async (input, step) =>
        {
            TOut result = await handler(ReadInput<TIn>(name, input), step);
            return JsonSerializer.SerializeToElement(result, FlowJson.TaskOptions);
        })
        {
            RunValue = async (input, step) => ToValue(await handler(input is TIn value ? value : ReadValue<TIn>(name, input), step)),
            ResultType = typeof(TOut),
        });
    }

    // What is a value already, or a text, need not become JSON on the way.
    private static Value ToValue<TOut>(TOut result) => result switch
    {
        Value value => value,
        string text when typeof(TOut) == typeof(string) => Value.Of(text),
        _ => Value.FromJson(JsonSerializer.SerializeToElement(result, FlowJson.TaskOptions)),
    };

    /// <summary>Registers a task without a result.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public TaskRegistry Add<TIn>(string name, Func<TIn, IStepContext, Task> handler, string? description = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Add<TIn, object?>(
            name,
            async (input, step) =>
            {
                await handler(input, step);
                return null;
            },
            description);
    }

    /// <summary>
    /// Registers each public method of <paramref name="instance"/> that has a <see cref="FlowTaskAttribute"/>. A method takes the input (or nothing), and, if it
    /// wants to, an <see cref="IStepContext"/>; it returns a value, a task of one, or a task.
    /// </summary>
    /// <exception cref="ArgumentException">A name is taken, a method has another shape, or none has the attribute.</exception>
    public TaskRegistry AddFrom(object instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        bool any = false;
        foreach (MethodInfo method in instance.GetType().GetMethods(BindingFlags.Public | BindingFlags.Instance))
        {
            if (method.GetCustomAttribute<FlowTaskAttribute>() is { } attribute)
            {
                Add(TaskMethod.Bind(instance, method, attribute));
                any = true;
            }
        }

        return any ? this : throw new ArgumentException($"{instance.GetType().Name} has no public method with [FlowTask].", nameof(instance));
    }

    private TaskRegistry Add(TaskHandler task)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(task.Name);
        return _tasks.TryAdd(task.Name, task) ? this : throw new ArgumentException($"A task '{task.Name}' is registered already.");
    }

    private static T ReadValue<T>(string task, Value input)
    {
        if (input.Source is { } json)
        {
            return ReadInput<T>(task, json);
        }

        // By way of bytes: an element would be a document of its own.
        try
        {
            return JsonSerializer.Deserialize<T>(JsonSerializer.SerializeToUtf8Bytes(input, FlowJson.Options), FlowJson.TaskInputOptions)!;
        }
        catch (JsonException)
        {
            return ReadInput<T>(task, input.ToJson());
        }
    }

    internal static T ReadInput<T>(string task, JsonElement input)
    {
        try
        {
            return input.Deserialize<T>(FlowJson.TaskInputOptions)!;
        }
        catch (JsonException e)
        {
            throw new TaskException($"Task '{task}' cannot read its input: {TypeMismatch.Find(input, typeof(T), e, FlowJson.TaskInputOptions).Sentence("it")}", "invalid_input", e) { Type = ErrorTypes.InvalidInput, Retryable = false };
        }
    }
}

/// <summary>Marks a method as a task that flows call by name.</summary>
/// <param name="name">The name in YAML, e.g. <c>ReserveStock</c>.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FlowTaskAttribute(string name) : Attribute
{
    public string Name { get; } = name;

    /// <summary>One line for lists; null when there is none.</summary>
    public string? Description { get; init; }
}

/// <summary>A registered task.</summary>
/// <param name="InputType">What its input is read as; null when it takes none.</param>
public sealed record TaskHandler(string Name, string? Description, Type? InputType, Func<JsonElement, IStepContext, Task<JsonElement>> Run)
{
    /// <summary>The same for those who have values. Null: by way of <see cref="Run"/>.</summary>
    internal Func<Value, IStepContext, Task<Value>>? RunValue { get; init; }

    /// <summary>What its result is written from; null: not known.</summary>
    internal Type? ResultType { get; init; }
}

internal static class TaskMethod
{
    private static readonly MethodInfo Await = typeof(TaskMethod).GetMethod(nameof(AwaitResult), BindingFlags.NonPublic | BindingFlags.Static)!;
    private static readonly MethodInfo Read = typeof(TaskRegistry).GetMethod(nameof(TaskRegistry.ReadInput), BindingFlags.NonPublic | BindingFlags.Static)!;

    public static TaskHandler Bind(object instance, MethodInfo method, FlowTaskAttribute attribute)
    {
        ParameterInfo[] parameters = method.GetParameters();
        ParameterInfo? input = parameters.FirstOrDefault(p => p.ParameterType != typeof(IStepContext));
        int contexts = parameters.Count(p => p.ParameterType == typeof(IStepContext));
        if (contexts > 1 || parameters.Length - contexts > 1)
        {
            throw new ArgumentException($"Task method {method.DeclaringType?.Name}.{method.Name} must take at most one input and one IStepContext.");
        }

        Func<string, JsonElement, object?>? read = input is null
            ? null
            : Reader(Read.MakeGenericMethod(input.ParameterType));
        Func<object?, Task<JsonElement>> finish = Finisher(method);
        return new TaskHandler(attribute.Name, attribute.Description, input?.ParameterType, (json, step) =>
        {
            object?[] arguments = new object?[parameters.Length];
            for (int i = 0; i < parameters.Length; i++)
            {
                arguments[i] = parameters[i].ParameterType == typeof(IStepContext) ? step : read!(attribute.Name, json);
            }

            return finish(method.Invoke(instance, BindingFlags.DoNotWrapExceptions, null, arguments, null));
        })
        {
            ResultType = ResultOf(method.ReturnType),
        };
    }

    // Null: it gives nothing.
    private static Type? ResultOf(Type type) =>
        type == typeof(Task) || type == typeof(void) ? null : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Task<>) ? type.GetGenericArguments()[0] : type;

    // By reflection, because a delegate over the closed generic method could not box value types.
    private static Func<string, JsonElement, object?> Reader(MethodInfo read) =>
        (name, json) => read.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [name, json], null);

    private static Func<object?, Task<JsonElement>> Finisher(MethodInfo method)
    {
        Type type = method.ReturnType;
        if (type == typeof(Task))
        {
            return async result =>
            {
                await (Task)result!;
                return JsonSerializer.SerializeToElement<object?>(null, FlowJson.TaskOptions);
            };
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Task<>))
        {
            return Await.MakeGenericMethod(type.GetGenericArguments()[0]).CreateDelegate<Func<object?, Task<JsonElement>>>();
        }

        return result => Task.FromResult(JsonSerializer.SerializeToElement(result, type == typeof(void) ? typeof(object) : type, FlowJson.TaskOptions));
    }

    private static async Task<JsonElement> AwaitResult<T>(object? task) => JsonSerializer.SerializeToElement(await (Task<T>)task!, FlowJson.TaskOptions);
}
