using System.Globalization;
using System.Text;

namespace Actors.Flows;

/// <summary>The elements of a picture, as text. Lines are kept apart, because they lie behind everything else.</summary>
internal sealed class SvgCanvas
{
    private readonly StringBuilder _boxes = new();
    private readonly StringBuilder _lines = new();
    private readonly StringBuilder _nodes = new();

    public void Frame(double x, double y, double width, double height, string title, StepState state, bool isDashed)
    {
        _boxes.Append("<g class=\"fd-c").Append(Class(state)).Append(isDashed ? " fd-dash" : "").Append("\"><rect");
        Attribute(_boxes, "x", x);
        Attribute(_boxes, "y", y);
        Attribute(_boxes, "width", width);
        Attribute(_boxes, "height", height);
        _boxes.Append(" rx=\"6\"/>");
        if (title.Length > 0)
        {
            Text(_boxes, x + 10, y + 15, title, null);
        }

        _boxes.Append("</g>\n");
    }

    /// <summary>A line along points, all its parts level or upright.</summary>
    public void Line(bool hasArrow, bool isDashed, params ReadOnlySpan<double> points)
    {
        _lines.Append("<path class=\"fd-l").Append(isDashed ? " fd-dash" : "").Append("\" d=\"");
        for (int i = 0; i < points.Length; i += 2)
        {
            _lines.Append(i == 0 ? 'M' : 'L').Append(Number(points[i])).Append(' ').Append(Number(points[i + 1]));
        }

        _lines.Append(hasArrow ? "\" marker-end=\"url(#fd-arrow)\"/>\n" : "\"/>\n");
    }

    public void Label(double x, double y, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            Text(_nodes, x, y, text, "fd-e");
            _nodes.Append('\n');
        }
    }

    /// <param name="points">Of a polygon; empty: a rectangle.</param>
    /// <param name="radius">Of a rectangle's corners.</param>
    public void Shape(string classes, string tooltip, double x, double y, double width, double height, double radius, ReadOnlySpan<double> points, ReadOnlySpan<(string Text, string? Class)> lines)
    {
        _nodes.Append("<g class=\"").Append(classes).Append("\"><title>").Append(Escape(tooltip)).Append("</title>");
        if (points.IsEmpty)
        {
            _nodes.Append("<rect");
            Attribute(_nodes, "x", x);
            Attribute(_nodes, "y", y);
            Attribute(_nodes, "width", width);
            Attribute(_nodes, "height", height);
            Attribute(_nodes, "rx", radius);
            _nodes.Append("/>");
        }
        else
        {
            _nodes.Append("<polygon points=\"");
            for (int i = 0; i < points.Length; i += 2)
            {
                _nodes.Append(i == 0 ? "" : " ").Append(Number(points[i])).Append(',').Append(Number(points[i + 1]));
            }

            _nodes.Append("\"/>");
        }

        double at = y + (height / 2) - ((lines.Length - 1) * SvgBox.LineHeight / 2) + 4;
        foreach ((string text, string? kind) in lines)
        {
            Text(_nodes, x + (width / 2), at, text, kind);
            at += SvgBox.LineHeight;
        }

        _nodes.Append("</g>\n");
    }

    public void WriteTo(StringBuilder svg) => svg.Append(_boxes).Append(_lines).Append(_nodes);

    public static string Class(StepState state) => state switch
    {
        StepState.Done => " fd-done",
        StepState.Failed => " fd-failed",
        StepState.Running => " fd-running",
        StepState.Waiting => " fd-waiting",
        StepState.Skipped => " fd-skipped",
        StepState.Cancelled => " fd-cancelled",
        _ => "",
    };

    public static string Escape(string text)
    {
        StringBuilder escaped = new(text.Length + 16);
        foreach (char c in text)
        {
            _ = c switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    public static string Number(double value) => Math.Round(value, 1).ToString(CultureInfo.InvariantCulture);

    private static void Attribute(StringBuilder to, string name, double value) => to.Append(' ').Append(name).Append("=\"").Append(Number(value)).Append('"');

    private static void Text(StringBuilder to, double x, double y, string text, string? kind)
    {
        to.Append("<text");
        Attribute(to, "x", x);
        Attribute(to, "y", y);
        to.Append(kind is null ? "" : $" class=\"{kind}\"").Append('>').Append(Escape(text)).Append("</text>");
    }
}
