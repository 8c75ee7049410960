using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Silos;

public sealed class PeerWatchTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(8);

    private readonly VirtualTime _time = new();
    private readonly PeerWatch _watch;

    public PeerWatchTests() => _watch = new PeerWatch(_time, 1, Lease, Tick);

    [Fact]
    public void A_silo_that_has_not_beaten_yet_has_a_whole_lease_to_start()
    {
        for (TimeSpan waited = TimeSpan.Zero; waited < Lease; waited += Tick)
        {
            Assert.Empty(See(beat: 0, connected: false));
            _time.Advance(Tick);
        }

        Assert.Single(See(beat: 0, connected: false));
    }

    [Fact]
    public void A_silo_whose_connection_is_gone_is_dead_about_a_tick_later()
    {
        Assert.Empty(See(beat: 5, connected: true));
        _time.Advance(Tick);
        Assert.Empty(See(beat: 5, connected: false));
        _time.Advance(Tick);
        Assert.Single(See(beat: 5, connected: false));
    }

    [Fact]
    public void A_silo_that_beats_is_alive_without_a_connection()
    {
        for (int beat = 1; beat < 20; beat++)
        {
            Assert.Empty(See(beat, connected: false));
            _time.Advance(Tick);
        }
    }

    private IReadOnlyList<(LivingSilo Silo, string Reason)> See(long beat, bool connected) =>
        _watch.See([new LivingSilo(1, "self", 100, true, _time.GetUtcNow()), new LivingSilo(2, "peer", beat, connected, _time.GetUtcNow())]);
}
