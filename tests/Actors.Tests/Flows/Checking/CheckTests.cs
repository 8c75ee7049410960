using Actors.Flows;

namespace Actors.Tests.Flows;

/// <summary>What is found in flows that can be run, each with its place and rule; and what looks alike and is not found.</summary>
public sealed class CheckTests : FlowTest
{
    // Steps under a head of three lines: the first step is in line 4.
    [Theory]
    // unreachable
    [InlineData("- if: inputs.a\n  then: [exit]\n  else: [exit]\n- {task: Echo}\n- {task: Echo}", "7:3 ACT1401")]
    [InlineData("- switch: ${inputs.a}\n  cases: [{when: 1, do: [exit]}]\n  default: [{exit: {reason: x}}]\n- {task: Echo}", "7:3 ACT1401")]
    [InlineData("- if: inputs.a\n  then:\n  - if: inputs.a\n    then: [exit]\n    else: [exit]\n  - {task: Echo}", "9:5 ACT1401")]
    [InlineData("- if: inputs.a\n  then: [exit]\n  else: [exit]\n  on_error: {then: fail}\n- {task: Echo}", "8:3 ACT1401")]
    [InlineData("- if: inputs.a\n  then: [exit]\n  else: [exit]\n  on_error: [{task: Echo}]\n- {task: Echo}", "")]
    [InlineData("- if: inputs.a\n  then: [exit]\n- {task: Echo}", "")]
    [InlineData("- if: inputs.a\n  then: [{exit: , if: inputs.a}]\n  else: [exit]\n- {task: Echo}", "")]
    [InlineData("- switch: ${inputs.a}\n  cases: [{when: 1, do: [exit]}]\n- {task: Echo}", "")]
    [InlineData("- for_each: ${inputs.a}\n  do: [exit]\n- {task: Echo}", "")]
    // never run
    [InlineData("- {task: Echo, if: false}\n- {task: Echo, inputs: {v: '${inputs.a}'}}", "4:20 ACT1413")]
    [InlineData("- {if: false, then: [{task: Echo, inputs: '${inputs}'}]}", "4:8 ACT1413")]
    [InlineData("- {if: true, then: [{task: Echo, inputs: '${inputs}'}], else: [{task: Echo}]}", "4:8 ACT1413")]
    [InlineData("- {if: true, then: [{task: Echo, inputs: '${inputs}'}]}", "")]
    [InlineData("- {task: Echo, if: true, inputs: '${inputs}'}", "")]
    [InlineData("- {for_each: [], do: [{task: Echo, inputs: '${inputs}'}]}", "4:14 ACT1412")]
    [InlineData("- {switch: '${inputs.a}', cases: [{when: [a, 1], do: [{task: Echo}]}, {when: ['1', a], do: [{task: Echo}]}]}", "4:84 ACT1421")]
    [InlineData("- {switch: '${inputs.a}', cases: [{when: '${inputs.a}', do: [{task: Echo}]}, {when: '${inputs.a}', do: [{task: Echo}]}]}", "")]
    // loops
    [InlineData("- while: true\n  do: [{task: Echo, inputs: '${inputs}'}]", "4:10 ACT1414")]
    [InlineData("- loop: [{task: Echo, inputs: '${inputs}'}]\n  until: false\n  max: 5", "5:10 ACT1414")]
    [InlineData("- loop: [{task: Echo, inputs: '${inputs}'}]\n  while: true\n  until: false", "5:10 ACT1414")]
    [InlineData("- while: true\n  max: 5\n  on_max: exit\n  do: [{task: Echo, inputs: '${inputs}'}]", "")]
    [InlineData("- while: true\n  do: [{if: inputs.a, then: [exit]}]", "")]
    [InlineData("- while: true\n  until: x.done\n  do: [{task: Echo, id: x, inputs: '${inputs}'}]", "")]
    [InlineData("- loop: [{task: Echo, inputs: '${inputs}'}]\n  max: 5", "")]
    [InlineData("- while: inputs.a\n  do: [{task: Echo}]", "4:10 ACT1415")]
    [InlineData("- {task: Echo, id: x, inputs: '${inputs}'}\n- until: x.done == 'yes'\n  do: [{task: Echo, id: y}]", "5:10 ACT1415")]
    [InlineData("- {task: Echo, id: x, inputs: '${inputs}'}\n- until: {any: [x.done, length(x) > 3]}\n  do: [{task: Echo}]", "5:10 ACT1415")]
    [InlineData("- until: x-y.done\n  do: [{task: Echo, id: x-y, inputs: '${inputs}'}]", "")]
    [InlineData("- while: carried != inputs.a\n  do: [{task: Echo}]", "")]
    [InlineData("- while: index < inputs.a\n  do: [{task: Echo}]", "")]
    [InlineData("- until: ${x.done}\n  do: [{do: [{task: Echo, id: x, inputs: '${inputs}'}]}]", "")]
    [InlineData("- while: inputs.a\n  max: 5\n  on_max: exit\n  do: [{task: Echo}]", "")]
    [InlineData("- until: inputs.a\n  do: [exit]\n- {task: Echo}", "4:10 ACT1415 6:3 ACT1401")]
    // states and branches
    [InlineData("- state_machine:\n    start: a\n    states: {a: {next: b}, b: {end: true, do: [{task: Echo, inputs: '${inputs}'}]}, c: {next: b}}", "6:85 ACT1410")]
    [InlineData("- state_machine:\n    start: a\n    states: {a: {next: b}, b: {do: [{task: Echo, inputs: '${inputs}'}]}}\n    transitions: [{to: a, from: b}]", "6:14 ACT1411 6:28 ACT1411")]
    [InlineData("- state_machine:\n    start: a\n    states: {a: {next: b}, b: {do: [{exit: , if: inputs.a}]}}\n    transitions: [{to: a, from: b}]", "")]
    [InlineData("- state_machine:\n    start: a\n    states: {a: {do: [{task: Echo, inputs: '${inputs}'}], transitions: [{to: b, on: failure}]}, b: }", "")]
    [InlineData("- state_machine:\n    start: a\n    states: {a: {transitions: [{to: b, if: inputs.a}, {to: c}]}, b: {next: a}, c: }", "")]
    [InlineData("- route: x\n  branches: {x: [{task: Echo, inputs: '${inputs}'}], y: [{task: Echo}]}", "5:54 ACT1410")]
    [InlineData("- route: ${inputs.a}\n  branches: {x: [{task: Echo}], y: [{task: Echo}]}", "")]
    // state
    [InlineData("- set: {n: '${inputs.a}'}", "3:9 ACT1417", "inputs: [{name: a}]\nstate: {n: }")]
    [InlineData("- {task: Echo, inputs: '${inputs}'}", "3:9 ACT1417", "inputs: [{name: a}]\nstate: {n: }")]
    [InlineData("- {task: Echo, inputs: {n: '${state.n}', a: '${inputs.a}'}}", "3:9 ACT1418", "inputs: [{name: a}]\nstate: {n: }")]
    [InlineData("- {task: Echo, inputs: {n: '${state.n}', a: '${inputs.a}'}}", "", "inputs: [{name: a}]\nstate: {n: {default: 1}}")]
    [InlineData("- loop: [{task: Echo, inputs: {n: '${state.n}', a: '${inputs.a}'}}]\n  max: 3\n  state: {append: {n: 1}}", "", "inputs: [{name: a}]\nstate: {n: array}")]
    [InlineData("- merge: {n: {x: '${inputs.a}'}}\n- {task: Echo, inputs: '${state}'}", "", "inputs: [{name: a}]\nstate: {n: object}")]
    // inputs
    [InlineData("- {task: Echo}", "2:17 ACT1416")]
    [InlineData("- {task: Echo, inputs: {v: inputs.a}}", "")]
    [InlineData("- {task: Echo, inputs: {v: '${inputs.b}'}}", "2:17 ACT1416", "inputs: [{name: a}, {name: b}]")]
    [InlineData("- {task: Echo, inputs: {v: \"${inputs['a']}\"}}", "")]
    [InlineData("- {task: Echo, inputs: {v: '${inputs?.a}'}}", "")]
    [InlineData("- {task: Echo, inputs: {v: '${json(inputs)}'}}", "")]
    [InlineData("- {task: Echo, inputs: {v: '${inputs.a-b}'}}", "", "inputs: [{name: a}, {name: a-b}]")]
    [InlineData("- {task: Echo, description: of the inputs}", "2:17 ACT1416")]
    [InlineData("- {task: Echo, inputs: {v: '${x.a}'}, if: inputs.a}", "", "inputs: [{name: a}, {name: inputs_of}] # x", "4:31 ACT1302")]
    // limits
    [InlineData("- {if: inputs.a, timeout: 1m, then: [{task: Echo, timeout: 2m}, {task: Echo, timeout: 30s}]}", "4:60 ACT1419")]
    [InlineData("- {if: inputs.a, timeout: 1m, then: [{wait: 1h}], on_error: [{wait: 1h}]}", "4:45 ACT1419")]
    [InlineData("- {if: inputs.a, timeout: 1m, then: [{for_each: [1], timeout: 2m, do: [{wait: 2m}]}]}", "4:63 ACT1419 4:79 ACT1419")]
    [InlineData("- {if: inputs.a, timeout: 1m, then: [{approval: {title: x, timeout: 1d}}]}", "4:69 ACT1419")]
    [InlineData("- {if: inputs.a, timeout: 1m, then: [{task: Echo, retry: {timeout: 2m}}]}", "4:68 ACT1419")]
    [InlineData("- {if: inputs.a, timeout: 1m, then: [{wait: '${inputs.a}'}, {wait: 60}]}", "")]
    [InlineData("- do: [{wait: {signal: s, timeout: 2m}}]\n  timeout: 1m\n  finally: [{wait: '${inputs.a}'}, {wait: 2m}]", "4:36 ACT1419")]
    [InlineData("- do: [{task: Echo, background: true, timeout: 2m, inputs: '${inputs}'}]\n  timeout: 1m", "")]
    public void In_steps(string steps, string expected, string head = "inputs: [{name: a}]", string? errors = null)
    {
        FlowCheck check = FlowChecker.CheckText($"flow: test\n{head}\nsteps:\n{steps}", "test.yaml", new FlowCheckOptions { Tasks = Tasks });

        Assert.Equal(errors ?? expected, string.Join(' ', check.Problems.Select(p => $"{p.Line}:{p.Column} {p.RuleId}")));
        Assert.All(check.Problems, p => Assert.Equal(errors is null ? FlowProblemSeverity.Warning : FlowProblemSeverity.Error, p.Severity));
    }

    [Fact]
    public void What_is_found_is_a_warning_of_the_flow() =>
        Assert.Equal(["ACT1416"], Parse("flow: a\ninputs: [{name: x}]\nsteps: [{task: Echo}]").Warnings.Select(w => w.RuleId));
}
