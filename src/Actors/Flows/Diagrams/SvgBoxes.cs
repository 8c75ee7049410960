namespace Actors.Flows;

/// <summary>A part of a picture: a rectangle that is entered at the top and left at the bottom, both at its axis.</summary>
internal abstract class SvgBox
{
    public const double LineHeight = 15;
    public const double Gap = 30;
    public const double LaneGap = 24;

    // Pixels of a letter: bold titles of 12 px, all else of 11 px.
    public const double TitleLetter = 7.1;
    public const double Letter = 6.3;

    public double Width { get; protected set; }
    public double Height { get; protected set; }

    /// <summary>From the left edge.</summary>
    public double Axis { get; protected set; }

    /// <summary>True: nothing leads out at the bottom.</summary>
    public bool Ends { get; protected set; }

    public abstract void Draw(SvgCanvas canvas, double x, double y);

    public static double WidthOf(string? text, double letter) => string.IsNullOrEmpty(text) ? 0 : DiagramText.Width(text) * letter;
}

/// <summary>One node.</summary>
internal sealed class NodeBox : SvgBox
{
    private const int TitleMax = 36;
    private const int DetailMax = 46;

    private readonly DiagramShape _shape;
    private readonly (string Text, string? Class)[] _lines;
    private readonly string _classes;
    private readonly string _tooltip;

    public NodeBox(DiagramShape shape, string kind, string title, string detail, StepMark mark, string tooltip, bool isEnd = false, bool isBackground = false)
    {
        _shape = shape;
        _tooltip = tooltip;
        Ends = isEnd;
        _classes = $"fd-n fd-k-{Safe(kind)}{SvgCanvas.Class(mark.State)}{(isBackground ? " fd-dash" : "")}";
        List<(string, string?)> lines = [(Fit(title, TitleMax), null)];
        if (detail.Length > 0)
        {
            lines.Add((Fit(detail, DetailMax), "fd-d"));
        }

        if (mark.Note is { Length: > 0 } note)
        {
            lines.Add((Fit(note, DetailMax), "fd-b"));
        }

        _lines = [.. lines];
        double text = Math.Max(WidthOf(_lines[0].Text, TitleLetter), _lines.Skip(1).Select(line => WidthOf(line.Text, Letter)).DefaultIfEmpty().Max());
        Width = Math.Max(70, text + (shape is DiagramShape.Box or DiagramShape.Cylinder or DiagramShape.Subroutine ? 24 : 44));
        Height = 16 + (_lines.Length * LineHeight);
        Axis = Width / 2;
    }

    public override void Draw(SvgCanvas canvas, double x, double y)
    {
        double right = x + Width;
        double bottom = y + Height;
        double middle = y + (Height / 2);
        ReadOnlySpan<double> points = _shape switch
        {
            DiagramShape.Diamond => [x, middle, x + 18, y, right - 18, y, right, middle, right - 18, bottom, x + 18, bottom],
            DiagramShape.Hexagon => [x, middle, x + 9, y, right - 9, y, right, middle, right - 9, bottom, x + 9, bottom],
            DiagramShape.Slanted => [x + 12, y, right, y, right - 12, bottom, x, bottom],
            DiagramShape.Flag => [x, y, right - 14, y, right, middle, right - 14, bottom, x, bottom],
            _ => [],
        };
        double radius = _shape switch
        {
            DiagramShape.Terminal => Height / 2,
            DiagramShape.Rounded => 14,
            DiagramShape.Cylinder => 8,
            DiagramShape.Box => 4,
            _ => 0,
        };
        canvas.Shape(_classes, _tooltip, x, y, Width, Height, radius, points, _lines);
    }

    public static string Fit(string text, int widthMax)
    {
        if (DiagramText.Width(text) <= widthMax)
        {
            return text;
        }

        int width = 0;
        int length = 0;
        foreach (System.Text.Rune rune in text.EnumerateRunes())
        {
            width += DiagramText.Width(rune.ToString());
            if (width >= widthMax)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return text[..length].TrimEnd() + "…";
    }

    // Kinds are words; a registered one may be any.
    private static string Safe(string kind) => string.Concat(kind.Where(c => char.IsAsciiLetterOrDigit(c) || c == '_').Take(40));
}

/// <summary>One below the other.</summary>
internal sealed class SequenceBox : SvgBox
{
    private readonly IReadOnlyList<SvgBox> _items;
    private readonly string? _firstLabel;

    /// <param name="firstLabel">At the arrow that leads to the first; makes room for it. Null: there is none, and no arrow.</param>
    public SequenceBox(IReadOnlyList<SvgBox> items, string? firstLabel = null)
    {
        _items = items;
        _firstLabel = firstLabel;
        Axis = items.Select(item => item.Axis).DefaultIfEmpty(10).Max();
        Width = Axis + items.Select(item => item.Width - item.Axis).DefaultIfEmpty(10).Max();
        Width = Math.Max(Width, Axis + 8 + WidthOf(firstLabel, Letter));
        Height = items.Sum(item => item.Height) + (Gap * Math.Max(0, items.Count - 1)) + (firstLabel is null ? 0 : Gap);
        Ends = items.Count > 0 && items[^1].Ends;
    }

    public override void Draw(SvgCanvas canvas, double x, double y)
    {
        double axis = x + Axis;
        if (_firstLabel is not null)
        {
            canvas.Line(_items.Count > 0, false, axis, y, axis, y + Gap);
            canvas.Label(axis + 5, y + 13, _firstLabel);
            y += Gap;
        }

        for (int i = 0; i < _items.Count; i++)
        {
            SvgBox item = _items[i];
            item.Draw(canvas, axis - item.Axis, y);
            y += item.Height;
            if (i + 1 < _items.Count)
            {
                if (!item.Ends)
                {
                    canvas.Line(true, false, axis, y, axis, y + Gap);
                }

                y += Gap;
            }
        }
    }
}

/// <summary>A way from the head to lanes side by side, and together again.</summary>
internal sealed class LanesBox : SvgBox
{
    private const double Bus = 14;

    private readonly SvgBox _head;
    private readonly IReadOnlyList<Lane> _lanes;
    private readonly double[] _lefts;
    private readonly double[] _tops;
    private readonly double _bottom;

    /// <param name="Box">Null: the way leads on without a step.</param>
    /// <param name="After">The numbers of lanes that must have ended before.</param>
    public sealed record Lane(string? Label, SvgBox? Box, IReadOnlyList<int> After);

    public LanesBox(SvgBox head, IReadOnlyList<Lane> lanes)
    {
        _head = head;
        _lanes = lanes;
        _lefts = new double[lanes.Count];
        _tops = new double[lanes.Count];
        int[] rows = Rows(lanes);
        double top = head.Height + Bus + Gap;
        double width = 0;
        for (int row = 0; row <= rows.DefaultIfEmpty().Max(); row++)
        {
            double left = 0;
            double height = 0;
            for (int i = 0; i < lanes.Count; i++)
            {
                if (rows[i] == row)
                {
                    _lefts[i] = left;
                    _tops[i] = top;
                    left += WidthOf(lanes[i]) + LaneGap;
                    height = Math.Max(height, lanes[i].Box?.Height ?? 0);
                }
            }

            width = Math.Max(width, left - LaneGap);
            top += height + (row < rows.Max() ? Gap : 0);
        }

        int[] filled = [.. Enumerable.Range(0, lanes.Count).Where(i => lanes[i].Box is not null)];
        Axis = filled.Length == 1 ? _lefts[filled[0]] + AxisOf(filled[0]) : width / 2;
        // The head may stick out on either side.
        double shift = Math.Max(0, head.Axis - Axis);
        for (int i = 0; i < lanes.Count; i++)
        {
            _lefts[i] += shift;
        }

        Axis += shift;
        Width = Math.Max(width + shift, Axis + head.Width - head.Axis);
        Ends = lanes.Count > 0 && lanes.All(lane => lane.Box is { Ends: true });
        _bottom = top;
        Height = top + (Ends ? 0 : Bus);
    }

    public override void Draw(SvgCanvas canvas, double x, double y)
    {
        double axis = x + Axis;
        double bus = y + _head.Height + Bus;
        double end = y + _bottom + Bus;
        _head.Draw(canvas, axis - _head.Axis, y);
        HashSet<int> awaited = [.. _lanes.SelectMany(lane => lane.After)];
        for (int i = 0; i < _lanes.Count; i++)
        {
            Lane lane = _lanes[i];
            double at = x + _lefts[i] + AxisOf(i);
            double top = y + _tops[i];
            double bottom = top + (lane.Box?.Height ?? 0);
            if (lane.After.Count == 0)
            {
                if (lane.Box is null)
                {
                    canvas.Line(false, false, axis, y + _head.Height, axis, bus, at, bus, at, end, axis, end);
                }
                else
                {
                    canvas.Line(true, false, axis, y + _head.Height, axis, bus, at, bus, at, top);
                }
            }

            canvas.Label(at + 5, bus + 13, lane.Label);
            foreach (int before in lane.After)
            {
                double from = x + _lefts[before] + AxisOf(before);
                canvas.Line(true, true, from, y + _tops[before] + (_lanes[before].Box?.Height ?? 0), from, top - (Gap / 2), at, top - (Gap / 2), at, top);
            }

            if (lane.Box is { Ends: false } && !awaited.Contains(i))
            {
                canvas.Line(false, false, at, bottom, at, end, axis, end);
            }

            lane.Box?.Draw(canvas, x + _lefts[i], top);
        }
    }

    private double AxisOf(int lane) => _lanes[lane].Box?.Axis ?? 8;

    private static double WidthOf(Lane lane) => Math.Max(lane.Box?.Width ?? 16, (lane.Box?.Axis ?? 8) + 8 + WidthOf(lane.Label, Letter));

    // Each below those that it waits for.
    private static int[] Rows(IReadOnlyList<Lane> lanes)
    {
        int[] rows = new int[lanes.Count];
        // A lane can be moved down as often as there are lanes above it; more would be a circle.
        for (int round = 0; round < lanes.Count; round++)
        {
            bool moved = false;
            for (int i = 0; i < lanes.Count; i++)
            {
                foreach (int before in lanes[i].After)
                {
                    if (rows[i] <= rows[before] && rows[before] + 1 < lanes.Count)
                    {
                        rows[i] = rows[before] + 1;
                        moved = true;
                    }
                }
            }

            if (!moved)
            {
                break;
            }
        }

        return rows;
    }
}

/// <summary>A frame with a title around a part.</summary>
internal sealed class FrameBox : SvgBox
{
    private const double Side = 14;
    private const double Top = 26;
    private const double Bottom = 12;

    private readonly string _title;
    private readonly StepState _state;
    private readonly SvgBox _inner;
    private readonly bool _isDashed;

    public FrameBox(string title, StepState state, SvgBox inner, bool isDashed = false)
    {
        _title = NodeBox.Fit(title, 60);
        _state = state;
        _inner = inner;
        _isDashed = isDashed;
        Axis = inner.Axis + Side;
        Width = Math.Max(inner.Width + (2 * Side), WidthOf(_title, Letter) + 24);
        Height = Top + inner.Height + Bottom;
        Ends = inner.Ends;
    }

    public override void Draw(SvgCanvas canvas, double x, double y)
    {
        canvas.Frame(x, y, Width, Height, _title, _state, _isDashed);
        // Not through the title.
        canvas.Line(true, false, x + Axis, WidthOf(_title, Letter) + 14 > Axis ? y + 18 : y, x + Axis, y + Top);
        _inner.Draw(canvas, x + Side, y + Top);
        if (!_inner.Ends)
        {
            canvas.Line(false, false, x + Axis, y + Top + _inner.Height, x + Axis, y + Height);
        }
    }
}

/// <summary>A head, a body that leads back to it, and a way on.</summary>
internal sealed class LoopBox : SvgBox
{
    private const double Margin = 22;

    private readonly SvgBox _head;
    private readonly SvgBox _body;
    private readonly SvgBox? _until;
    private readonly bool _headEnds;

    public LoopBox(SvgBox head, SvgBox body, SvgBox? until, bool headEnds)
    {
        _head = head;
        _body = body;
        _until = until;
        _headEnds = headEnds;
        double left = Math.Max(Math.Max(head.Axis, body.Axis), until?.Axis ?? 0);
        double right = Math.Max(Math.Max(head.Width - head.Axis, body.Width - body.Axis), (until?.Width ?? 0) - (until?.Axis ?? 0));
        Axis = Margin + left;
        Width = Axis + right + (headEnds ? Margin + WidthOf("done", Letter) : Margin);
        Height = head.Height + body.Height + Gap + (until?.Height ?? 0) + Gap;
    }

    public override void Draw(SvgCanvas canvas, double x, double y)
    {
        double axis = x + Axis;
        double headMiddle = y + (_head.Height / 2);
        double left = x + 4;
        double end = y + Height;
        _head.Draw(canvas, axis - _head.Axis, y);
        double at = y + _head.Height;
        _body.Draw(canvas, axis - _body.Axis, at);
        at += _body.Height;
        double headLeft = axis - _head.Axis;
        if (_until is not null)
        {
            if (!_body.Ends)
            {
                canvas.Line(true, false, axis, at, axis, at + Gap);
            }

            at += Gap;
            _until.Draw(canvas, axis - _until.Axis, at);
            double middle = at + (_until.Height / 2);
            canvas.Line(true, false, axis - _until.Axis, middle, left, middle, left, headMiddle, headLeft, headMiddle);
            canvas.Label(left + 4, middle - 4, "no");
            at += _until.Height;
            canvas.Line(false, false, axis, at, axis, end);
            canvas.Label(axis + 5, at + 13, "yes");
        }
        else if (!_body.Ends)
        {
            canvas.Line(true, false, axis, at, axis, at + 12, left, at + 12, left, headMiddle, headLeft, headMiddle);
        }

        if (_headEnds)
        {
            double headRight = headLeft + _head.Width;
            double right = x + Width - WidthOf("done", Letter) - 6;
            canvas.Line(false, false, headRight, headMiddle, right, headMiddle, right, end - 4, axis, end - 4, axis, end);
            canvas.Label(right + 4, headMiddle + 14, "done");
        }
    }
}

/// <summary>A part with others at its side, which are reached by broken lines.</summary>
internal sealed class SideBox : SvgBox
{
    private const double Top = 36;

    private readonly SvgBox _main;
    private readonly IReadOnlyList<Side> _sides;

    /// <param name="Joins">True: the way leads on together with that of the main part.</param>
    public sealed record Side(string Label, SvgBox Box, bool Joins);

    public SideBox(SvgBox main, IReadOnlyList<Side> sides)
    {
        _main = main;
        _sides = sides;
        Axis = main.Axis;
        Width = main.Width + sides.Sum(side => LaneGap + WidthOf(side));
        double height = Math.Max(main.Height, Top + sides.Max(side => side.Box.Height));
        bool joins = sides.Any(side => side.Joins && !side.Box.Ends);
        Height = joins ? height + 14 : main.Ends ? height : Math.Max(height, main.Height);
        Ends = main.Ends && !joins;
    }

    public override void Draw(SvgCanvas canvas, double x, double y)
    {
        _main.Draw(canvas, x, y);
        if (!Ends && !_main.Ends)
        {
            canvas.Line(false, false, x + Axis, y + _main.Height, x + Axis, y + Height);
        }

        double left = x + _main.Width;
        // Below the entry of the main part, where nothing else begins.
        double bus = y + 12;
        foreach (Side side in _sides)
        {
            left += LaneGap;
            double at = left + side.Box.Axis;
            double top = y + Top;
            canvas.Line(true, true, x + _main.Width - 2, bus, at, bus, at, top);
            canvas.Label(at + 5, bus + 14, side.Label);
            side.Box.Draw(canvas, left, top);
            if (side.Joins && !side.Box.Ends)
            {
                canvas.Line(false, true, at, top + side.Box.Height, at, y + Height - 2, x + Axis, y + Height - 2);
                canvas.Line(false, false, x + Axis, y + Height - 2, x + Axis, y + Height);
            }

            left += WidthOf(side);
        }
    }

    private static double WidthOf(Side side) => Math.Max(side.Box.Width, side.Box.Axis + 8 + WidthOf(side.Label, Letter));
}

/// <summary>States below each other, and the ways between them at their right.</summary>
internal sealed class MachineBox : SvgBox
{
    private const double Top = 26;
    private const double Margin = 26;
    private const double Track = 12;

    private readonly SvgBox _head;
    private readonly IReadOnlyList<State> _states;
    private readonly int _start;
    private readonly double[] _tops;
    private readonly double[] _heights;
    private readonly double _stateWidth;

    /// <param name="Box">Null: nothing is done in it.</param>
    public sealed record State(string Title, StepMark Mark, SvgBox? Box, IReadOnlyList<(string Text, int? To, bool IsFailure)> Ways);

    public MachineBox(SvgBox head, IReadOnlyList<State> states, int start)
    {
        _head = head;
        _states = states;
        _start = start;
        _tops = new double[states.Count];
        _heights = new double[states.Count];
        double top = head.Height + Gap;
        for (int i = 0; i < states.Count; i++)
        {
            _tops[i] = top;
            _heights[i] = Top + (states[i].Box is { } box ? box.Height + 12 : 0) + (states[i].Ways.Count * LineHeight) + 6;
            _stateWidth = Math.Max(_stateWidth, Math.Max(states[i].Box?.Width + 28 ?? 0, WidthOf(Title(states[i]), Letter) + 24));
            _stateWidth = Math.Max(_stateWidth, states[i].Ways.Select(way => WidthOf(way.Text, Letter) + 24).DefaultIfEmpty().Max());
            top += _heights[i] + 16;
        }

        Axis = Math.Max(Margin + (_stateWidth / 2), head.Axis);
        Width = Math.Max(Axis + (_stateWidth / 2) + 16 + (Track * (states.Sum(state => state.Ways.Count) + 1)), Axis + head.Width - head.Axis);
        Height = top + 6;
        Ends = states.All(state => state.Ways.All(way => way.To is not null));
    }

    public override void Draw(SvgCanvas canvas, double x, double y)
    {
        double axis = x + Axis;
        double left = axis - (_stateWidth / 2);
        double right = axis + (_stateWidth / 2);
        double track = right + 14;
        _head.Draw(canvas, axis - _head.Axis, y);
        if (_states.Count > 0)
        {
            double enters = y + _tops[_start] + 10;
            canvas.Line(true, false, axis, y + _head.Height, axis, y + _head.Height + 12, left - 14, y + _head.Height + 12, left - 14, enters, left, enters);
        }

        for (int i = 0; i < _states.Count; i++)
        {
            State state = _states[i];
            double top = y + _tops[i];
            canvas.Frame(left, top, _stateWidth, _heights[i], Title(state), state.Mark.State, isDashed: false);
            state.Box?.Draw(canvas, axis - (state.Box.Width / 2), top + Top);
            double way = top + Top + (state.Box is { } box ? box.Height + 12 : 0);
            foreach ((string text, int? to, bool isFailure) in state.Ways)
            {
                canvas.Label(left + 10, way + 9, text);
                if (to is { } next)
                {
                    double enters = y + _tops[next] + 10;
                    canvas.Line(true, isFailure, right, way + 5, track, way + 5, track, enters, right, enters);
                }
                else
                {
                    canvas.Line(false, isFailure, right, way + 5, track, way + 5, track, y + Height - 6, axis, y + Height - 6, axis, y + Height);
                }

                way += LineHeight;
                track += Track;
            }
        }
    }

    private static string Title(State state) => NodeBox.Fit(state.Mark.Note is { } note ? $"{state.Title} ({note})" : state.Title, 60);
}
