using System.Text.Json;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Runs;

/// <summary>Something from outside for one run. It is answered once, after its effect is committed.</summary>
internal abstract class GrainCommand
{
    private readonly TaskCompletionSource _done = new();
    private EngineScheduler _scheduler = EngineScheduler.Pool;

    /// <summary>Completes when the command's effect is committed, or fails with what the caller must know.</summary>
    public Task Done => _done.Task;

    /// <summary>How often it was given to a grain that had already left: bounded by the silo.</summary>
    public int Deliveries { get; set; }

    /// <summary>
    /// True for what callers send. What the engine itself sends is never refused: it is bounded by rows already, nobody would send it again, and a parent would wait for a child that has ended.
    /// </summary>
    public virtual bool MayBeRefused => true;

    /// <summary>On the grain's own thread.</summary>
    public abstract void Execute(RunGrain grain);

    /// <summary>Where those who wait for the answer go on: never inside the turn that gives it.</summary>
    public void AnswerOn(EngineScheduler scheduler) => _scheduler = scheduler;

    public void Succeed() => _scheduler.Complete(_done);

    public void Fail(Exception error) => _scheduler.Post(
        static state =>
        {
            (TaskCompletionSource done, Exception error) = ((TaskCompletionSource, Exception))state!;
            done.TrySetException(error);
            // Nobody waits for the answer of a wake-up.
            _ = done.Task.Exception;
        },
        (_done, error));
}

/// <summary>Only brings the run into memory: a reminder is due, or a message is in its inbox.</summary>
internal sealed class WakeCommand : GrainCommand
{
    public override bool MayBeRefused => false;

    public override void Execute(RunGrain grain)
    {
        grain.StayAwake();
        Succeed();
    }
}

internal sealed class AnswerCommand(HumanTaskRow task, TaskAnswer answer, string by) : GrainCommand
{
    public override void Execute(RunGrain grain) => grain.Answer(this, task, answer, by);
}

internal sealed class SignalCommand(SignalReceivedBody signal) : GrainCommand
{
    public override void Execute(RunGrain grain) => grain.Receive(this, signal);
}

internal sealed class CancelCommand(string reason, string by) : GrainCommand
{
    public override void Execute(RunGrain grain) => grain.RequestCancel(this, new CancelRequestedBody(reason, by));
}

internal sealed class ResumeCommand(string by) : GrainCommand
{
    public override void Execute(RunGrain grain) => grain.Resume(this, by);
}

/// <summary>A signal that had to wait in the inbox until the run had room for it.</summary>
internal sealed class PostponedCommand(InboxMessage message) : GrainCommand
{
    public override void Execute(RunGrain grain) => grain.ReceiveMessage(this, message);
}

internal sealed class MessageCommand(InboxMessage message) : GrainCommand
{
    public override bool MayBeRefused => false;

    public InboxMessage Message => message;

    public override void Execute(RunGrain grain) => grain.Take(this, message);
}
