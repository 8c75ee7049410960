using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Flows;

/// <summary>Blueprints and configurations, imported, read again and run.</summary>
public sealed class ImportTests : IAsyncDisposable
{
    private readonly ActorsTestHost _host = new();
    private ImportResult _made = null!;

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_linear_blueprint_hands_each_output_on_and_keeps_its_context_in_the_state()
    {
        _host.MockTask("researcher", new { facts = new[] { "a", "b" }, topic = "stars" })
            .MockTask<JsonElement, string>("writer", _ => throw new TaskException("no model"))
            .MockTask<JsonElement, string>("simple", i => "simply " + i.GetProperty("input").GetString())
            .MockTask<JsonElement, JsonElement>("publish", i => i.GetProperty("input"));
        await Start("flujo/article.yaml");

        RunId run = await _host.StartRunAsync("article", new { input = "children" });
        HumanTaskRow task = await _host.WhenAskedAsync(run);
        Assert.Equal("Is 'simply stars' all right?", task.Title);
        await _host.Silo.AnswerAsync(task.Id, new TaskAnswer("submit", null, JsonSerializer.SerializeToElement(new { ok = true })), ActorsTestHost.Caller);

        Assert.Equal("""{"output":{"text":"simply stars","answer":{"ok":true},"length":3}}""", Output(await _host.EndAsync(run)));
        Assert.Equal("""{"input":"children"}""", Assert.Single(Calls("researcher")));
        Assert.Equal(["""{"input":"Write about stars for children in a friendly tone: A; B. Costs $5, ${x} and {{ literal }}."}"""], Calls("writer"));
        Assert.Equal(["publish", "researcher", "simple", "writer"], _made.Tasks.Select(t => t.Name));
        Assert.Equal(["36:46 Lost", "41:5 Lost"], _made.Notes.Where(n => n.Message.Contains("validators", StringComparison.Ordinal) || n.Message.Contains("temperature", StringComparison.Ordinal)).Select(n => $"{n.Line}:{n.Column} {n.Severity}").Order());
        Assert.Contains("# ", _made.Files[0].Text, StringComparison.Ordinal);
        Assert.Contains("You look things up.", _made.Files[0].Text, StringComparison.Ordinal);
        Assert.Contains("max_attempts: 3", _made.Files[0].Text, StringComparison.Ordinal);
        Assert.Contains("timeout: 2.5s", _made.Files[0].Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"score":0.5,"kind":"TEXT"}""", "good|good>|after good>>|any|strict|bill", false)]
    [InlineData("""{"score":0.5,"kind":"text"}""", "good|good>|after good>>|text|strict|bill", true)]
    [InlineData("""{"score":0.4,"kind":"code"}""", "bad|after bad>|code", false)]
    public async Task Conditionals_and_routers_choose_as_they_did(string classified, string handled, bool completes)
    {
        _host.MockTask<JsonElement, JsonElement>("classifier", _ => JsonDocument.Parse(classified).RootElement)
            .MockTask<JsonElement, string>("handler", i => i.GetProperty("input").GetString() + ">")
            .MockTask("chooser", new[] { "billing", "nobody" });
        await Start("flujo/routing.yaml");

        RunResult result = await _host.RunAsync("routing", new { input = 1 });

        Assert.Equal(completes ? handled : handled.Replace("|strict|bill", "", StringComparison.Ordinal), string.Join('|', _host.CallsOf("handler").Select(c => c.GetProperty("input").GetString())));
        Assert.Equal(completes ? RunStatus.Completed : RunStatus.Failed, result.Run.Status);
        if (completes)
        {
            Assert.Equal("""{"output":{"billing":"bill>"}}""", Output(result));
        }
    }

    [Fact]
    public async Task Loops_maps_and_branches_give_what_they_gave()
    {
        _host.MockTask<JsonElement, int>("refiner", i => i.GetProperty("input").GetInt32() + 1)
            .MockTask<JsonElement, string>("doubler", i => i.GetProperty("input") + "*");
        await Start("flujo/loops.yaml");

        RunResult result = await _host.RunAsync("loops", new { input = 0, context_data = new { items = new[] { "a" } } });

        // Two rounds of two steps end at 4; then two rounds of one.
        Assert.Equal(["0", "1", "2", "3", "4", "5"], _host.CallsOf("refiner").Select(c => c.GetProperty("input").GetRawText()));
        Assert.Equal("""{"output":["left*","right**"]}""", Output(result));
        Assert.Equal(["a", "a*", "left", "right", "right*"], _host.CallsOf("doubler").Select(c => c.GetProperty("input").GetString()!).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(9, "finish draft1", 1)]
    [InlineData(5, "finish draft2", 2)]
    [InlineData(-1, "finish mended", 1)]
    public async Task A_state_machine_goes_along_its_transitions(int score, string finished, int drafts)
    {
        int drafted = 0;
        _host.MockTask<JsonElement, object>("drafter", _ => $"draft{++drafted}")
            .MockTask<JsonElement, object>("critic", i => score < 0 ? throw new TaskException("no") : (object)new { score = drafted > 1 ? 9 : score, text = i.GetProperty("input") })
            .MockTask<JsonElement, string>("mender", i => i.GetProperty("input").ValueKind == JsonValueKind.String ? i.GetProperty("input").GetString()! : "mended")
            .MockTask("searching");
        await Start("flujo/machine.yaml");

        RunResult result = await _host.RunAsync("machine", new { input = "x" });

        Assert.Equal(RunStatus.Completed, result.Run.Status);
        Assert.Equal(drafts, drafted);
        Assert.Contains(_host.CallsOf("mender"), c => c.GetProperty("input").GetRawText().Contains(score < 0 ? "finish " : "finish {", StringComparison.Ordinal));
        Assert.NotEmpty(finished);
        Assert.Contains(_made.Notes, n => n.Severity == ImportSeverity.Lost && n.Message.Contains("tree search", StringComparison.Ordinal));
        Assert.Contains(_made.Notes, n => n.Severity == ImportSeverity.Lost && n.Message.Contains("waits for a person", StringComparison.Ordinal));
        Assert.Equal("[\"background\",\"costly\"]", JsonSerializer.Serialize(_host.CallsOf("mender").Select(c => c.GetProperty("input")).Where(i => i.ValueKind == JsonValueKind.String && i.GetString() is "costly" or "background").Select(i => i.GetString()).Order()));
    }

    [Fact]
    public async Task Imported_blueprints_are_subflows_in_files_of_their_own()
    {
        _host.MockTask<JsonElement, string>("think", i => "goal of " + i.GetProperty("input").GetString())
            .MockTask<JsonElement, string>("say", i => i.GetProperty("input").GetString() + "!")
            .MockTask<JsonElement, JsonElement>("use", i => i.GetProperty("input"));
        await Start("flujo/main.yaml");

        Assert.Equal(["main.yaml", "child.yaml"], _made.Files.Select(f => f.Name));
        Assert.Equal("""{"output":"goal of Ann! / goal of Ann! of !"}""", Output(await _host.RunAsync("main", new { input = "Ann" })));
    }

    [Fact]
    public async Task A_blueprint_may_be_JSON_and_have_blocks_in_its_templates()
    {
        _host.MockTask<JsonElement, JsonElement>("think", i => i.GetProperty("input"));
        await Start("flujo/blueprint.json");

        Assert.Equal("""{"output":"Hello:"}""", Output(await _host.RunAsync("from_json")));
    }

    [Fact]
    public async Task A_linear_graph_is_a_sequence()
    {
        _host.MockTask("research", "facts").MockTask("write", new { article = "An article", tags = new[] { "t" } }).MockTask("count_words", 2);
        await Start("agents/writer.yaml");

        RunResult result = await _host.RunAsync("article_writer", new { topic = "stars" });

        Assert.Equal("""{"topic":"stars","words":200,"research":"facts","article":"An article","count":2,"tags":["t"]}""", Output(result));
        Assert.Equal(["""{"prompt":"Find facts about stars (200 words). {not a field} ${dollars}"}"""], Calls("research"));
        Assert.Equal(["""{"prompt":"Write about stars with facts.\nStyle: short, 200\n","facts":"facts","style":"short, 200"}"""], Calls("write"));
        Assert.Equal(["""{"text":"An article"}"""], Calls("count_words"));
        Assert.DoesNotContain("state_machine", _made.Files[0].Text, StringComparison.Ordinal);
        Assert.Contains("# result = len(inputs['text'].split())", _made.Files[0].Text, StringComparison.Ordinal);
        Assert.Equal(["count_words", "research", "write"], _made.Tasks.Select(t => t.Name));
        foreach (string lost in (string[])["tools", "model's settings", "gates", "storage", "sandbox", "observability"])
        {
            Assert.Contains(_made.Notes, n => n.Severity == ImportSeverity.Lost && n.Message.Contains(lost, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("""{"kind":"urgent","score":0.9}""", "urgent hi|final urgent hi>")]
    [InlineData("""{"kind":"critical","score":0.9}""", "urgent hi|final urgent hi>")]
    [InlineData("""{"kind":"bill","score":0.9}""", "billing hi|explain billing hi>|final billing hi>")]
    [InlineData("""{"kind":"other","score":0.9}""", "final ")]
    public async Task Routes_are_branches_that_meet_again(string classified, string prompts)
    {
        List<string> asked = [];
        _host.MockTask<JsonElement, JsonElement>("classify", _ => JsonDocument.Parse(classified).RootElement);
        foreach (string task in (string[])["urgent", "billing", "explain", "final"])
        {
            _host.MockTask<JsonElement, string>(task, i =>
            {
                asked.Add(i.GetProperty("prompt").GetString()!);
                return i.GetProperty("prompt").GetString() + ">";
            });
        }

        await Start("agents/routes.yaml");
        RunResult result = await _host.RunAsync("routes", new { message = "hi" });

        Assert.Equal(RunStatus.Completed, result.Run.Status);
        Assert.Equal(prompts, string.Join('|', asked));
        Assert.DoesNotContain("state_machine", _made.Files[0].Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(9, 3)]
    public async Task A_loop_counts_its_rounds_and_a_parallel_edge_collects(int goodAfter, int rounds)
    {
        int round = 0;
        _host.MockTask<JsonElement, object>("improve", _ => new { text = $"v{++round}", good = round >= goodAfter })
            .MockTask("gather", "g")
            .MockTask<JsonElement, string>("work", i => i.GetProperty("prompt").GetString()!)
            .MockTask<JsonElement, string>("sum_up", i => i.GetProperty("prompt").GetString()!);
        await Start("agents/improve.yaml");

        RunResult result = await _host.RunAsync("improve", new { text = "v0", items = new[] { "a", "b" } });

        Assert.Equal(rounds, round);
        Assert.Equal($$"""["Work on a of v{{rounds}}","Work on b of v{{rounds}}"]""", result.Output.GetProperty("results").GetRawText());
        Assert.Equal($$"""Sum up ["Work on a of v{{rounds}}","Work on b of v{{rounds}}"]""", result.Output.GetProperty("summary").GetString());
        Assert.Equal(RunStatus.Completed, (await _host.RunAsync("improve", new { text = "v0", items = Array.Empty<string>() })).Run.Status);
    }

    [Fact]
    public async Task A_graph_with_ways_back_is_a_state_machine()
    {
        int written = 0;
        int checks = 0;
        _host.MockTask<JsonElement, string>("write", _ => $"draft{++written}")
            .MockTask<JsonElement, int>("review", _ => written > 2 ? 9 : 3)
            .MockTask<JsonElement, bool>("check", _ => ++checks > 5)
            .MockTask<JsonElement, string>("publish", i => i.GetProperty("prompt").GetString()!);
        await Start("agents/cycle.yaml");

        RunResult result = await _host.RunAsync("cycle", new { topic = "x" });

        Assert.Equal("Publish draft3", result.Output.GetProperty("draft").GetString());
        Assert.Equal(2, checks);
        Assert.Contains("state_machine:", _made.Files[0].Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("flow: a\nsteps: [exit]", "1:1 ACT1101", "this is a flow already: FlowLang's files are run as they are")]
    [InlineData("a: b", "1:1 ACT1101", "this is neither a blueprint of Flujo (steps) nor a configuration of Configurable Agents (nodes and edges)")]
    [InlineData("- a", "1:1 ACT1101", "a blueprint or a configuration must be a mapping, not a list")]
    [InlineData("steps: [\n", "2:1 ACT1001", null)]
    [InlineData("steps: []\nsteps: []\n", "2:1 ACT1007", null)]
    public void What_cannot_be_imported_is_told_with_its_place(string text, string place, string? message)
    {
        FlowSyntaxException e = Assert.Throws<FlowSyntaxException>(() => FlowImport.Import(text, "x.yaml", ImportSource.Auto));

        Assert.Equal(place, $"{e.Problems[0].Line}:{e.Problems[0].Column} {e.Problems[0].RuleId}");
        Assert.True(message is null || message == e.Problems[0].Message, e.Message);
    }

    [Theory]
    [InlineData("steps: [{kind: step, name: a, uses: x.y:z, input: '{{ steps.b.output }}'}]", "cannot be translated: the output of step 'b' is not seen here")]
    [InlineData("steps: [{kind: step, name: a, uses: x.y:z, input: '{{ context.a | sort }}'}]", "the filter 'sort' has no counterpart")]
    [InlineData("steps: [{kind: conditional, name: a, condition_expression: 'len(x) > 1', branches: {true: [{name: b, uses: x.y}]}}]", "cannot be translated: there is no 'len'")]
    [InlineData("steps: [{kind: step, name: a, uses: agents.none}]", "the blueprint declares no agent 'none'")]
    [InlineData("steps: [{kind: step, name: a, uses: imports.none}]", "there is no import 'none'")]
    [InlineData("imports: {a: /etc/passwd}\nsteps: [{name: a, uses: imports.a}]", "the path of an import must be relative to the blueprint")]
    [InlineData("imports: {a: nothing.yaml}\nsteps: [{name: a, uses: imports.a}]", "there is no file 'nothing.yaml'")]
    [InlineData("steps: [{kind: wonder, name: a}]", "there is no kind of step 'wonder'")]
    [InlineData("steps: [{kind: step, name: a, uses: x.y, surprise: 1}]", "a step has no key 'surprise' that this importer knows")]
    [InlineData("steps: [{kind: parallel, name: a}]", "the step 'a' has no branches")]
    [InlineData("steps: [{kind: step, name: a, uses: x.y, usage_limits: {}, processing: {aop: full}}]", "limits of cost and tokens are not carried")]
    [InlineData("steps: nonsense", "'steps' must be a list, not a text")]
    [InlineData("nodes: [{id: a, prompt: '{b}', outputs: [c], output_schema: {type: str}}]\nedges: [{from: START, to: a}]\nstate: {fields: {bb: {type: str}}}", "the state has no field 'c'")]
    [InlineData("nodes: [{id: a, prompt: '{b}', outputs: [], output_schema: {type: str}}]\nedges: [{from: START, to: b}]\nstate: {fields: {bb: {type: str}}}", "there is no node 'b'")]
    [InlineData("nodes: [{id: a, prompt: '{b}', outputs: [], output_schema: {type: str}}]\nedges: [{from: START, to: a, condition: x}]\nstate: {fields: {bb: {type: str}}}", "there is no '{b}': did you mean 'bb'?; it stays as text")]
    [InlineData("nodes: [{id: a, prompt: x, outputs: [], output_schema: {type: str}}]\nedges: [{from: START, to: a, condition: x}]\nstate: {fields: {bb: {type: str}}}", "a condition at an edge was ignored and is not carried")]
    public void What_is_lost_is_told_and_what_is_made_is_valid(string text, string message)
    {
        ImportResult result = FlowImport.Import(text, "x.yaml", ImportSource.Auto);

        Assert.Empty(result.Problems);
        ImportNote note = result.Notes.FirstOrDefault(n => n.Severity == ImportSeverity.Lost && n.Message.Contains(message, StringComparison.Ordinal))!;
        Assert.True(note is { Line: >= 1, Column: >= 1 }, string.Join('\n', result.Notes));
    }

    [Theory]
    [InlineData("a < b <= 3", "state.a < state.b and state.b <= 3")]
    [InlineData("not a and (b or c == 'x')", "not state.a and (state.b or state.c == 'x')")]
    [InlineData("a not in ['x', \"y'z\"] or b is not None", "not (state.a in ['x', 'y\\'z']) or state.b != null")]
    [InlineData("a.b['c d'][0].lower() == True", "lower(state.a?.b?['c d']?[0]) == true")]
    [InlineData("a.get('k', 1) > -2.5 and a.get('k').startswith('x')", "(state.a?['k'] ?? 1) > -2.5 and starts_with(state.a?.k, 'x')")]
    public void Expressions_are_translated(string old, string translated) => Assert.Equal(translated, OldExpression.Translate(old, InState));

    [Theory]
    [InlineData("a +")]
    [InlineData("a(")]
    [InlineData("__import__('os')")]
    [InlineData("a == 'x")]
    [InlineData("a.upper(1)")]
    [InlineData("lambda x: x")]
    [InlineData("")]
    public void What_is_no_expression_is_refused(string old) => Assert.Throws<OldExpressionException>(() => OldExpression.Translate(old, (path, out used) => InState(path, out used)));

    [Fact]
    public void Deep_expressions_and_templates_end_with_a_message()
    {
        Assert.Throws<OldExpressionException>(() => OldExpression.Translate(new string('(', 3000), InState));
        Assert.Throws<OldExpressionException>(() => OldExpression.Translate(new string('a', 6000), InState));
        string deep = string.Concat(Enumerable.Repeat("{kind: conditional, name: a, condition_expression: 'true', branches: {true: [", 15)) + "{name: b, uses: x}" + string.Concat(Enumerable.Repeat("]}}", 15));
        Assert.Empty(FlowImport.Import($"steps: [{deep}]", "x.yaml", ImportSource.Auto).Problems);
    }

    // Whatever the bytes are: an answer with places, and what is made is valid or refused.
    [Fact]
    public void Spoilt_files_never_break_the_importer()
    {
        string[] sources = [.. Directory.EnumerateFiles(Folder(""), "*.*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllText)];
        Random random = new(17);
        int imported = 0;
        for (int i = 0; i < 2000; i++)
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(sources[i % sources.Length]);
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                int at = random.Next(bytes.Length);
                bytes[at] = random.Next(3) switch
                {
                    0 => (byte)random.Next(256),
                    1 => (byte)" \n:{}[]'\"|#-.,$"[random.Next(15)],
                    _ => bytes[random.Next(bytes.Length)],
                };
            }

            try
            {
                ImportResult result = FlowImport.Import(System.Text.Encoding.UTF8.GetString(bytes), Folder("flujo/spoilt.yaml"), ImportSource.Auto);
                imported++;
                Assert.All(result.Notes, n => Assert.True(n.Line >= 1 && n.Column >= 1 && n.Message.Length > 0));
                Assert.True(result.Problems.Count == 0, $"{i}: {string.Join('\n', result.Problems)}\n{string.Join('\n', result.Files.Select(f => f.Text))}");
            }
            catch (FlowSyntaxException e)
            {
                Assert.All(e.Problems, p => Assert.True(p.Line >= 1 && p.Column >= 1 && p.Message.Length > 0));
            }
        }

        Assert.True(imported > 200, $"{imported}");
    }

    [Fact]
    public void Texts_of_all_kinds_are_written_so_that_they_are_read_again()
    {
        string[] texts = ["", " ", "a: b", "a #b", "- a", "true", "No", "1", "1.5e3", "0x10", "~", "null", "é\u0085\u2028", "tab\t", "a\nb", "a\n", "a\n\n", "\na", " a\nb", "a \nb", "${x}", "{a}", "[a]", "&a", "*a", "!a", "|", ">", "'a'", "\"a\"", "%a", "@a", "`a", "a\\b", "😀", "?", "a:", ":a", "--- a", "...", "\u0001"];
        OutMap root = new OutMap().With("list", OutList.Of(texts));
        foreach (string text in texts)
        {
            root.With("k" + root.Entries.Count, text).With(text + root.Entries.Count, new OutMap().Comment(text).With("x", OutList.Of([text, text])).With("y", new OutMap()));
        }

        Problems problems = new(new SourceText(OutYaml.Write(root), "x"));
        YamlMap read = (YamlMap)YamlComposer.Compose(problems)!;

        Assert.Empty(problems.All);
        Assert.Equal(texts, ((YamlList)read.Find("list")!).Items.Select(t => ((YamlText)t).Typed().AsText));
        for (int i = 0; i < texts.Length; i++)
        {
            Assert.Equal(texts[i], ((YamlText)read.Entries[1 + (2 * i)].Value).Typed().AsText);
            Assert.StartsWith(texts[i], read.Entries[2 + (2 * i)].Key.Value, StringComparison.Ordinal);
        }
    }

    private static string? InState(IReadOnlyList<string> path, out int used)
    {
        used = 1;
        return path[0].Length == 1 ? "state." + path[0] : null;
    }

    private static string Folder(string file) => Path.Combine(AppContext.BaseDirectory, "Flows", "Importing", file);

    private async Task Start(string file)
    {
        _made = FlowImport.Import(Folder(file));
        Assert.True(_made.Problems.Count == 0, $"{string.Join('\n', _made.Problems)}\n{_made.Files[0].Text}");
        string folder = Directory.CreateTempSubdirectory("actors-import-").FullName;
        foreach (ImportedFile made in _made.Files)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, made.Name), made.Text);
        }

        FlowFiles.Load(folder, _host.Tasks, _host.Flows);
        Directory.Delete(folder, recursive: true);
        await _host.StartAsync();
    }

    private IEnumerable<string> Calls(string task) => _host.CallsOf(task).Select(c => c.GetRawText());

    private static string Output(RunResult result)
    {
        Assert.True(result.Run.Status == RunStatus.Completed, $"{result.Run.Status}: {result.Error?.Message}");
        return result.Output.GetRawText();
    }
}
