using System.Text.Json;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs;

/// <summary>What compensations are given: of steps and of child runs.</summary>
public sealed class UndoTests
{
    private static readonly ActorsTestOptions Rewalk = new() { RewalkEveryCommit = true };

    private static ActorsTestHost HostThatUndoes(List<string> undone, ActorsTestOptions? options = null)
    {
        ActorsTestHost host = new(options ?? Rewalk);
        host.Tasks.Add<JsonElement>("Undo", (input, _) =>
        {
            lock (undone)
            {
                undone.Add(input.GetRawText());
            }

            return Task.CompletedTask;
        });
        return host;
    }

    [Fact]
    public async Task The_input_of_a_compensation_is_made_of_the_result_of_its_step_also_after_a_crash()
    {
        List<string> undone = [];
        await using ActorsTestHost host = HostThatUndoes(undone);
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Scope("scope", c => c.Step("book", _ => Task.FromResult(new { Id = 7, Price = 3 }), new StepOptions
            {
                Compensation = "Undo",
                CompensationInput = "not used",
                CompensationInputFrom = result => JsonSerializer.SerializeToElement(new { booking = result.GetProperty("id").GetInt32() + n }),
            }));
            await ctx.Ask("go", new HumanQuestion("?"));
            throw new InvalidOperationException("no");
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(run);
        await host.CrashAsync();
        await host.AnswerAsync(run);
        Assert.Equal(RunStatus.Failed, (await host.EndAsync(run)).Run.Status);
        Assert.Equal(["""{"booking":8}"""], undone);
    }

    [Fact]
    public async Task A_step_whose_compensation_cannot_be_given_an_input_has_failed_in_every_walk_alike()
    {
        List<string> undone = [];
        await using ActorsTestHost host = HostThatUndoes(undone);
        int ran = 0;
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            string error = "";
            try
            {
                await ctx.Step("s", _ => Task.FromResult(Interlocked.Increment(ref ran)), new StepOptions { Compensation = "Undo", CompensationInputFrom = _ => throw new TaskException("no such field", "E1") { Type = "Bad" } });
            }
            catch (StepFailedException e)
            {
                error = $"{e.Error.Type} {e.Error.Code} {e.Error.Message}";
            }

            await ctx.Ask("go", new HumanQuestion("?"));
            throw new InvalidOperationException(error);
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(run);
        await host.CrashAsync();
        await host.AnswerAsync(run);
        Assert.Equal("Bad E1 no such field", (await host.EndAsync(run)).Error!.Message);
        Assert.Equal(1, ran);
        Assert.Empty(undone);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Child_runs_that_have_completed_or_were_started_are_undone_in_reverse_order(bool cancel)
    {
        List<string> undone = [];
        await using ActorsTestHost host = HostThatUndoes(undone);
        host.Flow<int, string>("child", (ctx, n) => n < 0 ? throw new InvalidOperationException("child") : ctx.Step("s", _ => Task.FromResult($"child {n}")));
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Call<int, string>("plain", "child", 1, new CallOptions { Compensation = "Undo" });
            await ctx.Call<int, string>("given", "child", 2, new CallOptions { Compensation = "Undo", CompensationInput = new { room = 5 } });
            await ctx.Call<int, string>("made", "child", 3, new CallOptions { Compensation = "Undo", CompensationInputFrom = r => JsonSerializer.SerializeToElement(r.GetString()!.Length) });
            await ctx.Start("apart", "child", 4, new CallOptions { Compensation = "Undo", CompensationInputFrom = r => JsonSerializer.SerializeToElement(r.GetString()![..4]) });
            try
            {
                await ctx.Call<int, string>("fails", "child", -1, new CallOptions { Compensation = "Undo" });
            }
            catch (StepFailedException)
            {
            }

            await ctx.Ask("go", new HumanQuestion("?"));
            throw new InvalidOperationException("no");
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(run);
        await host.CrashAsync();
        await (cancel ? host.CancelAsync(run) : host.AnswerAsync(run));
        Assert.Equal(cancel ? RunStatus.Cancelled : RunStatus.Failed, (await host.EndAsync(run)).Run.Status);
        Assert.Equal(["\"run_\"", "7", """{"room":5}""", "\"child 1\""], undone);
    }
}
