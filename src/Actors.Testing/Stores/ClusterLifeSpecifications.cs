using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>Beats, sessions, notices, and the end of a life that is silent.</summary>
public abstract class ClusterLifeSpecifications(StoreFixture fixture) : ClusterSpecifications(fixture)
{
    [Fact]
    public async Task The_living_are_listed_by_number_and_the_dead_are_not()
    {
        long second = await Store.BeginLifeAsync("silo-b", At(3), default);
        await DeadLifeAsync();

        IReadOnlyList<LivingSilo> silos = await Cluster.ListSilosAsync(default);

        Assert.Equal([new LivingSilo(Silo, "silo-a", 0, false, At()), new LivingSilo(second, "silo-b", 0, false, At(3))], silos);
    }

    [Fact]
    public async Task Each_tick_raises_the_beat_of_its_silo_alone()
    {
        long second = await BeginLifeAsync("silo-b");
        await using Listening listening = await ListenAsync(Silo);
        long before = (await FindAsync(Silo))!.Beat;

        await listening.Session.TickAsync(default);
        long once = (await FindAsync(Silo))!.Beat;
        await listening.Session.TickAsync(default);

        Assert.True(before < once);
        Assert.True(once < (await FindAsync(Silo))!.Beat);
        Assert.Equal(0, (await FindAsync(second))!.Beat);
    }

    [Fact]
    public async Task A_tick_shows_all_living_silos_and_who_of_them_is_connected()
    {
        long second = await BeginLifeAsync("silo-b");
        long third = await BeginLifeAsync("silo-c");
        await DeadLifeAsync();
        await using Listening one = await ListenAsync(Silo);
        await using Listening two = await ListenAsync(second);
        await two.Session.TickAsync(default);

        Tick tick = await one.Session.TickAsync(default);

        Assert.Equal([(Silo, "silo-a", true), (second, "silo-b", true), (third, "silo-c", false)], tick.Silos.Select(static s => (s.No, s.Name, s.IsConnected)));
        Assert.Equal(1, tick.Silos[1].Beat);
    }

    [Fact]
    public async Task A_session_that_was_disposed_leaves_its_life_alive_and_without_connection()
    {
        Listening listening = await ListenAsync(Silo);
        Assert.True((await FindAsync(Silo))!.IsConnected);

        await listening.DisposeAsync();

        await UntilAsync(async () => !(await FindAsync(Silo))!.IsConnected);
        await StartAsync("r1");
    }

    [Fact]
    public async Task A_second_session_of_a_life_takes_the_place_of_the_first()
    {
        Listening first = await ListenAsync(Silo);
        await using Listening second = await ListenAsync(Silo);

        await first.Session.Lost.WaitAsync(TimeSpan.FromSeconds(30));
        await first.DisposeAsync();

        Assert.True((await FindAsync(Silo))!.IsConnected);
        await second.Session.TickAsync(default);
        await Cluster.TellAsync([new SiloNotice(Silo, "hello")], default);
        Assert.Equal("hello", await second.NextAsync());
    }

    [Fact]
    public async Task A_tick_of_a_life_that_has_ended_is_fenced_and_raises_nothing()
    {
        await using Listening listening = await ListenAsync(Silo);
        await listening.Session.TickAsync(default);
        await Store.EndLifeAsync(Silo, At(), default);

        await FailsAsync(StoreFailure.Fenced, async () => await listening.Session.TickAsync(default));

        Assert.Empty(await Cluster.ListSilosAsync(default));
    }

    [Fact]
    public async Task What_a_silo_is_told_only_that_silo_hears()
    {
        long second = await BeginLifeAsync("silo-b");
        await using Listening one = await ListenAsync(Silo);
        await using Listening two = await ListenAsync(second);

        await Cluster.TellAsync([new SiloNotice(second, "for two"), new SiloNotice(Silo, "for one")], default);
        await Cluster.TellAsync([new SiloNotice(null, "for all")], default);

        Assert.Equal(["for one", "for all"], [await one.NextAsync(), await one.NextAsync()]);
        Assert.Equal(["for two", "for all"], [await two.NextAsync(), await two.NextAsync()]);
    }

    [Fact]
    public async Task A_notice_may_be_as_long_as_its_limit()
    {
        await using Listening one = await ListenAsync(Silo);
        string text = new('x', SiloNotice.TextMax);

        await Cluster.TellAsync([new SiloNotice(Silo, text)], default);

        Assert.Equal(text, await one.NextAsync());
    }

    [Fact]
    public async Task Who_is_not_listening_never_hears_of_it()
    {
        long second = await BeginLifeAsync("silo-b");
        await Cluster.TellAsync([new SiloNotice(second, "too early"), new SiloNotice(await DeadLifeAsync(), "too late"), new SiloNotice(null, "all too early")], default);
        await using Listening two = await ListenAsync(second);

        await Cluster.TellAsync([new SiloNotice(second, "in time")], default);

        Assert.Equal("in time", await two.NextAsync());
    }

    [Fact]
    public async Task A_silent_life_is_ended_by_another()
    {
        long second = await BeginLifeAsync("silo-b");
        RunRow run = await StartAsync("r1", row => row with { Owner = second });

        Assert.True(await Cluster.EndSilentLifeAsync(Silo, second, 0, At(), default));

        Assert.Null(await FindAsync(second));
        await FailsAsync(StoreFailure.Fenced, async () => await Store.CommitAsync([Next(run, 1, silo: second)], default));
        Assert.Equal(["r1"], await ClaimRunnableAsync());
    }

    [Fact]
    public async Task A_life_that_has_beaten_since_is_left_alone()
    {
        long second = await BeginLifeAsync("silo-b");
        await using Listening two = await ListenAsync(second);
        await two.Session.TickAsync(default);

        Assert.False(await Cluster.EndSilentLifeAsync(Silo, second, 0, At(), default));

        Assert.NotNull(await FindAsync(second));
        await two.Session.TickAsync(default);
        await StartAsync("r1", row => row with { Owner = second });
    }

    [Fact]
    public async Task Ending_a_silent_life_that_is_dead_already_says_that_it_is_dead()
    {
        long second = await BeginLifeAsync("silo-b");
        Assert.True(await Cluster.EndSilentLifeAsync(Silo, second, 0, At(), default));

        Assert.True(await Cluster.EndSilentLifeAsync(Silo, second, 0, At(), default));
        Assert.True(await Cluster.EndSilentLifeAsync(Silo, second, 99, At(), default));
        Assert.True(await Cluster.EndSilentLifeAsync(Silo, await DeadLifeAsync(), 0, At(), default));
    }

    [Fact]
    public async Task Of_two_lives_that_declare_each_other_dead_at_once_one_stays()
    {
        for (int round = 0; round < 10; round++)
        {
            long one = await BeginLifeAsync("one");
            long two = await BeginLifeAsync("two");

            await Task.WhenAll(EndAsync(one, two), EndAsync(two, one));

            Assert.True(await FindAsync(one) is null || await FindAsync(two) is null);
        }

        async Task EndAsync(long silo, long silent)
        {
            try
            {
                await Task.Yield();
                await Cluster.EndSilentLifeAsync(silo, silent, 0, At(), default);
            }
            catch (StoreException e) when (e.Kind == StoreFailure.Fenced)
            {
                // The other was faster.
            }
        }
    }

    /// <summary>Asks again until it holds, at most half a minute: a server takes a moment to give up what a connection held.</summary>
    protected static async Task UntilAsync(Func<Task<bool>> holds)
    {
        DateTimeOffset end = TimeProvider.System.GetUtcNow().AddSeconds(30);
        while (!await holds())
        {
            Assert.True(TimeProvider.System.GetUtcNow() < end, "It does not come true within 30 seconds.");
            await Task.Yield();
        }
    }
}
