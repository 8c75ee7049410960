using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Actors.Runs;

/// <summary>Which branches of an <c>All</c> come after which others, as positions in the list of its branches.</summary>
internal sealed class BranchPlan
{
    private readonly int[][] _after;
    private readonly List<int>?[] _dependents;
    private readonly int[] _places;

    private BranchPlan(int[][] after)
    {
        _after = after;
        _dependents = new List<int>?[after.Length];
        _places = new int[after.Length];
        for (int i = 0; i < after.Length; i++)
        {
            foreach (int before in after[i])
            {
                (_dependents[before] ??= []).Add(i);
            }
        }

        Order = Sort();
    }

    /// <summary>All branches: each after those it comes after, and otherwise as they are listed. Shorter than the list when there is a cycle.</summary>
    public IReadOnlyList<int> Order { get; }

    /// <exception cref="ArgumentException">A key that a branch comes after is none of a sibling, or branches wait for each other.</exception>
    public static BranchPlan Of(string name, IReadOnlyList<string> keys, Func<int, IReadOnlyList<string>> afterOf)
    {
        Dictionary<string, int>? positions = null;
        int[][] after = new int[keys.Count][];
        for (int i = 0; i < after.Length; i++)
        {
            IReadOnlyList<string> given = afterOf(i);
            if (given.Count == 0)
            {
                after[i] = [];
                continue;
            }

            positions ??= keys.Select((key, at) => (key, at)).ToDictionary(static k => k.key, static k => k.at, StringComparer.Ordinal);
            HashSet<int> found = [];
            foreach (string key in given)
            {
                found.Add(positions.TryGetValue(key ?? "", out int at) && at != i ? at
                    : throw new ArgumentException(at == i && key == keys[i]
                        ? $"Branch '{keys[i]}' of '{name}' comes after itself."
                        : $"Branch '{keys[i]}' of '{name}' comes after '{Text.Shorten(key, 100)}', but there is no branch of that key.", "branches"));
            }

            after[i] = [.. found.Order()];
        }

        BranchPlan plan = new(after);
        return plan.Order.Count == after.Length ? plan
            : throw new ArgumentException($"The branches of '{name}' wait for each other: {plan.DescribeCycle(keys)}.", "branches");
    }

    /// <summary>How many others a branch waits for.</summary>
    public int CountAfter(int branch) => _after[branch].Length;

    /// <summary>The branches that come directly after this one, as they are listed.</summary>
    public IReadOnlyList<int> DependentsOf(int branch) => _dependents[branch] ?? [];

    /// <summary>Everything that a branch comes after, directly or not, in the order of <see cref="Order"/>.</summary>
    public IReadOnlyList<int> AllBefore(int branch)
    {
        if (_after[branch].Length == 0)
        {
            return [];
        }

        HashSet<int> found = [];
        Stack<int> open = new(_after[branch]);
        while (open.TryPop(out int next))
        {
            if (found.Add(next))
            {
                Array.ForEach(_after[next], open.Push);
            }
        }

        return [.. found.OrderBy(i => _places[i])];
    }

    private List<int> Sort()
    {
        int[] left = Array.ConvertAll(_after, static a => a.Length);
        PriorityQueue<int, int> free = new();
        for (int i = 0; i < left.Length; i++)
        {
            if (left[i] == 0)
            {
                free.Enqueue(i, i);
            }
        }

        List<int> order = new(left.Length);
        while (free.TryDequeue(out int next, out _))
        {
            _places[next] = order.Count;
            order.Add(next);
            foreach (int dependent in DependentsOf(next))
            {
                if (--left[dependent] == 0)
                {
                    free.Enqueue(dependent, dependent);
                }
            }
        }

        return order;
    }

    // From a branch that is in no order, always to one it waits for that is in none either: sooner or later one comes again.
    private string DescribeCycle(IReadOnlyList<string> keys)
    {
        HashSet<int> sorted = [.. Order];
        int at = Enumerable.Range(0, _after.Length).First(i => !sorted.Contains(i));
        List<int> path = [];
        while (!path.Contains(at))
        {
            path.Add(at);
            at = _after[at].First(i => !sorted.Contains(i));
        }

        return string.Join(" after ", path.Skip(path.IndexOf(at)).Append(at).Take(20).Select(i => $"'{keys[i]}'"));
    }
}

/// <summary>The results of the branches before one, read when they are looked at: each branch has its own copies, because what it changes in them would be missing in the next walk.</summary>
internal sealed class BranchResults<T>(IReadOnlyList<(string Key, JsonElement Value)> results) : IReadOnlyDictionary<string, T>
{
    private readonly Dictionary<string, T> _read = new(StringComparer.Ordinal);

    public int Count => results.Count;

    public IEnumerable<string> Keys => results.Select(static r => r.Key);

    public IEnumerable<T> Values => results.Select(r => this[r.Key]);

    public T this[string key] => TryGetValue(key, out T? value) ? value : throw new KeyNotFoundException($"This branch does not come after a branch '{Text.Shorten(key, 100)}'.");

    public bool ContainsKey(string key) => results.Any(r => r.Key == key);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out T value)
    {
        if (_read.TryGetValue(key, out value))
        {
            return true;
        }

        foreach ((string candidate, JsonElement json) in results)
        {
            if (candidate == key)
            {
                _read[key] = value = json.ValueKind == JsonValueKind.Undefined ? default! : json.Deserialize<T>(FlowJson.Options)!;
                return true;
            }
        }

        return false;
    }

    public IEnumerator<KeyValuePair<string, T>> GetEnumerator() => results.Select(r => KeyValuePair.Create(r.Key, this[r.Key])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
