using System.Text;
using Actors.Flows;

namespace Actors.Tests.Flows;

public sealed class HostileFileTests : FlowTest
{
    private const string Valid = """
        flow: order-fulfilment
        version: "1.2"
        description: >
          Reserves, charges and ships.
        inputs:
          - {name: customer, type: string, description: Who orders}
          - {name: lines, type: array, required: true}
          - {name: express, type: boolean, default: false}
        steps:
          - task: Total
            id: cart
            inputs: &shared {customer: "${inputs.customer}", lines: "${inputs.lines}"}
            retry: {max_attempts: 3, delay: 2s, backoff: exponential, max_delay: 1m, retry_on: [CardError]}
            timeout: 30s
            on_error:
              steps:
                - task: Echo
                  inputs: {why: "${error.message}"}
              then: fail
          - if:
              any:
                - ${cart.total} > 100 and ${inputs.express} == false
                - all: ["inputs != null", cart?.name != 'ann']
            then:
              - id: ok
                approval: {title: "Pay ${cart.total}?", candidates: [finance], timeout: 2d, on_timeout: reject}
            else:
              - exit: {reason: too cheap, outputs: {total: "${cart.total ?? 0}"}}
          - switch: ${inputs.customer}
            cases:
              - {when: [ann, bob], do: [{wait: 5m}]}
              - default: [{task: Echo, inputs: *shared}]
          - for_each: ${inputs.lines}
            as: line
            concurrency: 4
            id: shipped
            do:
              - {task: Echo, inputs: {sku: "${line.sku}", at: "${index}"}}
          - parallel:
              - task: Echo
                id: mail
                inputs:
                  text: |
                    Dear ${inputs.customer}
              - wait: {until: "2030-01-31T09:00:00Z"}
        outputs:
          - {name: total, value: "${cart.total}"}
          - shipped
        on_cancel:
          - {task: Echo, inputs: {undo: "${cart.total}"}}
        """;

    [Fact]
    public void The_flow_that_is_mutated_below_is_valid()
    {
        YamlFlowDefinition flow = Parse(Valid);
        Assert.Empty(flow.Warnings);
        Assert.Equal(["Total", "Echo"], flow.Tasks);
    }

    [Fact]
    public void A_mutated_flow_is_a_flow_or_a_problem_with_a_place()
    {
        byte[] valid = Encoding.UTF8.GetBytes(Valid);
        for (int seed = 0; seed < 2_000; seed++)
        {
            Random random = new(seed);
            List<byte> bytes = [.. valid];
            for (int n = random.Next(1, 6); n > 0; n--)
            {
                Mutate(bytes, random);
            }

            ExpectProblems(Encoding.UTF8.GetString(bytes.ToArray()), seed);
        }
    }

    [Fact]
    public void Every_beginning_of_a_flow_is_a_flow_or_a_problem_with_a_place()
    {
        for (int length = 0; length < Valid.Length; length++)
        {
            ExpectProblems(Valid[..length], length);
        }
    }

    [Fact]
    public void Aliases_that_stand_for_too_much_are_refused()
    {
        StringBuilder bomb = new("flow: a\nsteps: [exit]\ndescription: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (int i = 1; i < 12; i++)
        {
            bomb.Append($"k{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        }

        Refused(bomb.ToString(), "ACT1008");
    }

    [Fact]
    public void An_anchor_inside_itself_is_refused() => Refused("flow: a\nsteps: &s [*s]\n", "ACT1001");

    [Fact]
    public void Aliases_that_nest_too_deep_are_refused()
    {
        StringBuilder deep = new("flow: a\nsteps: [exit]\nk0: &a0 [x]\n");
        for (int i = 1; i < 100; i++)
        {
            deep.Append($"k{i}: &a{i} [*a{i - 1}]\n");
        }

        Refused(deep.ToString(), "ACT1008");
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("[{a: [")]
    [InlineData("- ")]
    [InlineData("? ")]
    public void Deep_nesting_is_refused_at_once(string open) =>
        Refused("flow: a\nsteps:\n  " + string.Concat(Enumerable.Repeat(open, 100_000)), "ACT1008", "ACT1001");

    [Fact]
    public void Steps_nested_to_the_limit_of_depth_are_read_or_refused_without_overflow()
    {
        StringBuilder yaml = new("flow: a\nsteps: ");
        for (int i = 0; i < 30; i++)
        {
            yaml.Append("[{if: inputs, then: ");
        }

        yaml.Append("[exit]");
        yaml.Append(string.Concat(Enumerable.Repeat("}]", 30)));
        Assert.Single(Parse(yaml.ToString()).Steps);
    }

    [Fact]
    public void A_file_of_ten_megabytes_is_refused() => Refused("flow: a\nsteps: [exit]\ndescription: " + new string('x', 10 << 20), "ACT1002");

    [Fact]
    public void More_nodes_than_a_person_writes_are_refused() =>
        Refused("flow: a\nsteps: [" + string.Concat(Enumerable.Repeat("x,", 500_000)) + "]", "ACT1008");

    [Fact]
    public void A_chain_of_thousands_of_branches_is_refused_before_it_costs_the_square_of_its_length()
    {
        StringBuilder yaml = new("flow: a\nsteps:\n  - parallel:\n      - {id: b0, task: Echo}\n");
        for (int i = 1; i < 9000; i++)
        {
            yaml.Append($"      - {{id: b{i}, task: Echo, depends_on: b{i - 1}}}\n");
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        Refused(yaml.ToString(), "ACT1008");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 400L << 20);
    }

    [Fact]
    public void Many_mistakes_are_cut_to_a_readable_number()
    {
        FlowSyntaxException e = Assert.Throws<FlowSyntaxException>(() => Parse("flow: a\nsteps:\n" + string.Concat(Enumerable.Repeat("  - x\n", 50_000))));
        Assert.Equal(200, e.Problems.Count);
    }

    [Theory]
    [InlineData("{task: T#, id: i#}")]
    [InlineData("{task: Echo, id: i#, inputs: {a: '${j#}'}}")]
    [InlineData("{parallel: [{task: Echo, id: i#, inputs: {a: '${i1}'}}]}")]
    [InlineData("{task: Echo, outputs: [a#, b#], id: i#, inputs: {a: '${i0.a0}'}}")]
    public void A_file_full_of_different_names_is_read_in_time(string step)
    {
        StringBuilder yaml = new("flow: a\nsteps:\n");
        for (int i = 0; yaml.Length < (1 << 20) - 200; i++)
        {
            yaml.Append("- ").Append(step.Replace("#", i.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)).Append('\n');
        }

        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        ExpectProblems(yaml.ToString(), 0);
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 60);
    }

    [Fact]
    public void A_flow_has_a_limit_of_inputs() =>
        Refused("flow: a\nsteps: [exit]\ninputs: [" + string.Join(',', Enumerable.Range(0, 501).Select(i => $"{{name: i{i}}}")) + "]", "ACT1008");

    [Theory]
    [InlineData("flow: a\u0001\nsteps: [exit]")]
    [InlineData("\u007fELF\u0002\u0001")]
    [InlineData("PK\u0003\u0004")]
    public void Binary_content_is_refused(string text) => Refused(text, "ACT1004");

    [Fact]
    public void Half_a_character_is_refused() => Refused("flow: a" + (char)0xD800 + "\nsteps: [exit]", "ACT1004");

    [Fact]
    public void A_giant_key_or_text_does_not_flood_the_message()
    {
        FlowSyntaxException e = Assert.Throws<FlowSyntaxException>(() => Parse($"flow: a\nsteps: [exit]\n{new string('k', 900)}: 1\noutputs: [{{name: x, value: '${{{new string('y', 100_000)}}}'}}]"));
        Assert.InRange(e.Message.Length, 1, 3_000);
    }

    private static void Mutate(List<byte> bytes, Random random)
    {
        int at = random.Next(bytes.Count);
        switch (random.Next(5))
        {
            case 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 1:
                bytes.RemoveAt(at);
                break;
            case 2:
                bytes.Insert(at, (byte)"{}[]:,-&*!|>'\"%@`#\n\t $?.0"[random.Next(25)]);
                break;
            case 3:
                bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at));
                break;
            default:
                bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count / 2), random.Next(1, 60)));
                break;
        }
    }

    private void ExpectProblems(string text, int seed)
    {
        try
        {
            Parse(text);
        }
        catch (FlowSyntaxException e)
        {
            Assert.NotEmpty(e.Problems);
            int lines = SourceText.Normalize(text).Count(c => c == '\n') + 1;
            Assert.All(e.Problems, p => Assert.True(
                p.Line >= 1 && p.Line <= lines && p.Column >= 1 && p.RuleId.StartsWith("ACT1", StringComparison.Ordinal) && p.Message.Length is > 0 and < 1000, $"seed {seed}: {p}"));
        }
        catch (Exception e)
        {
            Assert.Fail($"seed {seed}: {e}\n{text}");
        }
    }

    private void Refused(string text, params string[] rules)
    {
        FlowSyntaxException e = Assert.Throws<FlowSyntaxException>(() => Parse(text));
        Assert.Contains(e.Problems, p => rules.Contains(p.RuleId));
    }
}
