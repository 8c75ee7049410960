namespace Actors.Flows;

/// <summary>What a reference that leads to nothing gives.</summary>
internal enum Missing
{
    /// <summary>The step that asks fails.</summary>
    Fails,

    /// <summary>Null when it begins at a step that has not run; else the step fails. For a flow's outputs.</summary>
    NullWhenSkipped,

    /// <summary>Null. For clean-up, which cannot know how far the flow has come.</summary>
    Null,
}

/// <summary>
/// One evaluation: where values come from, and what it may still cost. Every limit counts what is done, never time, so that an expression fails in every walk or in none.
/// For one thread.
/// </summary>
internal sealed class Evaluation(Variables variables, Missing missing)
{
    /// <summary>Operations and list items that one evaluation may touch. A condition takes about ten.</summary>
    public const int StepsMax = 1_000_000;

    /// <summary>The longest text that an expression may make: that of a large journaled value.</summary>
    public const int TextLengthMax = 1 << 20;

    /// <summary>The largest list or object that an expression may make, as <see cref="Value.Size"/> counts it.</summary>
    public const int SizeMax = 1 << 22;

    /// <summary>How much one evaluation may build in all, what it throws away again included.</summary>
    public const int BuiltMax = 1 << 25;

    /// <summary>Leaves room for the records around a value within <see cref="FlowJson.DepthMax"/>.</summary>
    public const int DepthMax = FlowJson.DepthMax - 8;

    // Characters that cost as much as an operation.
    private const int CharactersPerStep = 64;

    private int _steps;
    private long _built;
    private Value[] _locals = [];

    public Missing Missing { get; private set; } = missing;

    /// <summary>What <c>now()</c> gives: the flow's own clock. Null: there is no clock here, and asking for it fails.</summary>
    public DateTimeOffset? Now { get; init; }

    /// <summary>Gives the environment variables that flows may read, and null for one that is not set. Null: none is set.</summary>
    public Func<string, Value>? Environment { get; init; }

    /// <summary>Gives secrets. Null: each is <see cref="Mask"/>, which is what may be recorded.</summary>
    public Func<string, Value>? Secrets { get; init; }

    /// <summary>Gives <c>state</c>, <c>flow</c> and <c>run</c>. Null: they are variables as others.</summary>
    public Func<string, Value>? Roots { get; init; }

    public Value Get(string name) => variables.Get(name);

    public Value Root(string name) => Roots?.Invoke(name) ?? variables.Get(name);

    public Value Secret(string name) => Secrets?.Invoke(name) ?? Value.Of(Mask(name));

    /// <summary>What stands for a secret where its value must not be.</summary>
    public static string Mask(string secret) => $"***{secret}***";

    public Value Local(int slot) => slot < _locals.Length ? _locals[slot] : Value.Null;

    public void SetLocal(int slot, Value value)
    {
        if (slot >= _locals.Length)
        {
            Array.Resize(ref _locals, Math.Max(4, slot * 2));
        }

        _locals[slot] = value;
    }

    public void Count(int steps = 1)
    {
        _steps += steps;
        if (_steps > StepsMax)
        {
            throw new ExpressionException($"the expression takes more than {StepsMax:N0} operations", code: ExpressionException.TooMuch);
        }
    }

    /// <summary>Counts looking at so many characters.</summary>
    public void CountText(long characters) => Count((int)Math.Min(characters / CharactersPerStep, StepsMax));

    /// <summary>A text that an expression has made.</summary>
    public Value Text(string text)
    {
        CheckLength(text);
        Charge(text.Length);
        return Value.Of(text);
    }

    /// <summary>A list that an expression has made. The array must not be changed afterwards.</summary>
    public Value List(Value[] items) => Checked(Value.List(items), items.Length);

    /// <summary>An object that an expression has made.</summary>
    public Value Object(KeyValuePair<string, Value>[] entries) => Checked(Value.Object(entries), entries.Length);

    /// <summary>Before so much is built.</summary>
    public void Charge(long size)
    {
        _built += size;
        if (_built > BuiltMax)
        {
            throw new ExpressionException($"the expression builds more than {BuiltMax:N0} characters and items", code: ExpressionException.TooMuch);
        }
    }

    /// <summary>Evaluates where nothing is an acceptable answer: left of <c>??</c>, or compared with null.</summary>
    public Value Leniently(Expression expression)
    {
        Missing before = Missing;
        Missing = Missing.Null;
        try
        {
            return expression.Evaluate(this);
        }
        finally
        {
            Missing = before;
        }
    }

    public static string CheckLength(string text) => text.Length <= TextLengthMax ? text : throw TooLong();

    public static ExpressionException TooLong() =>
        new($"the text would be longer than {TextLengthMax:N0} characters", code: ExpressionException.TooMuch);

    // A value that holds the same list many times is as large as all of them written out: what makes it so large is refused when it is made.
    private Value Checked(Value value, int count)
    {
        Count(count / 4);
        Charge(2L * count);
        if (value.Size > SizeMax)
        {
            throw new ExpressionException($"the value would be larger than {SizeMax:N0} characters and items", code: ExpressionException.TooMuch);
        }

        return value.Depth(DepthMax) <= DepthMax
            ? value
            : throw new ExpressionException($"the value is nested deeper than {DepthMax} levels", code: ExpressionException.TooMuch);
    }
}
