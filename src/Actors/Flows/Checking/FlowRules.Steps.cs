namespace Actors.Flows;

public static partial class FlowRules
{
    private static FlowRule[] Steps =>
    [
        Error(
            Rules.StepKind, "What kind of step is this",
            "A step is a mapping with exactly one key that says what it does, such as task, if or for_each. Here is none, or there are two, or it is misspelt.",
            Flow("- tsak: Charge"),
            Flow("- task: Charge")),
        Error(
            Rules.DuplicateId, "Two steps have one id",
            "Expressions refer to a step by its id, so that an id may stand once among the steps that see each other. Variables of a for_each count as ids.",
            Flow("- {task: Charge, id: pay}\n- {task: Ship, id: pay}"),
            Flow("- {task: Charge, id: pay}\n- {task: Ship, id: ship}")),
        Error(
            Rules.EmptyBlock, "A block without steps",
            "A list of steps holds at least one. A branch that does nothing is left out.",
            "flow: example\ninputs: [{name: paid}]\nsteps:\n  - if: inputs.paid\n    then: [{task: Ship}]\n    else: []",
            "flow: example\ninputs: [{name: paid}]\nsteps:\n  - if: inputs.paid\n    then: [{task: Ship}]"),
        Error(
            Rules.UnknownTask, "No such task is registered",
            "The step calls a task that no plugin has registered. Names of tasks count with upper and lower case. When the file is checked where its tasks are not at hand, leave --plugin out.",
            Flow("- task: Chrage"),
            Flow("- task: Charge")),
        Error(
            Rules.Duration, "This is not a length of time",
            "A length of time is written as 500ms, 30s, 5m, 1h30m, 2d, as ISO 8601 (PT5M), or as a number of seconds, and is longer than nothing. A point in time is written as 2030-01-31T09:00:00Z.",
            Flow("- {task: Charge, timeout: soon}"),
            Flow("- {task: Charge, timeout: 30s}")),
        Error(
            Rules.Retry, "A setting of retry is wrong",
            "The settings of retry say how often and when a step is tried again: max_attempts (the first attempt included), delay, backoff, multiplier, max_delay, jitter, retry_on and not_on. One of them is out of its range or contradicts another.",
            Flow("- {task: Charge, retry: {max_attempts: 0}}"),
            Flow("- {task: Charge, retry: {max_attempts: 3}}")),
        Error(
            Rules.Case, "A case is not complete",
            "A case of a switch has 'when', the value or the values it is for, and 'do', the steps. One case, or the switch itself, may have 'default' in their place.",
            "flow: example\ninputs: [{name: kind}]\nsteps:\n  - switch: ${inputs.kind}\n    cases:\n      - {when: book}",
            "flow: example\ninputs: [{name: kind}]\nsteps:\n  - switch: ${inputs.kind}\n    cases:\n      - {when: book, do: [{task: Ship}]}"),
        Error(
            Rules.NotAList, "A for_each needs a list",
            "The value of for_each is a list, or one expression that gives a list. A path without ${…} around it is just a text.",
            "flow: example\ninputs: [{name: lines}]\nsteps:\n  - for_each: inputs.lines\n    do: [{task: Ship}]",
            "flow: example\ninputs: [{name: lines}]\nsteps:\n  - for_each: ${inputs.lines}\n    do: [{task: Ship}]"),
        Error(
            Rules.Setting, "A setting is out of its range",
            "The setting takes one of a few words, or a number in a range; the message says which.",
            Flow("- {for_each: [1, 2], concurrency: 0, do: [{task: Ship}]}"),
            Flow("- {for_each: [1, 2], concurrency: 2, do: [{task: Ship}]}")),
        Error(
            Rules.Approval, "An approval contradicts itself",
            "What happens at the end of the time must be one of the decisions, or fail, and needs a time; and decisions are different texts.",
            Flow("- approval: {title: \"Pay?\", on_timeout: reject}"),
            Flow("- approval: {title: \"Pay?\", timeout: 2d, on_timeout: reject}")),
        Error(
            Rules.UnknownFlow, "There is no such flow",
            "The flow that the step runs inside this one is in none of the files, nor beside them. A flow in C# cannot run inside another one: it needs a run of its own.",
            "flow: example\nsteps:\n  - subflow: othr\n--- # other.yaml\nflow: other\nsteps: [exit]",
            "flow: example\nsteps:\n  - subflow: other\n--- # other.yaml\nflow: other\nsteps: [exit]"),
        Error(
            Rules.FlowCycle, "Flows run each other in a circle",
            "A run holds the texts of all flows that run inside it, so that none of them can hold itself, not even over others. A flow that calls itself under a condition does so with run: child, as a run of its own.",
            "flow: example\nsteps:\n  - subflow: other\n--- # other.yaml\nflow: other\nsteps:\n  - subflow: example",
            "flow: example\nsteps:\n  - subflow: other\n--- # other.yaml\nflow: other\nsteps:\n  - task: Charge"),
        Error(
            Rules.UnknownState, "The state has no such field",
            "Fields of the state are declared under state, with their types. This one is not, or is of a type that the change cannot be made to: only to an array can be appended, and only into an object merged.",
            "flow: example\nstate: {count: integer}\nsteps:\n  - set: {cuont: 1}\n  - {task: Notify, inputs: {count: \"${state.count}\"}}",
            "flow: example\nstate: {count: integer}\nsteps:\n  - set: {count: 1}\n  - {task: Notify, inputs: {count: \"${state.count}\"}}"),
        Error(
            Rules.Branch, "There is no such branch, or it gives no such thing",
            "What route always gives is the name of no branch, or field_mapping names a branch or an id of it that does not exist.",
            Flow("- route: book\n  branches:\n    pen: [{task: Ship}]"),
            Flow("- route: pen\n  branches:\n    pen: [{task: Ship}]")),
        Error(
            Rules.BranchCycle, "Steps wait for each other",
            "Each step of a parallel waits for those that it depends on. These wait for each other, or one waits for itself, so that none of them would ever start.",
            Flow("- parallel:\n    - {task: Charge, id: charge, depends_on: ship}\n    - {task: Ship, id: ship, depends_on: charge}"),
            Flow("- parallel:\n    - {task: Charge, id: charge}\n    - {task: Ship, id: ship, depends_on: charge}")),
        Error(
            Rules.MachineState, "There is no such state",
            "A transition or start names a state that the machine does not have, or a transition of one state says where it comes from.",
            Flow("- state_machine:\n    start: drft\n    states:\n      draft: {do: [{task: Charge}], end: true}"),
            Flow("- state_machine:\n    start: draft\n    states:\n      draft: {do: [{task: Charge}], end: true}")),
        Error(
            Rules.LoopWithoutEnd, "The loop does not say when it ends",
            "A loop has while, until or max, or several of them.",
            Flow("- loop: [{task: Notify}]"),
            Flow("- loop: [{task: Notify}]\n  max: 3")),
        Error(
            Rules.Background, "Not for a step in the background",
            "The flow has gone on when a step in the background ends, so that there is nothing left to handle its failure or to use its output.",
            Flow("- {task: Notify, background: true, on_error: [{task: Charge}]}"),
            Flow("- {task: Notify, background: true}")),
    ];

    private static FlowRule[] Expressions =>
    [
        Error(
            Rules.Expression, "The expression cannot be read",
            "What stands in ${…} or in a condition is not an expression. Texts in it need quotes, two values are compared with ==, and every bracket is closed.",
            Flow("- {task: Charge, inputs: {total: \"${1 + }\"}}"),
            Flow("- {task: Charge, inputs: {total: \"${1 + 2}\"}}")),
        Error(
            Rules.UnknownReference, "There is no such step",
            "An expression begins with inputs, with the id of an earlier step, or with a variable of the block around it. This name is none of them. A text needs quotes.",
            Flow("- {task: Charge, id: payment}\n- {task: Ship, inputs: {receipt: \"${paymnt.receipt}\"}}"),
            Flow("- {task: Charge, id: payment}\n- {task: Ship, inputs: {receipt: \"${payment.receipt}\"}}")),
        Error(
            Rules.LaterReference, "The step comes later",
            "A step sees what was done before it. The one that is named here comes later, or is the step itself, so that its output is not there yet.",
            Flow("- {task: Ship, inputs: {receipt: \"${payment.receipt}\"}}\n- {task: Charge, id: payment}"),
            Flow("- {task: Charge, id: payment}\n- {task: Ship, inputs: {receipt: \"${payment.receipt}\"}}")),
        Error(
            Rules.UnknownInput, "The flow has no such input",
            "The name behind 'inputs.' is not declared under inputs. Declare it, or mend the name.",
            "flow: example\ninputs: [{name: total}]\nsteps:\n  - {task: Charge, inputs: {total: \"${inputs.totl}\"}}",
            "flow: example\ninputs: [{name: total}]\nsteps:\n  - {task: Charge, inputs: {total: \"${inputs.total}\"}}"),
        Error(
            Rules.UnknownOutput, "The step has no such output",
            "It is known what the step gives, because it is of a kind with fixed fields or declares its outputs, and this name is not among them.",
            Flow("- {task: Charge, id: payment, outputs: [receipt]}\n- {task: Ship, inputs: {receipt: \"${payment.recipt}\"}}"),
            Flow("- {task: Charge, id: payment, outputs: [receipt]}\n- {task: Ship, inputs: {receipt: \"${payment.receipt}\"}}")),
        Error(
            Rules.Function, "There is no such function",
            "The function does not exist, or takes another number of arguments.",
            Flow("- {task: Charge, inputs: {total: \"${rnd(1.5)}\"}}"),
            Flow("- {task: Charge, inputs: {total: \"${round(1.5)}\"}}")),
        Error(
            Rules.HiddenReference, "The name is not visible here",
            "The name exists, but not here: ids inside a for_each stay inside, branches of a parallel do not see each other, item and index exist only inside a for_each, and error only where an error is handled.",
            Flow("- for_each: [1, 2]\n  do: [{task: Charge, id: payment}]\n- {task: Ship, inputs: {receipt: \"${payment.receipt}\"}}"),
            Flow("- for_each: [1, 2]\n  id: payments\n  do: [{task: Charge, id: payment}]\n- {task: Ship, inputs: {receipts: \"${payments}\"}}")),
    ];
}
