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

    [Theory]
    [InlineData(RunStatus.Completed, EntryKind.RunFailed)]
    [InlineData(RunStatus.Failed, EntryKind.RunCancelled)]
    [InlineData(RunStatus.Cancelled, EntryKind.RunCompleted)]
    public async Task A_run_that_ended_otherwise_than_its_row_says_is_found(RunStatus status, EntryKind final)
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, Becomes(status), [Entry(2, final, "")]));

        await FindsAsync(BrokenRows.StatusDiffers("r1", status, final));
    }

    [Fact]
    public async Task Every_way_to_end_is_sound()
    {
        (RunStatus, EntryKind)[] ends = [(RunStatus.Completed, EntryKind.RunCompleted), (RunStatus.Failed, EntryKind.RunFailed), (RunStatus.Cancelled, EntryKind.RunCancelled)];
        foreach ((RunStatus status, EntryKind final) in ends)
        {
            await CommittedAsync(Next(await StartAsync($"{status}"), 1, Becomes(status), [Entry(2, final, "")]));
        }

        Assert.Empty(await Store.CheckInvariantsAsync(default));
    }

    [Fact]
    public async Task A_parked_run_whose_row_says_otherwise_is_found()
    {
        RunRow run = await StartAsync("r1");
        RunRow resumed = await StartAsync("r2");
        RunRow cancelled = await StartAsync("r3");
        RunRow unreadable = await StartAsync("r4");
        await CommittedAsync(
            Next(run, 1, Becomes(RunStatus.Running), [Entry(2, EntryKind.Resumed, ""), Entry(3, EntryKind.Parked, ""), Entry(4)]),
            Next(resumed, 1, Becomes(RunStatus.Running), [Entry(2, EntryKind.Parked, ""), Entry(3, EntryKind.Resumed, "")]),
            Next(cancelled, 1, Becomes(RunStatus.Running), [Entry(2, EntryKind.Parked, ""), Entry(3, EntryKind.CancelRequested, "")]),
            RowOnly(unreadable, 1, Becomes(RunStatus.Parked, "Unreadable")));

        await FindsAsync(BrokenRows.ParkedDiffers("r1", RunStatus.Running));
    }

    [Fact]
    public async Task A_run_that_nobody_took_over_from_a_dead_life_is_found_once_that_is_not_new()
    {
        long dying = await BeginLifeAsync("silo-b");
        await CommittedAsync(Begin((await RowAsync("r1")) with { Owner = dying }, silo: dying));
        long alive = await BeginLifeAsync("silo-c");
        await CommittedAsync(Begin((await RowAsync("r2")) with { Owner = alive }, silo: alive));
        long dead = await BeginLifeAsync("silo-d");
        await CommittedAsync(Begin((await RowAsync("r3")) with { Owner = dead }, silo: dead));

        await Store.EndLifeAsync(dying, TimeProvider.System.GetUtcNow(), default);
        Assert.Empty(await Store.CheckInvariantsAsync(default));
        await Store.EndLifeAsync(dead, TimeProvider.System.GetUtcNow() - 2 * DatabaseCheck.TakeOverLimit, default);

        await FindsAsync(BrokenRows.OwnerNotAlive("r3", dead));
    }

    [Fact]
    public async Task A_run_whose_owner_never_began_is_found()
    {
        await CommittedAsync(Begin((await RowAsync("r1")) with { Owner = 77 }));

        await FindsAsync(BrokenRows.OwnerNotAlive("r1", 77));
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
