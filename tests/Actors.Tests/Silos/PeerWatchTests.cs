using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Silos;

public sealed class PeerWatchTests
{
    private const long Self = 1;
    private const long Peer = 2;

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly VirtualTime _time = new();
    private readonly PeerWatch _watch;

    public PeerWatchTests() => _watch = new PeerWatch(_time, Self, Lease, Tick);

    [Fact]
    public void A_peer_that_beats_lives_for_ever()
    {
        for (int beat = 1; beat < 100; beat++)
        {
            Assert.Empty(See(beat));
            After(7.9);
        }
    }

    [Fact]
    public void A_connected_peer_that_does_not_beat_for_a_whole_lease_is_dead_and_not_a_moment_earlier()
    {
        Assert.Empty(See(5));
        After(7.99);
        Assert.Empty(See(5));
        Assert.False(_watch.IsSuspicious);
        After(0.01);

        Assert.Equal([Peer], See(5));
    }

    [Fact]
    public void A_peer_whose_connection_is_gone_is_dead_within_a_tick_if_it_does_not_beat()
    {
        See(5);
        After(1);
        Assert.Empty(See(5, connected: false));
        Assert.True(_watch.IsSuspicious);
        After(0.79);
        Assert.Empty(See(5, connected: false));
        After(0.01);

        Assert.Equal([Peer], See(5, connected: false));
    }

    [Fact]
    public void A_beat_without_a_connection_gives_another_tick()
    {
        See(5);
        See(5, connected: false);
        After(0.7);
        Assert.Empty(See(6, connected: false));
        After(0.7);
        Assert.Empty(See(6, connected: false));
        After(0.1);

        Assert.Equal([Peer], See(6, connected: false));
    }

    [Fact]
    public void A_connection_that_comes_back_clears_the_suspicion()
    {
        See(5);
        See(5, connected: false);
        After(0.7);
        Assert.Empty(See(5));
        Assert.False(_watch.IsSuspicious);
        After(0.7);
        Assert.Empty(See(5, connected: false));
        After(0.7);

        Assert.Empty(See(5, connected: false));
    }

    [Fact]
    public void A_peer_that_was_never_seen_connected_has_two_ticks_as_after_a_restart_of_the_database()
    {
        Assert.Empty(See(5, connected: false));
        After(1.99);
        Assert.Empty(See(5, connected: false));
        After(0.01);

        Assert.Equal([Peer], See(5, connected: false));
    }

    [Fact]
    public void A_peer_that_has_never_beaten_has_the_lease_to_start()
    {
        Assert.Empty(See(0, connected: false));
        After(7.99);
        Assert.Empty(See(0, connected: false));
        After(0.01);

        Assert.Equal([Peer], See(0, connected: false));
    }

    [Fact]
    public void What_was_seen_before_a_reset_does_not_count()
    {
        See(5);
        After(7.9);
        See(5, connected: false);
        _watch.Reset();
        Assert.False(_watch.IsSuspicious);

        Assert.Empty(See(5));
        After(7.99);
        Assert.Empty(See(5));
        After(0.01);
        Assert.Equal([Peer], See(5));
    }

    [Fact]
    public void A_silo_never_takes_itself_for_dead()
    {
        for (int i = 0; i < 3; i++)
        {
            Assert.Empty(_watch.See([new LivingSilo(Self, "self", 1, false, default)]));
            After(20);
        }

        Assert.False(_watch.IsSuspicious);
    }

    [Fact]
    public void A_peer_that_was_away_is_a_new_one()
    {
        See(5);
        After(7);
        Assert.Empty(_watch.See([]));
        After(7);

        Assert.Empty(See(5));
    }

    [Fact]
    public void Each_peer_is_judged_by_itself_and_the_reason_is_said()
    {
        LivingSilo hangs = new(2, "hangs", 5, true, default);
        LivingSilo gone = new(3, "gone", 5, true, default);
        LivingSilo well = new(4, "well", 5, true, default);
        Assert.Empty(_watch.See([hangs, gone, well]));
        After(7);
        Assert.Empty(_watch.See([hangs, gone with { IsConnected = false, Beat = 9 }, well with { Beat = 6 }]));
        After(1);

        (LivingSilo Silo, string Reason)[] dead = [.. _watch.See([hangs, gone with { IsConnected = false, Beat = 9 }, well with { Beat = 7 }])];

        Assert.Equal([2, 3], dead.Select(static d => d.Silo.No));
        Assert.Contains("a whole lease", dead[0].Reason);
        Assert.Contains("connection is gone", dead[1].Reason);
        Assert.Equal(9, dead[1].Silo.Beat);
    }

    private void After(double seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));

    private IEnumerable<long> See(long beat, bool connected = true) =>
        _watch.See([new LivingSilo(Self, "self", 1, true, default), new LivingSilo(Peer, "peer", beat, connected, default)]).Select(static d => d.Silo.No);
}
