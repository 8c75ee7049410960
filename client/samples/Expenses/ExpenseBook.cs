using System.Security.Cryptography;
using System.Text;

namespace Actors.Samples.Expenses;

/// <summary>
/// The books in memory. Thread-safe. Each change is made once for each idempotency key; the ids come from the key, so that a repeated call gets the same id
/// even when the process was lost in between.
/// </summary>
public sealed class ExpenseBook
{
    private readonly Lock _lock = new();
    private readonly HashSet<(string Kind, string Id)> _known = [];
    private readonly List<Entry> _entries = [];

    /// <summary>What was written, in order.</summary>
    public IReadOnlyList<Entry> Entries
    {
        get
        {
            lock (_lock)
            {
                return [.. _entries];
            }
        }
    }

    /// <summary>Writes an entry, or nothing when the key has one of this kind already.</summary>
    /// <returns>The entry's id.</returns>
    public string Write(string kind, string employee, string text, string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        string id = $"{kind}-{Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 5))}";
        lock (_lock)
        {
            if (_known.Add((kind, id)))
            {
                _entries.Add(new Entry(id, kind, employee, text));
            }
        }

        return id;
    }
}

/// <param name="Kind">One of <see cref="EntryKinds"/>.</param>
public sealed record Entry(string Id, string Kind, string Employee, string Text);

public static class EntryKinds
{
    public const string Expense = "EXP";
    public const string Payment = "PAY";
    public const string Notice = "MSG";
}
