using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>What a silo can run, what it is given, and how often a run was taken over without progress.</summary>
public abstract class ClusterClaimSpecifications(StoreFixture fixture) : ClusterSpecifications(fixture)
{
    [Fact]
    public async Task A_life_that_has_published_nothing_can_run_everything()
    {
        await StartUnownedAsync("r1", static row => row with { FlowVersion = "v9" });
        await using Listening one = await ListenAsync(Silo);

        Tick tick = await one.Session.TickAsync(default);

        Assert.True(tick.HasRunnable);
        Assert.False(tick.HasUnclaimable);
        Assert.Equal(["r1"], await ClaimRunnableAsync());
    }

    [Fact]
    public async Task Claims_leave_out_versions_that_the_life_did_not_publish()
    {
        await StartUnownedAsync("old");
        RunRow newer = await StartUnownedAsync("new", static row => row with { FlowVersion = "v2" });
        await Cluster.PublishAsync(Silo, Can(["v1"]), default);

        Assert.Equal(["old"], await ClaimRunnableAsync());
        Assert.Null(await ClaimAsync(newer));
        Assert.Null((await GetAsync(newer)).Owner);

        await Cluster.PublishAsync(Silo, Can(["v1", "v2"]), default);
        Assert.Equal(["new"], await ClaimRunnableAsync());
    }

    [Fact]
    public async Task What_is_published_last_holds_alone()
    {
        RunRow run = await StartUnownedAsync("r1");
        await Cluster.PublishAsync(Silo, Can(["v1"]), default);
        await Cluster.PublishAsync(Silo, Can(["v2"]), default);

        Assert.Empty(await ClaimRunnableAsync());
        Assert.Null(await ClaimAsync(run));
    }

    [Fact]
    public async Task What_one_life_publishes_does_not_restrict_another()
    {
        await StartUnownedAsync("r1");
        await Cluster.PublishAsync(Silo, Can([]), default);
        long second = await BeginLifeAsync("silo-b");

        Assert.Empty(await ClaimRunnableAsync());
        Assert.Equal(["r1"], await ClaimRunnableAsync(second));
    }

    [Fact]
    public async Task A_run_that_the_life_owns_is_loaded_whatever_it_can_run()
    {
        RunRow run = await StartAsync("r1");
        await Cluster.PublishAsync(Silo, Can([]), default);

        Assert.NotNull(await ClaimAsync(run));
    }

    [Fact]
    public async Task A_flow_stored_as_YAML_is_claimed_by_who_has_its_tasks()
    {
        await Store.SaveFlowAsync(new FlowRow(Tenant, "refund", "sha", "1.0", "name: refund", At(), ["charge", "mail"]), default);
        await Store.SaveFlowAsync(new FlowRow(Tenant, "refund", "bare", null, "name: refund", At(), []), default);
        await Store.SaveFlowAsync(new FlowRow(Tenant, "refund", "code", null, null, At()), default);
        await StartUnownedAsync("with-tasks", static row => row with { FlowVersion = "sha" });
        await StartUnownedAsync("without-tasks", static row => row with { FlowVersion = "bare" });
        await StartUnownedAsync("in-code", static row => row with { FlowVersion = "code" });
        await StartUnownedAsync("of-another-tenant", static row => row with { FlowVersion = "sha", Tenant = "other" });

        await Cluster.PublishAsync(Silo, Can(tasks: ["charge"]), default);
        Assert.Equal(["without-tasks"], await ClaimRunnableAsync());

        await Cluster.PublishAsync(Silo, Can(tasks: ["mail", "charge", "more"]), default);
        Assert.Equal(["with-tasks"], await ClaimRunnableAsync());
    }

    [Fact]
    public async Task A_run_that_a_newer_build_has_had_is_left_out_by_an_older_one()
    {
        RunRow run = await StartUnownedAsync("r1");
        RunRow untouched = await StartUnownedAsync("r2");
        long newer = await BeginLifeAsync("newer");
        await Cluster.PublishAsync(newer, Can(["v1"], journal: 3), default);
        await Cluster.PublishAsync(Silo, Can(["v1"], journal: 2), default);
        await ClaimAsync(run, newer);
        RunRow begun = await StartAsync("r3", row => row with { Owner = newer });
        await Store.EndLifeAsync(newer, At(), default);

        Assert.Equal([untouched.Id.Value], await ClaimRunnableAsync());
        Assert.Null(await ClaimAsync(run));
        Assert.Null(await ClaimAsync(begun));

        await Cluster.PublishAsync(Silo, Can(["v1"], journal: 3), default);
        Assert.Equal(["r1", "r3"], await ClaimRunnableAsync());
    }

    [Fact]
    public async Task A_tick_says_whether_there_is_something_to_claim_and_something_that_it_cannot_run()
    {
        await Cluster.PublishAsync(Silo, Can(["v1"]), default);
        await using Listening one = await ListenAsync(Silo);
        await StartAsync("owned");
        await StartUnownedAsync("waiting", static row => row with { Status = RunStatus.Waiting });
        await StartUnownedAsync("parked", static row => row with { Status = RunStatus.Parked });
        Assert.Equal((false, false), await TickAsync());

        await StartUnownedAsync("r1");
        Assert.Equal((true, false), await TickAsync());

        RunRow other = await StartUnownedAsync("r2", static row => row with { FlowVersion = "v2", Status = RunStatus.Queued });
        Assert.Equal((true, true), await TickAsync());

        Assert.Equal(["r1"], await ClaimRunnableAsync());
        Assert.Equal((false, true), await TickAsync());

        long second = await BeginLifeAsync("silo-b");
        await ClaimAsync(other, second);
        Assert.Equal((false, false), await TickAsync());

        await Store.EndLifeAsync(second, At(), default);
        Assert.Equal((false, true), await TickAsync());

        async Task<(bool, bool)> TickAsync()
        {
            Tick tick = await one.Session.TickAsync(default);
            return (tick.HasRunnable, tick.HasUnclaimable);
        }
    }

    [Fact]
    public async Task A_tick_finds_waiting_runs_without_an_owner_that_have_messages()
    {
        await using Listening one = await ListenAsync(Silo);
        RunRow waiting = await StartUnownedAsync("waiting", static row => row with { Status = RunStatus.Waiting });
        RunRow parked = await StartUnownedAsync("parked", static row => row with { Status = RunStatus.Parked });
        await PostAsync(Message(parked, "m0"));
        Assert.False((await one.Session.TickAsync(default)).HasRunnable);

        await PostAsync(Message(waiting, "m1"));

        Assert.True((await one.Session.TickAsync(default)).HasRunnable);
        Assert.Equal(["waiting"], await ClaimRunnableAsync());
    }

    [Fact]
    public async Task A_tick_names_the_silos_own_runs_that_have_messages()
    {
        await using Listening one = await ListenAsync(Silo);
        long second = await BeginLifeAsync("silo-b");
        RunRow mine = await StartAsync("mine");
        RunRow empty = await StartAsync("empty");
        RunRow other = await StartAsync("other", row => row with { Owner = second });
        await PostAsync(Message(mine, "m1"));
        await PostAsync(Message(mine, "m2"));
        await PostAsync(Message(other, "m3"));
        await PostAsync(Message(empty, "m4"));
        await CommittedAsync(Next(empty, 1, consumed: ["m4"]));

        Assert.Equal([mine.Id], (await one.Session.TickAsync(default)).WithMessages);
    }

    [Fact]
    public async Task Runnable_runs_are_claimed_and_loaded_with_the_highest_priority_first_then_the_oldest()
    {
        RunRow waiting = await StartUnownedAsync("a", static row => row with { Priority = 5, Status = RunStatus.Waiting });
        await StartUnownedAsync("b");
        await StartUnownedAsync("c", static row => row with { Priority = 9, Status = RunStatus.Queued });
        await StartUnownedAsync("d");
        await StartUnownedAsync("e", static row => row with { Priority = -1 });
        await PostAsync(Message(waiting, "m1"));

        IReadOnlyList<LoadedRun> first = await Cluster.ClaimRunnableAsync(Silo, 2, default);

        Assert.Equal(["c", "a"], first.Select(static run => run.Row.Id.Value));
        Assert.All(first, run => Assert.Equal(Silo, run.Row.Owner));
        Assert.Equal(1, Assert.Single(first[1].Entries).Seq);
        Assert.Equal("m1", Assert.Single(first[1].Inbox).Id);
        Assert.Equal(["b", "d"], await ClaimRunnableAsync(limit: 2));
        Assert.Equal(["e"], await ClaimRunnableAsync(limit: 2));
        Assert.Empty(await ClaimRunnableAsync(limit: 2));
    }

    [Fact]
    public async Task Runs_of_a_dead_life_are_claimed_whatever_they_do_and_those_of_a_living_one_are_not()
    {
        long dead = await BeginLifeAsync("silo-b");
        foreach (RunStatus status in (RunStatus[])[RunStatus.Queued, RunStatus.Running, RunStatus.Waiting, RunStatus.Parked])
        {
            await StartAsync($"r{(int)status}", row => row with { Owner = dead, Status = status });
        }

        long third = await BeginLifeAsync("silo-c");
        await StartAsync("living", row => row with { Owner = third });
        Assert.Empty(await ClaimRunnableAsync());

        await Store.EndLifeAsync(dead, At(), default);

        Assert.Equal(["r1", "r2", "r3", "r4"], await ClaimRunnableAsync());
    }

    [Fact]
    public async Task A_limit_below_one_is_a_bug_of_the_caller() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Cluster.ClaimRunnableAsync(Silo, 0, default));

    [Fact]
    public async Task Two_silos_that_claim_at_once_never_get_the_same_run_and_leave_none()
    {
        long second = await BeginLifeAsync("silo-b");
        long dead = await BeginLifeAsync("silo-c");
        for (int i = 0; i < 60; i++)
        {
            await StartAsync($"r{i}", row => row with { Owner = i % 2 == 0 ? null : dead });
        }

        await Store.EndLifeAsync(dead, At(), default);
        List<string>[] claimed = await Task.WhenAll(AllAsync(Silo), AllAsync(second), AllAsync(Silo), AllAsync(second));

        // The same silo may be given a run twice over: it owns it.
        Assert.Equal(60, claimed.SelectMany(static runs => runs).Distinct().Count());
        Assert.Empty(claimed[0].Concat(claimed[2]).Intersect(claimed[1].Concat(claimed[3])));

        async Task<List<string>> AllAsync(long silo)
        {
            await Task.Yield();
            List<string> all = [];
            while (await Store.FindRunnableAsync(1, default) is { Count: > 0 })
            {
                all.AddRange(await ClaimRunnableAsync(silo, 7));
            }

            return all;
        }
    }

    [Fact]
    public async Task A_run_taken_over_from_the_dead_without_an_outcome_in_between_counts_its_adoptions()
    {
        RunRow run = await StartAsync("r1");
        Assert.Equal((0, 0), await AdoptAsync(run, Silo));

        for (int i = 1; i <= 3; i++)
        {
            Assert.Equal((i, 0), await TakeOverAsync(run));
        }
    }

    [Fact]
    public async Task Claiming_runnable_runs_counts_adoptions_as_claiming_by_name_does()
    {
        await StartAsync("r1");
        long owner = Silo;
        for (int i = 1; i <= 2; i++)
        {
            long next = await BeginLifeAsync("next");
            await Store.EndLifeAsync(owner, At(), default);
            Assert.Equal(i, Assert.Single(await Cluster.ClaimRunnableAsync(next, 10, default)).Adoptions);
            owner = next;
        }
    }

    [Fact]
    public async Task An_outcome_begins_the_count_anew()
    {
        RunRow run = await StartAsync("r1");
        await TakeOverAsync(run);
        Assert.Equal((2, 0), await TakeOverAsync(run));
        await Cluster.CountTrialAsync((await GetAsync(run)).Owner!.Value, run.Id, true, default);

        await CommittedAsync(Next(run, 1, silo: (await GetAsync(run)).Owner));

        Assert.Equal((1, 0), await TakeOverAsync(run));
        Assert.Equal((2, 0), await TakeOverAsync(run));
    }

    [Fact]
    public async Task The_start_of_a_step_is_no_progress()
    {
        RunRow run = await StartAsync("r1");
        Assert.Equal((1, 0), await TakeOverAsync(run));

        await CommittedAsync(Next(run, 1, entries: [Entry(2, EntryKind.StepStarted)], silo: (await GetAsync(run)).Owner));

        Assert.Equal((2, 0), await TakeOverAsync(run));
        await CommittedAsync(Next(run, 2, entries: [Entry(3, EntryKind.StepStarted)], silo: (await GetAsync(run)).Owner));
        Assert.Equal((3, 0), await TakeOverAsync(run));
    }

    [Fact]
    public async Task Runs_that_waited_or_were_released_are_not_counted()
    {
        RunRow waiting = await StartAsync("waiting", static row => row with { Status = RunStatus.Waiting });
        RunRow released = await StartAsync("released");
        Assert.Equal((0, 0), await TakeOverAsync(waiting));
        await TakeOverAsync(released);
        long owner = (await GetAsync(released)).Owner!.Value;
        await CommittedAsync(RowOnly(released, 1, Becomes(RunStatus.Running, release: true), owner));

        long next = await BeginLifeAsync("next");
        Assert.Equal((0, 0), await AdoptAsync(released, next));
        Assert.Equal((1, 0), await TakeOverAsync(released));
    }

    [Fact]
    public async Task Trials_are_counted_and_taken_back_by_the_owner_alone_and_never_below_none()
    {
        RunRow run = await StartAsync("r1");
        await TakeOverAsync(run);
        await TakeOverAsync(run);
        long owner = (await GetAsync(run)).Owner!.Value;
        long stranger = await BeginLifeAsync("stranger");

        await Cluster.CountTrialAsync(owner, run.Id, true, default);
        await Cluster.CountTrialAsync(stranger, run.Id, true, default);
        Assert.Equal((3, 1), await TakeOverAsync(run));

        owner = (await GetAsync(run)).Owner!.Value;
        await Cluster.CountTrialAsync(owner, run.Id, true, default);
        Assert.Equal((4, 2), await TakeOverAsync(run));

        owner = (await GetAsync(run)).Owner!.Value;
        for (int i = 0; i < 3; i++)
        {
            await Cluster.CountTrialAsync(owner, run.Id, false, default);
        }

        Assert.Equal((5, 0), await TakeOverAsync(run));
    }

    [Fact]
    public async Task Owned_are_the_runs_of_that_life_oldest_first()
    {
        long second = await BeginLifeAsync("silo-b");
        await StartAsync("c");
        await StartAsync("other", row => row with { Owner = second });
        await StartAsync("b");
        await StartUnownedAsync("nobodys");
        await StartAsync("a");
        RunRow ended = await StartAsync("ended");
        await CommittedAsync(Next(ended, 1, Becomes(RunStatus.Completed), [Entry(2, EntryKind.RunCompleted, "")]));

        Assert.Equal(["c", "b", "a"], (await Cluster.FindOwnedAsync(Silo, 10, default)).Select(static run => run.Value));
        Assert.Equal(["c", "b"], (await Cluster.FindOwnedAsync(Silo, 2, default)).Select(static run => run.Value));
    }

    [Fact]
    public async Task Owners_are_the_living_ones_of_runs_that_have_not_ended()
    {
        long second = await BeginLifeAsync("silo-b");
        long third = await BeginLifeAsync("silo-c");
        RunRow one = await StartAsync("one");
        RunRow two = await StartAsync("two", row => row with { Owner = second });
        RunRow orphan = await StartAsync("orphan", row => row with { Owner = third });
        RunRow nobodys = await StartUnownedAsync("nobodys");
        RunRow ended = await StartAsync("ended");
        await CommittedAsync(Next(ended, 1, Becomes(RunStatus.Completed), [Entry(2, EntryKind.RunCompleted, "")]));
        await Store.EndLifeAsync(third, At(), default);

        IReadOnlyDictionary<RunId, long> owners = await Cluster.FindOwnersAsync([one.Id, two.Id, orphan.Id, nobodys.Id, ended.Id, new RunId("nowhere")], default);

        Assert.Equal(new Dictionary<RunId, long> { [one.Id] = Silo, [two.Id] = second }, owners);
    }

    [Fact]
    public async Task A_run_that_no_living_silo_can_run_says_in_its_row_what_is_missing()
    {
        await Store.SaveFlowAsync(new FlowRow(Tenant, "refund", "sha", "1.0", "name: refund", At(), ["charge"]), default);
        await Store.SaveFlowAsync(new FlowRow(Tenant, "refund", "v2", "2.0", null, At()), default);
        RunRow yaml = await StartUnownedAsync("yaml", static row => row with { FlowVersion = "sha" });
        RunRow labelled = await StartUnownedAsync("labelled", static row => row with { FlowVersion = "v2", Status = RunStatus.Queued, Why = "Waits for a place." });
        RunRow unknown = await StartUnownedAsync("unknown", static row => row with { FlowVersion = "v3" });
        RunRow claimable = await StartUnownedAsync("claimable");
        RunRow waiting = await StartUnownedAsync("waiting", static row => row with { FlowVersion = "v3", Status = RunStatus.Waiting, Why = "for a date" });
        RunRow asked = await StartUnownedAsync("asked", static row => row with { FlowVersion = "v3", Status = RunStatus.Waiting, Why = "for a date" });
        await PostAsync(Message(asked, "m1"));
        await Cluster.PublishAsync(Silo, Can([]), default);
        long second = await BeginLifeAsync("silo-b");
        await Cluster.PublishAsync(second, Can(["v1"]), default);

        Assert.Equal(4, await Cluster.ExplainUnclaimableAsync(Silo, 100, default));

        Assert.Equal(Unclaimable.Why("refund", "1.0", isStored: true), (await GetAsync(yaml)).Why);
        Assert.Equal(Unclaimable.Why("refund", "2.0", isStored: false), (await GetAsync(labelled)).Why);
        Assert.Equal(Unclaimable.Why("refund", "v3", isStored: false), (await GetAsync(unknown)).Why);
        Assert.Equal(Unclaimable.Why("refund", "v3", isStored: false), (await GetAsync(asked)).Why);
        Assert.Null((await GetAsync(claimable)).Why);
        Assert.Equal("for a date", (await GetAsync(waiting)).Why);
        Assert.Equal(0, await Cluster.ExplainUnclaimableAsync(Silo, 100, default));
    }

    [Fact]
    public async Task Explaining_stops_at_its_limit_and_goes_on_behind_it()
    {
        for (int i = 0; i < 3; i++)
        {
            await StartUnownedAsync($"r{i}");
        }

        await Cluster.PublishAsync(Silo, Can([]), default);

        Assert.Equal(2, await Cluster.ExplainUnclaimableAsync(Silo, 2, default));
        Assert.Equal(1, await Cluster.ExplainUnclaimableAsync(Silo, 2, default));
        Assert.Equal(0, await Cluster.ExplainUnclaimableAsync(Silo, 2, default));
    }

    [Fact]
    public async Task A_dead_silo_that_could_run_it_does_not_count()
    {
        RunRow run = await StartUnownedAsync("r1");
        long second = await BeginLifeAsync("silo-b");
        await Cluster.PublishAsync(Silo, Can([]), default);
        Assert.Equal(0, await Cluster.ExplainUnclaimableAsync(Silo, 100, default));

        await Store.EndLifeAsync(second, At(), default);

        Assert.Equal(1, await Cluster.ExplainUnclaimableAsync(Silo, 100, default));
        Assert.NotNull((await GetAsync(run)).Why);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public async Task Shares_divide_all_reminders_among_them(int shares)
    {
        List<string> all = [];
        for (int i = 0; i < 12; i++)
        {
            RunRow run = await StartAsync($"r{i}", static row => row with { Status = RunStatus.Waiting });
            await CommittedAsync(Next(run, 1, set: [Reminder(run, "a", 20 - i), Reminder(run, "b", 30 + i)]));
            all.AddRange([$"r{i}/a", $"r{i}/b"]);
        }

        List<string> found = [];
        for (int share = 0; share < shares; share++)
        {
            Reminder? after = null;
            List<Reminder> mine = [];
            while (true)
            {
                IReadOnlyList<Reminder> page = await Cluster.FindRemindersAsync(At(1000), after, 3, share, shares, default);
                mine.AddRange(page);
                if (page.Count < 3)
                {
                    break;
                }

                after = page[^1];
            }

            Assert.All(mine, reminder => Assert.Equal(share, reminder.RunNo % shares));
            Assert.Equal(mine.OrderBy(static r => r.DueAt).ThenBy(static r => r.RunNo), mine);
            found.AddRange(mine.Select(static reminder => $"{reminder.Run}/{reminder.Key}"));
        }

        Assert.Equal(all.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(await Cluster.FindRemindersAsync(At(25), null, 100, 0, shares, default), static reminder => reminder.DueAt >= At(25));
    }

    private async Task<(int Adoptions, int Trials)> AdoptAsync(RunRow run, long silo)
    {
        LoadedRun? loaded = await ClaimAsync(run, silo);
        Assert.NotNull(loaded);
        return (loaded.Adoptions, loaded.Trials);
    }

    // The owner dies and a new life takes the run over.
    private async Task<(int Adoptions, int Trials)> TakeOverAsync(RunRow run)
    {
        long next = await BeginLifeAsync("next");
        await Store.EndLifeAsync((await GetAsync(run)).Owner!.Value, At(), default);
        return await AdoptAsync(run, next);
    }
}
