namespace Actors.Flows;

/// <summary>
/// Compares values as JSON does, with a hash that looks into every corner: a list of a hundred thousand similar objects is a set in one pass. Texts are hashed with the process's own
/// seed, so that nobody can choose values that collide.
/// </summary>
internal sealed class DeepComparer : IEqualityComparer<Value>
{
    public static readonly DeepComparer Instance = new();

    private const decimal DoublesFrom = 1e27m;

    private DeepComparer()
    {
    }

    public bool Equals(Value x, Value y) => x.Equals(y);

    public int GetHashCode(Value value) => Hash(value, FlowJson.DepthMax);

    private static int Hash(Value value, int depth)
    {
        if (depth == 0)
        {
            return 0;
        }

        switch (value.Kind)
        {
            case ValueKind.Text:
                return value.AsText!.GetHashCode(StringComparison.Ordinal);
            case ValueKind.Number:
                return value.AsNumber is decimal number ? Hash(number) : HashCode.Combine(1, (double)value.AsNumber!);
            case ValueKind.List:
                HashCode list = default;
                list.Add(2);
                foreach (Value item in value.AsList!.Items)
                {
                    list.Add(Hash(item, depth - 1));
                }

                return list.ToHashCode();
            case ValueKind.Object:
                // The order of names does not count.
                int sum = 0;
                foreach (KeyValuePair<string, Value> entry in value.AsObject!.Entries)
                {
                    sum += HashCode.Combine(entry.Key.GetHashCode(StringComparison.Ordinal), Hash(entry.Value, depth - 1));
                }

                return HashCode.Combine(3, sum);
            default:
                return value.GetHashCode();
        }
    }

    // All digits: the hash of a decimal itself drops the last ones.
    private static int Hash(decimal number)
    {
        // From here on doubles stay doubles, and one may equal this number.
        if (Math.Abs(number) >= DoublesFrom)
        {
            return HashCode.Combine(1, (double)number);
        }

        Span<int> bits = stackalloc int[4];
        decimal.GetBits(number == 0 ? 0 : Numbers.Trim(number), bits);
        return HashCode.Combine(bits[0], bits[1], bits[2], bits[3]);
    }
}
