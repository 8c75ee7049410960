using Actors.Runs;
using Actors.Silos;
using Actors.Testing;
using Actors.Time;

namespace Actors.Tests.Runs;

public sealed class BodiesTests
{
    private readonly Queue<Action> _posted = [];
    private bool _mayAct = true;

    [Fact]
    public async Task A_body_that_has_its_place_does_not_begin_when_the_silo_may_not_act_any_more()
    {
        QueueScheduler scheduler = new(_posted);
        Bodies bodies = new(scheduler, new VirtualTime(), new Alarms(new VirtualTime(), scheduler), 10, () => _mayAct);
        CountingBody body = new();
        bodies.Run(body);

        // The process stands still for longer than its lease, and goes on.
        _mayAct = false;
        RunPosted();
        Assert.Equal(0, body.Begun);
        await bodies.WhenIdleAsync().WaitAsync(TimeSpan.FromMinutes(1));

        _mayAct = true;
        bodies.Resume();
        RunPosted();
        Assert.Equal(1, body.Begun);
    }

    private void RunPosted()
    {
        while (_posted.TryDequeue(out Action? posted))
        {
            posted();
        }
    }

    private sealed class CountingBody : Body
    {
        public int Begun { get; private set; }

        public override Task RunAsync()
        {
            Begun++;
            return Task.CompletedTask;
        }

        public override void Abandon()
        {
        }

        public override void Suspend()
        {
        }

        public override void OnLong()
        {
        }
    }

    private sealed class QueueScheduler(Queue<Action> posted) : EngineScheduler
    {
        public override void Post(Action<object?> callback, object? state) => posted.Enqueue(() => callback(state));
    }
}
