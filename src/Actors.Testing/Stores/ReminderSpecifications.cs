using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>Reminders and their paging.</summary>
public abstract class ReminderSpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    [Fact]
    public async Task A_reminder_that_is_set_is_found_when_it_is_due()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, set: [Reminder(run, "sleep#2 ü'", 10)]));

        Assert.Empty(await Store.FindRemindersAsync(At(10), null, 10, default));
        Assert.Equal(Reminder(run, "sleep#2 ü'", 10), Assert.Single(await Store.FindRemindersAsync(At(10).AddMilliseconds(1), null, 10, default)));
    }

    [Fact]
    public async Task A_reminder_with_the_same_key_is_replaced()
    {
        RunRow run = await StartAsync("r1");
        RunRow other = await StartAsync("r2");
        await CommittedAsync(Next(run, 1, set: [Reminder(run, "t", 10)]), Next(other, 1, set: [Reminder(other, "t", 1)]));

        await CommittedAsync(Next(run, 2, set: [Reminder(run, "t", 20)]));

        Assert.Equal([Reminder(other, "t", 1), Reminder(run, "t", 20)], await Store.FindRemindersAsync(At(99), null, 10, default));
    }

    [Fact]
    public async Task A_cleared_reminder_is_gone_and_one_that_is_not_there_is_no_error()
    {
        RunRow run = await StartAsync("r1");
        RunRow other = await StartAsync("r2");
        await CommittedAsync(Next(run, 1, set: [Reminder(run, "t", 10), Reminder(run, "u", 11)]), Next(other, 1, set: [Reminder(other, "t", 10)]));

        await CommittedAsync(Next(run, 2, cleared: ["t", "never"]));

        Assert.Equal(["r2/t", "r1/u"], await ReminderKeysAsync());
    }

    [Fact]
    public async Task A_key_that_is_cleared_and_set_in_one_transition_is_set()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, set: [Reminder(run, "t", 10)]));

        await CommittedAsync(Next(run, 2, set: [Reminder(run, "t", 12)], cleared: ["t"]));

        Assert.Equal(Reminder(run, "t", 12), Assert.Single(await Store.FindRemindersAsync(At(99), null, 10, default)));
    }

    [Fact]
    public async Task Reminders_come_by_due_time_then_run_then_key_and_page_after_the_last()
    {
        RunRow one = await StartAsync("z1");
        RunRow two = await StartAsync("a2");
        await CommittedAsync(
            Next(two, 1, set: [Reminder(two, "b", 5), Reminder(two, "a", 5), Reminder(two, "early", 1)]),
            Next(one, 1, set: [Reminder(one, "c", 5), Reminder(one, "late", 9), Reminder(one, "never", 50)]));

        List<string> seen = [];
        Reminder? after = null;
        while (true)
        {
            IReadOnlyList<Reminder> page = await Store.FindRemindersAsync(At(20), after, 2, default);
            seen.AddRange(page.Select(reminder => $"{reminder.Run}/{reminder.Key}"));
            if (page.Count < 2)
            {
                break;
            }

            after = page[^1];
        }

        Assert.Equal(["a2/early", "z1/c", "a2/a", "a2/b", "z1/late"], seen);
    }

    [Fact]
    public async Task Paging_goes_on_after_a_reminder_that_was_cleared_meanwhile()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, set: [Reminder(run, "a", 1), Reminder(run, "b", 1), Reminder(run, "c", 2)]));
        Reminder first = Assert.Single(await Store.FindRemindersAsync(At(20), null, 1, default));
        await CommittedAsync(Next(run, 2, cleared: ["a"]));

        Assert.Equal(["b", "c"], (await Store.FindRemindersAsync(At(20), first, 10, default)).Select(reminder => reminder.Key));
    }

    [Fact]
    public async Task Reading_a_reminder_leaves_it_where_it_is()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, set: [Reminder(run, "t", 1)]));

        await Store.FindRemindersAsync(At(5), null, 10, default);

        Assert.Single(await Store.FindRemindersAsync(At(5), null, 10, default));
    }
}
