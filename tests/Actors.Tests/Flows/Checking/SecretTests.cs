using Actors.Flows;

namespace Actors.Tests.Flows;

/// <summary>Secrets in files are found and not shown; words that only look alike are not found.</summary>
public sealed class SecretTests : FlowTest
{
    // In two parts, so that no scanner of secrets finds them here.
    [Theory]
    [InlineData("x", "AKIA", "QX4TZ7WNE2RB5KLM")]
    [InlineData("x", "ghp_", "a8Xk2LmQ9vT4zR7nB3cY6wJ1sD5fG0hKpE2u")]
    [InlineData("x", "github_pat_", "11ABCDEFG0a8Xk2LmQ9vT4_zR7nB3cY6wJ1sD5fG0hKpE2uQ7wXz4")]
    [InlineData("x", "glpat-", "x8Kd2nQz7RtYw4LmPv9s")]
    [InlineData("x", "Bearer sk-", "proj-a8Xk2LmQ9vT4zR7nB3cY6wJ1")]
    [InlineData("x", "sk-ant-", "api03-a8Xk2LmQ9vT4zR7nB3cY6wJ1")]
    [InlineData("x", "xoxb-", "1739285046-8364920175-a8Xk2LmQ9vT4zR7n")]
    [InlineData("x", "https://hooks.slack.com/", "services/T8QK2L0XV/B7RW4N1PZ/a8Xk2LmQ9vT4zR7nB3cY6wJ1")]
    [InlineData("x", "AIza", "SyA8Xk2LmQ9vT4zR7nB3cY6wJ1sD5fG0hK7")]
    [InlineData("x", "sk_live_", "a8Xk2LmQ9vT4zR7nB3cY6wJ1")]
    [InlineData("x", "eyJ", "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N")]
    [InlineData("x", "-----BEGIN RSA ", "PRIVATE KEY-----")]
    [InlineData("x", "postgres://app:", "k2Lm9vTz4R@db.local/orders")]
    [InlineData("x", "Host=db;Username=app;Pass", "word=k2Lm9vTz4R")]
    [InlineData("password", "k2Lm9v", "Tz4R")]
    [InlineData("db_password", "correct", "-Horse7!")]
    [InlineData("client_secret", "9f86d081", "884c7d659a2f")]
    [InlineData("api_key", "9f86d081", "884c7d659a2feaa0c55ad015")]
    [InlineData("X-Api-Key", "9f86d081", "884c7d659a2feaa0c55ad015")]
    [InlineData("token", "a8Xk2LmQ9v", "T4zR7nB3cY6w")]
    public void A_secret_is_told_and_not_shown(string key, string first, string second)
    {
        FlowCheck check = Check($"{key}: '{first}{second}'");
        FlowProblem problem = Assert.Single(check.Problems);

        Assert.Equal((Rules.SecretInFile, 4, 14 + key.Length), (problem.RuleId, problem.Line, problem.Column));
        Assert.DoesNotContain(second, problem.ToString(), StringComparison.Ordinal);
        Assert.Contains("${secrets.NAME}", problem.Suggestion, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("password: secret")]
    [InlineData("password: changeme-please1")]
    [InlineData("password: '${inputs.p}'")]
    [InlineData("password: xxxxxxxxxxxx")]
    [InlineData("password: your-password-1")]
    [InlineData("password: '********'")]
    [InlineData("token: next-page-of-orders-2024-01")]
    [InlineData("token: order-2024-confirmation")]
    [InlineData("api_key: the-name-of-the-key-in-vault")]
    [InlineData("x: AKIAIOSFODNN7EXAMPLE")]
    [InlineData("x: high-risk-customers-of-the-first-quarter-2024")]
    [InlineData("x: ask-about-something-long-enough-2024")]
    [InlineData("x: postgres://app:${secrets.DB}@db")]
    [InlineData("x: https://example.com:8080/a@b")]
    [InlineData("x: sk-learn-and-other-libraries-of-python")]
    [InlineData("x: 3d7e1f9a-4b2c-4e8d-9f0a-1b2c3d4e5f60")]
    public void What_is_no_secret_is_not_told(string entry)
    {
        FlowCheck check = Check(entry);
        Assert.DoesNotContain(check.Problems, p => p.RuleId == Rules.SecretInFile);
    }

    [Fact]
    public void Another_problem_in_the_same_line_does_not_print_the_secret()
    {
        FlowCheck check = FlowChecker.CheckText(
            "flow: a\nsteps:\n- {http: {url: 'https://user:hunter2" + "pw@example.com/'}}", "a.yaml", new FlowCheckOptions { ChecksTasks = false });
        Assert.Equal(["ACT1210", "ACT1420"], check.Problems.Select(p => p.RuleId));
        Assert.DoesNotContain("hunter2", string.Concat(check.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_behind_an_alias_is_told_once()
    {
        FlowCheck check = FlowChecker.CheckText(
            "flow: a\nsteps:\n- {task: Echo, inputs: {a: &k AKIA" + "QX4TZ7WNE2RB5KLM, b: *k}}\n- {task: Echo, inputs: {c: *k}}", "a.yaml", new FlowCheckOptions { ChecksTasks = false });
        Assert.Single(check.Problems);
    }

    [Fact]
    public void A_megabyte_of_almost_secrets_is_read_in_time()
    {
        string text = string.Concat(Enumerable.Repeat("sk-eyJ://a:wd=AKIAgh", 45_000));
        Timing.Within(TimeSpan.FromSeconds(5), () => Check($"x: '{text}'"));
    }

    private static FlowCheck Check(string entry) => FlowChecker.CheckText($"flow: a\nsteps:\n- task: Echo\n  inputs: {{{entry}}}", "a.yaml", new FlowCheckOptions { ChecksTasks = false });
}
