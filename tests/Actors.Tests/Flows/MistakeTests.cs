using Actors.Flows;

namespace Actors.Tests.Flows;

/// <summary>Mistakes that authors make, each with the place, the rule and the advice that it must get.</summary>
public sealed class MistakeTests : FlowTest
{
    // Steps under a head of three lines, `flow`, `inputs` and `steps`: the first step is in line 4.
    [Theory]
    // kinds and keys
    [InlineData("- tsak: Echo", "4:3 ACT1201", "'tsak' is no kind of step", "Did you mean 'task'?")]
    [InlineData("- id: a", "4:3 ACT1201", "this step does nothing", "Give it one of: task, parallel, switch, for_each, loop, route, state_machine, subflow, emit, exit, wait, approval, http, sql, while, until, do, set, append, merge, if.")]
    [InlineData("- Echo", "4:3 ACT1201", "a step must be a mapping, not a text", "Write 'task: Echo' to call a task.")]
    [InlineData("- {task: Echo, wait: 5s}", "4:3 ACT1201", "a step is one thing, not both 'task' and 'wait'", "Make two steps of it.")]
    [InlineData("- {task: Echo, input: {}}", "4:16 ACT1103", "a task step has no key 'input'", "Did you mean 'inputs'?")]
    [InlineData("- {task: Echo, then: []}", "4:16 ACT1103", "a task step has no key 'then'", "Known: task, inputs, outputs, connection, id, if, description, cache, fallback, on_error, retry, timeout, validate, output_schema, result, compensate, background, depends_on, silent.")]
    [InlineData("- {task: Ecko}", "4:10 ACT1205", "no task 'Ecko' is registered", "Did you mean 'Echo'?")]
    [InlineData("- {task: Zzzzzzzz}", "4:10 ACT1205", "no task 'Zzzzzzzz' is registered", "Registered: Echo, Fail, Forever, Total.")]
    [InlineData("- {task: [Echo]}", "4:10 ACT1104", "'task' must be a text, not a list", null)]
    [InlineData("- {task: ''}", "4:10 ACT1104", "'task' must not be empty", null)]
    // ids
    [InlineData("- {task: Echo, id: 'a b'}", "4:20 ACT1106", "'a b' cannot be an id: a letter or '_', then letters, digits, '_' and '-', at most 80", null)]
    [InlineData("- {task: Echo, id: inputs}", "4:20 ACT1106", "'inputs' cannot be an id: expressions use the word themselves", null)]
    [InlineData("- {task: Echo, id: [a]}", "4:20 ACT1104", "'id' must be a text, not a list", null)]
    [InlineData("- {task: Echo, id: a}\n- {task: Echo, id: a}", "5:20 ACT1203", "'a' is already the id of a step in line 4", null)]
    [InlineData("- parallel:\n  - {task: Echo, id: a}\n  - {task: Echo, id: a}", "6:22 ACT1203", "'a' is already the id of a step in line 5", "Give it another id, or say with 'merge' which one counts.")]
    [InlineData("- for_each: [1]\n  do:\n  - {task: Echo, id: item}", "6:22 ACT1203", "'item' is already a variable of a block around it", null)]
    [InlineData("- {task: Echo, id: x}\n- {for_each: [1], as: x, do: [exit]}", "5:23 ACT1203", "'x' is already the id of a step in line 4", "Give the variable another name with 'as'.")]
    // references
    [InlineData("- {task: Total, id: sum}\n- {task: Echo, inputs: {a: '${smu.total}'}}", "5:31 ACT1302", "there is no step 'smu'", "Did you mean 'sum'?")]
    [InlineData("- {task: Echo, inputs: {a: '${inputs.usr}'}}", "4:38 ACT1304", "the flow has no input 'usr'", "Did you mean 'user'?")]
    [InlineData("- {task: Echo, inputs: {a: '${user}'}}", "4:31 ACT1302", "there is no step 'user', but an input of that name", "Write ${inputs.user}.")]
    [InlineData("- {task: Echo, inputs: {a: '${b.x}'}}\n- {task: Echo, id: b}", "4:31 ACT1303", "step 'b' is declared later, in line 5: its output is not there yet", "Move the step up, or this reference down.")]
    [InlineData("- {task: Echo, id: me, inputs: {a: '${me.x}'}}", "4:39 ACT1303", "step 'me' refers to itself: its output is not there yet", null)]
    [InlineData("- {task: Total, id: t, outputs: [total]}\n- {task: Echo, inputs: {a: '${t.totl}'}}", "5:33 ACT1305", "step 't' has no output 'totl'", "Did you mean 'total'?")]
    [InlineData("- {id: ok, approval: 'Yes?'}\n- {task: Echo, inputs: {a: '${ok.decison}'}}", "5:34 ACT1305", "step 'ok' has no output 'decison'", "Did you mean 'decision'?")]
    [InlineData("- for_each: [1]\n  do:\n  - {task: Echo, id: in1}\n- {task: Echo, inputs: {a: '${in1}'}}", "7:31 ACT1307", "step 'in1' (line 6) is not visible here: ids inside for_each stay inside, and branches of parallel do not see each other", null)]
    [InlineData("- parallel:\n  - {task: Echo, id: a}\n  - {task: Echo, inputs: {v: '${a}'}}", "6:33 ACT1307", "step 'a' (line 5) is not visible here: ids inside for_each stay inside, and branches of parallel do not see each other", null)]
    [InlineData("- {task: Echo, inputs: {a: '${error.message}'}}", "4:31 ACT1307", "'error' exists only inside on_error", null)]
    [InlineData("- {task: Fail, on_error: [{task: Echo, inputs: {a: '${error.msg}'}}]}", "4:61 ACT1305", "'error' has no output 'msg'", "Known: type, message, code, data, step.")]
    [InlineData("- task: Echo\n  inputs:\n    text: |\n      first\n      and ${inputs.usr}", "8:20 ACT1304", "the flow has no input 'usr'", "Did you mean 'user'?")]
    [InlineData("- task: Echo\n  inputs: {a: \"${inputs.user\"}", "5:16 ACT1301", "'${' is never closed", "Add '}'; a literal '${' is written '$${'.")]
    [InlineData("- task: Echo\n  inputs: {a: \"${inputs.list | lenght}\"}", "5:32 ACT1306", "there is no function 'lenght'", "Did you mean 'length'?")]
    [InlineData("- if: inputs.user = 'a'\n  then: [exit]", "4:19 ACT1301", "'=' is no operator", "Write '=='.")]
    [InlineData("- if: inputs.user == admin\n  then: [exit]", "4:22 ACT1302", "there is no step 'admin'", "Known here: inputs. A text needs quotes: 'admin'.")]
    [InlineData("- if: len(inputs.list) > 1\n  then: [exit]", "4:7 ACT1306", "there is no function 'len'", "Did you mean 'length'?")]
    // if, switch, for_each, parallel
    [InlineData("- if: inputs.user", "4:3 ACT1102", "an if step needs 'then' or 'else'", null)]
    [InlineData("- {if: [a], then: [exit]}", "4:8 ACT1104", "a condition must be a text or one of any, all, none, not a list", null)]
    [InlineData("- {if: {any: [inputs.user], all: []}, then: [exit]}", "4:8 ACT1104", "a condition has exactly one of any, all, none", null)]
    [InlineData("- {if: {some: [inputs.user]}, then: [exit]}", "4:9 ACT1103", "a condition has no key 'some'", "Known: any, all, none.")]
    [InlineData("- {if: inputs.user, then: {task: Echo}}", "4:27 ACT1104", "'then' must be a list of steps, not a mapping", "Put '- ' before the step.")]
    [InlineData("- {if: inputs.user, then: []}", "4:27 ACT1204", "'then' has no steps", null)]
    [InlineData("- {switch: '${inputs.user}', cases: [{when: a}]}", "4:38 ACT1208", "a case needs 'do'", null)]
    [InlineData("- {switch: '${inputs.user}', cases: [{do: [exit]}]}", "4:38 ACT1208", "a case needs 'when'", null)]
    [InlineData("- {switch: '${inputs.user}', cases: [{default: [exit]}], default: [exit]}", "4:58 ACT1208", "the switch has a second default", null)]
    [InlineData("- {switch: inputs.user, cases: [{when: a, do: [exit]}]}", "4:12 ACT1104", "'switch' needs an expression, not a text", "Write ${inputs.user}.")]
    [InlineData("- {switch: '${inputs.user}'}", "4:4 ACT1102", "a switch step needs 'cases'", null)]
    [InlineData("- {for_each: inputs.list, do: [exit]}", "4:14 ACT1209", "'for_each' needs a list, not a text", "Write ${inputs.list}.")]
    [InlineData("- {for_each: 5, do: [exit]}", "4:14 ACT1209", "'for_each' needs a list, not a number", null)]
    [InlineData("- {for_each: '${inputs.list}'}", "4:4 ACT1102", "a for_each step needs 'do'", null)]
    [InlineData("- {for_each: [1], do: [exit], concurrency: 0}", "4:44 ACT1210", "'concurrency' must be a whole number from 1 to 1000", null)]
    [InlineData("- {for_each: [1], do: [exit], index: i}", "4:31 ACT1103", "a for_each step has no key 'index'", "Known: for_each, as, index_as, do, concurrency, key, on_item_error, collect, id, if, description, cache, fallback, on_error, timeout, depends_on.")]
    [InlineData("- {parallel: []}", "4:14 ACT1204", "'parallel' has no steps", null)]
    [InlineData("- {parallel: {a: 1}}", "4:18 ACT1104", "'a' must be a list of steps, not a number", null)]
    // task settings
    [InlineData("- {task: Echo, timeout: soon}", "4:25 ACT1206", "'timeout' is not a length of time", "Write e.g. 30s, 5m, 1h30m, 2d, PT5M, or a number of seconds.")]
    [InlineData("- {task: Echo, timeout: 0s}", "4:25 ACT1206", "'timeout' must be longer than nothing", null)]
    [InlineData("- {task: Echo, inputs: text}", "4:24 ACT1104", "'inputs' must be a mapping, or one ${…} that gives an object, not a text", null)]
    [InlineData("- {task: Echo, retry: 3}", "4:23 ACT1104", "'retry' must be a mapping, not a number", "Write retry: {max_attempts: 3, delay: 1s}.")]
    [InlineData("- {task: Echo, retry: {max_attempts: 0}}", "4:38 ACT1207", "'max_attempts' must be a whole number from 1 to 10000", null)]
    [InlineData("- {task: Echo, retry: {attempts: 3}}", "4:24 ACT1103", "retry has no key 'attempts'", "Known: max_attempts, delay, delay_seconds, backoff, multiplier, backoff_multiplier, backoff_factor, max_delay, jitter, retry_on, not_on, timeout.")]
    [InlineData("- {task: Echo, retry: {backoff: exponentiel}}", "4:33 ACT1207", "'backoff' must be fixed, linear, exponential, or a number of seconds", "Did you mean 'exponential'?")]
    [InlineData("- {task: Echo, retry: {delay: 5x}}", "4:31 ACT1207", "'delay' is not a length of time", "Write e.g. 30s, 5m, 1h30m, 2d, PT5M, or a number of seconds.")]
    [InlineData("- {task: Echo, retry: {delay: 10s, max_delay: 5s}}", "4:47 ACT1207", "'max_delay' is shorter than the first delay", null)]
    [InlineData("- {task: Echo, retry: {delay: 1, delay_seconds: 1}}", "4:34 ACT1207", "'delay_seconds' is another word for 'delay': only one of them can be here", null)]
    [InlineData("- {task: Echo, retry: {jitter: 2}}", "4:32 ACT1207", "'jitter' must be a number from 0 to 1", null)]
    [InlineData("- {task: Echo, on_error: {then: ignore}}", "4:33 ACT1210", "'then' must be continue, fail or exit", null)]
    [InlineData("- {task: Echo, on_error: {}}", "4:26 ACT1102", "on_error needs 'steps' or 'then'", null)]
    // exit, wait, approval
    [InlineData("- exit: {reson: x}", "4:10 ACT1103", "exit has no key 'reson'", "Did you mean 'reason'?")]
    [InlineData("- exit: done", "4:9 ACT1104", "'exit' must be empty or a mapping, not a text", "Write exit: {reason: …}.")]
    [InlineData("- wait: 5 minutes", "4:9 ACT1206", "'wait' is not a length of time", "Write e.g. 30s, 5m, 1h30m, 2d, PT5M, or a number of seconds.")]
    [InlineData("- wait: {until: tomorrow}", "4:17 ACT1206", "'until' is not a point in time", "Write e.g. 2030-01-31T09:00:00Z, or an expression.")]
    [InlineData("- wait: {for: 5s, until: '2030-01-01'}", "4:9 ACT1206", "'wait' has one of 'for', 'until' and 'signal'", null)]
    [InlineData("- approval:", "4:12 ACT1104", "'approval' must be a title or a mapping, not nothing", "Write approval: {title: …}.")]
    [InlineData("- approval: {details: x}", "4:13 ACT1102", "approval needs 'title'", null)]
    [InlineData("- approval: {title: x, on_timeout: reject}", "4:24 ACT1211", "'on_timeout' without 'timeout' never happens", "Add e.g. timeout: 2d.")]
    [InlineData("- approval: {title: x, timeout: 1d, on_timeout: rejct}", "4:49 ACT1211", "'on_timeout' must be one of the decisions (approve, reject) or fail", "Did you mean 'reject'?")]
    [InlineData("- approval: {title: x, decisions: [a, a]}", "4:35 ACT1211", "'decisions' must be 1 to 20 different texts of up to 100 characters", null)]
    public void In_steps(string steps, string place, string message, string? suggestion) =>
        Expect("flow: test\ninputs: [{name: user}, {name: list, type: list}]\nsteps:\n" + steps + "\n", place, message, suggestion);

    [Theory]
    [InlineData("", "1:1 ACT1005", "the file is empty", "A flow begins with 'flow: name' and 'steps:'.")]
    [InlineData("# only a comment\n", "1:1 ACT1005", "the file is empty", "A flow begins with 'flow: name' and 'steps:'.")]
    [InlineData("- flow: a\n", "1:1 ACT1101", "a flow must be a mapping with 'flow' and 'steps', not a list", null)]
    [InlineData("hello", "1:1 ACT1101", "a flow must be a mapping with 'flow' and 'steps', not a text", null)]
    [InlineData("flow: a\n", "1:1 ACT1102", "a flow needs 'steps'", null)]
    [InlineData("steps: [exit]\n", "1:1 ACT1102", "a flow needs 'flow'", null)]
    [InlineData("flow: a\nsteps: []\n", "2:8 ACT1204", "'steps' has no steps", null)]
    [InlineData("flow: a\nsteps: x\n", "2:8 ACT1104", "'steps' must be a list of steps, not a text", null)]
    [InlineData("flow: my flow\nsteps: [exit]\n", "1:7 ACT1106", "'my flow' cannot be the name of a flow: letters, digits, '_', '-' and '.', at most 80", "Write my-flow.")]
    [InlineData("flow: a\nstep: [exit]\nsteps: [exit]", "2:1 ACT1103", "a flow has no key 'step'", "Did you mean 'steps'?")]
    [InlineData("flow: a\nsteps: [exit]\nsteps: [exit]", "3:1 ACT1007", "the key 'steps' is here twice; the first is in line 2", null)]
    [InlineData("flow: a\nsteps:\n\t- exit", "3:1 ACT1003", "YAML does not allow tabs in the indentation", "Use spaces.")]
    [InlineData("flow: a\nsteps: [exit\n", "3:1 ACT1001", null, null)]
    [InlineData("flow: a\nsteps: [\"exit]\n", "2:9 ACT1001", null, null)]
    [InlineData("flow: a\nsteps:\n  - task: Echo\n   id: b\n", "4:4 ACT1001", null, null)]
    [InlineData("flow: a\nsteps: [exit]\n---\nflow: b\n", "3:1 ACT1006", "the file holds a second document", "Put each flow into a file of its own.")]
    [InlineData("flow: a\nsteps: *s\n", "2:8 ACT1001", "there is no anchor '&s' before this alias", null)]
    [InlineData("flow: a\nsteps: [exit]\ndescription: !!binary aGk=\n", "3:14 ACT1009", "the tag '!!binary' is not supported; only !!str is here", null)]
    [InlineData("flow: a\nsteps: [exit]\n<<: {}\n", "3:1 ACT1009", "merge keys ('<<') are not supported", "Use an alias for the whole value.")]
    [InlineData("flow: a\u0000\nsteps: [exit]\n", "1:8 ACT1004", "the character U+0000 cannot be part of a flow: is this a text file in UTF-8?", null)]
    [InlineData("flow: a\ninputs: [user]\nsteps: [exit]", "2:10 ACT1104", "an input must be a mapping, not a text", "Write name: user.")]
    [InlineData("flow: a\ninputs: {user: string}\nsteps: [exit]", "2:9 ACT1104", "'inputs' must be a list, not a mapping", null)]
    [InlineData("flow: a\ninputs: [{type: string}]\nsteps: [exit]", "2:10 ACT1102", "an input needs 'name'", null)]
    [InlineData("flow: a\ninputs: [{name: n, type: strng}]\nsteps: [exit]", "2:26 ACT1108", "there is no type 'strng'", "Did you mean 'string'?")]
    [InlineData("flow: a\ninputs: [{name: n, type: date}]\nsteps: [exit]", "2:26 ACT1108", "there is no type 'date'", "Known: string, integer, number, boolean, object, array, any.")]
    [InlineData("flow: a\ninputs: [{name: n, type: integer, default: 1.5}]\nsteps: [exit]", "2:44 ACT1109", "the default must be an integer, not the number 1.5", null)]
    [InlineData("flow: a\ninputs: [{name: n, type: string, default: 5}]\nsteps: [exit]", "2:43 ACT1109", "the default must be a string, not the number 5", "Write \"5\".")]
    [InlineData("flow: a\ninputs: [{name: n, required: maybe}]\nsteps: [exit]", "2:30 ACT1104", "'required' must be true or false, not a text", null)]
    [InlineData("flow: a\ninputs: [{name: n}, {name: n}]\nsteps: [exit]", "2:28 ACT1107", "the input 'n' is declared twice", null)]
    [InlineData("flow: a\ninputs: [{name: 'a b'}]\nsteps: [exit]", "2:17 ACT1106", "'a b' cannot be the name of an input: a letter or '_', then letters, digits, '_' and '-', at most 80", null)]
    [InlineData("flow: a\nsteps: [exit]\noutputs: [total]", "3:11 ACT1302", "there is no step 'total'", "Give it a value: {name: total, value: …}.")]
    [InlineData("flow: a\nsteps: [exit]\noutputs: [{name: t, value: '${x}'}]", "3:31 ACT1302", "there is no step 'x'", "Known here: inputs. A text needs quotes: 'x'.")]
    [InlineData("flow: a\nsteps: [exit]\noutputs: [{name: t, value: 1}, {name: t, value: 2}]", "3:39 ACT1107", "the output 't' is declared twice", null)]
    [InlineData("flow: a\nsteps: [exit]\non_cancel: {task: Echo}", "3:12 ACT1104", "'on_cancel' must be a list of steps, not a mapping", "Put '- ' before the step.")]
    public void In_the_document(string yaml, string place, string? message, string? suggestion) => Expect(yaml, place, message, suggestion);

    [Fact]
    public void All_mistakes_are_told_at_once_in_order_with_the_line_and_a_caret()
    {
        FlowSyntaxException e = Assert.Throws<FlowSyntaxException>(() => Parse("flow: a\r\nversoin: 2\r\nsteps:\r\n  - tsak: Echo\r\n  - task: Echo\r\n    inputs: {a: '${x.y}'}\r\n"));

        Assert.Equal(["ACT1103", "ACT1201", "ACT1302"], e.Problems.Select(p => p.RuleId));
        Assert.Equal(
            "test.yaml:2:1: error ACT1103: a flow has no key 'versoin'. Did you mean 'version'?\n    2 | versoin: 2\n      | ^\n"
            + "test.yaml:4:5: error ACT1201: 'tsak' is no kind of step. Did you mean 'task'?\n    4 |   - tsak: Echo\n      |     ^\n"
            + "test.yaml:6:20: error ACT1302: there is no step 'x'. Known here: inputs. A text needs quotes: 'x'.\n    6 |     inputs: {a: '${x.y}'}\n      |                    ^",
            e.Message);
    }

    [Theory]
    [InlineData("steps: [exit, {task: Echo}]", "2:15 ACT1401")]
    [InlineData("steps: [{if: {any: []}, then: [exit]}]", "2:20 ACT1402")]
    [InlineData("steps: [{task: Echo, id: a, if: inputs}]\noutputs: [a]", "3:11 ACT1403")]
    [InlineData("steps: [{if: inputs, then: [{task: Echo, id: a}]}]\noutputs: [{name: x, value: '${a}'}]", "3:28 ACT1403")]
    [InlineData("steps: [{if: \"'text'\", then: [exit]}]", "2:14 ACT1404")]
    public void Probable_mistakes_are_warnings(string yaml, string place)
    {
        FlowProblem problem = Assert.Single(Parse("flow: a\n" + yaml).Warnings);
        Assert.Equal(place, $"{problem.Line}:{problem.Column} {problem.RuleId}");
        Assert.Equal(FlowProblemSeverity.Warning, problem.Severity);
    }

    [Fact]
    public void Provided_absence_is_no_warning() =>
        Assert.Empty(Parse("flow: a\nsteps: [{task: Echo, id: a, if: inputs}]\noutputs: [{name: x, value: '${a ?? 1}'}, {name: y, value: '${a?.b}'}]").Warnings);

    private void Expect(string yaml, string place, string? message, string? suggestion)
    {
        FlowSyntaxException e = Assert.Throws<FlowSyntaxException>(() => Parse(yaml));
        FlowProblem problem = e.Problems[0];
        Assert.True(e.Problems.Count == 1, e.Message);
        Assert.Equal(place, $"{problem.Line}:{problem.Column} {problem.RuleId}");
        if (message is not null)
        {
            Assert.Equal((message, suggestion), (problem.Message, problem.Suggestion));
        }

        Assert.Contains($"test.yaml:{problem.Line}:{problem.Column}: error {problem.RuleId}: ", e.Message, StringComparison.Ordinal);
    }
}
