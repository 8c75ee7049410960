using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>The gate, the same transition sent again, and what a batch may look like.</summary>
public abstract class CommitSpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    [Fact]
    public async Task Entries_are_kept_as_they_were_given()
    {
        RunRow run = await StartAsync("r1");
        JournalEntry first = new(2, EntryKind.StepFailed, 7, "items[3]/reserve#2 ü 🙂 '\"", At(1).AddTicks(9), new byte[] { 0, 1, 255, 0 });
        JournalEntry second = new(3, EntryKind.TimerSet, 1, "", At(2).ToOffset(TimeSpan.FromHours(5)), default);

        await CommittedAsync(Next(run, 1, entries: [first, second]));

        IReadOnlyList<JournalEntry> journal = await JournalAsync(run);
        Assert.Equal([1, 2, 3], journal.Select(entry => entry.Seq));
        Assert.Equal((EntryKind.StepFailed, (byte)7, first.Key, At(1)), (journal[1].Kind, journal[1].Version, journal[1].Key, journal[1].At));
        Assert.Equal([0, 1, 255, 0], journal[1].Payload.ToArray());
        Assert.Equal((EntryKind.TimerSet, "", At(2), true), (journal[2].Kind, journal[2].Key, journal[2].At, journal[2].Payload.IsEmpty));
    }

    [Fact]
    public async Task The_callers_buffer_may_be_used_again_after_a_commit()
    {
        RunRow run = await StartAsync("r1");
        byte[] buffer = [1, 2, 3];
        await CommittedAsync(Next(run, 1, entries: [Entry(2) with { Payload = buffer }]));

        buffer.AsSpan().Clear();

        Assert.Equal([1, 2, 3], (await JournalAsync(run))[1].Payload.ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    public async Task A_transition_that_expects_another_last_entry_is_a_conflict(long expected)
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1));
        string before = await SeeAsync(run);
        Transition late = expected == 0
            ? Begin(run)
            : Next(run, expected, Becomes(RunStatus.Waiting), set: [Reminder(run, "t", 1)], opened: [HumanTask(run, "h1")], messages: [Message(run, "m1")]);

        CommitOutcome outcome = await CommitAsync(late);

        // A start of a run that is there is answered with that run.
        Assert.Equal(expected == 0 ? CommitStatus.Exists : CommitStatus.Conflict, outcome.Status);
        Assert.Equal(expected == 0, outcome.Reason is null);
        Assert.Equal(before, await SeeAsync(run));
        Assert.Empty(await InboxAsync(run));
    }

    [Fact]
    public async Task A_transition_of_a_run_that_does_not_exist_is_a_conflict()
    {
        RunRow row = await RowAsync("r1");

        Assert.Equal(CommitStatus.Conflict, (await CommitAsync(Next(row, 1))).Status);

        Assert.Null(await Store.GetRunAsync(Tenant, row.Id, default));
    }

    [Fact]
    public async Task A_refused_transition_leaves_its_neighbours_unaffected_and_outcomes_keep_the_order()
    {
        RunRow one = await StartAsync("r1");
        RunRow two = await StartAsync("r2");
        RunRow three = await StartAsync("r3");
        RunRow four = await RowAsync("r4");

        IReadOnlyList<CommitStatus> outcomes = await CommitAllAsync(
            Next(one, 1),
            Next(two, 5, set: [Reminder(two, "t", 1)]),
            Begin(four),
            Next(three, 1, set: [Reminder(three, "t", 1)]));

        Assert.Equal([CommitStatus.Committed, CommitStatus.Conflict, CommitStatus.Committed, CommitStatus.Committed], outcomes);
        int[] lengths = await Task.WhenAll(((RunRow[])[one, two, three, four]).Select(async run => (await JournalAsync(run)).Count));
        Assert.Equal([2, 1, 2, 1], lengths);
        Assert.Equal(["r3/t"], await ReminderKeysAsync());
    }

    [Fact]
    public async Task A_batch_of_many_runs_is_committed()
    {
        List<RunRow> runs = [];
        for (int i = 0; i < 200; i++)
        {
            runs.Add(await RowAsync($"r{i}"));
        }

        await CommittedAsync([.. runs.Select(run => Begin(run))]);
        await CommittedAsync([.. runs.Select(run => Next(run, 1, entries: [Entry(2), Entry(3), Entry(4)]))]);

        foreach (RunRow run in runs)
        {
            Assert.Equal([1, 2, 3, 4], (await JournalAsync(run)).Select(entry => entry.Seq));
        }
    }

    [Fact]
    public async Task An_empty_batch_has_no_outcomes() => Assert.Empty(await Store.CommitAsync([], default));

    [Fact]
    public async Task The_same_transition_sent_again_is_committed_and_changes_nothing()
    {
        RunRow parent = await StartAsync("r1");
        RunRow receiver = await StartAsync("r2");
        await CommittedAsync(Next(parent, 1, set: [Reminder(parent, "old", 5)], opened: [HumanTask(parent, "h0")]));
        await CommittedAsync(Next(receiver, 1, messages: [Message(parent, "m0")]));
        RunRow child = (await RowAsync("r3")) with { Parent = new ParentLink(parent.Id, parent.No, "call", true) };
        Transition everything = Next(
            parent,
            2,
            Becomes(RunStatus.Waiting, "for a person"),
            [Entry(3, EntryKind.ChildStarted, "call"), Entry(4)],
            [new ChildStart(child, Entry(1, EntryKind.RunStarted, ""))],
            [Reminder(parent, "t", 1)],
            ["old"],
            [HumanTask(parent, "h1", "ann")],
            [Answer("h0")],
            [Message(receiver, "m1")],
            ["m0"]);
        await CommittedAsync(everything);
        string before = await SeeAsync(parent) + await SeeAsync(receiver) + await SeeAsync(child);

        await CommittedAsync(everything);

        Assert.Equal(before, await SeeAsync(parent) + await SeeAsync(receiver) + await SeeAsync(child));
        Assert.Equal(["m1"], await InboxAsync(receiver));
        Assert.Empty(await InboxAsync(parent));
        Assert.Equal(["r1/t"], await ReminderKeysAsync());
    }

    [Fact]
    public async Task The_same_transition_is_recognised_after_the_run_went_on()
    {
        RunRow run = await StartAsync("r1");
        Transition first = Next(run, 1, set: [Reminder(run, "t", 1)], entries: [Entry(2), Entry(3)]);
        await CommittedAsync(first);
        await CommittedAsync(Next(run, 3, cleared: ["t"]));
        string before = await SeeAsync(run);

        await CommittedAsync(first);

        Assert.Equal(before, await SeeAsync(run));
        Assert.Empty(await ReminderKeysAsync());
    }

    [Fact]
    public async Task Another_transition_at_a_taken_place_is_a_conflict_even_with_the_same_entries()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1));

        Assert.Equal(CommitStatus.Conflict, (await CommitAsync(Next(run, 1))).Status);
    }

    [Fact]
    public async Task The_id_of_a_transition_says_nothing_at_another_place_of_the_journal()
    {
        RunRow run = await StartAsync("r1");
        Transition first = Next(run, 1, entries: [Entry(2), Entry(3)]);
        await CommittedAsync(first);

        Assert.Equal(CommitStatus.Conflict, (await CommitAsync(Next(run, 2, id: first.Id))).Status);
    }

    [Fact]
    public async Task A_whole_batch_sent_again_is_committed_but_for_what_was_refused()
    {
        RunRow one = await StartAsync("r1");
        RunRow two = await StartAsync("r2");
        RunRow three = await RowAsync("r3");
        Transition[] batch = [Next(one, 1), Next(two, 9), Begin(three)];
        IReadOnlyList<CommitStatus> first = await CommitAllAsync(batch);

        Assert.Equal([CommitStatus.Committed, CommitStatus.Conflict, CommitStatus.Committed], first);
        Assert.Equal(first, await CommitAllAsync(batch));
    }

    [Fact]
    public async Task A_value_that_cannot_be_stored_refuses_the_whole_batch_as_data()
    {
        RunRow one = await StartAsync("r1");
        RunRow two = await StartAsync("r2");
        await CommittedAsync(Next(one, 1, opened: [HumanTask(one, "h1")]));

        // The id of a human task is unique: a second one can never be stored.
        await FailsAsync(StoreFailure.Data, async () => await Store.CommitAsync([Next(one, 2), Next(two, 1, opened: [HumanTask(two, "h1")])], default));

        Assert.Equal(2, (await JournalAsync(one)).Count);
        Assert.Single(await JournalAsync(two));
        await CommittedAsync(Next(one, 2));
    }

    [Fact]
    public async Task A_batch_of_two_silos_or_with_a_run_twice_is_a_bug_of_the_caller()
    {
        RunRow one = await StartAsync("r1");
        RunRow two = await StartAsync("r2");
        long second = await BeginLifeAsync("silo-b");

        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.CommitAsync([Next(one, 1), Next(two, 1, silo: second)], default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.CommitAsync([Next(one, 1), Next(one, 2)], default));

        Assert.Single(await JournalAsync(one));
    }

    [Fact]
    public async Task Entries_that_are_misnumbered_are_a_bug_of_the_caller()
    {
        RunRow run = await StartAsync("r1");

        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.CommitAsync([Next(run, 1, entries: [Entry(3)])], default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.CommitAsync([Next(run, 1, entries: [Entry(2), Entry(4)])], default));

        Assert.Single(await JournalAsync(run));
    }

    [Fact]
    public async Task A_transition_without_entries_that_changes_more_than_the_row_is_a_bug_of_the_caller()
    {
        RunRow run = await StartAsync("r1");

        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.CommitAsync([Next(run, 1, entries: [], set: [Reminder(run, "t", 1)])], default));
    }

    [Fact]
    public async Task Payloads_of_five_megabytes_are_kept()
    {
        RunRow run = await StartAsync("r1");
        byte[] large = new byte[5 * 1024 * 1024];
        for (int i = 0; i < large.Length; i++)
        {
            large[i] = (byte)(i * 31 >> 3);
        }

        await CommittedAsync(Next(run, 1, entries: [Entry(2) with { Payload = large }, Entry(3)]));

        Assert.Equal(large, (await JournalAsync(run))[1].Payload.ToArray());
        Assert.Equal(large, (await ClaimAsync(run))!.Entries[1].Payload.ToArray());
    }
}
