using System.Security.Cryptography;
using System.Text;
using Actors.Flows;

namespace Actors.Cli.Flows;

/// <summary>The lines of the files that were checked. Each text is taken apart once, however many findings it has.</summary>
internal sealed class SourceLines(FlowCheck check)
{
    private readonly Dictionary<string, string> _texts = check.Files.Where(file => file.Text is not null).DistinctBy(file => file.File).ToDictionary(file => file.File, file => file.Text!, StringComparer.Ordinal);
    private readonly Dictionary<string, (string Text, int[] Starts)> _lines = new(StringComparer.Ordinal);

    /// <summary>True: the file's text is known.</summary>
    public bool Has(string file) => _texts.ContainsKey(file);

    /// <summary>What stands in the problem's line, as 16 hexadecimal digits.</summary>
    public string Hash(FlowProblem problem)
    {
        (string text, int[] starts) = Of(problem.File);
        int line = problem.Line - 1;
        string content = line < 0 || line >= starts.Length ? "" : text[starts[line]..(line + 1 < starts.Length ? starts[line + 1] - 1 : text.Length)];
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content.Trim(' ', '\t'))))[..16];
    }

    /// <summary>The line and column, from 1, of an offset as <see cref="FlowEdit"/> counts it.</summary>
    public (int Line, int Column) Locate(string file, int offset)
    {
        (string text, int[] starts) = Of(file);
        int at = Math.Min(offset, text.Length);
        int found = Array.BinarySearch(starts, at);
        int line = found < 0 ? ~found - 1 : found;
        return (line + 1, at - starts[line] + 1);
    }

    private (string Text, int[] Starts) Of(string file)
    {
        if (!_lines.TryGetValue(file, out (string Text, int[] Starts) lines))
        {
            // As places in files are counted: with line feeds only and without a byte order mark.
            string text = _texts.GetValueOrDefault(file, "");
            text = (text.StartsWith('\uFEFF') ? text[1..] : text).Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
            List<int> starts = [0];
            for (int i = text.IndexOf('\n', StringComparison.Ordinal); i >= 0; i = text.IndexOf('\n', i + 1))
            {
                starts.Add(i + 1);
            }

            lines = (text, [.. starts]);
            _lines.Add(file, lines);
        }

        return lines;
    }
}
