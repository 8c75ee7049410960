using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>The proof over the whole database finds each kind of broken row, and nothing where all is well.</summary>
public abstract class InvariantSpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    [Fact]
    public async Task A_sound_database_has_no_broken_rows()
    {
        RunRow parent = await StartAsync("parent");
        RunRow child = await ChildOfAsync(parent, "child");
        RunRow asks = await StartAsync("asks");
        RunRow sleeps = await StartAsync("sleeps");
        RunRow listens = await StartAsync("listens");
        RunRow told = await StartAsync("told");
        await StartAsync("queued", row => row with { Status = RunStatus.Queued, Owner = null });
        await StartAsync("running", row => row with { Owner = null });
        await StartAsync("parked", row => row with { Status = RunStatus.Parked, Owner = null });
        await StartAsync("owned", row => row with { Status = RunStatus.Waiting });
        RunRow done = await StartAsync("done");
        await CommittedAsync(
            Next(parent, 1, Waits(), [Entry(2, EntryKind.ChildStarted, "call")], [new ChildStart(child, Entry(1))]),
            Next(asks, 1, Waits(), [Entry(2, EntryKind.AskOpened)], opened: [HumanTask(asks, "h1")]),
            Next(sleeps, 1, Waits(), [Entry(2, EntryKind.TimerSet)], set: [Reminder(sleeps, "t", 1)]),
            Next(listens, 1, Waits(), [Entry(2, EntryKind.WaitOpened, "paid")]),
            Next(told, 1, Waits()),
            Next(done, 1, Becomes(RunStatus.Completed), [Entry(2, EntryKind.RunCompleted, "")], messages: [Message(told, "m1")]));

        Assert.Empty(await Store.CheckInvariantsAsync(default));
    }

    [Fact]
    public async Task A_gap_in_a_journal_is_found()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, entries: [Entry(2), Entry(3), Entry(4)]));
        await Fixture.DeleteEntryAsync(Store, run, 3);

        await FindsAsync(BrokenRows.JournalGap("r1", 3, 4));
    }

    [Fact]
    public async Task A_run_without_a_journal_is_found()
    {
        RunRow run = await StartAsync("r1");
        await Fixture.DeleteEntryAsync(Store, run, 1);

        await FindsAsync(BrokenRows.NoJournal("r1"));
    }

    [Fact]
    public async Task An_ended_run_without_a_final_entry_is_found()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, Becomes(RunStatus.Completed)));

        await FindsAsync(BrokenRows.FinalEntries("r1", 0));
    }

    [Fact]
    public async Task An_ended_run_with_two_final_entries_is_found()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, Becomes(RunStatus.Failed), [Entry(2, EntryKind.RunFailed, ""), Entry(3, EntryKind.RunCancelled, "")]));

        await FindsAsync(BrokenRows.FinalEntries("r1", 2));
    }

    [Fact]
    public async Task An_ended_run_that_went_on_is_found()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, Becomes(RunStatus.Failed), [Entry(2, EntryKind.RunFailed, ""), Entry(3)]));

        await FindsAsync(BrokenRows.FinalEntryNotLast("r1"));
    }

    [Fact]
    public async Task A_live_run_with_a_final_entry_is_found()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, entries: [Entry(2, EntryKind.RunCompleted, "")]));

        await FindsAsync(BrokenRows.LiveWithFinalEntry("r1"));
    }

    [Fact]
    public async Task A_run_that_nothing_wakes_is_found()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, Becomes(RunStatus.Waiting, "for a miracle", release: true)));

        await FindsAsync(BrokenRows.NothingWakes("r1", "for a miracle"));
    }

    [Fact]
    public async Task What_is_over_wakes_nobody()
    {
        RunRow run = await StartAsync("r1");
        RunRow child = await ChildOfAsync(run, "r2");
        RunRow detached = (await ChildOfAsync(run, "r3")) with { Parent = new ParentLink(run.Id, run.No, "detached", false) };
        await CommittedAsync(Next(
            run,
            1,
            entries: [Entry(2, EntryKind.WaitOpened, "paid"), Entry(3, EntryKind.ChildStarted, "call"), Entry(4, EntryKind.ChildStarted, "detached")],
            children: [new ChildStart(child, Entry(1)), new ChildStart(detached, Entry(1))],
            set: [Reminder(run, "t", 1)],
            opened: [HumanTask(run, "h1")],
            messages: [Message(run, "m1")]));
        await CommittedAsync(Next(child, 1, Becomes(RunStatus.Completed), [Entry(2, EntryKind.RunCompleted, "")]));
        await CommittedAsync(Next(run, 4, Waits(), [Entry(5, EntryKind.WaitExpired, "paid")], cleared: ["t"], closed: [Answer("h1")], consumed: ["m1"]));

        await FindsAsync(BrokenRows.NothingWakes("r1", "it waits"));
    }

    [Fact]
    public async Task A_wait_that_was_opened_again_wakes()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(
            run, 1, Waits(), [Entry(2, EntryKind.WaitOpened, "paid"), Entry(3, EntryKind.WaitCompleted, "paid"), Entry(4, EntryKind.WaitOpened, "paid")]));

        Assert.Empty(await Store.CheckInvariantsAsync(default));
    }

    [Fact]
    public async Task A_reminder_of_an_ended_run_is_found()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, Becomes(RunStatus.Completed), [Entry(2, EntryKind.RunCompleted, "")], set: [Reminder(run, "t", 1)]));

        await FindsAsync(BrokenRows.Reminder("r1", "t"));
    }

    [Fact]
    public async Task An_open_human_task_of_an_ended_run_is_found()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, Becomes(RunStatus.Completed), [Entry(2, EntryKind.RunCompleted, "")], opened: [HumanTask(run, "h1")]));

        await FindsAsync(BrokenRows.OpenHumanTask("h1", "r1"));
    }

    [Fact]
    public async Task A_message_of_an_ended_run_is_found()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, Becomes(RunStatus.Completed), [Entry(2, EntryKind.RunCompleted, "")]));
        await Fixture.AddMessageAsync(Store, Message(run, "m1"));

        await FindsAsync(BrokenRows.Message("m1", "r1"));
    }

    [Fact]
    public async Task A_child_that_its_parent_does_not_know_is_found()
    {
        RunRow parent = await StartAsync("parent");
        await CommittedAsync(Begin(await ChildOfAsync(parent, "child")));

        await FindsAsync(BrokenRows.ParentDoesNotKnow("child", "parent", "call"));
    }

    [Fact]
    public async Task A_child_whose_parent_does_not_exist_is_found()
    {
        RunRow nowhere = await RowAsync("nowhere");
        await CommittedAsync(Begin(await ChildOfAsync(nowhere, "child")));

        await FindsAsync(BrokenRows.ParentDoesNotKnow("child", "nowhere", "call"));
    }

    [Fact]
    public async Task A_child_that_is_missing_is_found()
    {
        RunRow parent = await StartAsync("parent");
        await CommittedAsync(Next(parent, 1, entries: [Entry(2, EntryKind.ChildStarted, "call")]));

        await FindsAsync(BrokenRows.ChildMissing("parent", "call"));
    }

    [Fact]
    public async Task A_broken_row_is_found_among_sound_ones_and_the_list_is_bounded()
    {
        for (int i = 0; i < BrokenRows.Max + 20; i++)
        {
            RunRow run = await RowAsync($"r{i}");
            await CommittedAsync(Begin(run, change: Becomes(RunStatus.Completed)));
        }

        Assert.Equal(BrokenRows.Max, (await Store.CheckInvariantsAsync(default)).Count);
    }

    private static RunChange Waits() => Becomes(RunStatus.Waiting, "it waits", release: true);

    private async Task<RunRow> ChildOfAsync(RunRow parent, string id) => (await RowAsync(id)) with { Parent = new ParentLink(parent.Id, parent.No, "call", true) };

    private async Task FindsAsync(string sentence) => Assert.Equal([sentence], await Store.CheckInvariantsAsync(default));
}
