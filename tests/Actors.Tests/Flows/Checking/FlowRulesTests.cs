using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Actors.Flows;

namespace Actors.Tests.Flows;

/// <summary>What is written about rules is true.</summary>
public sealed class FlowRulesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actors-rules-").FullName;

    public static IEnumerable<object[]> Ids => FlowRules.All.Select(rule => new object[] { rule.Id });

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_rule_is_told_of_once_and_under_its_own_id()
    {
        string[] constants = typeof(Rules).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(constants.Distinct(), constants);
        Assert.Equal(constants, FlowRules.All.Select(rule => rule.Id).Order(StringComparer.Ordinal));
        Assert.Equal(FlowRules.All.Select(rule => rule.Id).Order(StringComparer.Ordinal), FlowRules.All.Select(rule => rule.Id));
        Assert.All(FlowRules.All, rule =>
        {
            Assert.Matches(new Regex("^ACT1[0-9]{3}$"), rule.Id);
            Assert.DoesNotContain('\n', rule.Explanation);
            Assert.EndsWith(".", rule.Explanation, StringComparison.Ordinal);
            Assert.False(rule.Title.EndsWith('.'), rule.Title);
        });
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void The_wrong_example_breaks_the_rule_alone_and_the_right_one_breaks_none(string id)
    {
        FlowRule rule = FlowRules.Find(id)!;
        FlowCheck wrong = Check(id == Rules.TooLarge ? rule.Wrong + new string(' ', 1 << 20) : rule.Wrong);
        FlowCheck right = Check(rule.Right);
        Assert.True(wrong.Problems.All(p => p.RuleId == id) && wrong.Problems.Count > 0, string.Join('\n', wrong.Problems));
        Assert.Contains(wrong.Problems, p => p.Severity == rule.Severity);
        Assert.True(right.Problems.Count == 0, string.Join('\n', right.Problems));
    }

    private FlowCheck Check(string example)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, Guid.NewGuid().ToString("N"))).FullName;
        string[] parts = Regex.Split(example, "^--- # (.*)\n", RegexOptions.Multiline);
        File.WriteAllText(Path.Combine(folder, "example.yaml"), parts[0]);
        for (int i = 1; i < parts.Length; i += 2)
        {
            File.WriteAllText(Path.Combine(folder, parts[i]), parts[i + 1]);
        }

        TaskRegistry tasks = new();
        foreach (string name in (string[])["Charge", "Ship", "Notify"])
        {
            tasks.Add<JsonElement, JsonElement>(name, (input, _) => Task.FromResult(input));
        }

        return FlowChecker.Check([folder], new FlowCheckOptions { Tasks = tasks });
    }
}
