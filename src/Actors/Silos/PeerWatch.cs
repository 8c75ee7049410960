using Actors.Storage;

namespace Actors.Silos;

/// <summary>
/// Decides which peers are dead, from what one silo has seen on its own monotonic time since it opened its session. Two signs: a peer that is connected and has not beaten for a whole lease;
/// and one without a connection that has not beaten for about a tick. Used by one loop at a time.
/// </summary>
internal sealed class PeerWatch(TimeProvider time, long self, TimeSpan lease, TimeSpan tick)
{
    private readonly Dictionary<long, Peer> _peers = [];

    // Shorter than a tick, so that the tick after the one that saw the connection gone decides; longer than what the peer itself waits (DatabaseCluster.OnSessionLostAsync).
    private readonly TimeSpan _afterDisconnect = tick * 0.8;

    // Connected peers were never seen: after a restart of the database they need a moment to come back.
    private readonly TimeSpan _afterRestart = tick * 2;

    /// <summary>True while a peer is without a connection: it is looked at more often.</summary>
    public bool IsSuspicious { get; private set; }

    /// <summary>Everything is counted anew.</summary>
    public void Reset()
    {
        _peers.Clear();
        IsSuspicious = false;
    }

    /// <returns>The peers that are dead, each with the reason in words.</returns>
    public IReadOnlyList<(LivingSilo Silo, string Reason)> See(IReadOnlyList<LivingSilo> silos)
    {
        long now = time.GetTimestamp();
        List<(LivingSilo, string)> dead = [];
        HashSet<long> there = [];
        IsSuspicious = false;
        foreach (LivingSilo silo in silos)
        {
            there.Add(silo.No);
            if (silo.No == self)
            {
                continue;
            }

            if (!_peers.TryGetValue(silo.No, out Peer? peer) || peer.Beat != silo.Beat)
            {
                _peers[silo.No] = peer = new Peer(silo.Beat, now, peer?.WasConnected ?? false);
            }

            if (silo.IsConnected)
            {
                (peer.WasConnected, peer.GoneSince) = (true, null);
            }
            else
            {
                peer.GoneSince ??= now;
                IsSuspicious = true;
            }

            TimeSpan silent = time.GetElapsedTime(peer.Since, now);

            // One that has never beaten is still starting: it holds nothing yet, and its first connection may take as long as it likes within the lease.
            TimeSpan patience = silo.Beat == 0 ? lease : peer.WasConnected ? _afterDisconnect : _afterRestart;
            if (peer.GoneSince is { } gone && time.GetElapsedTime(gone, now) >= patience && silent >= patience)
            {
                dead.Add((silo, $"its connection is gone and it has not beaten for {silent.TotalSeconds:0.0} s"));
            }
            else if (silent >= lease)
            {
                dead.Add((silo, $"it has not beaten for {silent.TotalSeconds:0.0} s, a whole lease"));
            }
        }

        foreach (long gone in _peers.Keys.Where(no => !there.Contains(no)).ToArray())
        {
            _peers.Remove(gone);
        }

        return dead;
    }

    private sealed class Peer(long beat, long since, bool wasConnected)
    {
        public long Beat => beat;

        public long Since => since;

        public bool WasConnected { get; set; } = wasConnected;

        public long? GoneSince { get; set; }
    }
}
