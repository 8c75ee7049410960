using Actors.Samples.Expenses;

namespace Actors.Samples.Tests.Expenses;

public sealed class ExpenseBookTests
{
    [Fact]
    public void The_same_key_writes_one_entry_of_each_kind()
    {
        ExpenseBook book = new();

        string first = book.Write(EntryKinds.Expense, "ann", "taxi", "k1");
        string again = book.Write(EntryKinds.Expense, "ann", "taxi", "k1");
        string payment = book.Write(EntryKinds.Payment, "ann", "taxi", "k1");

        Assert.Equal(first, again);
        Assert.NotEqual(first, payment);
        Assert.Equal(2, book.Entries.Count);
    }

    [Fact]
    public void Many_writes_at_once_with_one_key_leave_one_entry()
    {
        ExpenseBook book = new();

        Parallel.For(0, 200, _ => book.Write(EntryKinds.Payment, "ann", "taxi", "k1"));

        Assert.Single(book.Entries);
    }
}
