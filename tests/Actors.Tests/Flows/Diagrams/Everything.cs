using System.Runtime.CompilerServices;
using Actors.Flows;

namespace Actors.Tests.Flows.Diagrams;

/// <summary>A flow with every kind of step.</summary>
internal static class Everything
{
    private static int _line;

    /// <summary>Of the file beside this one.</summary>
    public static FlowDiagram Diagram()
    {
        TaskRegistry tasks = new();
        tasks.Resources.Kinds.Add(new StepKind("probe", "Looks.", (input, _) => Task.FromResult(input)));
        return FlowDiagram.Of(YamlFlowDefinition.Parse(File.ReadAllText(Kept("everything.yaml")), "everything.yaml", tasks, checkTasks: false));
    }

    public static string Kept(string file, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, file);

    public static IReadOnlyList<FlowStep> Steps()
    {
        _line = 10;
        return
        [
            Set("start"),
            new IfStep(Common("check")) { Condition = Ask("${inputs.total > 100}"), Source = "${inputs.total > 100}", Then = [Wait("pause")], Else = [], Options = null },
            new SwitchStep(Common("kind"))
            {
                Subject = Text("${inputs.kind}"),
                Cases = [new SwitchCase([Text("a")], [Set("kind_a")], "a"), new SwitchCase([Text("b")], [Exit()], "b, c")],
                Default = [],
                Options = null,
            },
            new ParallelStep(Common("gather"))
            {
                Branches = [new("left", [Set("l1"), Set("l2")], []), new("right", [Wait("r1")], ["left"])],
                IsNamed = true,
                Results = Plain,
                Concurrency = 2,
                Options = null,
            },
            new ParallelStep(Common(null, "parallel"))
            {
                Branches = [new("p1", [Set("p1")], []), new("p2", [Set("p2")], []), new("p3", [Set("p3")], ["p1", "p2"])],
                IsNamed = false,
                Results = Plain,
                Concurrency = null,
                Options = null,
            },
            new ForEachStep(Common("items"))
            {
                Items = Text("${inputs.items}"), As = "item", IndexAs = "index", Do = [Set("reserve"), Wait("rest")], Options = new MapOptions(), Key = null, OnItemError = ItemError.Fail, Collect = null,
            },
            Loop("poll", "${state.n < 3}", null),
            Loop("improve", null, "${score > 0.9}"),
            new RouteStep(Common("triage"))
            {
                Choice = Text("${inputs.routes}"),
                Task = null,
                Branches = [new("urgent", [Set("call")], []), new("normal", [Set("mail")], [])],
                Default = [Set("archive")],
                IgnoresUnknown = false,
                Results = Plain,
                Options = null,
            },
            new StateMachineStep(Common("order"))
            {
                Start = "open",
                States =
                [
                    new("open", [Wait("hold")], [new(null, "paid", TransitionOn.Success, Ask("${data.paid}")), new(["open", "paid"], "broken", TransitionOn.Failure, null)], false),
                    new("paid", [], [new(null, "open", TransitionOn.Success, Ask("${data.returned}"))], true),
                    new("broken", [Set("report")], [], false),
                ],
                Data = Text("x"),
                HopsMax = 100,
                Options = null,
            },
            new SubflowStep(Common("ship"))
            {
                Flow = "shipping", Version = null, Inputs = ConstantTemplate.EmptyObject, Outputs = null, IsChild = true, OnFailure = SubflowFailure.Abort, Default = Text(""), Options = null,
            },
            new DoStep(Common("attempt") with { OnError = new ErrorHandler([Set("note")], AfterError.Continue), Fallback = [Set("plan_b")] })
            {
                Do = [Set("work")], Finally = [Set("tidy")], Options = null,
            },
            new EmitStep(Common("tell") with { If = Ask("${inputs.loud}") }) { Emits = Text("done"), To = Text("${inputs.run}"), Data = Text("") },
            new EmitStep(Common("shout")) { Emits = Text("progress"), To = null, Data = Text("") },
            new SignalStep(Common("paid")) { Signal = "payment", HasScope = false, Timeout = null, FailsOnTimeout = true },
            new ApprovalStep(Common("review") with { OnError = new ErrorHandler([], AfterError.Exit), Description = "Somebody looks at it." })
            {
                Title = Text("Is \"${inputs.name}\" fine?"), Details = null, Decisions = ["approve"], Candidates = null, Timeout = null, OnTimeout = null,
            },
            Exit(),
        ];
    }

    public static BranchResults Plain { get; } = new(new Dictionary<string, MergePolicy>(), new Dictionary<string, IReadOnlyCollection<string>>(), null, null, BranchFailure.Propagate);

    public static StepCommon Common(string? id, string? name = null) => new(id, name ?? id ?? "step", _line++, 3);

    public static SetStep Set(string? id) => new(Common(id)) { Changes = [new StateChange(StateOperation.Set, "total", Text("1"))] };

    public static Template Text(string text) => new HoleOrText(text);

    public static Condition Ask(string text) => new Question(text);

    private static WaitStep Wait(string id) => new(Common(id)) { Time = Text("5m"), IsUntil = false };

    private static ExitStep Exit() => new(Common(null, "exit")) { Reason = Text("enough"), Outputs = ConstantTemplate.EmptyObject };

    private static LoopStep Loop(string id, string? condition, string? until) => new(Common(id))
    {
        Do = [Set(id + "_body")],
        While = condition is null ? null : Ask(condition),
        Until = until is null ? null : Ask(until),
        Max = 1000,
        ExitsOnMax = false,
        Carry = Text(""),
        Next = null,
        Changes = [],
        Options = null,
    };

    private sealed class HoleOrText(string text) : Template
    {
        public override StaticType Type => StaticType.Any;

        public override Value Evaluate(Evaluation e) => Value.Of(text);

        public override string ToString() => text;
    }

    private sealed class Question(string text) : Condition
    {
        public override bool Test(Evaluation e) => true;

        public override string ToString() => text;
    }
}
