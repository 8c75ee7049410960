using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>What runs tell each other.</summary>
public abstract class MessageSpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    [Fact]
    public async Task Messages_are_loaded_as_they_were_sent_in_order_of_arrival()
    {
        RunRow sender = await StartAsync("sender");
        RunRow other = await StartAsync("other");
        RunRow receiver = await StartAsync("receiver");
        InboxMessage first = new("z-last-by-name", receiver.Id, receiver.No, InboxKind.ChildFailed, "call[1] ü", new byte[] { 1, 0, 2 }, "ben", At(3));
        await CommittedAsync(Next(sender, 1, messages: [first, Message(receiver, "m2")]));
        await CommittedAsync(Next(other, 1, messages: [Message(receiver, "a-first-by-name", "", "")]));

        IReadOnlyList<InboxMessage> inbox = (await ClaimAsync(receiver))!.Inbox;

        Assert.Equal(["z-last-by-name", "m2", "a-first-by-name"], inbox.Select(message => message.Id));
        Assert.Equal(first with { Payload = default }, inbox[0] with { Payload = default });
        Assert.Equal([1, 0, 2], inbox[0].Payload.ToArray());
        Assert.Equal(("", true), (inbox[2].Key, inbox[2].Payload.IsEmpty));
    }

    [Fact]
    public async Task A_message_whose_id_exists_is_dropped()
    {
        RunRow sender = await StartAsync("sender");
        RunRow receiver = await StartAsync("receiver");
        RunRow other = await StartAsync("other");
        await CommittedAsync(Next(sender, 1, messages: [Message(receiver, "m1", body: "first")]));

        await CommittedAsync(Next(sender, 2, messages: [Message(receiver, "m1", body: "second"), Message(other, "m1"), Message(receiver, "m2"), Message(receiver, "m2")]));

        Assert.Equal(["m1", "m2"], await InboxAsync(receiver));
        Assert.Equal("first", System.Text.Encoding.UTF8.GetString((await ClaimAsync(receiver))!.Inbox[0].Payload.Span));
        Assert.Empty(await InboxAsync(other));
    }

    [Fact]
    public async Task A_message_to_a_run_that_has_ended_or_does_not_exist_is_dropped()
    {
        RunRow sender = await StartAsync("sender");
        RunRow ended = await StartAsync("ended");
        RunRow nowhere = await RowAsync("nowhere");
        await CommittedAsync(Next(ended, 1, Becomes(RunStatus.Cancelled), [Entry(2, EntryKind.RunCancelled, "")]));

        await CommittedAsync(Next(sender, 1, messages: [Message(ended, "m1"), Message(nowhere, "m2")]));

        Assert.Equal(2, (await JournalAsync(sender)).Count);
        Assert.Empty(await Store.CheckInvariantsAsync(default));
    }

    [Fact]
    public async Task Messages_are_counted_as_long_as_they_are_in_the_inbox_and_no_further_than_asked()
    {
        RunRow sender = await StartAsync("sender");
        RunRow receiver = await StartAsync("receiver");
        RunRow other = await StartAsync("other");
        await CommittedAsync(Next(sender, 1, messages: [Message(receiver, "m1"), Message(receiver, "m2"), Message(other, "m3"), Message(receiver, "m4")]));
        Assert.Equal((3, 2, 1, 0), (await CountAsync(receiver), await Store.CountMessagesAsync(receiver.No, 2, default), await CountAsync(other), await CountAsync(sender)));

        await CommittedAsync(Next(receiver, 1, consumed: ["m1"]));
        Assert.Equal(2, await CountAsync(receiver));
        await CommittedAsync(Next(receiver, 2, Becomes(RunStatus.Cancelled), [Entry(3, EntryKind.RunCancelled, "")]));

        Assert.Equal(0, await CountAsync(receiver));
        Assert.Equal(0, await Store.CountMessagesAsync(9_999_999, 10, default));
    }

    [Fact]
    public async Task Consumed_messages_leave_the_inbox()
    {
        RunRow sender = await StartAsync("sender");
        RunRow receiver = await StartAsync("receiver");
        await CommittedAsync(Next(sender, 1, messages: [Message(receiver, "m1"), Message(receiver, "m2"), Message(receiver, "m3")]));

        await CommittedAsync(Next(receiver, 1, consumed: ["m2", "never-came"]));

        Assert.Equal(["m1", "m3"], await InboxAsync(receiver));
    }

    [Fact]
    public async Task A_run_consumes_only_its_own_messages()
    {
        RunRow sender = await StartAsync("sender");
        RunRow receiver = await StartAsync("receiver");
        await CommittedAsync(Next(sender, 1, messages: [Message(receiver, "m1")]));

        await CommittedAsync(Next(sender, 2, consumed: ["m1"]));

        Assert.Equal(["m1"], await InboxAsync(receiver));
    }

    [Fact]
    public async Task A_refused_transition_consumes_nothing()
    {
        RunRow sender = await StartAsync("sender");
        RunRow receiver = await StartAsync("receiver");
        await CommittedAsync(Next(sender, 1, messages: [Message(receiver, "m1")]));

        Assert.Equal(CommitStatus.Conflict, (await CommitAsync(Next(receiver, 7, consumed: ["m1"]))).Status);

        Assert.Equal(["m1"], await InboxAsync(receiver));
    }

    [Fact]
    public async Task The_end_of_a_run_drops_what_is_left_in_its_inbox()
    {
        RunRow sender = await StartAsync("sender");
        RunRow receiver = await StartAsync("receiver");
        await CommittedAsync(Next(sender, 1, messages: [Message(receiver, "m1")]));

        await CommittedAsync(Next(receiver, 1, Becomes(RunStatus.Completed), [Entry(2, EntryKind.RunCompleted, "")]));

        Assert.Empty(await Store.CheckInvariantsAsync(default));
    }

    [Fact]
    public async Task A_message_needs_both_the_id_and_the_number_of_its_run()
    {
        RunRow sender = await StartAsync("sender");
        RunRow receiver = await StartAsync("receiver");

        await CommittedAsync(Next(sender, 1, messages: [Message(receiver, "m1") with { Run = new RunId("someone-else") }]));

        Assert.Empty(await InboxAsync(receiver));
    }

    private ValueTask<int> CountAsync(RunRow run) => Store.CountMessagesAsync(run.No, 100, default);
}
