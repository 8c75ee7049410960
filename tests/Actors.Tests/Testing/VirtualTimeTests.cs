using Actors.Testing;

namespace Actors.Tests.Testing;

public sealed class VirtualTimeTests
{
    [Fact]
    public void The_clock_stands_still_until_it_is_advanced()
    {
        VirtualTime time = new();
        DateTimeOffset before = time.GetUtcNow();
        Assert.Equal(before, time.GetUtcNow());
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(before.AddSeconds(3), time.GetUtcNow());
        Assert.Equal(TimeSpan.FromSeconds(3), time.GetElapsedTime(0));
    }

    [Fact]
    public void Timers_fire_in_order_of_due_time_and_see_their_own_time()
    {
        VirtualTime time = new();
        DateTimeOffset start = time.GetUtcNow();
        List<(int, TimeSpan)> fired = [];
        foreach (int seconds in new[] { 3, 1, 2, 1 })
        {
            time.CreateTimer(_ => fired.Add((seconds, time.GetUtcNow() - start)), null, TimeSpan.FromSeconds(seconds), Timeout.InfiniteTimeSpan);
        }

        time.Advance(TimeSpan.FromSeconds(2.5));
        Assert.Equal([(1, TimeSpan.FromSeconds(1)), (1, TimeSpan.FromSeconds(1)), (2, TimeSpan.FromSeconds(2))], fired);
        Assert.Equal(1, time.Timers);
    }

    [Fact]
    public void A_timer_set_by_a_timer_fires_in_the_same_advance_when_it_is_due()
    {
        VirtualTime time = new();
        int fired = 0;
        time.CreateTimer(
            _ =>
            {
                fired++;
                time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
            },
            null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(2, fired);
    }

    [Fact]
    public void A_periodic_timer_fires_until_it_is_disposed()
    {
        VirtualTime time = new();
        int fired = 0;
        ITimer timer = time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(3, fired);
        timer.Dispose();
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(3, fired);
        Assert.False(timer.Change(TimeSpan.Zero, TimeSpan.Zero));
    }

    [Fact]
    public void A_changed_timer_fires_at_its_new_time_only()
    {
        VirtualTime time = new();
        int fired = 0;
        using ITimer timer = time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        timer.Change(TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(0, fired);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, fired);
    }

    [Fact]
    public async Task A_delay_and_a_cancellation_after_a_time_end_with_the_virtual_time()
    {
        VirtualTime time = new();
        Task delay = Task.Delay(TimeSpan.FromHours(1), time);
        using CancellationTokenSource cancel = new(TimeSpan.FromMinutes(30), time);
        time.Advance(TimeSpan.FromMinutes(59));
        Assert.True(cancel.IsCancellationRequested);
        Assert.False(delay.IsCompleted);
        time.Advance(TimeSpan.FromMinutes(1));
        await delay.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_timer_that_is_due_when_it_is_set_fires_without_an_advance()
    {
        VirtualTime time = new();
        TaskCompletionSource fired = new();
        time.CreateTimer(_ => fired.TrySetResult(), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        await fired.Task.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void Time_does_not_go_back() => Assert.Throws<ArgumentOutOfRangeException>(() => new VirtualTime().Advance(TimeSpan.FromTicks(-1)));
}
