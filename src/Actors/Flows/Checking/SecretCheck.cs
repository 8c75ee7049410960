using System.Text.RegularExpressions;

namespace Actors.Flows;

/// <summary>Keys and passwords that stand in a file as they are. What is found is never part of a message.</summary>
internal sealed partial class SecretCheck
{
    private const int LengthMin = 8;

    private readonly Problems _problems;
    private readonly HashSet<(int, int)> _seen = [];

    private SecretCheck(Problems problems) => _problems = problems;

    public static void Run(YamlItem root, Problems problems) => new SecretCheck(problems).Visit(root, "");

    /// <summary>What the text is by its form, with its article; null when it has none of the known forms.</summary>
    public static string? Known(string text)
    {
        if (text.Length < LengthMin)
        {
            return null;
        }

        // One look for rare letters saves a dozen searches in each of many thousand texts.
        foreach ((string sign, string what, Func<Regex> form) in Forms)
        {
            if (text.Contains(sign, StringComparison.Ordinal))
            {
                Match match = form().Match(text);
                if (match.Success && IsRandom(match.Groups["key"] is { Success: true } key ? key.Value : match.Value))
                {
                    return what;
                }
            }
        }

        return null;
    }

    /// <summary>True when a value under a key like <c>password</c> looks like one.</summary>
    public static bool IsSecret(string key, string value)
    {
        if (value.Length is < LengthMin or > 4096 || value.Any(char.IsWhiteSpace) || value.Contains("${", StringComparison.Ordinal) || value.Contains("{{", StringComparison.Ordinal))
        {
            return false;
        }

        if (PasswordKey().IsMatch(key))
        {
            return Mixture(value) >= 2 && IsRandom(value);
        }

        // Names of tokens and keys are common; a part of letters and digits in a mixture is not part of a name.
        return TokenKey().IsMatch(key) && value.Length >= 16 && IsRandom(value)
            && value.Split(['-', '_', '.', '/', ':', '=', '+']).Any(part => part.Length >= 12 && Mixture(part) >= 2);
    }

    private void Visit(YamlItem item, string key)
    {
        switch (item)
        {
            case YamlText text when text.Value.Length >= LengthMin:
                string? what = Known(text.Value) ?? (IsSecret(key, text.Value) ? "a secret" : null);
                if (what is not null && _seen.Add((text.Line, text.Column)))
                {
                    _problems.WarnHidden(
                        Rules.SecretInFile, text, $"this looks like {what}, and everybody who reads the file can use it", "Write ${secrets.NAME}, and give it a new value: this one is known.");
                }

                break;
            case YamlList list:
                foreach (YamlItem inner in list.Items)
                {
                    Visit(inner, key);
                }

                break;
            case YamlMap map:
                foreach (YamlEntry entry in map.Entries)
                {
                    Visit(entry.Value, entry.Key.Value);
                }

                break;
        }
    }

    private static int Mixture(string text) =>
        (text.Any(char.IsAsciiLetterLower) ? 1 : 0) + (text.Any(char.IsAsciiLetterUpper) ? 1 : 0) + (text.Any(char.IsAsciiDigit) ? 1 : 0)
        + (text.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')) ? 1 : 0);

    // https://en.wikipedia.org/wiki/Entropy_(information_theory): bits per character. 'xxxxxxxx' and '12345678' of an example have few different ones or none that repeat.
    private static bool IsRandom(string text)
    {
        Dictionary<char, int> counts = [];
        int runs = 0;
        for (int i = 0; i < text.Length; i++)
        {
            counts[text[i]] = counts.GetValueOrDefault(text[i]) + 1;
            runs += i > 0 && Math.Abs(text[i] - text[i - 1]) <= 1 ? 1 : 0;
        }

        double entropy = 0;
        foreach (int count in counts.Values)
        {
            double share = (double)count / text.Length;
            entropy -= share * Math.Log2(share);
        }

        return entropy >= 2.5 && runs < text.Length / 2 && !Example().IsMatch(text);
    }

    private static readonly (string Sign, string What, Func<Regex> Form)[] Forms =
    [
        ("AKIA", "an access key of AWS", Aws),
        ("ASIA", "an access key of AWS", Aws),
        ("gh", "a token of GitHub", GitHub),
        ("github_pat_", "a token of GitHub", GitHub),
        ("glpat-", "a token of GitLab", GitLab),
        ("sk-", "an API key", ModelKey),
        ("_live_", "a key of Stripe", Stripe),
        ("xox", "a token of Slack", Slack),
        ("hooks.slack.com/", "a webhook of Slack", SlackHook),
        ("AIza", "an API key of Google", Google),
        ("eyJ", "a signed token (JWT)", Jwt),
        ("PRIVATE KEY-----", "a private key", PrivateKey),
        ("://", "an address with a password", UrlPassword),
        ("assword=", "a connection with a password", ConnectionPassword),
        ("wd=", "a connection with a password", ConnectionPassword),
    ];

    [GeneratedRegex(@"\b(AKIA|ASIA)(?<key>[0-9A-Z]{16})\b")]
    private static partial Regex Aws();

    [GeneratedRegex(@"\b(gh[pousr]_(?<key>[A-Za-z0-9]{36,255})|github_pat_(?<key>[A-Za-z0-9_]{50,255}))")]
    private static partial Regex GitHub();

    [GeneratedRegex(@"\bglpat-(?<key>[A-Za-z0-9_-]{20,255})")]
    private static partial Regex GitLab();

    [GeneratedRegex(@"(?<![A-Za-z0-9_-])sk-(?:proj-|ant-|svcacct-|or-)?(?=[A-Za-z0-9_-]{0,255}[0-9])(?=[A-Za-z0-9_-]{0,255}[A-Za-z])(?<key>[A-Za-z0-9_-]{20,255})")]
    private static partial Regex ModelKey();

    [GeneratedRegex(@"\b[sr]k_live_(?<key>[A-Za-z0-9]{16,255})\b")]
    private static partial Regex Stripe();

    [GeneratedRegex(@"\bxox[abeoprs]-(?<key>[A-Za-z0-9-]{10,255})")]
    private static partial Regex Slack();

    [GeneratedRegex(@"hooks\.slack\.com/services/(?<key>T[A-Za-z0-9]{6,20}/B[A-Za-z0-9]{6,20}/[A-Za-z0-9]{16,40})")]
    private static partial Regex SlackHook();

    [GeneratedRegex(@"\bAIza(?<key>[0-9A-Za-z_-]{35})")]
    private static partial Regex Google();

    [GeneratedRegex(@"\beyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,1000}")]
    private static partial Regex Jwt();

    [GeneratedRegex("-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")]
    private static partial Regex PrivateKey();

    [GeneratedRegex(@"[a-z][a-z0-9+.-]{1,20}://[^\s:/@$]{1,100}:(?<key>[^\s/@${}]{8,200})@")]
    private static partial Regex UrlPassword();

    [GeneratedRegex(@"\b(?:Password|password|Pwd|pwd)=(?<key>[^\s;,&$'""{}]{8,200})")]
    private static partial Regex ConnectionPassword();

    [GeneratedRegex("^(.*[_-])?(password|passwd|pwd|passphrase|secret|client_secret)$", RegexOptions.IgnoreCase)]
    private static partial Regex PasswordKey();

    [GeneratedRegex("^(.*[_-])?(api_?key|apikey|x-api-key|token|access_?token|auth_?token|bearer|authorization|private_?key|secret_?key|access_?key)$", RegexOptions.IgnoreCase)]
    private static partial Regex TokenKey();

    [GeneratedRegex("example|changeme|change-me|placeholder|your[-_]|<|dummy|redacted|xxxx|\\*\\*\\*", RegexOptions.IgnoreCase)]
    private static partial Regex Example();
}
