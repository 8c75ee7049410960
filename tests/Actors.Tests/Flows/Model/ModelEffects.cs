namespace Actors.Tests.Flows.Model;

/// <summary>What a flow is to do outside of itself, as the model says. Each step that acts there has a place of its own in the flow.</summary>
internal sealed class ModelEffects
{
    private readonly Dictionary<string, (int Times, int Attempts, bool IsCertain)> _calls = new(StringComparer.Ordinal);
    private readonly HashSet<(string Place, decimal Number)> _rows = [];

    /// <summary>How often a step is carried out, and with how many attempts each time; not certain: it may be left out when its block ends early.</summary>
    public IReadOnlyDictionary<string, (int Times, int Attempts, bool IsCertain)> Calls => _calls;

    /// <summary>The rows that are in the database at the end.</summary>
    public IReadOnlySet<(string Place, decimal Number)> Rows => _rows;

    public void Call(string place, int attempts = 1, bool isCertain = true) =>
        _calls[place] = (_calls.GetValueOrDefault(place).Times + 1, attempts, isCertain);

    public void Write(string place, decimal number) => _rows.Add((place, number));
}
