namespace Actors.Flows;

/// <summary>What may stand under a key. From it come the checks of the reader, the JSON Schema of the language and the reference.</summary>
internal abstract record Shape
{
    /// <summary>A text without expressions.</summary>
    public sealed record Word : Shape;

    /// <summary>A text, maybe with expressions.</summary>
    public sealed record Prose : Shape;

    /// <summary>Anything, maybe with expressions.</summary>
    public sealed record Data : Shape;

    public sealed record Flag : Shape;

    public sealed record Duration : Shape;

    /// <summary>An expression that is true or false, or one of any, all, none.</summary>
    public sealed record Question : Shape;

    public sealed record Steps : Shape;

    /// <summary>A JSON Schema.</summary>
    public sealed record Schema : Shape;

    /// <summary>Nothing at all: the key alone says it.</summary>
    public sealed record Empty : Shape;

    public sealed record Number(decimal Min, decimal Max, bool IsWhole) : Shape;

    public sealed record Choice(params string[] Words) : Shape;

    public sealed record ListOf(Shape Items) : Shape;

    public sealed record MapOf(Shape Values) : Shape;

    public sealed record Table(KeyTable Keys) : Shape;

    public sealed record OneOf(params Shape[] Shapes) : Shape;
}

/// <summary>A key of a mapping.</summary>
/// <param name="Meaning">One sentence.</param>
/// <param name="Default">As it is written in a file; null: none, or it is told in the meaning.</param>
internal sealed record Key(string Name, Shape Shape, string Meaning, bool IsRequired = false, string? Default = null);

/// <summary>All keys of a mapping.</summary>
/// <param name="Owner">What the mapping is, e.g. <c>a task step</c>.</param>
internal sealed record KeyTable(string Owner, IReadOnlyList<Key> Keys)
{
    public string[] Names { get; } = [.. Keys.Select(key => key.Name)];
}

/// <summary>A kind of step: the key that says so is its name.</summary>
/// <param name="Meaning">What it does, in a sentence or two.</param>
internal sealed record KindTable(string Kind, string Meaning, KeyTable Table);

/// <summary>The whole language as tables.</summary>
internal static class Language
{
    private static readonly Shape Word = new Shape.Word();
    private static readonly Shape Prose = new Shape.Prose();
    private static readonly Shape Data = new Shape.Data();
    private static readonly Shape Flag = new Shape.Flag();
    private static readonly Shape Time = new Shape.Duration();
    private static readonly Shape Question = new Shape.Question();
    private static readonly Shape Steps = new Shape.Steps();
    private static readonly Shape Schema = new Shape.Schema();
    private static readonly Shape DataMap = new Shape.MapOf(Data);
    private static readonly Shape Words = new Shape.OneOf(Word, new Shape.ListOf(Word));

    private static readonly Key Id = new("id", Word, "The name under which later steps refer to the output.");
    private static readonly Key If = new("if", Question, "The step is skipped, and its output is null, when this is false.");
    private static readonly Key Description = new("description", Prose, "One line for people.");
    private static readonly Key Timeout = new("timeout", Time, "The limit of the whole block.");

    public static readonly KeyTable OnError = new("on_error",
    [
        new("steps", Steps, "What is done; sees error.type, error.message, error.code, error.data, error.step."),
        new("then", new Shape.Choice("continue", "fail", "exit"), "How the flow goes on.", Default: "continue"),
    ]);

    public static readonly KeyTable Retry = new("retry",
    [
        new("max_attempts", new Shape.Number(1, RetryPolicy.AttemptsMax, true), "All attempts, the first included.", Default: "3"),
        new("delay", Time, "The wait before the second attempt.", Default: "1s"),
        new("delay_seconds", Time, "Another word for delay."),
        new("backoff", new Shape.OneOf(new Shape.Choice("fixed", "constant", "linear", "exponential"), new Shape.Number(0, 1_000_000, false)), "How waits grow; a number is the first wait in seconds, doubled each time, or, beside delay, the multiplier.", Default: "exponential"),
        new("multiplier", new Shape.Number(1, 1000, false), "By what exponential waits grow.", Default: "2"),
        new("backoff_multiplier", new Shape.Number(1, 1000, false), "Another word for multiplier."),
        new("backoff_factor", new Shape.Number(1, 1000, false), "Another word for multiplier."),
        new("max_delay", Time, "The longest wait."),
        new("jitter", new Shape.Number(0, 1, false), "The share of a wait that chance may add or take.", Default: "0"),
        new("retry_on", Words, "Only errors of these types or codes are retried."),
        new("not_on", Words, "Errors of these types or codes are not retried."),
        new("timeout", Time, "The limit of one attempt."),
    ]);

    public static readonly KeyTable Cache = new("cache",
    [
        new("key", Data, "What the output depends on.", Default: "the step's inputs"),
        new("ttl", Time, "How long the output is kept.", IsRequired: true),
    ]);

    public static readonly KeyTable CompensateTable = new("compensate",
    [
        new("task", Word, "The task that undoes the step.", IsRequired: true),
        new("inputs", DataMap, "What it is given; sees result, the step's output."),
    ]);

    public static readonly KeyTable ValidateTable = new("a check of a result",
    [
        new("check", Question, "What must be true of result.", IsRequired: true),
        new("message", Prose, "What is told when it is not."),
    ]);

    public static readonly KeyTable StateOperations = new("state",
    [
        new("set", DataMap, "Values by name."),
        new("append", DataMap, "Items to add at the end of lists, by name."),
        new("merge", DataMap, "Objects to put over those that are there, by name."),
    ]);

    private static readonly Key OnErrorKey = new("on_error", new Shape.OneOf(Steps, new Shape.Table(OnError)), "What is done when the step has failed.");
    private static readonly Key CacheKey = new("cache", new Shape.OneOf(Time, new Shape.Table(Cache)), "The output is kept and used in place of running the step again, also by other runs.");
    private static readonly Key FallbackKey = new("fallback", new Shape.OneOf(Steps, new Shape.MapOf(Data)), "Steps in place of this one when it has failed; the output of the last is the step's.");

    private static readonly Key[] EveryStep = [Id, If, Description, CacheKey, FallbackKey, OnErrorKey];

    private static readonly Key[] EveryEffect =
    [
        .. EveryStep,
        new("retry", new Shape.Table(Retry), "Whether and when it is tried again."),
        new("timeout", Time, "The limit of one attempt."),
        new("validate", new Shape.ListOf(new Shape.OneOf(Question, new Shape.Table(ValidateTable))), "What must be true of result; otherwise the attempt has failed."),
        new("output_schema", Schema, "What the result must look like; otherwise the attempt has failed."),
        new("result", Data, "The step's output, made of result."),
        new("compensate", new Shape.OneOf(Word, new Shape.Table(CompensateTable)), "What undoes the step when the run fails later or is cancelled."),
        new("background", Flag, "true: the flow goes on at once, and the block around waits at its end.", Default: "false"),
        new("depends_on", Words, "In a parallel: the branches that must have ended before. Elsewhere: steps that stand before this one."),
        new("silent", Flag, "Read for compatibility; has no effect."),
    ];

    private static readonly Key Outputs = new("outputs", new Shape.ListOf(Data), "The names of the fields of its result, so that references to them are checked.");

    private static readonly Key Depends = EveryEffect.Single(key => key.Name == "depends_on");

    private static readonly Key[] EveryBlock = [.. EveryStep, Timeout, Depends];

    private static readonly Key[] Branching =
    [
        new("merge", new Shape.OneOf(new Shape.Choice("error", "first", "last", "deep", "none"), new Shape.MapOf(new Shape.Choice("error", "first", "last", "deep", "none"))), "What becomes of ids and state that two branches both set; by name, * for all others.", Default: "error"),
        new("field_mapping", new Shape.MapOf(new Shape.ListOf(Word)), "By branch: the ids that are taken out of it.", Default: "all"),
        new("reduce", new Shape.OneOf(new Shape.Choice("keys", "values", "union", "concat", "first", "last", "majority", "sum"), Prose), "Makes one value of the branches' outputs; an expression sees branches."),
        new("on_branch_failure", new Shape.Choice("propagate", "ignore", "collect"), "A failed branch fails the step, is null, or is {error: …}.", Default: "propagate"),
    ];

    public static readonly KeyTable Case = new("a case",
    [
        new("when", Data, "The value, or a list of values."),
        new("do", Steps, "What is done."),
        new("default", Steps, "In place of when and do: what is done when no case matches."),
    ]);

    public static readonly KeyTable Exit = new("exit",
    [
        new("reason", Prose, "Why, for people."),
        new("outputs", DataMap, "The flow's outputs."),
    ]);

    public static readonly KeyTable Wait = new("wait",
    [
        new("for", Prose, "A length of time."),
        new("until", Prose, "A point in time."),
        new("signal", Word, "The name of a signal."),
        new("timeout", Time, "How long the signal is waited for.", Default: "for ever"),
        new("on_timeout", new Shape.Choice("continue", "fail"), "What happens at the end of that time.", Default: "continue"),
    ]);

    public static readonly KeyTable Approval = new("approval",
    [
        new("title", Prose, "What is asked.", IsRequired: true),
        new("details", Data, "What people need to know."),
        new("decisions", new Shape.ListOf(Word), "What may be decided.", Default: "[approve, reject]"),
        new("candidates", new Shape.OneOf(Prose, new Shape.ListOf(Prose)), "Who may answer.", Default: "everybody"),
        new("form", Schema, "What the answer's data must look like."),
        new("timeout", Time, "How long the answer is waited for.", Default: "for ever"),
        new("on_timeout", Word, "The decision that counts when nobody answers, or fail."),
    ]);

    public static readonly KeyTable Emit = new("emit",
    [
        new("signal", Prose, "The name of a signal, sent to another run."),
        new("to", Prose, "The id of that run."),
        new("event", Prose, "In place of signal and to: the name of an event in this run's stream."),
        new("data", Data, "What it carries."),
    ]);

    public static readonly KeyTable RouteTask = new("route",
    [
        new("task", Word, "The task that gives a name or a list of names.", IsRequired: true),
        new("inputs", DataMap, "What it is given."),
    ]);

    public static readonly KeyTable Transition = new("a transition",
    [
        new("to", Word, "The next state.", IsRequired: true),
        new("from", Words, "In the shared list: the states it leads out of; * for all.", Default: "*"),
        new("on", new Shape.Choice("success", "failure", "any"), "How the state must have ended.", Default: "success"),
        new("if", Question, "What must be true."),
    ]);

    public static readonly KeyTable State = new("a state",
    [
        new("do", Steps, "What is done in it."),
        new("next", Word, "The state that follows a success."),
        new("transitions", new Shape.ListOf(new Shape.Table(Transition)), "The states that may follow; the first that fits is taken."),
        new("end", Flag, "true: the machine may end here.", Default: "when it has no transitions"),
    ]);

    public static readonly KeyTable StateMachine = new("state_machine",
    [
        new("start", Word, "The first state.", IsRequired: true),
        new("data", Data, "The first value of data.", Default: "null"),
        new("max_hops", new Shape.Number(1, 1_000_000, true), "The largest number of states entered.", Default: "100"),
        new("states", new Shape.MapOf(new Shape.Table(State)), "The states by name.", IsRequired: true),
        new("transitions", new Shape.ListOf(new Shape.Table(Transition)), "Transitions that several states share; asked after a state's own."),
    ]);

    private static readonly Shape MaxIterations = new Shape.Number(1, 1_000_000, true);

    private static readonly Key[] Looping =
    [
        new("max", MaxIterations, "The largest number of iterations.", Default: "1000"),
        new("on_max", new Shape.Choice("fail", "exit"), "What happens when it is reached. Without while and until the loop just ends.", Default: "fail"),
        new("carry", Data, "The first value of carried.", Default: "null"),
        new("next", Data, "The next value of carried.", Default: "the last step's output"),
        new("state", new Shape.Table(StateOperations), "Changes of state after every iteration."),
    ];

    private static readonly Key WhileKey = new("while", Question, "Asked before each iteration; sees carried, index and state.");
    private static readonly Key UntilKey = new("until", Question, "Asked after each iteration; sees the body's ids as well.");
    private static readonly Key DoKey = new("do", Steps, "What is done.", IsRequired: true);

    private static KindTable Kind(string kind, string owner, string meaning, params Key[] keys) => new(kind, meaning, new KeyTable(owner, keys));

    /// <summary>The kinds of the language, in the order in which the reference tells them.</summary>
    public static readonly IReadOnlyList<KindTable> Kinds =
    [
        Kind("task", "a task step", "Calls a registered task and gives its result.",
        [
            new("task", Word, "The task's name.", IsRequired: true),
            new("inputs", new Shape.OneOf(DataMap, Prose), "What it is given."),
            Outputs,
            new("connection", Word, "A connection that the task is given."),
            .. EveryEffect,
        ]),
        Kind("parallel", "a parallel step", "Runs branches at the same time and waits for all of them.",
        [
            new("parallel", new Shape.OneOf(Steps, new Shape.MapOf(Steps)), "A list of steps, each a branch; or lists of steps by the branch's name.", IsRequired: true),
            .. Branching,
            new("concurrency", new Shape.Number(1, 1000, true), "How many branches at a time.", Default: "all"),
            .. EveryBlock,
        ]),
        Kind("switch", "a switch step", "Compares a value and does what stands under the first case that equals it.",
        [
            new("switch", Prose, "The value.", IsRequired: true),
            new("cases", new Shape.ListOf(new Shape.Table(Case)), "The cases.", IsRequired: true),
            new("default", Steps, "What is done when no case matches.", Default: "nothing"),
            .. EveryBlock.Where(key => key.Name != "if"),
        ]),
        Kind("for_each", "a for_each step", "Runs its steps for each item of a list and gives the list of results.",
        [
            new("for_each", Data, "The list.", IsRequired: true),
            new("as", Word, "The variable that holds the item.", Default: "item"),
            new("index_as", Word, "The variable that holds the item's number, from 0.", Default: "index"),
            DoKey,
            new("concurrency", new Shape.Number(1, 1000, true), "How many items at a time.", Default: "1"),
            new("key", Prose, "The item's key in the journal, so that it stays the same when the list changes.", Default: "its number"),
            new("on_item_error", new Shape.Choice("fail", "skip", "collect"), "A failed item fails the step, is left out, or is {error: …}.", Default: "fail"),
            new("collect", Data, "What each iteration gives.", Default: "the output of its only step, else all its ids"),
            .. EveryBlock,
        ]),
        Kind("loop", "a loop step", "Repeats its steps and gives the last carried value.",
            [new("loop", Steps, "What is repeated.", IsRequired: true), WhileKey, UntilKey, .. Looping, .. EveryBlock]),
        Kind("while", "a while step", "A loop that is written with its condition first.",
            [WhileKey with { IsRequired = true }, DoKey, UntilKey, .. Looping, .. EveryBlock]),
        Kind("until", "an until step", "A loop that is written with its condition first.",
            [UntilKey with { IsRequired = true }, DoKey, .. Looping, .. EveryBlock]),
        Kind("route", "a route step", "Runs those of its branches that a value, an expression or a task names.",
        [
            new("route", new Shape.OneOf(Prose, new Shape.ListOf(Prose), new Shape.Table(RouteTask)), "Gives the name of a branch, or a list of names.", IsRequired: true),
            new("branches", new Shape.MapOf(Steps), "The branches by name.", IsRequired: true),
            new("default", Steps, "What is done when no branch is named."),
            new("on_unknown", new Shape.Choice("fail", "ignore"), "What happens with a name that no branch has.", Default: "fail"),
            .. Branching,
            .. EveryBlock,
        ]),
        Kind("state_machine", "a state_machine step", "Goes from state to state along transitions and gives the last state's output.",
            [new("state_machine", new Shape.Table(StateMachine), "The states and where they lead.", IsRequired: true), .. EveryBlock]),
        Kind("subflow", "a subflow step", "Runs another flow with names of its own and gives its outputs.",
        [
            new("subflow", Word, "The flow's name.", IsRequired: true),
            new("inputs", DataMap, "Its inputs."),
            new("outputs", new Shape.OneOf(DataMap, new Shape.ListOf(Data)), "The step's outputs, made of result; or the names of those that it gives.", Default: "the flow's outputs"),
            new("run", new Shape.Choice("inline", "child"), "In this run, or as a run of its own.", Default: "inline"),
            new("version", Word, "The version of a run of its own.", Default: "the latest"),
            new("on_failure", new Shape.Choice("abort", "skip", "default"), "A failed flow fails the step, gives null, or gives the default.", Default: "abort"),
            new("default", Data, "What a failed flow gives with on_failure: default."),
            new("background", Flag, "true: this flow goes on at once, and the block around waits at its end.", Default: "false"),
            .. EveryBlock,
        ]),
        Kind("do", "a do step", "A block of steps, with what is done at its end in any case.",
            [DoKey, new("finally", Steps, "What is done at the end, whether the steps have failed or not."), .. EveryBlock]),
        Kind("set", "a set step", "Changes the flow's state.", [.. StateOperations.Keys, .. EveryStep]),
        Kind("append", "an append step", "Adds to lists of the flow's state.", [.. StateOperations.Keys, .. EveryStep]),
        Kind("merge", "a merge step", "Puts objects over those of the flow's state.", [.. StateOperations.Keys, .. EveryStep]),
        Kind("emit", "an emit step", "Sends a signal to another run, or puts an event into this run's stream.",
            [new("emit", new Shape.Table(Emit), "What is sent.", IsRequired: true), .. EveryStep, Depends]),
        Kind("exit", "an exit step", "Ends the flow, or the subflow, well.",
            [new("exit", new Shape.OneOf(new Shape.Empty(), new Shape.Table(Exit)), "Why and with what.", IsRequired: true), Id, If, Description]),
        Kind("wait", "a wait step", "Waits for a length of time, a point in time, or a signal.",
            [new("wait", new Shape.OneOf(Prose, new Shape.Table(Wait)), "For what.", IsRequired: true), .. EveryStep, Depends]),
        Kind("approval", "an approval step", "Asks people and waits for their answer.",
            [new("approval", new Shape.OneOf(Prose, new Shape.Table(Approval)), "What is asked.", IsRequired: true), .. EveryStep, Depends]),
        Kind("if", "an if step", "Does one of two things.",
        [
            new("if", Question, "What is asked.", IsRequired: true),
            new("then", Steps, "What is done when it is true."),
            new("else", Steps, "What is done when it is false."),
            .. EveryBlock.Where(key => key.Name != "if"),
        ]),
    ];

    /// <summary>The keys of a registered kind beside its own.</summary>
    public static KeyTable Registered(StepKind kind) =>
        new($"a {kind.Name} step", [new(kind.Name, Data, kind.Description, IsRequired: true), Outputs, .. EveryEffect]);

    public static readonly KeyTable Input = new("an input",
    [
        new("name", Word, "Its name.", IsRequired: true),
        new("type", Word, "string, integer, number, boolean, object, array or any.", Default: "any"),
        new("required", Flag, "Whether it must be given.", Default: "true without a default"),
        new("default", Data, "Its value when it is not given; no expressions."),
        new("description", Prose, "One line for people."),
        new("schema", Schema, "What it must look like."),
    ]);

    public static readonly KeyTable Output = new("an output",
    [
        new("name", Word, "Its name.", IsRequired: true),
        new("value", Data, "Its value.", Default: "the step of that name"),
        new("description", Prose, "One line for people."),
        new("schema", Schema, "What it must look like; otherwise the run fails."),
    ]);

    public static readonly KeyTable StateField = new("a field of the state",
    [
        new("type", Word, "string, integer, number, boolean, object, array or any.", Default: "any"),
        new("default", Data, "Its first value; no expressions.", Default: "null"),
        new("description", Prose, "One line for people."),
        new("schema", Schema, "What it must look like."),
    ]);

    public static readonly KeyTable WebhookAuth = new("auth",
    [
        new("type", new Shape.Choice("api_key", "bearer"), "What the caller shows.", IsRequired: true),
        new("header", Word, "The header that carries it.", Default: "X-API-Key, for bearer Authorization"),
        new("key", Word, "What it must be; ${env.NAME} for an environment variable."),
        new("token", Word, "Another word for key."),
    ]);

    public static readonly KeyTable Webhook = new("a webhook trigger",
    [
        new("type", new Shape.Choice("webhook"), "A request over HTTP.", IsRequired: true),
        new("id", Word, "Its name."),
        new("enabled", Flag, "Whether it is to be started.", Default: "true"),
        new("path", Word, "The path of its URL; parts in braces are parameters.", IsRequired: true),
        new("method", new Shape.Choice("GET", "POST", "PUT", "DELETE", "PATCH"), "The request's method.", Default: "POST"),
        new("auth", new Shape.Table(WebhookAuth), "What the caller must show.", Default: "nothing"),
        new("async", Flag, "true: the caller is answered at the run's start, not at its end.", Default: "true"),
        new("input_mapping", new Shape.Choice("body", "query", "headers", "path", "all"), "The part of the request that becomes the inputs.", Default: "body"),
    ]);

    public static readonly KeyTable Schedule = new("a schedule trigger",
    [
        new("type", new Shape.Choice("schedule"), "Points in time.", IsRequired: true),
        new("id", Word, "Its name."),
        new("enabled", Flag, "Whether it is to be started.", Default: "true"),
        new("cron", Word, "Minute, hour, day of the month, month and day of the week.", IsRequired: true),
        new("timezone", Word, "Whose clocks are meant.", Default: "UTC"),
        new("max_instances", new Shape.Number(1, 1000, true), "At so many runs that have not ended, a point in time is passed over.", Default: "1"),
    ]);

    public static readonly KeyTable ProjectContents = new("a project",
    [
        new("project", Word, "Its name.", IsRequired: true),
        new("description", Prose, "What it is for."),
        new("version", Word, "The version that people read."),
        new("settings", new Shape.MapOf(Data), "Connections that its flows share, tags and contacts."),
        new("flows", new Shape.ListOf(Data), "Its flows: names of files or folders beside it, or mappings with name and path.", IsRequired: true),
    ]);

    public static readonly KeyTable ProjectSettings = new("the settings of a project",
    [
        new("shared_connections", new Shape.MapOf(Data), "Connections for all of its flows that have none of that name."),
        new("tags", new Shape.ListOf(Word), "For people."),
        new("contact", new Shape.MapOf(Data), "For people."),
    ]);

    public static readonly KeyTable ProjectFlow = new("a flow of a project",
    [
        new("name", Word, "The flow's name."),
        new("path", Word, "Its file or folder, beside the project's file."),
        new("description", Prose, "What it is for."),
    ]);

    public static readonly KeyTable Linked = new("linked",
    [
        new("connections", new Shape.MapOf(Data), "Connections that the project's flows share."),
        new("subflows", new Shape.MapOf(Word), "By the name of a file or folder: the flow in it."),
    ]);

    public static readonly KeyTable Root = new("a flow",
    [
        new("flow", Word, "Its name.", IsRequired: true),
        new("description", Prose, "What it is for."),
        new("version", Word, "The version that people read."),
        new("timeout", Time, "The limit of a whole run, from its first step on."),
        new("inputs", new Shape.ListOf(new Shape.Table(Input)), "What it must be given."),
        new("outputs", new Shape.ListOf(new Shape.OneOf(Word, new Shape.Table(Output))), "What it gives."),
        new("state", new Shape.MapOf(new Shape.OneOf(Word, new Shape.Table(StateField))), "What steps may set and read as state.NAME."),
        new("steps", Steps, "What it does.", IsRequired: true),
        new("on_cancel", Steps, "What is done when the run is cancelled or has reached its timeout."),
        new("connections", new Shape.MapOf(Data), "Named connections to other systems."),
        new("triggers", new Shape.ListOf(new Shape.OneOf(new Shape.Table(Webhook), new Shape.Table(Schedule))), "Webhooks and schedules; read and checked, but not started."),
        new("linked", new Shape.Table(Linked), "Added at the end of a file that was loaded with a project: what it has from there."),
        new("silent", Flag, "Read for compatibility; has no effect."),
    ]);

    private static readonly Dictionary<string, KindTable> ByKind = Kinds.ToDictionary(table => table.Kind, StringComparer.Ordinal);

    private static readonly HashSet<string> AllKeys = [.. Kinds.SelectMany(table => table.Table.Names)];

    public static KeyTable Of(string kind) => ByKind[kind].Table;

    /// <summary>True when steps of the language use the word as a key.</summary>
    public static bool IsKey(string word) => AllKeys.Contains(word);
}
