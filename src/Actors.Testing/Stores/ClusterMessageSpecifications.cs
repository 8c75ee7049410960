using System.Text;
using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>Messages that silos put into inboxes.</summary>
public abstract class ClusterMessageSpecifications(StoreFixture fixture) : ClusterSpecifications(fixture)
{
    [Fact]
    public async Task An_accepted_message_is_in_the_inbox_as_it_was_sent()
    {
        RunRow run = await StartAsync("r1");
        InboxMessage given = new("m1", run.Id, run.No, InboxKind.Cancel, "call[1] ü", new byte[] { 1, 0, 2 }, "ben", At(3), Silo);

        Assert.Equal(new PostOutcome(PostStatus.Accepted, Silo), await PostAsync(given));

        InboxMessage read = Assert.Single(await Cluster.ReadInboxesAsync(Silo, [run.Id], default));
        Assert.Equal(given with { Payload = default }, read with { Payload = default });
        Assert.Equal([1, 0, 2], read.Payload.ToArray());
        Assert.Equal(Silo, Assert.Single((await ClaimAsync(run))!.Inbox).Sender);
    }

    [Fact]
    public async Task Messages_are_accepted_whoever_owns_the_run_and_the_answer_names_a_living_owner()
    {
        long second = await BeginLifeAsync("silo-b");
        long third = await BeginLifeAsync("silo-c");
        RunRow other = await StartAsync("other", row => row with { Owner = second });
        RunRow nobodys = await StartUnownedAsync("nobodys", static row => row with { Status = RunStatus.Parked });
        RunRow orphan = await StartAsync("orphan", row => row with { Owner = third });
        await Store.EndLifeAsync(third, At(), default);

        IReadOnlyList<PostOutcome> outcomes = await Cluster.PostAsync(
            Silo, [new PostedMessage(Message(orphan, "m1")), new PostedMessage(Message(other, "m2")), new PostedMessage(Message(nobodys, "m3"))], 100, default);

        Assert.Equal([new PostOutcome(PostStatus.Accepted, null), new PostOutcome(PostStatus.Accepted, second), new PostOutcome(PostStatus.Accepted, null)], outcomes);
    }

    [Fact]
    public async Task A_message_whose_id_is_there_is_accepted_and_changes_nothing()
    {
        RunRow run = await StartAsync("r1");
        await PostAsync(Message(run, "m1", body: "first"));

        Assert.Equal([PostStatus.Accepted, PostStatus.Accepted, PostStatus.Accepted], await PostAllAsync(
            100, new PostedMessage(Message(run, "m1", body: "second")), new PostedMessage(Message(run, "m2", body: "third")), new PostedMessage(Message(run, "m2", body: "fourth"))));

        Assert.Equal(["first", "third"], (await Cluster.ReadInboxesAsync(Silo, [run.Id], default)).Select(static m => Encoding.UTF8.GetString(m.Payload.Span)));
    }

    [Fact]
    public async Task A_message_that_is_there_closes_no_task_a_second_time()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, "h1")]));

        Assert.Equal([PostStatus.Accepted, PostStatus.Accepted], await PostAllAsync(
            100, new PostedMessage(Message(run, "m1"), Answer("h1", "ann")), new PostedMessage(Message(run, "m1"), Answer("h1", "ben"))));
        Assert.Equal(new PostOutcome(PostStatus.Accepted, Silo), await PostAsync(Message(run, "m1"), Answer("h1", "cid")));

        Assert.Equal("ann", (await Store.GetHumanTaskAsync(Tenant, new HumanTaskId("h1"), default))?.AnsweredBy);
        Assert.Single(await InboxAsync(run));
    }

    [Fact]
    public async Task One_id_with_and_without_an_answer_in_one_batch_is_one_message()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, "h1"), HumanTask(run, "h2")]));

        Assert.Equal([PostStatus.Accepted, PostStatus.Accepted, PostStatus.Accepted], await PostAllAsync(
            100, new PostedMessage(Message(run, "m1"), Answer("h1")), new PostedMessage(Message(run, "m1")), new PostedMessage(Message(run, "m1"), Answer("h2"))));

        Assert.Equal(["m1"], await InboxAsync(run));
        Assert.Equal(HumanTaskStatus.Open, (await Store.GetHumanTaskAsync(Tenant, new HumanTaskId("h2"), default))?.Status);
    }

    [Fact]
    public async Task A_run_that_has_ended_or_does_not_exist_gets_nothing_and_its_neighbours_do()
    {
        RunRow ended = await StartAsync("ended");
        await CommittedAsync(Next(ended, 1, Becomes(RunStatus.Cancelled), [Entry(2, EntryKind.RunCancelled, "")]));
        RunRow nowhere = await RowAsync("nowhere");
        RunRow run = await StartAsync("r1");

        IReadOnlyList<PostOutcome> outcomes = await Cluster.PostAsync(
            Silo,
            [new PostedMessage(Message(ended, "m1")), new PostedMessage(Message(nowhere, "m2")), new PostedMessage(Message(run, "m3") with { Run = nowhere.Id }), new PostedMessage(Message(run, "m4"))],
            100, default);

        Assert.Equal(
            [new PostOutcome(PostStatus.Ended, null), new PostOutcome(PostStatus.Ended, null), new PostOutcome(PostStatus.Ended, null), new PostOutcome(PostStatus.Accepted, Silo)], outcomes);
        Assert.Empty(await Store.CheckInvariantsAsync(default));
    }

    [Fact]
    public async Task A_full_inbox_gets_no_more_also_within_one_batch()
    {
        RunRow run = await StartAsync("r1");
        RunRow other = await StartAsync("r2");
        await PostAsync(Message(run, "m1"), inboxMax: 3);

        Assert.Equal([PostStatus.Accepted, PostStatus.Accepted, PostStatus.Accepted, PostStatus.Full, PostStatus.Accepted], await PostAllAsync(
            3,
            new PostedMessage(Message(run, "m2")), new PostedMessage(Message(other, "n1")), new PostedMessage(Message(run, "m3")),
            new PostedMessage(Message(run, "m4")), new PostedMessage(Message(run, "m1"))));

        Assert.Equal(["m1", "m2", "m3"], await InboxAsync(run));
        Assert.Equal(PostStatus.Full, (await PostAsync(Message(run, "m5"), inboxMax: 3)).Status);
        await CommittedAsync(Next(run, 1, consumed: ["m1"]));
        Assert.Equal(PostStatus.Accepted, (await PostAsync(Message(run, "m5"), inboxMax: 3)).Status);
    }

    [Fact]
    public async Task An_answer_closes_its_task_with_the_message()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, "h1")]));

        Assert.Equal(PostStatus.Accepted, (await PostAsync(Message(run, "m1"), new HumanTaskClosing(new HumanTaskId("h1"), HumanTaskStatus.Answered, At(9), "ben", "reject", "too 'dear' ü"))).Status);

        HumanTaskRow? task = await Store.GetHumanTaskAsync(Tenant, new HumanTaskId("h1"), default);
        Assert.Equal(
            (HumanTaskStatus.Answered, At(9), "ben", "reject", "too 'dear' ü"), (task!.Status, task.ClosedAt, task.AnsweredBy, task.Decision, task.Comment));
        Assert.Equal(["m1"], await InboxAsync(run));
    }

    [Fact]
    public async Task An_answer_to_a_task_that_is_not_open_is_refused_with_its_message()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, "h1")]));
        await CommittedAsync(Next(run, 2, closed: [Answer("h1", "ann")]));

        Assert.Equal([PostStatus.TaskClosed, PostStatus.TaskClosed, PostStatus.Accepted], await PostAllAsync(
            100, new PostedMessage(Message(run, "m1"), Answer("h1", "ben")), new PostedMessage(Message(run, "m2"), Answer("nowhere")), new PostedMessage(Message(run, "m3"))));

        Assert.Equal(["m3"], await InboxAsync(run));
        Assert.Equal("ann", (await Store.GetHumanTaskAsync(Tenant, new HumanTaskId("h1"), default))?.AnsweredBy);
    }

    [Fact]
    public async Task An_answer_that_finds_the_inbox_full_leaves_its_task_open()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, "h1")]));
        await PostAsync(Message(run, "m1"));

        Assert.Equal(PostStatus.Full, (await PostAsync(Message(run, "m2"), Answer("h1"), inboxMax: 1)).Status);

        Assert.Equal(HumanTaskStatus.Open, (await Store.GetHumanTaskAsync(Tenant, new HumanTaskId("h1"), default))?.Status);
    }

    [Fact]
    public async Task Of_two_answers_in_one_batch_the_first_wins()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, "h1")]));

        Assert.Equal([PostStatus.Accepted, PostStatus.TaskClosed], await PostAllAsync(
            100, new PostedMessage(Message(run, "m1"), Answer("h1", "ann")), new PostedMessage(Message(run, "m2"), Answer("h1", "ben"))));

        Assert.Equal("ann", (await Store.GetHumanTaskAsync(Tenant, new HumanTaskId("h1"), default))?.AnsweredBy);
        Assert.Equal(["m1"], await InboxAsync(run));
    }

    [Fact]
    public async Task Of_answers_from_everywhere_at_once_one_wins()
    {
        long second = await BeginLifeAsync("silo-b");
        for (int round = 0; round < 10; round++)
        {
            RunRow run = await StartAsync($"r{round}");
            HumanTaskId task = new($"h{round}");
            await CommittedAsync(Next(run, 1, opened: [HumanTask(run, task.Value)]));
            Transition expiry = Next(run, 2, closed: [new HumanTaskClosing(task, HumanTaskStatus.Expired, At(9))]);

            Task<CommitOutcome> expired = Task.Run(() => CommitAsync(expiry));
            PostOutcome[] answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(
                () => PostAsync(Message(run, $"m{round}-{i}"), Answer(task.Value, $"p{i}"), silo: i % 2 == 0 ? Silo : second))));

            int won = answers.Count(static answer => answer.Status == PostStatus.Accepted);
            Assert.Equal(1, won + ((await expired).Status == CommitStatus.Committed ? 1 : 0));
            Assert.All(answers, static answer => Assert.True(answer.Status is PostStatus.Accepted or PostStatus.TaskClosed));
            Assert.Equal(won, (await InboxAsync(run)).Count);
        }
    }

    [Fact]
    public async Task Inboxes_are_read_of_own_runs_only_in_order_of_arrival()
    {
        long second = await BeginLifeAsync("silo-b");
        RunRow one = await StartAsync("r1");
        RunRow two = await StartAsync("r2");
        RunRow other = await StartAsync("r3", row => row with { Owner = second });
        await PostAllAsync(100, new PostedMessage(Message(one, "z")), new PostedMessage(Message(two, "y")), new PostedMessage(Message(other, "w")), new PostedMessage(Message(one, "b")));
        await PostAsync(Message(one, "a"));

        IReadOnlyList<InboxMessage> read = await Cluster.ReadInboxesAsync(Silo, [two.Id, other.Id, one.Id, new RunId("nowhere")], default);

        Assert.Equal(["z", "b", "a"], read.Where(m => m.Run == one.Id).Select(static m => m.Id));
        Assert.Equal(["y"], read.Where(m => m.Run == two.Id).Select(static m => m.Id));
        Assert.Equal(4, read.Count);
        Assert.All(read, m => Assert.Equal(m.Run == one.Id ? one.No : two.No, m.RunNo));
    }

    [Fact]
    public async Task Messages_are_found_as_long_as_they_are_in_an_inbox()
    {
        RunRow run = await StartAsync("r1");
        RunRow ending = await StartAsync("r2");
        await PostAllAsync(100, new PostedMessage(Message(run, "m1")), new PostedMessage(Message(run, "m2")), new PostedMessage(Message(ending, "m3")));
        Assert.Equal(["m1", "m2", "m3"], (await Cluster.FindMessagesAsync(["m3", "m1", "m2", "never"], default)).Order());

        await CommittedAsync(Next(run, 1, consumed: ["m1"]), Next(ending, 1, Becomes(RunStatus.Completed), [Entry(2, EntryKind.RunCompleted, "")]));

        Assert.Equal(["m2"], await Cluster.FindMessagesAsync(["m3", "m1", "m2", "never"], default));
    }
}
