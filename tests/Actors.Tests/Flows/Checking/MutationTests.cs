using System.Diagnostics;
using System.Text;
using Actors.Flows;

namespace Actors.Tests.Flows;

/// <summary>Files that nobody would write: whatever is in them, they are flows, or their problems are told with a place.</summary>
public sealed class MutationTests : FlowTest
{
    // A thousand take a second.
    private const int Mutations = 10_000;

    // Together they hold every kind of step.
    private static readonly string[] Valid =
    [
        """
        flow: order # actors: ignore-file ACT1416
        version: "1.2"
        description: >
          Reserves, charges and ships.
        inputs:
          - {name: customer, type: string, description: Who orders}
          - {name: lines, type: array}
          - {name: express, type: boolean, default: false}
        state: {count: integer, log: {type: array, default: []}, seen: object}
        steps:
          - task: Total
            id: cart
            inputs: &shared {customer: "${inputs.customer}", lines: "${inputs.lines}"}
            retry: {max_attempts: 3, delay: 2s, backoff: exponential, max_delay: 1m, retry_on: [CardError]}
            timeout: 30s
            cache: {key: "${inputs.customer}", ttl: 1h}
            validate: [{check: result.total > 0, message: "No ${result.name}"}]
            compensate: {task: Echo, inputs: {undo: "${result}"}}
            on_error:
              steps:
                - {task: Echo, inputs: {why: "${error.message}"}}
              then: fail
          - if: {any: ["${cart.total} > 100", all: ["'x' == inputs.customer", "cart?.name != 'ann'"]]}
            then:
              - id: ok
                approval: {title: "Pay ${cart.total}?", candidates: [finance], timeout: 2d, on_timeout: reject}
            else: [{exit: {reason: too cheap, outputs: {total: "${cart.total ?? 0}"}}}]
          - switch: ${inputs.customer}
            cases:
              - {when: [ann, bob], do: [{wait: 5m}]}
              - default: [{task: Echo, inputs: *shared}]
          - {set: {count: 1}, append: {log: "${cart.name}"}, merge: {seen: {a: 1}}}
          - {task: Echo, inputs: "${state}"}
        outputs: [{name: total, value: "${cart.total}"}]
        on_cancel: [{task: Echo, inputs: {undo: "${cart.total}"}}]
        """,
        """
        flow: loops
        inputs:
        - name: lines
          type: array
        steps:
        - for_each: ${inputs.lines}
          as: line
          index_as: n
          concurrency: 4
          on_item_error: collect
          key: ${line.id}
          id: shipped
          do:
          - {task: Echo, inputs: {sku: "${line.sku}", at: "${n}"}, fallback: [{task: Echo, inputs: {e: '${error.type}'}}]}
        - loop:
          - {task: Total, id: page}
          until: page.total > 10
          max: 5
          on_max: exit
          carry: {a: 1}
          next: ${page}
        - while: index < 3
          do: [wait: 1s]
        - parallel:
          - {task: Echo, id: first}
          - {task: Echo, id: second, depends_on: first}
        - parallel:
            left: [{task: Echo}]
            right: [{task: Echo, background: true}]
          merge: {x: last, '*': deep}
          on_branch_failure: collect
          reduce: keys
        - do:
          - {emit: {event: done, data: {x: 1}}}
          - {emit: {signal: go, to: '${first.run}', data: 1}}
          finally: [{task: Echo}]
          timeout: 1h
        """,
        """
        flow: machine
        inputs: [{name: kind}]
        steps:
        - route: ${inputs.kind}
          branches:
            a: [{task: Echo}]
            b: [{subflow: order, run: child, inputs: {customer: ann, lines: []}}]
          default: [{wait: {signal: go, timeout: 1h, on_timeout: fail}}]
          on_unknown: ignore
        - state_machine:
            start: draft
            data: {n: 0}
            max_hops: 10
            states:
              draft: {do: [{task: Echo, inputs: {d: "${data}"}}], transitions: [{to: sent, if: data.n == 0}, {to: failed, on: failure}]}
              sent: {end: true}
              failed: {do: [{task: Echo, inputs: {e: "${error.message}"}}], end: true}
            transitions: [{from: '*', to: failed, on: failure}]
        - {subflow: loops, run: child, inputs: {lines: ["a # b", 'c']}, id: sub, on_failure: default, default: {}}
        - {wait: {until: "2030-01-31T09:00:00Z"}} # actors: ignore ACT1413 - never
        """,
    ];

    [Fact]
    public void The_flows_that_are_mutated_below_are_valid()
    {
        FlowProblem[] problems = [.. Valid.SelectMany(text => FlowChecker.CheckText(text, "test.yaml", new FlowCheckOptions { Tasks = Tasks }).Problems)];
        Assert.Equal(["ACT1431", "ACT1431", "ACT1440"], problems.Select(p => p.RuleId).Order());
    }

    [Fact]
    public void A_mutated_flow_is_a_flow_or_its_problems_have_places()
    {
        byte[][] valid = [.. Valid.Select(Encoding.UTF8.GetBytes)];
        FlowCheckOptions options = new() { Tasks = Tasks };
        long start = Stopwatch.GetTimestamp();
        int readable = 0;
        for (int seed = 0; seed < Mutations; seed++)
        {
            Random random = new(seed);
            List<byte> bytes = [.. valid[random.Next(valid.Length)]];
            for (int n = random.Next(1, 5); n > 0 && bytes.Count > 0; n--)
            {
                Mutate(bytes, valid, random);
            }

            readable += Expect(Encoding.UTF8.GetString(bytes.ToArray()), options, seed) ? 1 : 0;
        }

        // Most mutations are refused; when all were, deeper checks would not be reached.
        Assert.InRange(readable, Mutations / 50, Mutations);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 60);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    [InlineData("# actors: ignore ACT1401\n")]
    [InlineData("#")]
    [InlineData("'")]
    [InlineData("k: &a [*a]\n")]
    [InlineData("? ")]
    [InlineData("${")]
    [InlineData("- {if: x, then: ")]
    [InlineData("  - exit\n")]
    [InlineData("  - {switch: 1, cases: [{when: 1, do: [exit]}]}\n")]
    public void The_same_again_and_again_is_checked_in_time(string part)
    {
        string text = "flow: a\nsteps:\n" + string.Concat(Enumerable.Repeat(part, 200_000 / part.Length));
        Timing.Within(TimeSpan.FromSeconds(20), () => Expect(text, new FlowCheckOptions { Tasks = Tasks }, 0));
    }

    private static void Mutate(List<byte> bytes, byte[][] valid, Random random)
    {
        int at = random.Next(bytes.Count);
        int length = Math.Min(random.Next(1, 60), bytes.Count - at);
        switch (random.Next(7))
        {
            case 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 1:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                bytes.RemoveAt(at);
                break;
            case 3:
                bytes.Insert(at, (byte)"{}[]:,-&*!|>'\"%@`#\n\t $?.0"[random.Next(25)]);
                break;
            case 4:
                bytes.RemoveRange(at, length);
                break;
            case 5:
                bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                break;
            default:
                // Lines of another flow.
                byte[] other = valid[random.Next(valid.Length)];
                int start = Array.IndexOf(other, (byte)'\n', random.Next(other.Length / 2)) + 1;
                int end = Math.Max(start, Array.LastIndexOf(other, (byte)'\n', Math.Min(other.Length - 1, start + random.Next(300))));
                bytes.InsertRange(Math.Max(0, bytes.LastIndexOf((byte)'\n', at)), other.AsSpan(start..end).ToArray());
                break;
        }
    }

    // True when the flow can be run.
    private static bool Expect(string text, FlowCheckOptions options, int seed)
    {
        try
        {
            FlowCheck check = FlowChecker.CheckText(text, "/none/test.yaml", options);
            string plain = SourceText.Normalize(text);
            int lines = plain.AsSpan().Count('\n') + 1;
            foreach (FlowProblem p in check.Problems.Concat(check.Ignored))
            {
                bool isFine = p.Line >= 1 && p.Line <= lines && p.Column >= 1 && p.EndColumn >= p.Column && FlowRules.Find(p.RuleId) is not null && p.Message.Length is > 0 and < 1000;
                Assert.True(isFine, $"seed {seed}: {p}");
                Assert.True(p.Fix is null || p.Fix.Edits.All(edit => edit.Start >= 0 && edit.Start + edit.Length <= plain.Length), $"seed {seed}: {p}");
            }

            _ = FlowFixer.Apply(text, check.Problems.Where(p => p.Fix is not null).Select(p => p.Fix!));
            return check.Errors == 0;
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"seed {seed}: {e}\n{Actors.Text.Shorten(text, 5_000)}");
            return false;
        }
    }
}
