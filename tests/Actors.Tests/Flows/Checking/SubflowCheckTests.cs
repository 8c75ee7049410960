using Actors.Flows;

namespace Actors.Tests.Flows;

/// <summary>What is seen only in several files together.</summary>
public sealed class SubflowCheckTests : FlowTest, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actors-subflows-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("total: 5", "")]
    [InlineData("total: '${inputs.x}'", "")]
    [InlineData("total: 5, who: null", "")]
    [InlineData("", "4:18 ACT1432 the flow 'b' needs the input 'total'")]
    [InlineData("who: ann", "4:18 ACT1432 the flow 'b' needs the input 'total'")]
    [InlineData("totl: 5", "4:18 ACT1432 the flow 'b' needs the input 'total' | 4:30 ACT1432 the flow 'b' has no input 'totl'")]
    [InlineData("total: '5'", "4:37 ACT1432 the input 'total' of the flow 'b' must be a number, not a string")]
    [InlineData("total: [1]", "4:37 ACT1432 the input 'total' of the flow 'b' must be a number, not an array")]
    [InlineData("total: null", "4:37 ACT1432 the input 'total' of the flow 'b' must be a number, not null")]
    public void Inputs_are_checked_by_the_declarations_of_the_called_flow(string inputs, string expected)
    {
        Write("a.yaml", $"flow: a\ninputs: [{{name: x}}]\nsteps:\n    - {{ subflow: b, inputs: {{{inputs}}} }}\n    - {{task: Echo, inputs: '${{inputs}}'}}");
        Write("b.yaml", "flow: b\ninputs: [{name: total, type: number}, {name: who, required: false}]\nsteps:\n- {task: Echo, inputs: '${inputs}'}");

        Assert.Equal(expected, string.Join(" | ", Check().Problems.Select(p => $"{p.Line}:{p.Column} {p.RuleId} {p.Message}")));
    }

    [Theory]
    [InlineData("subflow: b, inputs: '${inputs}'", "")]
    [InlineData("subflow: b, run: child, version: old", "")]
    [InlineData("subflow: b", "a.yaml:4:6 ACT1432")]
    public void What_may_be_right_is_not_told(string call, string expected)
    {
        Write("a.yaml", $"flow: a\ninputs: [{{name: total}}]\nsteps:\n  - {{task: Echo, inputs: '${{inputs}}'}}\n  - {{{call}}}".Replace("\n  - {task: Echo, inputs: '${inputs}'}", "", StringComparison.Ordinal) + "\n  - {task: Echo, inputs: '${inputs}'}");
        Write("b.yaml", "flow: b\ninputs: [{name: total, type: number}]\nsteps:\n- {task: Echo, inputs: '${inputs}'}");

        Assert.Equal(expected.Replace("4:6", "4:15", StringComparison.Ordinal), Places(Check()));
    }

    [Fact]
    public void A_circle_over_many_files_is_told_with_its_chain()
    {
        Write("a.yaml", "flow: a\nsteps:\n- {if: true, then: [{subflow: b}]}");
        Write("b.yaml", "flow: b\nsteps:\n- subflow: c\n- subflow: c");
        Write("c.yaml", "flow: c\nsteps:\n- {subflow: a, id: x}\n- {subflow: c, id: y}");

        Assert.Equal(
            ["c.yaml:3:13 ACT1213 flows run each other in a circle: c → a → b → c", "c.yaml:4:13 ACT1213 flows run each other in a circle: c → c"],
            Check().Problems.Select(p => $"{Path.GetFileName(p.File)}:{p.Line}:{p.Column} {p.RuleId} {p.Message}"));
    }

    [Theory]
    [InlineData("{subflow: a, run: child}", true)]
    [InlineData("{do: [{subflow: a, run: child}]}", true)]
    [InlineData("{subflow: a, run: child, if: inputs.x}", false)]
    [InlineData("{subflow: a, run: child, background: true}", false)]
    [InlineData("{if: inputs.x, then: [{subflow: a, run: child}]}", false)]
    [InlineData("{for_each: '${inputs.x}', do: [{subflow: a, run: child}]}", false)]
    [InlineData("{task: Echo, fallback: [{subflow: a, run: child}]}", false)]
    [InlineData("{if: inputs.x, then: [exit]}\n- {subflow: a, run: child}", false)]
    public void Runs_that_start_each_other_in_any_case_never_end(string step, bool isEndless)
    {
        Write("a.yaml", $"flow: a\ninputs: [{{name: x, required: false}}]\nsteps:\n- {step}\n- {{task: Echo, inputs: '${{inputs}}'}}");

        Assert.Equal(isEndless ? ["ACT1430"] : [], Check().Problems.Select(p => p.RuleId));
    }

    [Fact]
    public void A_flow_in_CSharp_runs_as_a_run_of_its_own_only()
    {
        FlowRegistry flows = new FlowRegistry().Add(new CodeFlow());
        Write("a.yaml", "flow: a\nsteps:\n- {subflow: Code, run: child, inputs: {x: 1}}\n- {subflow: Code}\n- {subflow: Cod, run: child}");

        Assert.Equal("a.yaml:4:13 ACT1212 a.yaml:5:13 ACT1431", Places(FlowChecker.Check([_folder], new FlowCheckOptions { Tasks = Tasks, Flows = flows })));
    }

    [Fact]
    public void A_comment_ignores_what_is_found_in_several_files()
    {
        Write("a.yaml", "flow: a\nsteps:\n- {subflow: gone, run: child} # actors: ignore ACT1431 - lives elsewhere");
        FlowCheck check = Check();
        Assert.Empty(check.Problems);
        Assert.Single(check.Ignored);
    }

    [Fact]
    public void A_name_does_not_lead_out_of_the_folders()
    {
        Write("secret/flow.yaml", "flow: x\nsteps: [exit]");
        Write("a.yaml", "flow: a\nsteps:\n- subflow: ../secret");
        Assert.DoesNotContain(FlowChecker.Check([Path.Combine(_folder, "a.yaml")]).Files, file => file.File.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public void Thousands_of_flows_in_a_chain_are_followed_without_overflow()
    {
        const int Count = 3_000;
        FlowReading[] flows = [.. Enumerable.Range(0, Count).Select(i => FlowReader.Examine($"flow: f{i}\nsteps:\n- subflow: f{(i + 1) % Count}", $"{i}.yaml", Tasks, checkTasks: true))];
        List<FlowProblem> problems = [];
        SubflowCheck.Run(flows, new HashSet<string>(), _ => null, (_, problem) => problems.Add(problem));

        FlowProblem problem = Assert.Single(problems);
        Assert.Equal(Rules.FlowCycle, problem.RuleId);
        Assert.InRange(problem.Message.Length, 1, 200);
    }

    private static string Places(FlowCheck check) => string.Join(' ', check.Problems.Select(p => $"{Path.GetFileName(p.File)}:{p.Line}:{p.Column} {p.RuleId}"));

    private FlowCheck Check() => FlowChecker.Check([_folder], new FlowCheckOptions { Tasks = Tasks });

    private void Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private sealed class CodeFlow : Flow<int, int>
    {
        public override string Name => "Code";

        public override Task<int> RunAsync(IFlowContext ctx, int input) => Task.FromResult(input);
    }
}
