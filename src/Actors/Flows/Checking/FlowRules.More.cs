namespace Actors.Flows;

public static partial class FlowRules
{
    private static string Charge(string value, string inputs = "") =>
        $"flow: example\n{inputs}steps:\n  - {{task: Charge, inputs: {{value: \"{value}\"}}}}";

    private static FlowRule[] More =>
    [
        Error(
            Rules.CacheAndExit, "A cached step that may end the flow",
            "What is kept is a step's output. An exit inside the step has none: the flow would end the first time and go on the second.",
            Flow("- do: [exit]\n  cache: {key: a, ttl: 1h}"),
            Flow("- do: [{task: Charge}]\n  cache: {key: a, ttl: 1h}")),
        Error(
            Rules.StateChange, "The field is of another type",
            "Only to an array can be appended, and only an object can be merged into. The type of the field stands under state.",
            "flow: example\nstate: {count: integer}\nsteps:\n  - append: {count: 1}\n  - {task: Notify, inputs: {count: \"${state.count}\"}}",
            "flow: example\nstate: {count: array}\nsteps:\n  - append: {count: 1}\n  - {task: Notify, inputs: {count: \"${state.count}\"}}"),
        Error(
            Rules.WrongOperand, "An operator cannot work on this",
            "The types of both sides are known, and the operator does not take them: numbers are calculated with, and texts are joined by writing them beside each other in one text.",
            Charge("${[1] - 2}"),
            Charge("${3 - 2}")),
        Error(
            Rules.WrongArgument, "A function cannot work on this",
            "The type of the argument is known, and the function does not take it.",
            Charge("${round('a')}"),
            Charge("${round(1.5)}")),
        Error(
            Rules.RepeatedKey, "An object has a key twice",
            "Each name may stand once in an object that an expression makes.",
            Charge("${ {a: 1, a: 2} }"),
            Charge("${ {a: 1, b: 2} }")),
        Error(
            Rules.TakenVariable, "The name of a variable is taken",
            "The variable of a function like x => x.price, or of an each block, needs a name that nothing around it has.",
            Charge("${map([1], inputs => 1)}"),
            Charge("${map([1], x => x + 1)}")),
        Error(
            Rules.MisplacedFunction, "A function where no function can be",
            "A function like x => x.price is no value: it can only be an argument of a function that takes one, such as map, filter or sort.",
            Charge("${length(x => 1)}"),
            Charge("${map([1], x => x + 1)}")),
        Error(
            Rules.TextBlock, "A block in a text is not complete",
            "A block in a text begins with {{#if …}} or {{#each …}} and ends with {{/if}} or {{/each}}; blocks in it are closed before it.",
            Charge("{{#if 1 == 2}}a"),
            Charge("a")),
        Error(
            Rules.ForeignStatement, "A statement of another language",
            "Statements of other template languages, written in {% … %}, are not part of this one. Blocks are written {{#if …}} and {{#each …}}.",
            Charge("{% if x %}a{% endif %}"),
            Charge("a")),
        Error(
            Rules.UnknownEnvironment, "The environment variable may not be read",
            "Flows may read only those environment variables that the host allows by name, so that nobody reads its secrets with a flow.",
            Charge("${env.HOME}"),
            Charge("${run.id}")),
        Error(
            Rules.SecretUse, "A secret cannot be used here",
            "A secret can be given to a step that acts outside of the flow, and nothing else: no condition, function or output may look at it, because what they give is stored.",
            "flow: example\nsteps:\n  - {task: Charge, if: \"secrets.KEY == 'x'\"}",
            "flow: example\nsteps:\n  - task: Charge"),
        Error(
            Rules.Connection, "There is no such connection, or it is not complete",
            "A step names a connection that is not declared under connections, or what is declared there cannot be used.",
            Flow("- {task: Charge, connection: bank}"),
            Flow("- {task: Charge}")),
        Error(
            Rules.Trigger, "A trigger is not complete",
            "A trigger is a webhook with a path or a schedule with a time, each once.",
            "flow: example\ntriggers: [{type: webhook, path: \"no path\"}] # actors: ignore ACT1603\nsteps: [exit]",
            "flow: example\nsteps: [exit]"),
        Error(
            Rules.Cron, "This is no schedule",
            "A schedule has five fields: minute, hour, day of the month, month and day of the week.",
            "flow: example\ntriggers: [{type: schedule, cron: \"x\"}] # actors: ignore ACT1603\nsteps: [exit]",
            "flow: example\nsteps: [exit]"),
        Warning(
            Rules.TriggerSecret, "The key of a trigger stands in the file",
            "Who reads the file can call the webhook, and flow files are stored with the runs and kept in version control. Write ${env.NAME} in place of the key, and set the environment variable at the silo.",
            "flow: example\ntriggers: [{type: webhook, path: /orders, auth: {type: bearer, key: open-sesame}}] # actors: ignore ACT1603\nsteps: [exit]",
            "flow: example\ntriggers: [{type: webhook, path: /orders, auth: {type: bearer, key: \"${env.ORDERS_KEY}\"}}] # actors: ignore ACT1603\nsteps: [exit]"),
        Error(
            Rules.Project, "A project cannot have this file",
            "A project holds files and folders below its own folder, each once, so that it can be moved and loaded as a whole. A flow that gets connections from a project is written with one key a line, because they are added at its end.",
            "flow: example\nsteps: [exit]\n--- # project.yaml\nproject: shop\nflows: [../elsewhere]",
            "flow: example\nsteps: [exit]\n--- # project.yaml\nproject: shop\nflows: [example]"),
        Error(
            Rules.ProjectCycle, "A project is part of itself",
            "A project names another one that, maybe over others, names the first, so that there is no end of it. Take one of the names out.",
            "flow: example\nsteps: [exit]\n--- # project.yaml\nproject: shop\nflows: [project.yaml]",
            "flow: example\nsteps: [exit]\n--- # project.yaml\nproject: shop\nflows: [example]"),
        Error(
            Rules.MissingFlowFile, "A project names a flow that is not there",
            "The project lists a name for which there is no file: NAME/flow.yaml, NAME.yaml or the path itself is looked for beside the project's file. Correct the name, or add the flow.",
            "flow: example\nsteps: [exit]\n--- # project.yaml\nproject: shop\nflows: [exampel]",
            "flow: example\nsteps: [exit]\n--- # project.yaml\nproject: shop\nflows: [example]"),
        Warning(
            Rules.IdWithExpression, "An id with an expression",
            "An id is a fixed name. Inside a for_each, each item has a step of its own without that.",
            Flow("- for_each: [1]\n  do: [{task: Charge, id: \"pay-${item}\"}]"),
            Flow("- for_each: [1]\n  do: [{task: Charge, id: pay}]")),
        Error(
            Rules.ImpossibleComparison, "A comparison that is always the same",
            "The types of both sides are known, and two values of these types are never equal or cannot be ordered.",
            Flow("- {task: Charge, if: \"length('abc') == 'x'\"}"),
            "flow: example\ninputs: [{name: code}]\nsteps:\n  - {task: Charge, if: length(inputs.code) == 3}"),
        Error(
            Rules.ImpossiblePath, "A path into something that has no parts",
            "The type of the value is known, and values of this type have no fields or items, so that the expression fails.",
            Charge("${length('abc').x}"),
            Charge("${length('abc')}")),
        Error(
            Rules.UnknownField, "The object has no such field",
            "The fields of the object are known, and this name is none of them.",
            Charge("${ {a: 1}.b }"),
            Charge("${ {a: 1}.a }")),
        Warning(
            Rules.TriggerNotStarted, "Triggers are not started",
            "Triggers are read and checked, and this version does not start runs by them. Start runs with the API.",
            "flow: example\ntriggers: [{type: webhook, path: /orders}]\nsteps: [exit]",
            "flow: example\nsteps: [exit]"),
    ];
}
