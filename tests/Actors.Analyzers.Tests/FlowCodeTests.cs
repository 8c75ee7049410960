using Microsoft.CodeAnalysis;

namespace Actors.Analyzers.Tests;

/// <summary>ACT2001 to ACT2004.</summary>
public sealed class FlowCodeTests
{
    private const string Tasks = "Task<int> a = ctx.Step(\"a\", s => Task.FromResult(1)); Task<int> b = ctx.Step(\"b\", s => Task.FromResult(2)); ";

    public static TheoryData<string, string> Forbidden => new()
    {
        { "ACT2001", "await Task.WhenAny(a, b);" },
        { "ACT2001", "await Task.WhenAny(new[] { a, b });" },
        { "ACT2001", "await foreach (Task<int> t in Task.WhenEach(a, b)) { await t; }" },
        { "ACT2001", "Func<Task[], Task<Task>> first = Task.WhenAny; await first([a, b]);" },
        { "ACT2002", "_ = DateTime.Now;" },
        { "ACT2002", "_ = DateTime.UtcNow.AddDays(1);" },
        { "ACT2002", "_ = DateTime.Today;" },
        { "ACT2002", "_ = DateTimeOffset.Now;" },
        { "ACT2002", "_ = DateTimeOffset.UtcNow;" },
        { "ACT2002", "_ = TimeProvider.System.GetUtcNow();" },
        { "ACT2002", "_ = TimeProvider.System.GetTimestamp();" },
        { "ACT2002", "_ = System.Diagnostics.Stopwatch.StartNew();" },
        { "ACT2002", "_ = new System.Diagnostics.Stopwatch();" },
        { "ACT2002", "_ = System.Diagnostics.Stopwatch.GetTimestamp();" },
        { "ACT2002", "_ = Environment.TickCount;" },
        { "ACT2002", "_ = Environment.TickCount64;" },
        { "ACT2002", "_ = Guid.NewGuid();" },
        { "ACT2002", "_ = Guid.CreateVersion7();" },
        { "ACT2002", "_ = Enumerable.Range(0, 3).Select(_ => Guid.NewGuid()).ToArray();" },
        { "ACT2002", "Func<Guid> ids = Guid.NewGuid; _ = ids();" },
        { "ACT2002", "_ = Random.Shared.Next();" },
        { "ACT2002", "_ = new Random();" },
        { "ACT2002", "Random r = new(); _ = r.Next();" },
        { "ACT2002", "_ = System.Security.Cryptography.RandomNumberGenerator.GetInt32(6);" },
        { "ACT2003", "await Task.Run(() => 1);" },
        { "ACT2003", "await Task.Factory.StartNew(() => 1);" },
        { "ACT2003", "await Task.Delay(100);" },
        { "ACT2003", "await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);" },
        { "ACT2003", "Thread.Sleep(1);" },
        { "ACT2003", "_ = new Thread(() => { });" },
        { "ACT2003", "ThreadPool.QueueUserWorkItem(_ => { });" },
        { "ACT2003", "Parallel.For(0, 3, i => { });" },
        { "ACT2003", "await Parallel.ForEachAsync(new[] { 1 }, (i, t) => default);" },
        { "ACT2003", "_ = new[] { 1 }.AsParallel();" },
        { "ACT2003", "_ = a.Result;" },
        { "ACT2003", "a.Wait();" },
        { "ACT2003", "Task.WaitAll(a, b);" },
        { "ACT2003", "_ = a.GetAwaiter().GetResult();" },
        { "ACT2003", "((Task)a).GetAwaiter().GetResult();" },
        { "ACT2003", "_ = new ValueTask<int>(1).Result;" },
        { "ACT2003", "await a.WaitAsync(TimeSpan.FromSeconds(1));" },
        { "ACT2003", "await a.ConfigureAwait(false);" },
        { "ACT2003", "await a.ConfigureAwait(continueOnCapturedContext: false);" },
        { "ACT2003", "await a.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);" },
        { "ACT2003", "await using (new MemoryStream().ConfigureAwait(false)) { }" },
        { "ACT2003", "_ = new Timer(_ => { });" },
        { "ACT2003", "_ = new System.Timers.Timer(1);" },
        { "ACT2003", "_ = new CancellationTokenSource(1000);" },
        { "ACT2003", "SemaphoreSlim gate = new(1); await gate.WaitAsync();" },
        { "ACT2004", "_ = new System.Net.Http.HttpClient();" },
        { "ACT2004", "System.Net.Http.HttpClient http = null!; await http.GetStringAsync(\"http://a\");" },
        { "ACT2004", "System.Net.Http.HttpClient http = null!; await System.Net.Http.Json.HttpClientJsonExtensions.GetFromJsonAsync<int>(http, \"http://a\");" },
        { "ACT2004", "_ = File.ReadAllText(\"a\");" },
        { "ACT2004", "_ = Directory.Exists(\"a\");" },
        { "ACT2004", "_ = new FileInfo(\"a\");" },
        { "ACT2004", "_ = new StreamReader(\"a\");" },
        { "ACT2004", "Console.WriteLine(1);" },
        { "ACT2004", "Console.Out.WriteLine(1);" },
        { "ACT2004", "_ = Environment.GetEnvironmentVariable(\"A\");" },
        { "ACT2004", "System.Data.Common.DbConnection db = null!; await db.OpenAsync();" },
        { "ACT2004", "System.Data.IDbConnection db = null!; db.Open();" },
    };

    [Theory]
    [MemberData(nameof(Forbidden))]
    public async Task It_is_found_in_the_body_of_a_flow(string id, string statement)
    {
        Found found = Assert.Single(await Analysis.OfFlowAsync(Tasks + statement));
        Assert.Equal(id, found.Id);
        Assert.Equal(id == "ACT2004" ? DiagnosticSeverity.Warning : DiagnosticSeverity.Error, found.Severity);
    }

    [Theory]
    [MemberData(nameof(Forbidden))]
    public async Task It_is_found_in_helpers_branches_and_nested_functions(string id, string statement)
    {
        IReadOnlyList<Found> found = await Analysis.OfFlowAsync(
            $$"""
            await ctx.Scope("s", async c => { {{Tasks.Replace("ctx", "c")}} {{statement}} return 1; });
            await ctx.Map("m", [1], async (c, item, i) => { {{Tasks.Replace("ctx", "c")}} {{statement}} return 1; });
            async Task Local() { {{Tasks}} {{statement}} }
            await Local();
            Func<Task> plain = async () => { {{Tasks}} {{statement}} };
            await plain();
            """,
            $$"""
            private async Task Helper(IFlowContext ctx) { {{Tasks}} {{statement}} await a; }
            private readonly Func<IFlowContext, int, Task> _stored = async (ctx, i) => { {{Tasks}} {{statement}} await a; };
            """);
        Assert.Equal(Enumerable.Repeat(id, 6), found.Select(f => f.Id));
    }

    [Theory]
    [MemberData(nameof(Forbidden))]
    public async Task It_is_free_in_the_body_of_a_step_and_outside_flows(string id, string statement)
    {
        const string Free = "Task<int> a = Task.FromResult(1); Task<int> b = a; ";
        IReadOnlyList<Found> found = await Analysis.OfFlowAsync(
            $$"""
            await ctx.Step("plain", async s => { {{Free}} {{statement}} return 1; });
            await ctx.Step("input", 1, async (i, s) => { {{Free}} {{statement}} await Task.Yield(); });
            await ctx.Step("fallback", 1, (i, s) => Task.FromResult(i), fallback: async (i, error, s) => { {{Free}} {{statement}} return 1; });
            await ctx.Scope("s", async c => await c.Step("in", async s =>
            {
                async Task Nested() { {{Free}} {{statement}} }
                Func<Task> lambda = async () => { {{Free}} {{statement}} };
                await Nested();
                await lambda();
                return 1;
            }));
            """,
            $$"""
            private async Task<int> Body(int i, IStepContext step) { {{Free}} {{statement}} return 1; }
            public async Task Elsewhere() { {{Free}} {{statement}} await a; }
            """);
        Assert.True(found.Count == 0, $"{id}: {string.Join(", ", found)}");
    }

    [Theory]
    [InlineData("_ = ctx.Now; _ = ctx.NewId(); _ = ctx.Random.Next();")]
    [InlineData("await Task.WhenAll(ctx.Sleep(\"a\", TimeSpan.FromDays(1)), ctx.Sleep(\"b\", TimeSpan.FromDays(1)));")]
    [InlineData("_ = new DateTime(2020, 1, 1).AddDays(1); _ = DateTime.UnixEpoch; _ = DateTimeOffset.MinValue; _ = Guid.Parse(\"a\"); _ = Guid.Empty;")]
    [InlineData("_ = new Random(42).Next();")]
    [InlineData("_ = nameof(DateTime.Now) + nameof(Task.Delay) + nameof(Console.WriteLine);")]
    [InlineData("await ctx.Step(\"a\", s => Task.FromResult(1)).ConfigureAwait(true);")]
    [InlineData("_ = Path.Combine(\"a\", \"b\"); _ = Environment.NewLine; _ = new StringReader(\"a\").ReadLine();")]
    [InlineData("CancellationTokenSource cts = new(); cts.Cancel();")]
    [InlineData("(int Result, int Now) t = (1, 2); _ = t.Result + t.Now;")]
    public async Task What_is_the_same_in_each_walk_is_allowed(string statement) => Assert.Empty(await Analysis.OfFlowAsync(statement));

    [Fact]
    public async Task The_message_names_what_is_wrong_and_the_cure()
    {
        IReadOnlyList<Found> found = await Analysis.OfFlowAsync("await Task.Delay(1); _ = Guid.NewGuid(); _ = await Task.WhenAny(Task.CompletedTask); Console.WriteLine();");
        Assert.Equal(["Task.Delay", "Guid.NewGuid", "Task.WhenAny", "Console.WriteLine"], found.Select(f => f.Text));
        Assert.Contains("ctx.Sleep", found[0].Message);
        Assert.Contains("ctx.NewId()", found[1].Message);
        Assert.Contains("ctx.Any", found[2].Message);
        Assert.Contains("body of a step", found[3].Message);
    }

    [Fact]
    public async Task Own_types_that_inherit_input_and_output_are_found()
    {
        IReadOnlyList<Found> found = await Analysis.OfAsync(
            """
            public sealed class Shop : System.Net.Http.HttpClient { public Task<int> Price() => Task.FromResult(1); }
            public static class Query { public static int Count(this System.Data.IDbConnection db) => 1; }
            public sealed class F(Shop shop, System.Data.Common.DbConnection db) : Flow<int, int>
            {
                public override async Task<int> RunAsync(IFlowContext ctx, int input) => await shop.Price() + db.Count();
            }
            """);
        Assert.Equal(["ACT2004", "ACT2004"], found.Select(f => f.Id));
    }
}
