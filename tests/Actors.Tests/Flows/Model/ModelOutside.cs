using Actors.Flows;

namespace Actors.Tests.Flows.Model;

/// <summary>How <see cref="ModelWorld"/> answers a request, or what its own kind does.</summary>
internal enum ModelAnswer
{
    /// <summary>A number of what was sent.</summary>
    Sum,

    /// <summary>As <see cref="Sum"/>, but not at the first attempt.</summary>
    Late,

    /// <summary>An error that another attempt would not change.</summary>
    Refused,

    /// <summary>An error each time, of the kind that is worth another attempt.</summary>
    Down,

    /// <summary>An error that the step expects.</summary>
    Missing,
}

/// <summary>A request to the server of <see cref="ModelWorld"/>.</summary>
/// <param name="server">Its address with the path of this flow: failures name it.</param>
internal sealed class HttpNode(ModelEffects effects, string server, string place, ModelAnswer answer, bool isRead, Number a, Number b) : Node
{
    public const int AttemptsMax = 3;

    private string Path => $"{answer.ToString().ToLowerInvariant()}/{place}";

    protected override End Act(Env env)
    {
        // A read carries no key by which the server could count it.
        if (!isRead)
        {
            effects.Call(place, answer switch { ModelAnswer.Late => 2, ModelAnswer.Down => AttemptsMax, _ => 1 });
        }

        return answer switch
        {
            ModelAnswer.Refused => new End(default, $"{Method} {server}/{Path}: the server answers 422 Unprocessable Entity: no {a.Of(env)}"),
            ModelAnswer.Down => new End(default, $"{Method} {server}/{Path}: the server answers 500 Internal Server Error: no {a.Of(env)}"),
            ModelAnswer.Missing => new End(Value.Of(404m)),
            _ => new End(Value.Of(ModelWorld.Sum(a.Of(env), b.Of(env)))),
        };
    }

    protected override IEnumerable<(string, object)> Keys()
    {
        string sent = $"{{a: '{a.Hole}', b: '{b.Hole}'}}";
        yield return ("http", $"{{connection: shop, url: {Path}, {(isRead ? "query" : "body")}: {sent}{(answer == ModelAnswer.Missing ? ", expect: [2xx, 404]" : "")}}}");
        yield return ("retry", $"{{max_attempts: {AttemptsMax}, delay: 1s}}");
        yield return ("result", answer == ModelAnswer.Missing ? "'${result.status}'" : "'${result.body.n}'");
    }

    private string Method => isRead ? "GET" : "POST";
}

/// <summary>A request on its own, whose answer nobody needs.</summary>
internal sealed class BackgroundHttpNode(ModelEffects effects, string place, Number a) : Node
{
    protected override End Act(Env env)
    {
        effects.Call(place, isCertain: false);
        return default;
    }

    protected override IEnumerable<(string, object)> Keys() => [("http", $"{{connection: shop, url: sum/{place}, body: {{a: '{a.Hole}', b: 1}}}}"), ("background", "true")];
}

/// <summary>A step of a kind that is registered in C#.</summary>
internal sealed class WeighNode(ModelEffects effects, string place, ModelAnswer answer, Number a, Number b) : Node
{
    protected override End Act(Env env)
    {
        effects.Call(place, answer == ModelAnswer.Late ? 2 : 1);
        return answer == ModelAnswer.Refused ? new End(default, $"too heavy: {a.Of(env)}") : new End(Value.Of(ModelWorld.Sum(a.Of(env), b.Of(env))));
    }

    protected override IEnumerable<(string, object)> Keys() =>
    [
        ("weigh", $"{{place: {place}, answer: {answer}, a: '{a.Hole}', b: '{b.Hole}'}}"),
        ("retry", $"{{max_attempts: {HttpNode.AttemptsMax}, delay: 1s}}"),
    ];
}

/// <summary>A query.</summary>
internal sealed class QueryNode(Number a, Number b) : Node
{
    protected override End Act(Env env) => new(Value.Of(ModelWorld.Sum(a.Of(env), b.Of(env))));

    protected override IEnumerable<(string, object)> Keys() =>
    [
        ("sql", $"{{connection: books, query: 'select (@a * 5 + @b) % 97 as n', parameters: {{a: '{a.Hole}', b: '{b.Hole}'}}}}"),
        ("result", "'${result.rows[0].n}'"),
    ];
}

/// <summary>A row that is there at the end, however often it was written.</summary>
internal sealed class WriteNode(ModelEffects effects, string place, Number number) : Node
{
    protected override End Act(Env env)
    {
        effects.Write(place, number.Of(env));
        return default;
    }

    protected override IEnumerable<(string, object)> Keys() =>
        [("sql", $"{{connection: books, execute: '{ModelWorld.Insert}', parameters: {{place: {place}, n: '{number.Hole}'}}}}")];
}

/// <summary>A row and a query, committed together; or refused together, because of a second row that cannot be.</summary>
internal sealed class TransactionNode(ModelEffects effects, string place, Number number, bool isRefused) : Node
{
    protected override End Act(Env env)
    {
        if (isRefused)
        {
            return new End(default, "sql: SQLite Error 19: 'NOT NULL constraint failed: told.n'.");
        }

        effects.Write(place, number.Of(env));
        return new End(Value.Of(number.Of(env) + 1));
    }

    protected override IEnumerable<(string, object)> Keys()
    {
        string insert = $"{{execute: '{ModelWorld.Insert}', parameters: {{place: {place}, n: '{number.Hole}'}}}}";
        string next = isRefused
            ? $"{{execute: '{ModelWorld.Insert}', parameters: {{place: {place}, n: null}}}}"
            : $"{{query: 'select @n + 1 as n', parameters: {{n: '{number.Hole}'}}}}";
        yield return ("sql", $"{{connection: books, transaction: [{insert}, {next}]}}");
        yield return ("result", isRefused ? "0" : "'${result.results[1].rows[0].n}'");
    }
}
