using Actors.Flows;

namespace Actors.Tests.Flows;

/// <summary>Reads and evaluates expressions with the data that the tests of this folder share.</summary>
internal static class Expressions
{
    public const string Data = """
        {"n":3,"text":"abc","num":"10","flag":true,"none":null,"empty":"","list":[1,2,3],"names":["x","y"],
         "o":{"a":{"b":"deep"},"x-y":1,"inject":"${inputs.text}","n":2.50},
         "items":[{"id":"a","price":2,"tags":["x"]},{"id":"b","price":5,"tags":["y","z"]},{"id":"a","price":1,"tags":[]}],
         "hostile":"${inputs.text}{{inputs.n}}{{#if true}}x{{/if}}{% if %}"}
        """;

    public static readonly DateTimeOffset Now = new(2030, 1, 31, 9, 5, 7, 250, TimeSpan.FromHours(2));

    public static Value Evaluate(string template, Missing missing = Missing.Fails) => TemplateText.Parse(template, Names(), 1).Evaluate(Evaluation(missing));

    public static Value Of(string expression, Missing missing = Missing.Fails) => Evaluate("${" + expression + "}", missing);

    public static Evaluation Evaluation(Missing missing = Missing.Fails) => new(Variables(), missing)
    {
        Now = Now,
        Environment = static name => name == "REGION" ? Value.Of("eu") : Value.Null,
    };

    public static ExpressionSyntaxException Refused(string template, Names? names = null) =>
        Assert.Throws<ExpressionSyntaxException>(() => TemplateText.Parse(template, names ?? Names(), 1));

    public static Names Names()
    {
        FlowIds ids = new();
        ids.Lines["later"] = 9;
        Names names = new(null, ids);
        names.Add(new Name("inputs", NameKind.Inputs, 0));
        names.Add(new Name("my-step", NameKind.Step, 1));
        names.Add(new Name("skipped", NameKind.Step, 2));
        names.Add(Name.Flow);
        names.Add(Name.Run);
        names.Add(Name.Environment(["REGION", "UNSET"]));
        names.Add(Name.Secrets(null));
        names.Add(Name.State(new Dictionary<string, StaticType> { ["count"] = StaticType.Number, ["seen"] = StaticType.ListOf(StaticType.Text) }));
        return names;
    }

    /// <summary>Names whose types are declared.</summary>
    public static Names Typed()
    {
        Names names = Names();
        FlowInput[] inputs =
        [
            new("text", "string", true, null, default), new("n", "number", true, null, default), new("flag", "boolean", true, null, default),
            new("list", "array", true, null, default), new("o", "object", true, null, default), new("maybe", "number", false, null, default), new("any", "any", true, null, default),
        ];
        names.Add(new Name("inputs", NameKind.Inputs, 0, inputs.Select(i => i.Name).ToList(), Type: new DeclaredTypes(null, areFollowed: true).OfInputs(inputs)));
        return names;
    }

    public static Variables Variables()
    {
        Variables variables = new(null);
        variables.Set("inputs", Value.Parse(Data));
        variables.Set("my-step", Value.Parse("""{"v":7}"""));
        variables.Set("flow", Value.Parse("""{"name":"shop","version":"2"}"""));
        variables.Set("run", Value.Parse("""{"id":"r1","started_at":"2030-01-01T00:00:00Z","tenant":"t","flow":"shop"}"""));
        variables.Set("state", Value.Parse("""{"count":4,"seen":["a"]}"""));
        return variables;
    }
}
