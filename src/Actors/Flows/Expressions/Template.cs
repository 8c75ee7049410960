using System.Text;

namespace Actors.Flows;

/// <summary>A value of a flow file that may hold expressions. What an expression gives is put in as it is and never read for expressions again.</summary>
internal abstract class Template
{
    private IReadOnlyCollection<string>? _secrets;

    public abstract Value Evaluate(Evaluation e);

    /// <summary>What is known of its value.</summary>
    public virtual StaticType Type => StaticType.Any;

    /// <summary>The templates that it is made of.</summary>
    public virtual IEnumerable<Template> Parts => [];

    /// <summary>Its own expression; null when it has none.</summary>
    public virtual Expression? Tree => null;

    /// <summary>The names of the secrets that it uses, each once.</summary>
    public IReadOnlyCollection<string> Secrets => _secrets ??= References().Where(static r => r.Root == "secrets").Select(static r => r.Field!).ToHashSet(StringComparer.Ordinal);

    /// <summary>What its expressions begin with.</summary>
    public IEnumerable<Reference> References() => (Tree is null ? [] : Reference.Of(Tree)).Concat(Parts.SelectMany(static part => part.References()));

    /// <summary>Adds what it gives to a text.</summary>
    public virtual void Render(Evaluation e, StringBuilder text)
    {
        text.Append(ConversionFunctions.Show(e, Evaluate(e)));
        if (text.Length > Evaluation.TextLengthMax)
        {
            throw Evaluation.TooLong();
        }
    }

    /// <summary>As it is written in the file, or nearly so: for pictures and lists.</summary>
    public override string ToString() => "…";
}

internal sealed class ConstantTemplate(Value value) : Template
{
    public static readonly ConstantTemplate EmptyObject = new(Value.EmptyObject);

    public Value Value => value;

    public override StaticType Type => StaticType.OfWritten(value);

    public override Value Evaluate(Evaluation e) => value;

    public override string ToString() => value.ToString();
}

/// <summary>A text that is exactly one <c>${…}</c> or <c>{{…}}</c>: the value keeps its type.</summary>
/// <param name="source">With its braces, for messages.</param>
internal sealed class HoleTemplate(Expression tree, string source) : Template
{
    public override Expression? Tree => tree;

    public override StaticType Type => tree.Type;

    public override Value Evaluate(Evaluation e)
    {
        try
        {
            return tree.Evaluate(e);
        }
        catch (ExpressionException x) when (x.Expression is null)
        {
            throw new ExpressionException(x.Reason, Actors.Text.Shorten(source, 200), x.Code);
        }
    }

    public override string ToString() => source;
}

/// <summary>A text with holes and blocks in it.</summary>
internal sealed class TextTemplate(Template[] parts) : Template
{
    public override StaticType Type => StaticType.Text;

    public override IEnumerable<Template> Parts => parts;

    public override string ToString() => string.Concat(parts.Select(part => part.ToString()));

    public override Value Evaluate(Evaluation e)
    {
        StringBuilder text = new();
        Render(e, text);
        return e.Text(text.ToString());
    }

    public override void Render(Evaluation e, StringBuilder text)
    {
        foreach (Template part in parts)
        {
            e.Count();
            part.Render(e, text);
        }
    }
}

/// <summary><c>{{#if a}}…{{else if b}}…{{else}}…{{/if}}</c>: the text of the first condition that is true.</summary>
/// <param name="otherwise">Null: nothing.</param>
internal sealed class IfTemplate((Template Condition, Template Text)[] branches, Template? otherwise) : Template
{
    public override StaticType Type => StaticType.Text;

    public override IEnumerable<Template> Parts => branches.SelectMany(static b => (Template[])[b.Condition, b.Text]).Concat(otherwise is null ? [] : [otherwise]);

    public override Value Evaluate(Evaluation e)
    {
        StringBuilder text = new();
        Render(e, text);
        return e.Text(text.ToString());
    }

    public override void Render(Evaluation e, StringBuilder text)
    {
        foreach ((Template condition, Template branch) in branches)
        {
            if (Expression.IsTruthy(condition.Evaluate(e)))
            {
                branch.Render(e, text);
                return;
            }
        }

        otherwise?.Render(e, text);
    }

    public override string ToString() =>
        $"{string.Concat(branches.Select(static branch => $"{branch.Condition}{branch.Text}"))}{(otherwise is null ? "" : $"{{{{else}}}}{otherwise}")}{{{{/if}}}}";
}

/// <summary><c>{{#each list as x, i}}…{{/each}}</c>: a text for each item.</summary>
/// <param name="index">The place of the index's variable; null: it has none.</param>
/// <param name="source">The beginning of the block, for messages.</param>
internal sealed class EachTemplate(Template list, int item, int? index, Template body, string source) : Template
{
    public override StaticType Type => StaticType.Text;

    public override IEnumerable<Template> Parts => [list, body];

    public override Value Evaluate(Evaluation e)
    {
        StringBuilder text = new();
        Render(e, text);
        return e.Text(text.ToString());
    }

    public override void Render(Evaluation e, StringBuilder text)
    {
        Value value = list.Evaluate(e);
        if (value.IsNull && e.Missing == Missing.Null)
        {
            return;
        }

        Value[] items = value.AsList?.Items
            ?? throw new ExpressionException($"'#each' needs a list, but has {Operators.Name(value)}", Actors.Text.Shorten(source, 200));
        for (int i = 0; i < items.Length; i++)
        {
            e.Count();
            e.SetLocal(item, items[i]);
            if (index is { } slot)
            {
                e.SetLocal(slot, Value.Of((decimal)i));
            }

            body.Render(e, text);
        }
    }

    public override string ToString() => $"{source}{body}{{{{/each}}}}";
}

internal sealed class ListTemplate(Template[] items) : Template
{
    public override StaticType Type => StaticType.ListOfWritten(Array.ConvertAll(items, static item => item.Type));

    public override IEnumerable<Template> Parts => items;

    public override Value Evaluate(Evaluation e)
    {
        Value[] values = new Value[items.Length];
        for (int i = 0; i < items.Length; i++)
        {
            values[i] = items[i].Evaluate(e);
        }

        return Value.List(values);
    }

    public override string ToString() => $"[{string.Join(", ", items.Select(item => item.ToString()))}]";
}

internal sealed class ObjectTemplate(KeyValuePair<string, Template>[] entries) : Template
{
    public IEnumerable<string> Names => entries.Select(entry => entry.Key);

    public override StaticType Type => StaticType.ObjectOf(entries.DistinctBy(static e => e.Key).ToDictionary(static e => e.Key, static e => e.Value.Type, StringComparer.Ordinal));

    public override IEnumerable<Template> Parts => entries.Select(static entry => entry.Value);

    /// <summary>What stands under a key; null when there is no such key.</summary>
    public Template? Find(string key) => Array.Find(entries, entry => entry.Key == key).Value;

    public override Value Evaluate(Evaluation e)
    {
        KeyValuePair<string, Value>[] values = new KeyValuePair<string, Value>[entries.Length];
        for (int i = 0; i < entries.Length; i++)
        {
            values[i] = new(entries[i].Key, entries[i].Value.Evaluate(e));
        }

        return Value.Object(values);
    }

    public override string ToString() => $"{{{string.Join(", ", entries.Select(entry => $"{entry.Key}: {entry.Value}"))}}}";
}
