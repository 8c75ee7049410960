namespace Actors.Flows;

internal enum NameKind
{
    Inputs,
    Step,
    Loop,
    Error,

    /// <summary>What the engine knows of the run: <c>state</c>, <c>flow</c>, <c>run</c>.</summary>
    State,
    Flow,
    Run,

    /// <summary><c>env</c>, whose fields are the variables that may be read.</summary>
    Environment,

    /// <summary><c>secrets</c>: declared only where a secret may be used.</summary>
    Secrets,

    /// <summary>A variable of a function like <c>x => …</c> or of <c>{{#each}}</c>.</summary>
    Local,
}

/// <summary>Something that expressions may begin with.</summary>
/// <param name="Line">Where it is declared; 0 when the language declares it.</param>
/// <param name="Fields">What it has, when that is known; else null. A set where there may be many.</param>
/// <param name="Maybe">True: it may have been skipped.</param>
/// <param name="Type">What is known of its value; null: nothing but <paramref name="Fields"/>.</param>
/// <param name="Slot">Of a local variable, its place in an evaluation.</param>
internal sealed record Name(
    string Text, NameKind Kind, int Line, IReadOnlyCollection<string>? Fields = null, bool Maybe = false, int Column = 1, StaticType? Type = null, int Slot = 0)
{
    public static readonly Name Flow = new("flow", NameKind.Flow, 0, ["name", "version"]);

    public static readonly Name Run = new("run", NameKind.Run, 0, ["id", "started_at", "tenant", "flow"]);

    /// <summary>What is known of the value at this place: a step that was skipped gives null.</summary>
    public StaticType ValueType => Type is null ? StaticType.Any : Maybe ? Type.OrNull() : Type;

    /// <summary>Of two steps with one id, of which either may have run last, this one with what is known of both.</summary>
    public Name OrThatOf(Name other) => this with
    {
        Fields = Fields is null || other.Fields is null ? null : [.. other.Fields.Union(Fields)],
        Type = Type is null || other.Type is null ? null : other.Type.Or(Type),
    };

    /// <param name="fields">Every declared field with its type.</param>
    public static Name State(IReadOnlyDictionary<string, StaticType> fields) => new("state", NameKind.State, 0, [.. fields.Keys], Type: StaticType.ObjectOf(fields));

    /// <param name="allowed">The variables that flows may read; null: any.</param>
    public static Name Environment(IReadOnlyCollection<string>? allowed) => new("env", NameKind.Environment, 0, allowed);

    /// <param name="known">The secrets that there are; null: that is not known.</param>
    public static Name Secrets(IReadOnlyCollection<string>? known) => new("secrets", NameKind.Secrets, 0, known);
}

/// <summary>Every id of a flow, to tell a later step from one that does not exist.</summary>
internal sealed class FlowIds
{
    /// <summary>With the line of its first declaration.</summary>
    public Dictionary<string, int> Lines { get; } = new(StringComparer.Ordinal);

    /// <summary>Of the steps that are being read now, from the outermost.</summary>
    public List<string> Open { get; } = [];
}

/// <summary>The names that an expression at one place of a flow may use, known while the flow is read from top to bottom.</summary>
internal sealed class Names(Names? outer, FlowIds ids)
{
    /// <summary>Words that no step may be called.</summary>
    public static readonly IReadOnlyCollection<string> Reserved =
        ["inputs", "state", "error", "env", "secrets", "flow", "run", "steps", "context", "true", "false", "null", "and", "or", "not", "in"];

    private readonly Dictionary<string, Name> _own = new(StringComparer.Ordinal);

    public Names Inner() => new(this, ids);

    public Name? Find(string text)
    {
        for (Names? names = this; names is not null; names = names.Outer)
        {
            if (names._own.TryGetValue(text, out Name? name))
            {
                return name;
            }
        }

        return null;
    }

    public Name? FindOwn(string text) => _own.GetValueOrDefault(text);

    public void Add(Name name) => _own[name.Text] = name;

    /// <summary>A variable of a function or of <c>{{#each}}</c>, in a place of its own among those that are visible here.</summary>
    public Name AddLocal(string text, StaticType type)
    {
        Name name = new(text, NameKind.Local, 0, Type: type, Slot: Locals);
        Add(name);
        return name;
    }

    private int Locals => (Outer?.Locals ?? 0) + _own.Values.Count(static n => n.Kind == NameKind.Local);

    /// <summary>Takes over what a block inside has declared.</summary>
    public void AddAll(Names inner, bool maybe)
    {
        foreach (Name name in inner._own.Values)
        {
            Name known = _own.GetValueOrDefault(name.Text) is { Kind: NameKind.Step } before ? name.OrThatOf(before) : name;
            _own[name.Text] = known with { Maybe = maybe || name.Maybe };
        }
    }

    /// <summary>The ids of this block's own steps.</summary>
    public IEnumerable<string> OwnSteps => _own.Values.Where(n => n.Kind == NameKind.Step).Select(n => n.Text);

    /// <summary>What is wrong with a name that <see cref="Find"/> does not know.</summary>
    public ExpressionSyntaxException Unknown(string text, int offset, int line)
    {
        switch (text)
        {
            case "secrets":
                return new(Rules.SecretUse, "secrets can be used only in the inputs of steps that act outside of the flow", offset, "Give the secret to the step that needs it.");
            case "state":
                return new(Rules.UnknownState, "the flow declares no state", offset, "Declare it: state: {name: type}.");
            case "env" or "flow" or "run" or "context":
                return new(Rules.NotSupported, $"'{text}' is not supported in this version", offset);
            case "steps":
                return new(Rules.Expression, "'steps' needs the id of a step", offset, "Write e.g. ${steps.charge.total}, or the id alone.");
        }

        if (text == "error")
        {
            return new(Rules.HiddenReference, "'error' exists only inside on_error", offset);
        }

        if (ids.Lines.TryGetValue(text, out int declared))
        {
            if (ids.Open.Contains(text))
            {
                return new(Rules.LaterReference, $"step '{text}' refers to itself: its output is not there yet", offset);
            }

            return declared >= line
                ? new(Rules.LaterReference, $"step '{text}' is declared later, in line {declared}: its output is not there yet", offset, "Move the step up, or this reference down.")
                : new(Rules.HiddenReference, $"step '{text}' (line {declared}) is not visible here: ids inside for_each stay inside, and branches of parallel do not see each other", offset);
        }

        if (text is "item" or "index")
        {
            return new(Rules.HiddenReference, $"'{text}' exists only inside for_each", offset, "In a text: {{#each list as x, i}}.");
        }

        if (Find("inputs")?.Fields?.Contains(text) == true)
        {
            return new(Rules.UnknownReference, $"there is no step '{text}', but an input of that name", offset, $"Write ${{inputs.{text}}}.");
        }

        if (text == "this")
        {
            return new(Rules.HiddenReference, "'this' exists only inside {{#each list}}", offset);
        }

        string? near = Text.Nearest(text, Visible());
        return new(Rules.UnknownReference, $"there is no step '{Text.Shorten(text, 100)}'", offset, near is null ? $"Known here: {List(Visible())}." : $"Did you mean '{near}'?");
    }

    public static string List(IEnumerable<string> names)
    {
        string[] first = names.Distinct().Take(13).ToArray();
        return first.Length == 0 ? "nothing" : string.Join(", ", first.Take(12)) + (first.Length > 12 ? ", …" : "");
    }

    private IEnumerable<string> Visible()
    {
        for (Names? names = this; names is not null; names = names.Outer)
        {
            foreach (Name name in names._own.Values)
            {
                // What is always there is no news.
                if (name.Kind is not (NameKind.Flow or NameKind.Run or NameKind.Environment or NameKind.Secrets))
                {
                    yield return name.Text;
                }
            }
        }
    }

    private Names? Outer { get; } = outer;
}
