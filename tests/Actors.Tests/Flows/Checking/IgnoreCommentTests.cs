using Actors.Flows;

namespace Actors.Tests.Flows;

public sealed class IgnoreCommentTests : FlowTest
{
    [Theory]
    // Told, then ignored.
    [InlineData("- {task: Echo, if: false} # actors: ignore ACT1413", "", "3:20 ACT1413")]
    [InlineData("- {task: Echo, if: false} # actors: ignore ACT1413 - until the bank is ready", "", "3:20 ACT1413")]
    [InlineData("- {task: Echo, if: false} #actors:ignore ACT1413", "", "3:20 ACT1413")]
    [InlineData("# actors: ignore ACT1413\n- {task: Echo, if: false}", "", "4:20 ACT1413")]
    [InlineData("# actors: ignore ACT1413\n\n# Not now.\n- {task: Echo, if: false}", "", "6:20 ACT1413")]
    [InlineData("- task: Echo\n  # actors: ignore ACT1412, ACT1413\n  if: false", "4:20 ACT1440", "5:7 ACT1413")]
    [InlineData("# actors: ignore-file ACT1413\n- {task: Echo, if: false}\n- {task: Echo, if: false}", "", "4:20 ACT1413 5:20 ACT1413")]
    [InlineData("- {task: Echo, if: false} # actors: ignore ACT1412", "3:20 ACT1413 3:44 ACT1440", "")]
    [InlineData("- {task: Echo} # actors: ignore ACT1413\n- {task: Echo, if: false}", "3:33 ACT1440 4:20 ACT1413", "")]
    [InlineData("- {task: Echo, if: false} # actors: ignore ACT9413", "3:20 ACT1413 3:44 ACT1441", "")]
    [InlineData("- {task: Echo, if: false} # actors: ignore", "3:20 ACT1413 3:27 ACT1441", "")]
    [InlineData("- {task: Echo, if: false} # actors: ignore all of it", "3:20 ACT1413 3:27 ACT1441", "")]
    [InlineData("- {task: Echo, if: false} # actors: please", "3:20 ACT1413 3:27 ACT1441", "")]
    [InlineData("- {task: Echo, if: false} # the actors: ignore ACT1413", "3:20 ACT1413", "")]
    // What looks like a comment and is a text.
    [InlineData("- {task: Echo, if: false, description: 'x # actors: ignore ACT1413'}", "3:20 ACT1413", "")]
    [InlineData("- task: Echo\n  if: false\n  description: |\n    x\n    # actors: ignore-file ACT1413", "4:7 ACT1413", "")]
    [InlineData("- task: Echo\n  if: false\n  description: \"x\n    # actors: ignore-file ACT1413\"", "4:7 ACT1413", "")]
    [InlineData("- {task: Echo, if: false, description: x# actors ignore-file ACT1413}", "3:20 ACT1413", "")]
    // An error is told all the same.
    [InlineData("- {task: Ecko} # actors: ignore ACT1205", "3:10 ACT1205 3:33 ACT1441", "")]
    [InlineData("- {task: Echo} # actors: ignore ACT1413\n- {tsak: Echo}", "4:4 ACT1201", "")]
    [InlineData("- {task: [Echo} # actors: ignore ACT1001", "3:15 ACT1001", "")]
    public void In_steps(string steps, string told, string ignored)
    {
        FlowCheck check = FlowChecker.CheckText($"flow: test\nsteps:\n{steps}", "test.yaml", new FlowCheckOptions { Tasks = Tasks });

        Assert.Equal(told, Places(check.Problems));
        Assert.Equal(ignored, Places(check.Ignored));
    }

    [Fact]
    public void What_is_ignored_is_no_warning_of_the_flow()
    {
        YamlFlowDefinition flow = Parse("flow: a\nsteps:\n- {task: Echo, if: false} # actors: ignore ACT1413\n- {task: Echo} # actors: ignore ACT1432");
        Assert.Empty(flow.Warnings);
    }

    private static string Places(IEnumerable<FlowProblem> problems) => string.Join(' ', problems.Select(p => $"{p.Line}:{p.Column} {p.RuleId}"));
}
