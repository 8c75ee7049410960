using System.Text.RegularExpressions;
using Actors.Flows;

namespace Actors.Tests.Flows.Schemas;

/// <summary>The JSON Schema of flow files: what the reader takes it takes, and the commonest mistakes it finds in an editor already.</summary>
public sealed partial class LanguageSchemaTests
{
    private static readonly JsonSchema Schema = LanguageSchema.Compile(new FlowResources().Kinds);

    [Fact]
    public void All_flow_files_fit()
    {
        string[] files = [.. Files("client/samples", "*.yaml"), .. Files("deploy/flows", "*.yaml"), .. Files("src", "*.yaml")];

        Assert.True(files.Length >= 3);
        Assert.All(files, file => Assert.Equal([], Faults(File.ReadAllText(file))));
    }

    // Files of FlowLang write some things in words of their own, which the reader puts into those of the language first.
    [Fact]
    public void All_flow_files_of_the_tests_that_can_be_read_fit()
    {
        string[] files = Files("tests", "*.yaml").Where(file => CanBeRead(File.ReadAllText(file))).ToArray();

        Assert.True(files.Length >= 5, $"Only {files.Length} files were found.");
        foreach (string file in files)
        {
            IReadOnlyList<SchemaFault> faults = RewrittenFaults(File.ReadAllText(file));
            Assert.True(faults.Count == 0, $"{file}\n{string.Join('\n', faults)}");
        }
    }

    private static IReadOnlyList<SchemaFault> RewrittenFaults(string text)
    {
        Problems problems = new(new SourceText(text, "test.yaml"));
        YamlItem root = FlowLangForms.Rewrite((YamlMap)YamlComposer.Compose(problems)!, problems, _ => false);
        return Schema.Faults(SchemaReader.Literal(root));
    }

    // The flows in the sources of the tests are the largest corpus there is: whatever of them the reader takes must not be red in an editor.
    [Fact]
    public void All_flows_in_the_sources_of_the_tests_that_can_be_read_fit()
    {
        int read = 0;
        foreach (string file in Files("tests", "*.cs"))
        {
            foreach (Match literal in RawText().Matches(File.ReadAllText(file)))
            {
                string text = Unindented(literal.Groups[1].Value);
                if (text.StartsWith("flow:", StringComparison.Ordinal) && CanBeRead(text))
                {
                    read++;
                    IReadOnlyList<SchemaFault> faults = RewrittenFaults(text);
                    Assert.True(faults.Count == 0, $"{file}\n{text}\n{string.Join('\n', faults)}");
                }
            }
        }

        Assert.True(read >= 20, $"Only {read} flows were found.");
    }

    [Fact]
    public void A_flow_with_every_kind_of_step_fits() => Assert.Equal([], Faults("""
        flow: all
        version: 1.10
        description: Everything.
        inputs:
          - {name: items, type: array, required: true, schema: {type: array, items: {type: [string, null]}}}
          - {name: level, type: int, default: 3}
        state:
          total: number
          seen: {type: array, default: [], description: Those that were seen}
        connections: {main: {type: postgres, host: "${env.HOST}"}}
        triggers: [{type: webhook, path: /orders, auth: {type: bearer, token: "${env.T}"}}, {type: schedule, cron: '0 9 * * *'}]
        silent: false
        steps:
          - id: one
            if: {all: ["${inputs.level} > 1", {any: [true, level == 3]}]}
            task: Echo
            inputs: {a: "${inputs.items}", b: [1, null, {c: true}]}
            outputs: [total, {name: x, type: string}]
            retry: {max_attempts: 3, delay: 1s, backoff: exponential, jitter: 0.5, retry_on: [CardError], not_on: Timeout}
            timeout: 1h30m
            cache: {key: "${inputs.level}", ttl: PT1H}
            validate: ["${result.total} > 0", {check: "${result.ok}", message: Not ok}]
            output_schema: {type: object, required: [total], properties: {total: {$ref: '#/$defs/n'}}, $defs: {n: {type: integer}}}
            result: ${result.total}
            compensate: {task: Undo, inputs: {id: "${result.id}"}}
            background: false
            depends_on: [other]
            fallback: [{task: Other}]
            on_error: {steps: [{task: Echo}], then: fail}
          - {parallel: [{task: Echo}, {wait: 5s}], concurrency: 2, merge: {a: deep, '*': last}, timeout: 60}
          - parallel: {left: [{task: Echo}], right: [exit]}
            reduce: ${branches.left}
            field_mapping: {left: [a]}
            on_branch_failure: collect
          - {switch: "${inputs.level}", cases: [{when: [1, 2], do: [exit]}, {default: [exit]}], default: [exit]}
          - {for_each: "${inputs.items}", as: row, index_as: n, do: [{task: Echo}], concurrency: 5, key: "${row.id}", on_item_error: skip, collect: "${row}"}
          - {loop: [{task: Echo}], while: index < 3, until: "${carried}", max: 9, on_max: exit, carry: 0, next: "${carried + 1}", state: {append: {seen: 1}}}
          - {while: "${index} < 3", do: [{task: Echo}]}
          - {until: "${x}", do: [{task: Echo}]}
          - {route: {task: Choose, inputs: {}}, branches: {a: [exit]}, default: [exit], on_unknown: ignore}
          - {route: "${one}", branches: {a: [exit]}, merge: first}
          - state_machine:
              start: a
              max_hops: 5
              states: {a: {do: [{task: Echo}], transitions: [{to: b, on: failure, if: "${x}"}]}, b: {end: true}}
              transitions: [{from: '*', to: b}]
          - {subflow: other, inputs: {a: 1}, outputs: [a], run: child, on_failure: default, default: {}}
          - {do: [{task: Echo}], finally: [{task: Echo}], on_error: [exit]}
          - {set: {total: 1}, append: {seen: 2}}
          - {append: {seen: 2}}
          - {merge: {seen: {}}}
          - {emit: {signal: go, to: "${run.id}", data: 1}}
          - {wait: {signal: go, timeout: 1d, on_timeout: fail}}
          - {wait: 5}
          - {approval: Really?}
          - {approval: {title: Pay?, decisions: [pay, no], form: {type: object, properties: {a: true}}, timeout: 2d, on_timeout: no, candidates: finance}}
          - {if: "${x}", then: [exit], else: [{exit: {reason: x, outputs: {a: 1}}}]}
          - exit:
        outputs: [one, {name: x, value: "${one}", schema: {type: object}}]
        on_cancel: [{task: Echo}]
        """));

    [Fact]
    public void A_project_fits() => Assert.Equal([], Faults("project: shop\nversion: 2\nsettings: {tags: [a]}\nflows: [order, {name: pay, path: pay.yaml}]"));

    [Theory]
    [InlineData("project: a", "/flows is required")]
    [InlineData("flow: a", "/steps is required")]
    [InlineData("steps: [exit]", "/flow is required")]
    [InlineData("flow: a\nversoin: 2\nsteps: [exit]", "/versoin is not a known property; did you mean 'version'?")]
    [InlineData("flow: a\nsteps: []", "/steps must have at least 1 item, but has 0")]
    [InlineData("flow: a\nsteps: {task: Echo}", "/steps must be an array, but is an object")]
    [InlineData("flow: a\nsteps: [{tsak: Echo}]", "/steps/0")]
    [InlineData("flow: a\nsteps: [{id: a}]", "/steps/0")]
    [InlineData("flow: a\nsteps: [Echo]", "/steps/0 must be \"exit\", but is \"Echo\"")]
    [InlineData("flow: a\nsteps: [{task: Echo, input: {}}]", "/steps/0/input is not a known property; did you mean 'inputs'?")]
    [InlineData("flow: a\nsteps: [{task: Echo, then: [exit]}]", "/steps/0/then is not a known property")]
    [InlineData("flow: a\nsteps: [{task: Echo, wait: 5s}]", "/steps/0/wait is not a known property")]
    [InlineData("flow: a\nsteps: [{task: [Echo]}]", "/steps/0/task must be a number or a string, but is an array")]
    [InlineData("flow: a\nsteps: [{task: Echo, timeout: soon}]", "/steps/0/timeout must match the pattern")]
    [InlineData("flow: a\nsteps: [{task: Echo, retry: {attempts: 3}}]", "/steps/0/retry/attempts is not a known property")]
    [InlineData("flow: a\nsteps: [{task: Echo, retry: {max_attempts: 0}}]", "/steps/0/retry/max_attempts must be at least 1, but is 0")]
    [InlineData("flow: a\nsteps: [{task: Echo, on_error: {then: stop}}]", "/steps/0/on_error/then must be one of \"continue\", \"fail\", \"exit\", but is \"stop\"")]
    [InlineData("flow: a\nsteps: [{switch: 1, cases: {when: 1}}]", "/steps/0/cases must be an array, but is an object")]
    [InlineData("flow: a\nsteps: [{switch: 1}]", "/steps/0/cases is required")]
    [InlineData("flow: a\nsteps: [{for_each: [1], do: [{tsk: a}]}]", "/steps/0/do/0")]
    [InlineData("flow: a\nsteps: [{for_each: [1]}]", "/steps/0/do is required")]
    [InlineData("flow: a\nsteps: [{if: {some: [1]}, then: [exit]}]", "/steps/0/if/some is not a known property")]
    [InlineData("flow: a\nsteps: [{approval: {titel: Yes?}}]", "/steps/0/approval/titel is not a known property; did you mean 'title'?")]
    [InlineData("flow: a\nsteps: [{approval: {title: Yes?, form: {typ: object}}}]", "/steps/0/approval/form/typ is not a known property; did you mean 'type'?")]
    [InlineData("flow: a\ninputs: {user: string}\nsteps: [exit]", "/inputs must be an array, but is an object")]
    [InlineData("flow: a\ninputs: [{type: string}]\nsteps: [exit]", "/inputs/0/name is required")]
    [InlineData("flow: a\ninputs: [{name: n, required: maybe}]\nsteps: [exit]", "/inputs/0/required must be a boolean, but is a string")]
    [InlineData("- task: Echo", " must be an object, but is an array")]
    public void Mistakes_are_found_with_their_place(string yaml, string fault)
    {
        Assert.Contains(Faults(yaml), f => f.StartsWith(fault, StringComparison.Ordinal));
        Assert.False(CanBeRead(yaml));
    }

    [Fact]
    public void Registered_kinds_are_steps_like_the_others()
    {
        const string Flow = "flow: a\nsteps: [{fax: {to: '1'}, id: f, retry: {max_attempts: 2}, then: 1}]";
        StepKind fax = new("fax", "Sends a fax.", (_, _) => throw new NotSupportedException())
        {
            Settings = JsonSchema.Parse("""{"$ref":"#/$defs/f","$defs":{"f":{"properties":{"to":{"type":"string"}},"additionalProperties":false}}}""").Json,
        };
        StepKind odd = new("odd", "Describes itself in words of its own.", (_, _) => throw new NotSupportedException()) { Settings = System.Text.Json.JsonDocument.Parse("""{"typ":"x"}""").RootElement };
        JsonSchema schema = LanguageSchema.Compile(new StepKindRegistry().Add(fax).Add(odd));

        Assert.Contains(Faults(Flow), f => f.StartsWith("/steps/0 ", StringComparison.Ordinal) || f.StartsWith("/steps/0/", StringComparison.Ordinal));
        Assert.Equal(["/steps/0/then"], schema.Faults(Read(Flow)!.Value).Select(f => f.Pointer));
        Assert.Equal(["/steps/0/fax/ot", "/steps/0/then"], schema.Faults(Read(Flow.Replace("to:", "ot:", StringComparison.Ordinal))!.Value).Select(f => f.Pointer));
        Assert.Empty(schema.Faults(Read("flow: a\nsteps: [{odd: [1, 2]}]")!.Value));
    }

    [Fact]
    public void The_http_kind_of_every_host_is_described()
    {
        JsonSchema schema = LanguageSchema.Compile(new FlowResources().Kinds);

        Assert.Empty(schema.Faults(Read("flow: a\nsteps: [{http: 'https://example.org'}, {http: {url: '${x}', method: POST, body: {a: 1}}, retry: {max_attempts: 2}}]")!.Value));
        Assert.Equal(["/steps/0/http/metod"], schema.Faults(Read("flow: a\nsteps: [{http: {url: x, metod: POST}}]")!.Value).Select(f => f.Pointer));
    }

    [Fact]
    public void The_schema_describes_every_key_of_the_language()
    {
        string text = LanguageSchema.Create().GetRawText();

        Assert.All(Language.Kinds.SelectMany(k => k.Table.Keys), key => Assert.Contains(System.Text.Json.JsonSerializer.Serialize(key.Name, FlowJson.Options), text, StringComparison.Ordinal));
        Assert.Contains("Calls a registered task", text, StringComparison.Ordinal);
    }

    private static string[] Faults(string yaml) => Schema.Faults(Read(yaml)!.Value).Select(f => $"{f.Pointer} {f.Message}").ToArray();

    private static Value? Read(string yaml) => YamlComposer.Compose(new Problems(new SourceText(yaml, "test.yaml"))) is { } item ? SchemaReader.Literal(item) : null;

    private static bool CanBeRead(string yaml)
    {
        try
        {
            YamlFlowDefinition.Parse(yaml, "test.yaml", new TaskRegistry(), checkTasks: false);
            return true;
        }
        catch (FlowSyntaxException)
        {
            return false;
        }
    }

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), pattern, SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
                && !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    private static string Unindented(string text)
    {
        string[] lines = text.Split('\n');
        int indent = lines.Where(l => l.Trim().Length > 0).Select(l => l.Length - l.TrimStart().Length).DefaultIfEmpty(0).Min();
        return string.Join('\n', lines.Select(l => l.Length >= indent ? l[indent..] : l.Trim()));
    }

    [GeneratedRegex("\"\"\"\n(.*?)\n *\"\"\"", RegexOptions.Singleline)]
    private static partial Regex RawText();
}
