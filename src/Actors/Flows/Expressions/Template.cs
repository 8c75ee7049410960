using System.Text;

namespace Actors.Flows;

/// <summary>A value of a flow file that may hold expressions. What an expression gives is put in as it is and never read for expressions again.</summary>
internal abstract class Template
{
    public abstract Value Evaluate(Evaluation e);

    /// <summary>As it is written in the file, or nearly so: for pictures and lists.</summary>
    public override string ToString() => "…";
}

internal sealed class ConstantTemplate(Value value) : Template
{
    public static readonly ConstantTemplate EmptyObject = new(Value.EmptyObject);

    public Value Value => value;

    public override Value Evaluate(Evaluation e) => value;

    public override string ToString() => value.ToString();
}

/// <summary>A text that is exactly one <c>${…}</c>: the value keeps its type.</summary>
/// <param name="source">With its <c>${</c> and <c>}</c>, for messages.</param>
internal sealed class HoleTemplate(Expression tree, string source) : Template
{
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

/// <summary>A text with <c>${…}</c> in it.</summary>
internal sealed class TextTemplate(Template[] parts) : Template
{
    public override Value Evaluate(Evaluation e)
    {
        StringBuilder text = new();
        foreach (Template part in parts)
        {
            text.Append(part.Evaluate(e).ToString());
            if (text.Length > Evaluation.TextLengthMax)
            {
                break;
            }
        }

        return Value.Of(Evaluation.CheckLength(text.ToString()));
    }

    public override string ToString() => string.Concat(parts.Select(part => part.ToString()));
}

internal sealed class ListTemplate(Template[] items) : Template
{
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

/// <summary>Reads texts with expressions.</summary>
internal static class TemplateText
{
    /// <summary>The whole text as a template: <c>$${</c> stands for a literal <c>${</c>.</summary>
    public static Template Parse(string text, Names names, int line, List<Name>? used = null)
    {
        int hole = text.IndexOf("${", StringComparison.Ordinal);
        if (hole < 0)
        {
            return new ConstantTemplate(Value.Of(text));
        }

        List<Template> parts = [];
        StringBuilder literal = new();
        int at = 0;
        while (hole >= 0)
        {
            if (hole > at && text[hole - 1] == '$')
            {
                literal.Append(text, at, hole - 1 - at).Append("${");
                at = hole + 2;
            }
            else
            {
                literal.Append(text, at, hole - at);
                Flush(literal, parts);
                (Expression tree, int end, List<Name> uses) = Hole(text, hole, names, line);
                parts.Add(new HoleTemplate(tree, text[hole..end]));
                used?.AddRange(uses);
                at = end;
            }

            hole = text.IndexOf("${", at, StringComparison.Ordinal);
        }

        literal.Append(text, at, text.Length - at);
        if (parts.Count == 1 && parts[0] is HoleTemplate && literal.Length == 0)
        {
            return parts[0];
        }

        Flush(literal, parts);
        return parts is [ConstantTemplate constant] ? constant : new TextTemplate([.. parts]);
    }

    private static (Expression, int, List<Name>) Hole(string text, int hole, Names names, int line)
    {
        try
        {
            return ExpressionParser.ParseHole(text, hole + 2, names, line);
        }
        catch (ExpressionSyntaxException e) when (e.Offset >= text.Length && e.Rule == Rules.Expression)
        {
            throw new ExpressionSyntaxException(e.Rule, "'${' is never closed", hole, "Add '}'; a literal '${' is written '$${'.");
        }
    }

    private static void Flush(StringBuilder literal, List<Template> parts)
    {
        if (literal.Length > 0)
        {
            parts.Add(new ConstantTemplate(Value.Of(literal.ToString())));
            literal.Clear();
        }
    }
}
