namespace Actors.Flows;

public static partial class FlowRules
{
    private static FlowRule[] Checks =>
    [
        Warning(
            Rules.Unreachable, "A step is never reached",
            "The step before it always ends the flow: it is an exit, or all of its branches end with one. Move the step up, take it out, or give the exit a condition.",
            Flow("- exit\n- {task: Charge}"),
            Flow("- {task: Charge}\n- exit")),
        Warning(
            Rules.EmptyQuantifier, "A condition over nothing",
            "'any' of no conditions is always false, 'all' and 'none' of no conditions are always true. Write the conditions that are meant.",
            Flow("- if: {any: []}\n  then: [{task: Charge}]"),
            "flow: example\ninputs: [{name: paid}]\nsteps:\n  - if: {any: [inputs.paid]}\n    then: [{task: Charge}]"),
        Warning(
            Rules.MaybeSkipped, "An output that may be null",
            "The step that the output needs may be skipped, and the output is null then. When that is meant, say so with ??.",
            "flow: example\ninputs: [{name: paid}]\nsteps:\n  - {task: Charge, id: payment, if: not inputs.paid}\noutputs:\n  - {name: receipt, value: \"${payment}\"}",
            "flow: example\ninputs: [{name: paid}]\nsteps:\n  - {task: Charge, id: payment, if: not inputs.paid}\noutputs:\n  - {name: receipt, value: \"${payment ?? 'none'}\"}"),
        Warning(
            Rules.ConstantCondition, "The condition is always the same",
            "The condition is a single literal, such as a text in quotes, and asks for nothing. Compare it with something, or write true or false when that is meant.",
            Flow("- if: \"'paid'\"\n  then: [{task: Charge}]"),
            "flow: example\ninputs: [{name: status}]\nsteps:\n  - if: inputs.status == 'paid'\n    then: [{task: Charge}]"),
        Warning(
            Rules.NoEffect, "A key without an effect",
            "The key is read because files of other tools have it, and does nothing here. Take it out when the file is not used elsewhere.",
            "flow: example\nsilent: true\nsteps: [exit]",
            "flow: example\nsteps: [exit]"),
        Warning(
            Rules.NothingLeadsHere, "Nothing leads here",
            "The state is not the first one and no transition leads to it, or the branch is not among those that are ever chosen. Often the name is misspelt where it should be named.",
            Flow("- state_machine:\n    start: draft\n    states:\n      draft: {do: [{task: Charge}], next: sent}\n      sent: {end: true}\n      paid: {do: [{task: Ship}], end: true}"),
            Flow("- state_machine:\n    start: draft\n    states:\n      draft: {do: [{task: Charge}], next: sent}\n      sent: {end: true}")),
        Warning(
            Rules.NoWayOut, "No way leads to an end",
            "From this state, no transitions lead to one in which the machine may end, so that it can only end by failing. Mark the state where it may end, or add a transition.",
            Flow("- state_machine:\n    start: ask\n    states:\n      ask: {do: [{task: Notify}], next: wait}\n      wait: {do: [{wait: 1d}], next: ask}"),
            Flow("- state_machine:\n    start: ask\n    states:\n      ask: {do: [{task: Notify}], next: wait}\n      wait: {do: [{wait: 1d}], end: true}")),
        Warning(
            Rules.EmptyItems, "A for_each over nothing",
            "The list is written down and empty, so that the steps are never done.",
            Flow("- {for_each: [], do: [{task: Ship}]}"),
            Flow("- {for_each: [book, pen], do: [{task: Ship}]}")),
        Warning(
            Rules.NeverRun, "Steps that are never run",
            "The condition is written down as false, or as true before an else, so that what depends on it is never done. Take it out, or turn it into a comment.",
            Flow("- {task: Charge, if: false}"),
            "flow: example\ninputs: [{name: paid}]\nsteps:\n  - {task: Charge, if: not inputs.paid}"),
        Warning(
            Rules.EndlessLoop, "A loop without an end",
            "The condition of the loop never ends it, there is no exit among its steps, and reaching the largest number of iterations fails it. Write a condition, or how many iterations are meant together with on_max: exit.",
            Flow("- while: true\n  do: [{task: Notify}]"),
            Flow("- while: index < 3\n  do: [{task: Notify}]")),
        Warning(
            Rules.UnchangedCondition, "A condition that no iteration changes",
            "The loop asks for something that none of its iterations changes: it runs not at all or until its largest number of iterations. Conditions change with carried, index, state, and the ids of the loop's own steps.",
            "flow: example\ninputs: [{name: open}]\nsteps:\n  - while: inputs.open\n    do: [{task: Notify}]",
            "flow: example\nsteps:\n  - until: answer.done\n    do: [{task: Notify, id: answer}]"),
        Warning(
            Rules.UnusedInput, "An input is never used",
            "The input is declared, and whoever starts the flow is asked for it, but nothing reads it. Use it, or take it out.",
            "flow: example\ninputs: [{name: total}]\nsteps:\n  - {task: Charge}",
            "flow: example\ninputs: [{name: total}]\nsteps:\n  - {task: Charge, inputs: {total: \"${inputs.total}\"}}"),
        Warning(
            Rules.UnreadState, "State that nobody reads",
            "The field of the state is declared, maybe set, and read nowhere. Use it, or take it out together with the steps that set it.",
            "flow: example\nstate: {count: integer}\nsteps:\n  - set: {count: 1}",
            "flow: example\nstate: {count: integer}\nsteps:\n  - set: {count: 1}\n  - {task: Notify, inputs: {count: \"${state.count}\"}}"),
        Warning(
            Rules.UnsetState, "State that nobody sets",
            "The field of the state is read, but has no default and is set nowhere, so that it is always null.",
            "flow: example\nstate: {count: integer}\nsteps:\n  - {task: Notify, inputs: {count: \"${state.count}\"}}",
            "flow: example\nstate: {count: {type: integer, default: 0}}\nsteps:\n  - {task: Notify, inputs: {count: \"${state.count}\"}}"),
        Warning(
            Rules.LongerThanBlock, "Longer than the block around it",
            "A block with a limit ends everything in it when its time is over. What may take longer than that, a wait or a limit inside, never does.",
            Flow("- do: [{wait: 2h}]\n  timeout: 1h"),
            Flow("- do: [{wait: 2h}]\n  timeout: 3h")),
        Warning(
            Rules.SecretInFile, "A secret in the file",
            "The value looks like a key, a token or a password. Flow files are stored with the runs, shown on the dashboard and kept in version control, so that everybody who reads one of them has it. Put it into the silo's secrets and write ${secrets.NAME}; and have a new one made, because this one is known now.",
            Flow("- {task: Charge, inputs: {api_key: AKIA" + "QX4TZ7WNE2RB5KLM}}"),
            "flow: example\ninputs: [{name: account}]\nsteps:\n  - {task: Charge, inputs: {account: \"${inputs.account}\"}}"),
        Warning(
            Rules.RepeatedCase, "A case stands twice",
            "The first case that equals the value counts, so that the second one with the same value is never done.",
            "flow: example\ninputs: [{name: kind}]\nsteps:\n  - switch: ${inputs.kind}\n    cases:\n      - {when: book, do: [{task: Ship}]}\n      - {when: book, do: [{task: Charge}]}",
            "flow: example\ninputs: [{name: kind}]\nsteps:\n  - switch: ${inputs.kind}\n    cases:\n      - {when: book, do: [{task: Ship}]}\n      - {when: pen, do: [{task: Charge}]}"),
        Error(
            Rules.EndlessSubflows, "Flows that start each other without an end",
            "A flow starts a run of another one, and that one, maybe over others, of the first, each time in any case and waiting for its end. No such run ever ends. Give one of the calls a condition, or take it out.",
            "flow: example\nsteps:\n  - {subflow: other, run: child}\n--- # other.yaml\nflow: other\nsteps:\n  - {subflow: example, run: child}",
            "flow: example\ninputs: [{name: depth}]\nsteps:\n  - {subflow: example, run: child, if: inputs.depth > 0, inputs: {depth: \"${inputs.depth - 1}\"}}"),
        Warning(
            Rules.SubflowNotFound, "A called flow was not found",
            "The flow is in none of the files, not beside the file that calls it, nor in the folders above, and no plugin has it. When it exists elsewhere, nothing is wrong, but whether it is called rightly was not checked.",
            "flow: example\nsteps:\n  - {subflow: othr, run: child}\n--- # other.yaml\nflow: other\nsteps: [exit]",
            "flow: example\nsteps:\n  - {subflow: other, run: child}\n--- # other.yaml\nflow: other\nsteps: [exit]"),
        Error(
            Rules.SubflowInput, "A flow is called with wrong inputs",
            "The called flow declares its inputs. Here one is missing that it needs, or one is given that it does not have or that is of another type, and the call would fail at once.",
            "flow: example\nsteps:\n  - {subflow: other, inputs: {totl: 5}}\n--- # other.yaml\nflow: other\ninputs: [{name: total, type: number}]\nsteps:\n  - {task: Charge, inputs: {total: \"${inputs.total}\"}}",
            "flow: example\nsteps:\n  - {subflow: other, inputs: {total: 5}}\n--- # other.yaml\nflow: other\ninputs: [{name: total, type: number}]\nsteps:\n  - {task: Charge, inputs: {total: \"${inputs.total}\"}}"),
        Warning(
            Rules.UnusedIgnore, "A comment that ignores nothing",
            "The comment says that a rule is to be ignored here, but the rule finds nothing here, any more. Take the comment out, so that it does not hide something later.",
            Flow("- {task: Charge} # actors: ignore ACT1413"),
            Flow("- {task: Charge, if: false} # actors: ignore ACT1413 - until the bank is ready")),
        Warning(
            Rules.BadIgnore, "A comment that cannot be followed",
            "A comment that begins with 'actors:' is not understood, names a rule that does not exist, or one that cannot be ignored: a problem that keeps the flow from being run is always told. Write '# actors: ignore ACT1403', several ids with commas, a reason after ' -'; or ignore-file for the whole file.",
            Flow("- {task: Charge} # actors: ignore ACT9999"),
            Flow("- {task: Charge, if: false} # actors: ignore ACT1413 - until the bank is ready")),
    ];
}
