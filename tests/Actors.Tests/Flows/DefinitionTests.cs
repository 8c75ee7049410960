using System.Text;
using System.Text.Json;
using Actors.Flows;

namespace Actors.Tests.Flows;

public sealed class DefinitionTests : FlowTest
{
    private const string Yaml = """
        flow: order
        version: 1.10
        description: Ships an order.
        inputs:
          - {name: user, type: string, description: Who}
          - {name: count, type: int, default: 1}
          - {name: price, type: float, required: false}
          - {name: rush, type: bool, default: false}
          - {name: tags, type: list, required: false}
          - {name: extra, type: object, required: false}
          - {name: free, required: false}
        steps:
          - {task: Echo, inputs: {all: "${inputs}"}}
        outputs:
          - {name: done, value: true, description: Whether it is}
        """;

    [Fact]
    public void A_definition_says_what_the_file_says()
    {
        YamlFlowDefinition flow = Parse(Yaml);

        Assert.Equal(("order", "1.10", "Ships an order."), (flow.Name, flow.Label, flow.Description));
        Assert.Equal(["user string True", "count integer False", "price number False", "rush boolean False", "tags array False", "extra object False", "free any False"],
            flow.Inputs.Select(i => $"{i.Name} {i.Type} {i.Required}"));
        Assert.Equal([new FlowOutput("done", "Whether it is")], flow.Outputs);
        Assert.Equal(["Echo"], flow.Tasks);
        Assert.Equal(Yaml, flow.Source);
    }

    [Fact]
    public void The_version_is_the_hash_of_the_text_whatever_its_line_ends()
    {
        YamlFlowDefinition unix = Parse(Yaml);
        YamlFlowDefinition windows = Parse("\uFEFF" + Yaml.Replace("\n", "\r\n", StringComparison.Ordinal));

        Assert.Matches("^[0-9a-f]{16}$", unix.Version);
        Assert.Equal(unix.Version, windows.Version);
        Assert.NotEqual(unix.Version, Parse(Yaml + "\n").Version);
        Assert.Equal(unix.Version, YamlFlowDefinition.Parse(windows.Source!, "stored", Tasks).Version);
    }

    [Theory]
    [InlineData("""{"user":"ann"}""", """{"user":"ann","count":1,"price":null,"rush":false,"tags":null,"extra":null,"free":null}""")]
    [InlineData("""{"count":3.0,"user":"a","price":2}""", """{"user":"a","count":3,"price":2,"rush":false,"tags":null,"extra":null,"free":null}""")]
    [InlineData("""{"user":"a","count":3e2,"tags":[1],"extra":{"b":1},"free":[null]}""", """{"user":"a","count":300,"price":null,"rush":false,"tags":[1],"extra":{"b":1},"free":[null]}""")]
    public void Input_gets_defaults_and_the_declared_order(string given, string journaled) => Assert.Equal(journaled, Check(given));

    [Theory]
    [InlineData("""{}""", "/user 'user' is required")]
    [InlineData("""null""", "/user 'user' is required")]
    [InlineData("""{"user":null}""", "/user 'user' must be a string, not null")]
    [InlineData("""{"user":5}""", "/user 'user' must be a string, not the number 5")]
    [InlineData("""{"user":"a","count":"3"}""", "/count 'count' must be an integer, not a string")]
    [InlineData("""{"user":"a","count":1.5}""", "/count 'count' must be an integer, not the number 1.5")]
    [InlineData("""{"user":"a","count":1e40}""", "/count 'count' must be an integer, not the number 1E+40")]
    [InlineData("""{"user":"a","rush":"true"}""", "/rush 'rush' must be a boolean, not a string")]
    [InlineData("""{"user":"a","usr":1}""", "/usr there is no input 'usr'. Did you mean 'user'?")]
    [InlineData("""{"user":"a","a/b~":1}""", "/a~1b~0 there is no input 'a/b~'. Known: user, count, price, rush, tags, extra, free.")]
    [InlineData("""[1]""", " the input must be an object, not an array")]
    [InlineData("""{"count":true,"rush":1,"x":0}""", "/user 'user' is required|/count 'count' must be an integer, not a boolean|/rush 'rush' must be a boolean, not the number 1|/x there is no input 'x'. Known: user, count, price, rush, tags, extra, free.")]
    [InlineData("""{"user":"a","free":1e999}""", " A number is too large.")]
    [InlineData("""{"user":"\ud800"}""", " a text in the input is not valid Unicode")]
    [InlineData("""{"user":"a","free":{"\ud800":1}}""", " a text in the input is not valid Unicode")]
    public void All_faults_of_an_input_are_told(string given, string faults)
    {
        InvalidFlowInputException e = Assert.Throws<InvalidFlowInputException>(() => Check(given));
        Assert.Equal(faults.Split('|'), e.Faults.Select(f => $"{f.Pointer} {f.Message}"));
    }

    [Fact]
    public void Input_that_is_nested_too_deep_is_refused()
    {
        string deep = new string('[', 200) + new string(']', 200);
        using JsonDocument document = JsonDocument.Parse($$"""{"user":"a","free":{{deep}}}""", new JsonDocumentOptions { MaxDepth = 1000 });
        Assert.Throws<InvalidFlowInputException>(() => Parse(Yaml).CheckInput(document.RootElement));
    }

    [Fact]
    public void No_input_at_all_is_an_empty_one() => Assert.Equal("{}", Encoding.UTF8.GetString(Flow("- exit").CheckInput(default).Span));

    // Ratios within one run: other work on the machine must not decide.
    [Fact]
    public void Loading_costs_the_same_per_step_however_many_there_are()
    {
        string small = Big(500);
        string large = Big(4_000);
        Assert.Equal(4_000, Parse(large).Steps.Count);

        // Both take about as long, so that a busy machine disturbs both alike.
        double many = Best(10, () => Repeat(8, () => Parse(small)));
        double one = Best(10, () => Parse(large));
        Assert.InRange(one / many, 0, 5);
    }

    [Fact]
    public void A_compiled_condition_is_much_cheaper_than_reading_it()
    {
        Names names = new(null, new FlowIds());
        names.Add(new Name("inputs", NameKind.Inputs, 0));
        names.Add(new Name("cart", NameKind.Step, 1));
        Variables variables = new(null);
        variables.Set("inputs", Value.Parse("""{"user":"ann","express":true}"""));
        variables.Set("cart", Value.Parse("""{"total":12.5,"items":[1,2,3]}"""));
        const string Text = "${cart.total} > 100 or (inputs.express and inputs.user == 'ann')";
        Condition condition = new ExpressionCondition(ExpressionParser.ParseCondition(Text, names, 1), Text);

        double read = Best(50, () => Repeat(200, () => ExpressionParser.ParseCondition(Text, names, 1)));
        double test = Best(50, () => Repeat(200, () => condition.Test(new Evaluation(variables, Missing.Fails))));
        Assert.InRange(test / read, 0, 0.7);
    }

    private static string Big(int steps)
    {
        StringBuilder yaml = new("flow: big\ninputs: [{name: n, type: integer}]\nsteps:\n");
        for (int i = 0; i < steps; i++)
        {
            yaml.Append($"  - task: Echo\n    id: step{i}\n    inputs: {{a: \"${{inputs.n}}\", b: text, c: \"x ${{{(i == 0 ? "inputs" : "step" + (i - 1))}.n + 1}}\"}}\n    retry: {{max_attempts: 3}}\n");
        }

        return yaml.ToString();
    }

    private static double Best(int rounds, Action action)
    {
        double best = double.MaxValue;
        for (int i = 0; i < rounds; i++)
        {
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        return best;
    }

    private static void Repeat(int times, Action action)
    {
        for (int i = 0; i < times; i++)
        {
            action();
        }
    }

    private string Check(string input)
    {
        using JsonDocument document = JsonDocument.Parse(input);
        return Encoding.UTF8.GetString(Parse(Yaml).CheckInput(document.RootElement).Span);
    }
}
