using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Sqlite;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Flows;

/// <summary>Files as FlowLang's documents write them, with every key that they name: loaded as they are, and run.</summary>
public sealed class FlowLangTests : IAsyncDisposable
{
    private readonly ActorsTestHost _host = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("actors-flowlang-").FullName;

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _host.Tasks.Resources.Connections.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("""{"user_id":"u","skip":true}""", "{}", 0)]
    [InlineData("""{"user_id":"missing"}""", "{}", 1)]
    [InlineData("""{"user_id":"blocked"}""", """{"status":"inactive","level":3}""", 1)]
    [InlineData("""{"user_id":"active","level":5}""", """{"status":"ok","level":5,"premium":null}""", 1)]
    [InlineData("""{"user_id":"gold"}""", """{"status":"ok","level":3,"premium":"welcome"}""", 1)]
    public async Task Guards_end_a_flow_early(string input, string output, int calls)
    {
        _host.MockTask<JsonElement, object>("FetchUser", i => i.GetProperty("user_id").GetString()! is var user && user == "gold" ? new { status = "active", kind = "premium" } : new { status = user, kind = "none" })
            .MockTask("Premium", new { note = "welcome" });

        Assert.Equal(output, await Run("guards.yaml", input));
        Assert.Equal(calls, _host.CallsOf("FetchUser").Count);
    }

    [Theory]
    [InlineData("""{"score":700,"income":70000,"years":2,"flags":[]}""", """{"tier":"Standard","rejected":null}""")]
    [InlineData("""{"score":700,"income":1,"years":11,"flags":[]}""", """{"tier":"Premium","rejected":null}""")]
    [InlineData("""{"score":800,"income":100000,"years":2,"flags":[]}""", """{"tier":"Premium","rejected":null}""")]
    [InlineData("""{"score":800,"income":100000,"years":2,"flags":["fraud"]}""", """{"tier":null,"rejected":"no"}""")]
    [InlineData("""{"score":800,"income":1,"years":2,"flags":[]}""", """{"tier":null,"rejected":"no"}""")]
    public async Task Quantifiers_are_nested(string input, string output)
    {
        _host.MockTask<JsonElement, JsonElement>("Approve", i => i).MockTask("Reject", new { reason = "no" });

        Assert.Equal(output, await Run("quantifiers.yaml", input));
    }

    [Theory]
    [InlineData(750, """{"approval":{"tier":"Standard"},"review":null}""", 2)]
    [InlineData(650, """{"approval":{"tier":"Standard"},"review":null}""", 1)]
    [InlineData(500, """{"approval":null,"review":{"by":"ann"}}""", 0)]
    public async Task Of_one_id_in_several_blocks_what_ran_last_counts(int score, string output, int approvals)
    {
        _host.MockTask<JsonElement, JsonElement>("Approve", i => i).MockTask("Notify").MockTask("Review", new { by = "ann" });

        Assert.Equal(output, await Run("tiers.yaml", $$"""{"score":{{score}}}"""));
        Assert.Equal(approvals, _host.CallsOf("Approve").Count);
    }

    [Fact]
    public async Task Loops_have_their_item_under_its_own_name_and_under_inputs()
    {
        _host.MockTask("Open").MockTask("Reserve").MockTask("Hurry").MockTask<JsonElement, JsonElement>("Done", i => i);

        string output = await Run("loops.yaml", """{"orders":[{"id":1,"items":[{"product_id":"a","quantity":2},{"product_id":"a","quantity":1}],"express":true},{"id":2,"items":[],"express":false}]}""");

        Assert.Equal("""{"done":{"count":2}}""", output);
        Assert.Equal(["""{"id":1}""", """{"id":2}"""], Calls("Open"));
        Assert.Equal(["""{"order":1,"product":"a","same":"a","quantity":2}""", """{"order":1,"product":"a","same":"a","quantity":1}"""], Calls("Reserve"));
        Assert.Equal(["""{"text":"Order 1 is urgent"}"""], Calls("Hurry"));
        Assert.Equal(2, Flow("Loops").Warnings.Count(w => w.RuleId == "ACT1621"));
    }

    [Theory]
    [InlineData("sample", 200, """{"data":"sample","found":"net"}""")]
    [InlineData("tsv", 500, """{"data":"file","found":"code 500"}""")]
    [InlineData("x", 410, """{"gone":true}""")]
    public async Task Switches_have_their_default_among_the_cases_or_beside_them(string source, int code, string output)
    {
        _host.MockTask<JsonElement, JsonElement>("Load", i => i);

        Assert.Equal(output, await Run("switch.yaml", $$"""{"source":"{{source}}","code":{{code}}}"""));
    }

    [Theory]
    [InlineData(false, """{"first":true,"second":null,"logged":"Failed: no"}""", 9)]
    [InlineData(true, """{"success":false}""", 5)]
    public async Task Retries_and_errors_have_all_their_spellings(bool stop, string output, int broken)
    {
        int flaky = 0;
        int failed = 0;
        _host.Tasks.Add<JsonElement, object>("Flaky", (_, _) => ++flaky < 3 ? throw new TaskException("not yet") : Task.FromResult<object>(new { ok = true }));
        _host.Tasks.Add<JsonElement, object>("Broken", (_, _) =>
        {
            failed++;
            throw new TaskException("no");
        });
        _host.MockTask<JsonElement, JsonElement>("Log", i => i);
        Load("errors.yaml");
        await _host.StartAsync();
        RunId run = await _host.StartRunAsync("Errors", new { stop });
        await _host.AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(output, Output(await _host.EndAsync(run)));
        Assert.Equal(3, flaky);
        Assert.Equal(broken, failed);
        Assert.Equal(stop ? ["""{"message":"Failed: no","type":"TaskException"}"""] : ["""{"message":"Failed: no","type":"TaskException"}""", """{"message":"no","type":"x"}""", """{"message":"last","type":"y"}"""], Calls("Log"));
        RetryPolicy second = ((TaskStep)Flow("Errors").Steps[1]).Settings.Options.Retry;
        Assert.Equal((TimeSpan.FromSeconds(2), 2d, Backoff.Exponential), (second.Delay, second.Multiplier, second.Backoff));
    }

    [Fact]
    public async Task Branches_of_a_parallel_wait_for_what_they_depend_on()
    {
        _host.MockTask<JsonElement, JsonElement>("Part", i => i);

        Assert.Equal("""{"last":"a+b","many":"many"}""", await Run("parallel.yaml", """{"items":[1,2]}"""));
        List<string> names = [.. _host.CallsOf("Part").Select(i => i.GetProperty("name").GetString()!)];
        Assert.True(names.IndexOf("a") < names.IndexOf("b"));
        Assert.Equal(["1-left", "1-right", "2-left", "2-right"], names.Where(n => n.Contains('-', StringComparison.Ordinal)).Order());
    }

    [Fact]
    public async Task Triggers_are_told_and_the_flow_can_be_started_by_hand()
    {
        _host.MockTask<JsonElement, JsonElement>("Handle", i => i);

        Assert.Equal("""{"what":"started by hand"}""", await Run("triggers.yaml", "{}"));
        Assert.Equal(3, Flow("Triggered").Triggers.Count);
        Assert.Single(Flow("Triggered").Warnings, w => w.RuleId == "ACT1603");
    }

    [Fact]
    public async Task Steps_that_are_named_after_built_in_tasks_call_tasks_of_that_name()
    {
        AllowDatabase();
        _host.MockTask<JsonElement, object>("sqlite_query", i => new { rows = new[] { i.GetProperty("params")[0].GetInt32() }, count = 1 })
            .MockTask("sqlite_execute", new { rows_affected = 4 })
            .MockTask<JsonElement, object>("sqlite_batch_insert", i => new { inserted_count = i.GetProperty("records").GetArrayLength() })
            .MockTask("Log");

        Assert.Equal("""{"rows":[18],"updated":4,"inserted":1}""", await Run("database.yaml", "{}"));
        Assert.Equal("""{"table":"users","records":[18],"batch_size":500}""", Assert.Single(Calls("sqlite_batch_insert")));
    }

    [Fact]
    public async Task On_cancel_runs_from_top_to_bottom_with_what_there_is()
    {
        _host.MockTask("Release").MockTask("Tell").MockTask("Charge", new { id = "c1" }).MockTask("Never");
        Load("cancel.yaml");
        await _host.StartAsync();
        RunId run = await _host.StartRunAsync("Cancelled", new { order = "o1" });
        await _host.SettleAsync();
        await _host.CancelAsync(run, "enough");

        Assert.Equal(RunStatus.Cancelled, (await _host.EndAsync(run)).Run.Status);
        Assert.Equal(["""{"order":"o1"}"""], Calls("Release"));
        Assert.Equal(["""{"about":"c1","later":null}"""], Calls("Tell"));
        Assert.Empty(Calls("Never"));
    }

    [Theory]
    [InlineData("u1", 5, """{"success":true,"paid":5}""", "")]
    [InlineData("nobody", 5, """{"success":false,"status":"unknown"}""", """{"text":"No: unknown"}""")]
    [InlineData("u1", -1, """{"success":false}""", """{"text":"Payment failed"}""")]
    public async Task Subflows_are_found_by_the_names_of_files_and_folders(string user, int amount, string output, string note)
    {
        _host.MockTask<JsonElement, object>("Charge", i => i.GetProperty("amount").GetInt32() > 0 ? i : throw new TaskException("declined")).MockTask("Send");

        Assert.Equal(output, await Run("shop/checkout/flow.yaml", $$"""{"user_id":"{{user}}","amount":{{amount}}}"""));
        Assert.Equal(note, string.Join(' ', Calls("Send")));
        Assert.Equal(["OrderCheckout", "Pay", "SendNote", "ValidateUser"], _host.Flows.Latest.Select(f => f.Name));
    }

    [Fact]
    public async Task A_run_of_a_flow_with_subflows_goes_on_with_what_it_was_started_with()
    {
        _host.MockTask<JsonElement, JsonElement>("Charge", i => i).MockTask("Send");
        Load("shop/checkout/flow.yaml");

        // As it is stored: without files.
        YamlFlowDefinition stored = YamlFlowDefinition.Parse(Flow("OrderCheckout").Source!, "stored", _host.Tasks, checkTasks: false);

        Assert.Equal(Flow("OrderCheckout").Version, stored.Version);
        _host.Flows.Add(stored);
        await _host.StartAsync();
        Assert.Equal(RunStatus.Completed, (await _host.RunAsync("OrderCheckout", new { user_id = "u", amount = 1 })).Run.Status);
    }

    [Fact]
    public async Task A_project_is_loaded_and_its_flows_run()
    {
        _host.MockTask<JsonElement, object>("Check", i => new { is_valid = i.GetProperty("name").GetString() == "Ann" }).MockTask("Greet", new { greeting = "Hello", timestamp = 1 }).MockTask("Complain", new { text = "who?" });
        FlowFiles.Load(Folder("project/project.yaml"), _host.Tasks, _host.Flows);
        await _host.StartAsync();

        Assert.Equal(["Goodbye", "Hello"], _host.Flows.Latest.Select(f => f.Name));
        Assert.Equal("""{"message":"Hello","complaint":null}""", Output(await _host.RunAsync("Hello", new { name = "Ann" })));
        Assert.Equal("""{"message":null,"complaint":{"text":"who?"}}""", Output(await _host.RunAsync("Hello", new { name = "Bob" })));
    }

    [Fact]
    public void A_folder_with_all_of_them_is_loaded_at_once()
    {
        IReadOnlyList<YamlFlowDefinition> flows = FlowFiles.Load(Folder(""), _host.Tasks, _host.Flows, checkTasks: false);

        Assert.Equal(17, flows.Count);
    }

    [Fact]
    public async Task Steps_that_are_named_after_the_tasks_of_databases_are_SQL()
    {
        AllowDatabase();
        Load("sql.yaml");
        await _host.StartAsync();

        Assert.Equal("""{"before":0,"names":["Ann","Bob?"],"changed":1,"count":2}""", Output(await _host.RunAsync("Sql")));
    }

    [Theory]
    [InlineData("- sqlite_transaction: {connection: db, queries: [{query: 'a (?, ?) ''?'' -- ?', params: [1, 2]}, 'select 1']}", """[{"sql":{"connection":"db","transaction":[{"execute":"a ($1, $2) '?' -- ?","parameters":[1,2]},{"query":"select 1"}]}}]""")]
    [InlineData("- pg_query: {id: x, connection: db, query: 'b $1', params: [1]}", """[{"sql":{"connection":"db","query":"b $1","parameters":[1]},"id":"x"}]""")]
    [InlineData("- redis_get: {id: x, connection: db, key: k, retry: {max_attempts: 2}}", """[{"task":"redis_get","connection":"db","inputs":{"key":"k"},"id":"x","retry":{"max_attempts":2}}]""")]
    [InlineData("- {task: a, id: 'x_${item.id}'}", """[{"task":"a","id":"x"}]""")]
    [InlineData("- {task: a, on_error: [{task: b, inputs: {m: '${context.last_error} ${metadata.last_error.type}'}}]}", """[{"task":"a","on_error":[{"task":"b","inputs":{"m":"${error.message} ${error.type}"}}]}]""")]
    [InlineData("- {task: a, id: error}\n- {task: b, inputs: {m: '${error.text}'}, on_error: [{task: c, inputs: {m: '${error.message}'}}]}", """[{"task":"a","id":"error_step"},{"task":"b","inputs":{"m":"${error_step.text}"},"on_error":[{"task":"c","inputs":{"m":"${error.message}"}}]}]""")]
    public void The_spellings_of_its_documents_are_put_into_words_of_this_language(string steps, string rewritten)
    {
        Problems problems = new(new SourceText($"steps:\n{steps}", "x.yaml"));
        YamlMap root = FlowLangForms.Rewrite((YamlMap)YamlComposer.Compose(problems)!, problems, _ => false);

        Assert.Equal(rewritten, new ValueReader(problems).Literal(root.Find("steps")!).ToJsonText());
    }

    private void AllowDatabase()
    {
        _host.Tasks.Resources.Connections.AddSqlite();
        _host.Tasks.Resources.EnvironmentAllowed.Add("DB_NAME");
        _host.Tasks.Resources.Environment = _ => Path.Combine(_folder, "test.db");
    }

    internal static string Folder(string file) => Path.Combine(AppContext.BaseDirectory, "Flows", "FlowLang", file);

    private void Load(string file) => FlowFiles.Load(Folder(file), _host.Tasks, _host.Flows);

    private YamlFlowDefinition Flow(string name) => (YamlFlowDefinition)_host.Flows.Find(name)!;

    private IEnumerable<string> Calls(string task) => _host.CallsOf(task).Select(c => c.GetRawText());

    private async Task<string> Run(string file, string input)
    {
        string name = FlowFiles.Load(Folder(file), _host.Tasks, _host.Flows)[0].Name;
        await _host.StartAsync();
        return Output(await _host.RunAsync(name, JsonDocument.Parse(input).RootElement));
    }

    private static string Output(RunResult result)
    {
        Assert.True(result.Run.Status == RunStatus.Completed, $"{result.Run.Status}: {result.Error?.Message}");
        return result.Output.GetRawText();
    }
}
