using Actors.Flows;

namespace Actors.Tests.Flows;

public sealed class FlowFixerTests : FlowTest, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actors-fixes-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // Null: a person must decide.
    [Theory]
    [InlineData("flow: a\nstpes: [exit]", "flow: a\nsteps: [exit]")]
    [InlineData("flow: a\nsteps: [{tsak: Echo, input: {}}]", "flow: a\nsteps: [{task: Echo, inputs: {}}]")]
    [InlineData("flow: a\nsteps: [{task: Ecko}]", "flow: a\nsteps: [{task: Echo}]")]
    [InlineData("flow: a\nsteps: [{task: 'Ecko'}]", "flow: a\nsteps: [{task: 'Echo'}]")]
    [InlineData("flow: a\nsteps: [{task: Zzz}]", null)]
    [InlineData("flow: a\ninputs: [{name: user}]\nsteps: [{task: Echo, inputs: {u: '${inputs.usr}'}}]", "flow: a\ninputs: [{name: user}]\nsteps: [{task: Echo, inputs: {u: '${inputs.user}'}}]")]
    [InlineData("flow: a\ninputs: [{name: user}]\nsteps: [{task: Echo, inputs: {u: '${user}'}}]", "flow: a\ninputs: [{name: user}]\nsteps: [{task: Echo, inputs: {u: '${inputs.user}'}}]")]
    [InlineData("flow: a\ninputs: [{name: user1}, {name: user2}]\nsteps: [{task: Echo, inputs: {u: '${inputs.user}', v: '${inputs.user1}', w: '${inputs.user2}'}}]", null)]
    [InlineData("flow: a\nsteps: [{task: Echo, id: pay}, {task: Echo, inputs: {u: '${pya.x}'}}]", "flow: a\nsteps: [{task: Echo, id: pay}, {task: Echo, inputs: {u: '${pay.x}'}}]")]
    [InlineData("flow: a\nsteps: [{task: Echo, id: pay1}, {task: Echo, id: pay2}, {task: Echo, inputs: {u: '${pay.x}'}}]", null)]
    [InlineData("flow: a\nsteps: [{task: Echo, inputs: {u: '${rond(1)}'}}]", "flow: a\nsteps: [{task: Echo, inputs: {u: '${round(1)}'}}]")]
    [InlineData("flow: a\ninputs: [{name: x}]\nsteps: [{if: inputs.x = 1, then: [exit]}]", "flow: a\ninputs: [{name: x}]\nsteps: [{if: inputs.x == 1, then: [exit]}]")]
    [InlineData("flow: a\ninputs: [{name: x}]\nsteps: [{for_each: inputs.x, do: [exit]}]", "flow: a\ninputs: [{name: x}]\nsteps: [{for_each: \"${inputs.x}\", do: [exit]}]")]
    [InlineData("flow: a\ninputs: [{name: x}]\nsteps: [{switch: 'inputs.x', cases: [{when: 1, do: [exit]}]}]", "flow: a\ninputs: [{name: x}]\nsteps: [{switch: '${inputs.x}', cases: [{when: 1, do: [exit]}]}]")]
    [InlineData("flow: a\ninputs: [x]\nsteps: [{task: Echo, inputs: {u: '${inputs.x}'}}]", "flow: a\ninputs: [name: x]\nsteps: [{task: Echo, inputs: {u: '${inputs.x}'}}]")]
    [InlineData("flow: a\ninputs: [{name: x, type: string, default: 5}]\nsteps: [{task: Echo, inputs: {u: '${inputs.x}'}}]", "flow: a\ninputs: [{name: x, type: string, default: \"5\"}]\nsteps: [{task: Echo, inputs: {u: '${inputs.x}'}}]")]
    [InlineData("flow: a\ninputs: [{name: x, type: nmber}]\nsteps: [{task: Echo, inputs: {u: '${inputs.x}'}}]", "flow: a\ninputs: [{name: x, type: number}]\nsteps: [{task: Echo, inputs: {u: '${inputs.x}'}}]")]
    [InlineData("flow: a\ninputs: [{name: x}]\nsteps:\n- task: Echo\n  inputs: {u: \"${inputs.x\"}", "flow: a\ninputs: [{name: x}]\nsteps:\n- task: Echo\n  inputs: {u: \"${inputs.x}\"}")]
    [InlineData("flow: a\nsteps:\n  task: Echo\n  # Why.\n  inputs:\n    a: |\n      x\n\n      y\n# End.\non_cancel: [exit]", "flow: a\nsteps:\n  - task: Echo\n    # Why.\n    inputs:\n      a: |\n        x\n\n        y\n# End.\non_cancel: [exit]")]
    [InlineData("flow: a\nsteps: {task: Echo, inputs: {a: '}', b: \"\\\"]\", c: [1]}} # x", "flow: a\nsteps: [{task: Echo, inputs: {a: '}', b: \"\\\"]\", c: [1]}}] # x")]
    [InlineData("flow: a\nsteps:\n\t- task: Echo\n\t  inputs:\n\t\ta: 1", "flow: a\nsteps:\n  - task: Echo\n    inputs:\n    a: 1")]
    [InlineData("flow: a\nsteps:\n    - task: Echo\n\t- task: Echo\n", "flow: a\nsteps:\n    - task: Echo\n    - task: Echo\n")]
    [InlineData("flow: a\nstpes:\n- task: Echo\n  desription: |\n    stpes: tsak\n    \n", "flow: a\nsteps:\n- task: Echo\n  description: |\n    stpes: tsak\n    \n")]
    [InlineData("flow: a\nsteps: [exit]", null)]
    public void A_slip_is_mended_when_there_is_one_way_to_mend_it(string before, string? after)
    {
        foreach (string end in (string[])["\n", "\r\n", "\r"])
        {
            foreach (string mark in (string[])["", "\uFEFF"])
            {
                string file = Path.Combine(_folder, "a.yaml");
                File.WriteAllText(file, mark + before.Replace("\n", end, StringComparison.Ordinal), new System.Text.UTF8Encoding(false));

                IReadOnlyList<FixedFlow> fixes = FlowFixer.Fix([file], new FlowCheckOptions { Tasks = Tasks });

                Assert.Equal(after is null ? [] : [mark + after.Replace("\n", end, StringComparison.Ordinal)], fixes.Select(fix => fix.After));
            }
        }
    }

    [Fact]
    public void A_call_of_another_given_file_is_mended()
    {
        File.WriteAllText(Path.Combine(_folder, "a.yaml"), "flow: a\nsteps:\n- {subflow: othr, run: child, inputs: {totl: 1}}");
        File.WriteAllText(Path.Combine(_folder, "b.yaml"), "flow: other\ninputs: [{name: total}]\nsteps:\n- {task: Echo, inputs: '${inputs}'}");

        FixedFlow fix = Assert.Single(FlowFixer.Fix([_folder], new FlowCheckOptions { Tasks = Tasks }));

        Assert.Equal("flow: a\nsteps:\n- {subflow: other, run: child, inputs: {total: 1}}", fix.After);
        Assert.Equal("flow: a\nsteps:\n- {subflow: othr, run: child, inputs: {totl: 1}}", File.ReadAllText(fix.File));
    }

    [Fact]
    public void Of_fixes_that_overlap_the_first_is_made()
    {
        FlowFix first = new("one", [new FlowEdit(1, 2, "XY")]);
        FlowFix second = new("two", [new FlowEdit(2, 2, "Z"), new FlowEdit(5, 0, "!")]);
        Assert.Equal("aXYdef", FlowFixer.Apply("abcdef", [first, second]));
        Assert.Equal("\uFEFFa\r\nZe!", FlowFixer.Apply("\uFEFFa\r\ncde", [second with { Edits = [new FlowEdit(2, 2, "Z"), new FlowEdit(5, 0, "!")] }]));
    }
}
