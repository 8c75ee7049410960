namespace Actors.Flows;

/// <summary>What the templates and expressions of a blueprint may refer to at one place, and what it is called here.</summary>
internal sealed class FlujoScope(FlujoScope? outer)
{
    private readonly Dictionary<string, string> _steps = new(StringComparer.Ordinal);
    private string? _item;
    private string? _resume;

    /// <summary>The item of the innermost map.</summary>
    public string? Item
    {
        get => _item ?? outer?.Item;
        init => _item = value;
    }

    /// <summary>The last answer of a person.</summary>
    public string? Resume => _resume ?? outer?.Resume;

    public void Answered(string expression) => _resume = expression;

    public void Add(string step, string expression) => _steps[step] = expression;

    public string? Find(string step) => _steps.TryGetValue(step, out string? found) ? found : outer?.Find(step);

    /// <summary>Takes over what a block inside has, when its ids are seen outside.</summary>
    public void TakeOver(FlujoScope inner)
    {
        foreach ((string step, string expression) in inner._steps)
        {
            _steps.TryAdd(step, expression);
        }

        _resume ??= inner._resume;
    }
}
