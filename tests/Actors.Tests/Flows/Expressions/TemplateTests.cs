using Actors.Flows;

namespace Actors.Tests.Flows;

public sealed class TemplateTests
{
    [Theory]
    [InlineData("a {{inputs.n}} b", "a 3 b")]
    [InlineData("{{ inputs.text }}${inputs.n}", "abc3")]
    [InlineData("{{ {a: {b: 1}} }}!", "{\"a\":{\"b\":1}}!")]
    [InlineData("{{'}}'}}!", "}}!")]
    [InlineData("\\{{inputs.n}}", "{{inputs.n}}")]
    [InlineData("\\\\{{inputs.n}}", "\\3")]
    [InlineData("a\\{% b %}", "a{% b %}")]
    [InlineData("$${inputs.n} {", "${inputs.n} {")]
    [InlineData("100 {%} {", "100 {%} {")]
    [InlineData("{{ inputs.zz or 'x' }}-", "x-")]
    [InlineData("{{ inputs.empty or inputs.zz.q or inputs.text }}-", "abc-")]
    [InlineData("{{ inputs.text || 'x' }}-", "abc-")]
    [InlineData("${ inputs.text or 'x' }-", "true-")]
    [InlineData("{{ inputs.names | join }}-", "x, y-")]
    // blocks
    [InlineData("{{#if inputs.flag}}yes{{/if}}", "yes")]
    [InlineData("{{#if inputs.empty}}yes{{else}}no{{/if}}", "no")]
    [InlineData("{{#if inputs.none}}a{{else if inputs.n == 3}}b{{else}}c{{/if}}", "b")]
    [InlineData("{{# if inputs.none or inputs.flag}}a{{ /if }}", null)]
    [InlineData("{{ #if inputs.none or inputs.flag }}a{{ /if }}", "a")]
    [InlineData("{{#each inputs.names as x}}<{{x}}>{{/each}}", "<x><y>")]
    [InlineData("{{#each inputs.names as name, i}}{{i}}={{name}};{{/each}}", "0=x;1=y;")]
    [InlineData("{{#each inputs.names}}{{index}}{{this}}{{/each}}", "0x1y")]
    [InlineData("{{#each [[1, 2], [3]]}}({{#each this}}{{index}}:{{this}} {{/each}}){{index}}{{/each}}", "(0:1 1:2 )0(0:3 )1")]
    [InlineData("{{#each inputs.items as x}}{{#if x.price > 1}}{{x.id}}{{#each x.tags as t}}-{{t}}{{/each}} {{/if}}{{/each}}", "a-x b-y-z ")]
    [InlineData("{{#each []}}x{{/each}}", "")]
    [InlineData("a\n  {{#if inputs.flag}}\nb\n  {{else}}\nc\n{{/if}}\nd", "a\nb\nd")]
    [InlineData("{{#each inputs.names as x}}\n- {{x}}\n{{/each}}\n", "- x\n- y\n")]
    [InlineData("a {{#if inputs.flag}}\nb{{/if}}", "a \nb")]
    // what values hold is never read again
    [InlineData("<${inputs.hostile}>", "<${inputs.text}{{inputs.n}}{{#if true}}x{{/if}}{% if %}>")]
    [InlineData("<{{inputs.hostile}}>", "<${inputs.text}{{inputs.n}}{{#if true}}x{{/if}}{% if %}>")]
    [InlineData("{{#each [inputs.hostile] as x}}{{x}}{{/each}}", "${inputs.text}{{inputs.n}}{{#if true}}x{{/if}}{% if %}")]
    [InlineData("{{ '{' + '{inputs.n}}' }}!", "{{inputs.n}}!")]
    public void Templates_render_text(string template, string? expected)
    {
        if (expected is null)
        {
            Expressions.Refused(template);
            return;
        }

        Assert.Equal(Value.Of(expected), Expressions.Evaluate(template));
    }

    [Theory]
    [InlineData("{{ inputs.list }}", "[1,2,3]")]
    [InlineData("{{inputs.n}}", "3")]
    [InlineData("${{a: inputs.n}}", "{\"a\":3}")]
    [InlineData("{{ inputs.zz or inputs.list }}", "[1,2,3]")]
    [InlineData("{{ inputs.flag and inputs.text or 'x' }}", "true")]
    [InlineData("{{#if inputs.flag}}1{{/if}}", "\"1\"")]
    public void A_whole_hole_keeps_its_type(string template, string json) => Assert.Equal(json, Expressions.Evaluate(template).ToJsonText());

    [Theory]
    [InlineData("{{inputs.text}} == abc", true)]
    [InlineData("{{ inputs.empty or inputs.n }} == true", true)]
    [InlineData("{{inputs.n}} > 2 and ${inputs.n} < 4", true)]
    [InlineData("{{inputs.names | length}} > 1", true)]
    [InlineData("{{inputs.text}} in ['abc']", true)]
    [InlineData("x in ${inputs.names}", true)]
    [InlineData("in progress not in ${inputs.names}", true)]
    [InlineData("${inputs.list}[1:] == [2, 3]", true)]
    [InlineData("any(${inputs.items}, x => x.id == b)", true)]
    [InlineData("{{inputs.text}} == 10:30", false)]
    [InlineData("${inputs.n} in 1..5", true)]
    public void Conditions_take_both_styles(string condition, bool expected)
    {
        Condition compiled = new ExpressionCondition(ExpressionParser.ParseCondition(condition, Expressions.Names(), 1), condition);
        Assert.Equal(expected, compiled.Test(Expressions.Evaluation()));
    }

    [Theory]
    [InlineData("a {{inputs.n", "ACT1301", 2, "'{{' is never closed")]
    [InlineData("{{inputs.n}", "ACT1301", 10, "'}' is not expected here, but '}}'")]
    [InlineData("a{{#if true}}x", "ACT1315", 1, "'{{#if}}' is never closed")]
    [InlineData("{{#each inputs.list as x}}{{#if x}}{{/if}}", "ACT1315", 0, "'{{#each}}' is never closed")]
    [InlineData("{{#if true}}{{/each}}", "ACT1315", 12, "'{{/each}}' does not belong here: '{{#if}}' is open")]
    [InlineData("x{{/if}}", "ACT1315", 1, "no block is open")]
    [InlineData("x{{else}}", "ACT1315", 1, "no block is open")]
    [InlineData("{{#if true}}{{else}}{{else}}{{/if}}", "ACT1315", 20, "'{{else}}' does not belong here")]
    [InlineData("{{#each []}}{{else}}{{/each}}", "ACT1315", 12, "'{{else}}' does not belong here")]
    [InlineData("{{#unless true}}{{/unless}}", "ACT1315", 2, "there is no block '#unless'")]
    [InlineData("{{#if}}{{/if}}", "ACT1301", 5, "but a value")]
    [InlineData("{{#if true", "ACT1301", 0, "'{{' is never closed")]
    [InlineData("{{#each inputs.list as}}{{/each}}", "ACT1315", 22, "a name is expected after 'as'")]
    [InlineData("{{#each inputs.list as inputs}}{{/each}}", "ACT1314", 23, "expressions use the word themselves")]
    [InlineData("{{#each inputs.list as skipped}}{{/each}}", "ACT1314", 23, "is already the id of a step in line 2")]
    [InlineData("{{#each 'abc'}}{{/each}}", "ACT1311", 7, "'#each' needs a list, but has a text")]
    [InlineData("{{this}}", "ACT1307", 2, "'this' exists only inside {{#each list}}")]
    [InlineData("a {% if x %}", "ACT1316", 2, "statements in '{% … %}' are not supported")]
    [InlineData("{{{inputs.n}}}", "ACT1301", 2, "an object is written {name: value}")]
    [InlineData("{{ ${inputs.n} }}", "ACT1301", 3, "'${' cannot stand inside an expression")]
    [InlineData("{{a: 1, a: 2}}", "ACT1302", 2, "there is no step 'a'")]
    [InlineData("${{a: 1, a: 2}}", "ACT1320", 9, "the object has 'a' twice")]
    public void Wrong_templates_have_a_rule_and_a_place(string template, string rule, int offset, string message)
    {
        ExpressionSyntaxException e = Expressions.Refused(template);
        Assert.Equal((rule, offset), (e.Rule, e.Offset));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Blocks_nested_too_deep_are_refused()
    {
        string Nested(int depth) => string.Concat(Enumerable.Repeat("{{#if true}}", depth)) + string.Concat(Enumerable.Repeat("{{/if}}", depth));
        Assert.Equal("", Expressions.Evaluate(Nested(20)).ToString());
        Assert.Equal("ACT1315", Expressions.Refused(Nested(100_000)).Rule);
    }

    [Theory]
    [InlineData("Bearer ${secrets.KEY}!", "Bearer ***KEY***!", "KEY")]
    [InlineData("{{ secrets['KEY'] }}", "***KEY***", "KEY")]
    [InlineData("${ {auth: [secrets.A, secrets.B]} }", "{\"auth\":[\"***A***\",\"***B***\"]}", "A,B")]
    [InlineData("{{#each inputs.names as x}}{{secrets.A}}{{/each}}", "***A******A***", "A")]
    public void Secrets_are_masked_unless_the_evaluation_gives_them(string template, string masked, string names)
    {
        Template parsed = TemplateText.Parse(template, Expressions.Names(), 1);
        Assert.Equal(names, string.Join(',', parsed.Secrets));
        Assert.Equal(masked, parsed.Evaluate(Expressions.Evaluation()).ToString());
        Evaluation real = new(Expressions.Variables(), Missing.Fails) { Secrets = static name => Value.Of("real" + name + "${x}") };
        Assert.DoesNotContain("***", parsed.Evaluate(real).ToString(), StringComparison.Ordinal);
        Assert.Contains("real" + names[..1], parsed.Evaluate(real).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("${secrets.KEY == 'x'}", 2)]
    [InlineData("${'a' + secrets.KEY}", 8)]
    [InlineData("${upper(secrets.KEY)}", 8)]
    [InlineData("${secrets.KEY | length}", 2)]
    [InlineData("${secrets.KEY.length}", 2)]
    [InlineData("${secrets.KEY ?? 'x'}", 2)]
    [InlineData("{{ secrets.KEY or 'x' }}", 3)]
    [InlineData("${inputs.flag ? secrets.A : 'x'}", 16)]
    [InlineData("{{#if secrets.KEY}}x{{/if}}", 6)]
    [InlineData("{{#each [secrets.KEY]}}x{{/each}}", 9)]
    [InlineData("${ {(secrets.KEY): 1} }", null)]
    [InlineData("${map(inputs.list, x => secrets.A)}", 24)]
    public void Secrets_are_not_looked_at(string template, int? offset)
    {
        ExpressionSyntaxException e = Expressions.Refused(template);
        Assert.True(offset is null || (e.Rule, e.Offset) == ("ACT1313", offset), $"{e.Rule} {e.Offset}");
        Assert.Equal("ACT1313", Assert.Throws<ExpressionSyntaxException>(() => ExpressionParser.ParseCondition("'a' in [secrets.KEY]", Expressions.Names(), 1)).Rule);
    }

    [Fact]
    public void A_template_tells_what_it_refers_to()
    {
        Template template = TemplateText.Parse(
            "{{#each inputs.items as x}}${my-step.v + x.price}{{/each}}${inputs['n']}${inputs}${state.count}${env.REGION}${map(inputs.list, y => y + flow.name)}", Expressions.Names(), 1);
        Assert.Equal(
            ["inputs.items", "my-step.v", "inputs.n", "inputs.", "state.count", "env.REGION", "inputs.list", "flow.name"], template.References().Select(static r => $"{r.Root}.{r.Field}"));
    }

    [Fact]
    public void The_loops_variable_is_an_input_when_the_flow_has_none_of_that_name()
    {
        Names names = Expressions.Typed().Inner();
        names.Add(new Name("item", NameKind.Loop, 3));
        Variables variables = new(Expressions.Variables());
        variables.Set("item", Value.Parse("""{"a":1}"""));
        Assert.Equal("1", TemplateText.Parse("${inputs.item.a}", names, 4).Evaluate(new Evaluation(variables, Missing.Fails)).ToString());
        Assert.Equal("3", TemplateText.Parse("${inputs.n}", names, 4).Evaluate(new Evaluation(variables, Missing.Fails)).ToString());
        Assert.Equal("ACT1304", Expressions.Refused("${inputs.itme}", names).Rule);
    }

    [Theory]
    [InlineData("a ${inputs.n} {{ inputs.n | round }}")]
    [InlineData("{{#if inputs.n == 1}}a{{else if inputs.n}}b{{else}}c{{/if}}{{#each inputs.list as x}}<{{x}}>{{/each}}")]
    public void A_template_is_shown_as_it_is_written(string template) => Assert.Equal(template, TemplateText.Parse(template, Expressions.Names(), 1).ToString());

    [Fact]
    public void Steps_whose_absence_is_provided_for_are_not_needed()
    {
        List<Name> used = [];
        TemplateText.Parse("${my-step.v}{{skipped or 1}}${skipped.a ?? 1}${skipped?.a}${skipped.a | default(1)}${coalesce(skipped, 1)}", Expressions.Names(), 1, used);
        Assert.Equal(["my-step"], used.Select(static n => n.Text));
    }
}
