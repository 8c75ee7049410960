using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Actors.Flows;

/// <summary>
/// A pattern of JSON Schema: ECMA-262 syntax, found anywhere in the text unless it is anchored. It is matched in linear time; the few that cannot be (with look-around or back references)
/// have little time and short texts only.
/// </summary>
internal sealed class SchemaPattern
{
    public const int LengthMax = 1000;

    private const int BacktrackingTextMax = 10_000;
    private static readonly TimeSpan LinearLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BacktrackingLimit = TimeSpan.FromMilliseconds(100);

    private readonly Regex _regex;
    private readonly bool _linear;

    private SchemaPattern(string source, Regex regex, bool linear) => (Source, _regex, _linear) = (source, regex, linear);

    public string Source { get; }

    /// <summary>Null: the pattern is wrong, and <paramref name="fault"/> says how.</summary>
    public static SchemaPattern? Create(string source, out string fault)
    {
        fault = "";
        if (source.Length > LengthMax)
        {
            fault = $"is longer than {LengthMax:N0} characters";
            return null;
        }

        try
        {
            string translated = Translate(source);
            try
            {
                return new SchemaPattern(source, new Regex(translated, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, LinearLimit), linear: true);
            }
            catch (NotSupportedException)
            {
                return new SchemaPattern(source, new Regex(translated, RegexOptions.CultureInvariant, BacktrackingLimit), linear: false);
            }
        }
        catch (FormatException e)
        {
            fault = e.Message;
        }
        catch (RegexParseException e)
        {
            fault = $"is no regular expression: {Describe(e.Error)}";
        }
        catch (ArgumentException)
        {
            fault = "is no regular expression";
        }

        return null;
    }

    /// <summary>Null: it cannot be told with what a match may cost.</summary>
    public bool? IsMatch(string text)
    {
        if (!_linear && text.Length > BacktrackingTextMax)
        {
            return null;
        }

        try
        {
            return _regex.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
    }

    /// <summary>The pattern in the dialect of .NET.</summary>
    /// <exception cref="FormatException">It uses what ECMA-262 does not have. The message is the rest of a sentence.</exception>
    private static string Translate(string source)
    {
        StringBuilder result = new(source.Length + 16);
        bool inClass = false;
        for (int i = 0; i < source.Length; i++)
        {
            char c = source[i];
            switch (c)
            {
                case '\\':
                    i = Escape(source, i, inClass, result);
                    break;
                case '[' when inClass:
                    // Not the subtraction of .NET.
                    result.Append("\\[");
                    break;
                case '[':
                    inClass = true;
                    bool negated = i + 1 < source.Length && source[i + 1] == '^';
                    i += negated ? 1 : 0;
                    if (i + 1 < source.Length && source[i + 1] == ']')
                    {
                        // An empty class of ECMA-262: nothing, or anything.
                        result.Append(negated ? "[\\s\\S]" : "(?!)");
                        inClass = false;
                        i++;
                        break;
                    }

                    result.Append(negated ? "[^" : "[");
                    break;
                case '-' when inClass && (IsClass(source, i - 2) || IsClass(source, i + 1)):
                    // Beside \w and its like it begins no range.
                    result.Append("\\-");
                    break;
                case ']' when inClass:
                    inClass = false;
                    result.Append(']');
                    break;
                case '$' when !inClass:
                    result.Append("\\z");
                    break;
                case '.' when !inClass:
                    result.Append("[^\\n\\r\\u2028\\u2029]");
                    break;
                case '(' when !inClass && i + 1 < source.Length && source[i + 1] == '?':
                    CheckGroup(source, i);
                    result.Append('(');
                    break;
                default:
                    result.Append(c);
                    break;
            }
        }

        return result.ToString();
    }

    private static bool IsClass(string source, int at) =>
        at >= 0 && at + 1 < source.Length && source[at] == '\\' && source[at + 1] is 'd' or 'D' or 'w' or 'W' or 's' or 'S' && (at == 0 || source[at - 1] != '\\');

    private static int Escape(string source, int at, bool inClass, StringBuilder result)
    {
        if (at + 1 == source.Length)
        {
            throw new FormatException("ends with a lone '\\'");
        }

        char c = source[at + 1];
        switch (c)
        {
            case 'd':
                result.Append(inClass ? "0-9" : "[0-9]");
                return at + 1;
            case 'D':
                result.Append(inClass ? "\\x00-/:-\\uFFFF" : "[^0-9]");
                return at + 1;
            case 'w':
                result.Append(inClass ? "A-Za-z0-9_" : "[A-Za-z0-9_]");
                return at + 1;
            case 'W':
                result.Append(inClass ? "\\x00-/:-@\\[-\\^`\\{-\\uFFFF" : "[^A-Za-z0-9_]");
                return at + 1;
            case 'A' or 'Z' or 'z' or 'G' or 'a' or 'e':
                throw new FormatException($"uses '\\{c}', which ECMA-262 does not have; write ^ and $ for the ends of the text");
            case 'u' when at + 2 < source.Length && source[at + 2] == '{':
                int end = source.IndexOf('}', at);
                if (end < 0 || !int.TryParse(source.AsSpan(at + 3, end - at - 3), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int point)
                    || !Rune.IsValid(point) || (inClass && point > 0xFFFF))
                {
                    throw new FormatException("has a '\\u{…}' that is no character, or no single one in a class");
                }

                foreach (char unit in char.ConvertFromUtf32(point))
                {
                    result.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:X4}");
                }

                return end;
            default:
                result.Append('\\').Append(c);
                return at + 1;
        }
    }

    private static void CheckGroup(string source, int at)
    {
        ReadOnlySpan<char> rest = source.AsSpan(at + 2);
        bool known = rest.StartsWith(":") || rest.StartsWith("=") || rest.StartsWith("!") || rest.StartsWith("<=") || rest.StartsWith("<!");
        if (!known && rest.Length > 1 && rest[0] == '<')
        {
            int end = rest.IndexOf('>');
            known = end > 1 && Text.IsIdentifier(rest[1..end].ToString().Replace('-', '/'), 100);
        }

        if (!known)
        {
            throw new FormatException($"has a group '(?{(rest.Length > 0 ? rest[..1] : "")}…' that ECMA-262 does not have");
        }
    }

    private static string Describe(RegexParseError error) => error switch
    {
        RegexParseError.UnterminatedBracket => "a '[' is never closed",
        RegexParseError.InsufficientClosingParentheses => "a '(' is never closed",
        RegexParseError.InsufficientOpeningParentheses => "a ')' closes nothing",
        RegexParseError.QuantifierAfterNothing => "a '*', '+' or '?' follows nothing",
        RegexParseError.NestedQuantifiersNotParenthesized => "two quantifiers follow each other",
        RegexParseError.ReversedCharacterRange or RegexParseError.ReversedQuantifierRange => "a range is the wrong way round",
        RegexParseError.UnrecognizedEscape => "an escape is unknown",
        RegexParseError.UndefinedNumberedReference or RegexParseError.UndefinedNamedReference => "a back reference leads to no group",
        _ => "its syntax is wrong",
    };
}
