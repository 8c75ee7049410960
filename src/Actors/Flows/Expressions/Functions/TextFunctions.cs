using System.Security.Cryptography;
using System.Text;

namespace Actors.Flows;

/// <summary>Functions of texts. They compare and change letters without regard to any language.</summary>
internal static class TextFunctions
{
    public static readonly Function[] All =
    [
        new("length", "value: text|list|object", "number", "Characters of a text, items of a list, fields of an object.", Length),
        new("lower", "text: text", "text", "In lower case.", static a => a.E.Text(a.Text(0).ToLowerInvariant())),
        new("upper", "text: text", "text", "In upper case.", static a => a.E.Text(a.Text(0).ToUpperInvariant())),
        new("trim", "text: text", "text", "Without white space at both ends.", static a => a.E.Text(a.Text(0).Trim())),
        new("contains", "container: text|list|object|null, part: any", "bool",
            "Whether a list has an item, an object a field, or a text a part; as `in`. False of null.", static a => Value.Of(Operators.Contains(a.E, a[0], a[1]))),
        new("starts_with", "text: text, start: text", "bool", "Whether the text starts so.", static a => Value.Of(a.Text(0).StartsWith(a.Text(1), StringComparison.Ordinal))),
        new("ends_with", "text: text, end: text", "bool", "Whether the text ends so.", static a => Value.Of(a.Text(0).EndsWith(a.Text(1), StringComparison.Ordinal))),
        new("replace", "text: text, old: text, new: text", "text", "With each occurrence of a part, which must not be empty, replaced.", Replace),
        new("split", "text: text, separator: text", "list", "The parts between separators, which must not be empty.", Split) { Infer = static _ => StaticType.ListOf(StaticType.Text) },
        new("join", "list: list, separator?: text", "text", "The items as texts, with `, ` or a separator between them.", Join),
        new("substring", "text: text, start: number, length?: number", "text",
            "From a place, 0 being the first and -1 the last, so many characters or all that are left. A character of two units is never cut.", Substring),
        new("pad_left", "text: text, width: number, with?: text", "text", "Filled on the left to a width with blanks or one other character.", static a => Pad(a, true)),
        new("pad_right", "text: text, width: number, with?: text", "text", "Filled on the right.", static a => Pad(a, false)),
        new("repeat", "text: text, times: number", "text", "So many times, one after the other.", Repeat),
        new("url_encode", "text: text", "text", "As a part of a URL: everything but letters, digits and `-_.~` as `%XX` of its UTF-8 bytes.", static a => a.E.Text(Uri.EscapeDataString(a.Text(0)))),
        new("base64", "text: text", "text", "The UTF-8 bytes in Base64.", static a => a.E.Text(Convert.ToBase64String(Encoding.UTF8.GetBytes(a.Text(0))))),
        new("base64_decode", "text: text", "text", "The text whose UTF-8 bytes these are; others fail.", FromBase64),
        new("sha256", "text: text", "text", "The SHA-256 hash of the UTF-8 bytes, as 64 hexadecimal digits in lower case.",
            static a => Value.Of(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(a.Text(0)))))),
    ];

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static Value Length(Arguments a) => a[0].Kind switch
    {
        ValueKind.Text => Value.Of((decimal)a[0].AsText!.Length),
        ValueKind.List => Value.Of((decimal)a[0].AsList!.Items.Length),
        ValueKind.Object => Value.Of((decimal)a[0].AsObject!.Entries.Length),
        ValueKind.Null when a.E.Missing == Missing.Null => Value.Of(0m),
        _ => throw a.Wrong(0, "a text, a list or an object"),
    };

    private static Value Replace(Arguments a)
    {
        string text = a.Text(0);
        string old = a.Text(1);
        string with = a.Text(2);
        if (old.Length == 0)
        {
            throw a.Fault("needs a part that is not empty");
        }

        long found = 0;
        for (int at = text.IndexOf(old, StringComparison.Ordinal); at >= 0; at = text.IndexOf(old, at + old.Length, StringComparison.Ordinal))
        {
            a.E.Count();
            found++;
        }

        return text.Length + (found * (with.Length - old.Length)) > Evaluation.TextLengthMax ? throw Evaluation.TooLong() : a.E.Text(text.Replace(old, with, StringComparison.Ordinal));
    }

    private static Value Split(Arguments a)
    {
        string text = a.Text(0);
        string separator = a.Text(1);
        if (separator.Length == 0)
        {
            throw a.Fault("needs a separator that is not empty");
        }

        List<Value> parts = [];
        int start = 0;
        while (true)
        {
            a.E.Count();
            int end = text.IndexOf(separator, start, StringComparison.Ordinal);
            parts.Add(a.E.Text(end < 0 ? text[start..] : text[start..end]));
            if (end < 0)
            {
                return a.E.List([.. parts]);
            }

            start = end + separator.Length;
        }
    }

    private static Value Join(Arguments a)
    {
        StringBuilder text = new();
        string separator = a.Count > 1 ? a.Text(1) : ", ";
        bool first = true;
        foreach (Value item in a.List(0))
        {
            a.E.Count();
            text.Append(first ? "" : separator).Append(ConversionFunctions.Show(a.E, item));
            first = false;
            if (text.Length > Evaluation.TextLengthMax)
            {
                break;
            }
        }

        return a.E.Text(text.ToString());
    }

    private static Value Substring(Arguments a)
    {
        string text = a.Text(0);
        int start = Ranges.Bound(a.Number(1, "a number as start"), text.Length, 0);
        int length = a.Count > 2 ? a.Whole(2, 0, int.MaxValue, "a length") : text.Length;
        return Ranges.Slice(a.E, Value.Of(text), start, (int)Math.Min((long)start + length, text.Length));
    }

    private static Value Pad(Arguments a, bool isLeft)
    {
        string text = a.Text(0);
        int width = a.Whole(1, 0, Evaluation.TextLengthMax, "a width");
        string with = a.Count > 2 ? a.Text(2) : " ";
        if (with.Length != 1 || char.IsSurrogate(with[0]))
        {
            throw a.Fault("fills with one character");
        }

        return a.E.Text(isLeft ? text.PadLeft(width, with[0]) : text.PadRight(width, with[0]));
    }

    private static Value Repeat(Arguments a)
    {
        string text = a.Text(0);
        int times = a.Whole(1, 0, int.MaxValue, "a number of times");
        if ((long)text.Length * times > Evaluation.TextLengthMax)
        {
            throw Evaluation.TooLong();
        }

        return text.Length == 0 ? Value.Of("") : a.E.Text(new StringBuilder(text.Length * times).Insert(0, text, times).ToString());
    }

    private static Value FromBase64(Arguments a)
    {
        string text = a.Text(0);
        try
        {
            return a.E.Text(StrictUtf8.GetString(Convert.FromBase64String(text)));
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            throw a.Fault("needs the Base64 of a text");
        }
    }
}
