using System.Text.Json;

namespace Actors.Flows;

internal sealed class SecretMask(IEnumerable<string> secrets)
{
    private readonly string[] _secrets = [.. secrets.Where(s => s.Length >= 4)];

    public string Hide(string text) => _secrets.Aggregate(text, (t, secret) => t.Replace(secret, "***", StringComparison.Ordinal));

    public JsonElement Hide(JsonElement value) => JsonDocument.Parse(Hide(value.GetRawText())).RootElement;
}
