using Actors.Silos;
using Actors.Testing;

namespace Actors.Tests.Silos;

public sealed class EffectLeaseTests : IDisposable
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    private readonly VirtualTime _time = new();
    private readonly EffectLease _lease;
    private int _over;

    public EffectLeaseTests() => _lease = new EffectLease(_time, Length, () => _over++);

    public void Dispose() => _lease.Dispose();

    [Fact]
    public void It_begins_without_one_and_says_nothing()
    {
        Assert.False(_lease.IsValid);
        _time.Advance(Length * 3);

        Assert.Equal(0, _over);
    }

    [Fact]
    public void It_runs_out_once_after_its_length()
    {
        Assert.True(Renew());
        _time.Advance(Length - Moment);
        Assert.True(_lease.IsValid);
        Assert.Equal(0, _over);
        _time.Advance(Moment);
        Assert.False(_lease.IsValid);
        _time.Advance(Length);

        Assert.Equal(1, _over);
    }

    [Fact]
    public void Renewed_in_time_it_never_runs_out()
    {
        Renew();
        for (int i = 0; i < 20; i++)
        {
            _time.Advance(Length - Moment);
            Assert.False(Renew());
        }

        Assert.True(_lease.IsValid);
        Assert.Equal(0, _over);
    }

    [Fact]
    public void It_counts_from_when_the_beat_was_sent_not_from_when_it_was_answered()
    {
        long sent = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.True(_lease.Renew(sent));
        _time.Advance(TimeSpan.FromSeconds(2) - Moment);
        Assert.True(_lease.IsValid);
        _time.Advance(Moment);

        Assert.False(_lease.IsValid);
    }

    [Fact]
    public void An_answer_that_comes_after_the_length_renews_nothing()
    {
        long sent = _time.GetTimestamp();
        _time.Advance(Length);

        Assert.False(_lease.Renew(sent));
        Assert.False(_lease.IsValid);
    }

    [Fact]
    public void It_can_be_renewed_after_it_ran_out_and_says_so()
    {
        Renew();
        _time.Advance(Length * 2);
        Assert.Equal(1, _over);

        Assert.True(Renew());
        Assert.True(_lease.IsValid);
        _time.Advance(Length * 2);
        Assert.Equal(2, _over);
    }

    [Fact]
    public void A_lost_connection_leaves_only_a_short_time()
    {
        Renew();
        _lease.Shorten(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1) - Moment);
        Assert.True(_lease.IsValid);
        _time.Advance(Moment);
        Assert.False(_lease.IsValid);
        _time.Advance(Moment);

        Assert.Equal(1, _over);
    }

    [Fact]
    public void Shortening_never_lengthens_and_repeating_it_gives_no_more_time()
    {
        Renew();
        _time.Advance(Length - TimeSpan.FromMilliseconds(500));
        _lease.Shorten(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromMilliseconds(400));
        _lease.Shorten(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.False(_lease.IsValid);
    }

    [Fact]
    public void Shortening_one_that_ran_out_revives_nothing()
    {
        Renew();
        _time.Advance(Length * 2);

        _lease.Shorten(TimeSpan.FromSeconds(1));

        Assert.False(_lease.IsValid);
        _time.Advance(Length);
        Assert.Equal(1, _over);
    }

    [Fact]
    public void A_beat_after_the_connection_came_back_gives_the_whole_length()
    {
        Renew();
        _lease.Shorten(TimeSpan.FromSeconds(1));
        Renew();
        _time.Advance(Length - Moment);

        Assert.True(_lease.IsValid);
        Assert.Equal(0, _over);
    }

    [Fact]
    public void Disposed_it_is_over_and_says_nothing()
    {
        Renew();
        _lease.Dispose();

        Assert.False(_lease.IsValid);
        _time.Advance(Length * 2);
        Assert.Equal(0, _over);
    }

    private bool Renew() => _lease.Renew(_time.GetTimestamp());
}
