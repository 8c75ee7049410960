using Actors.Silos;
using Actors.Testing;

namespace Actors.Tests.Silos;

public sealed class EffectLeaseTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public void An_answer_that_was_longer_on_its_way_than_the_lease_renews_nothing()
    {
        int over = 0;
        using EffectLease lease = new(_time, TimeSpan.FromSeconds(6), () => over++);
        lease.Renew(_time.GetTimestamp());
        long sent = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal((false, 1), (lease.IsValid, over));

        Assert.False(lease.Renew(sent));
        Assert.Equal((false, 1), (lease.IsValid, over));

        Assert.True(lease.Renew(_time.GetTimestamp()));
        Assert.True(lease.IsValid);
    }
}
