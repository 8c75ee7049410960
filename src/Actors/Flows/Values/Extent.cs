using System.Runtime.CompilerServices;

namespace Actors.Flows;

/// <summary>
/// How large and how deep a list or an object is, with everything that it holds more than once counted each time. Known once, because containers do not change: a value
/// whose parts are shared can be asked in no time, however large it is when it is written out. One word, so that threads see it whole.
/// </summary>
internal readonly struct Extent
{
    public const int SizeMax = int.MaxValue;
    public const int ScalarSize = 4;
    private const int EntrySize = 2;
    private const int DepthMax = ushort.MaxValue;

    private readonly long _bits;

    private Extent(long size, int depth) => _bits = (Math.Min(size, SizeMax) << 16) | (long)Math.Min(depth, DepthMax);

    public bool IsKnown => _bits != 0;

    public int Size => (int)(_bits >> 16);

    public int Depth => (int)(_bits & DepthMax);

    // What is nested deeper than the stack can follow is deeper than anything that is allowed.
    private static Extent Endless => new(SizeMax, DepthMax);

    public static Extent Of(ValueList list)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            return Endless;
        }

        long size = 2;
        int depth = 0;
        foreach (Value item in list.Items)
        {
            size += item.Size + (long)EntrySize;
            depth = Math.Max(depth, item.Depth(DepthMax));
        }

        return new Extent(size, depth + 1);
    }

    public static Extent Of(ValueMap map)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            return Endless;
        }

        long size = 2;
        int depth = 0;
        foreach (KeyValuePair<string, Value> entry in map.Entries)
        {
            size += entry.Key.Length + entry.Value.Size + (2L * EntrySize);
            depth = Math.Max(depth, entry.Value.Depth(DepthMax));
        }

        return new Extent(size, depth + 1);
    }
}
