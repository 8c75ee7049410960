using System.Text.Json;

namespace Actors.Storage;

/// <summary>
/// How a store keeps the details and the form of a human task in one text. Details without a form are kept as they are, as they were before there were forms.
/// </summary>
public static class HumanTaskDetails
{
    private const string FormName = "~form";
    private const string DetailsName = "~details";
    private const string Mark = "{\"" + FormName + "\":";

    /// <summary>The text to store; null when there is neither.</summary>
    /// <param name="details">JSON, or null.</param>
    /// <param name="form">JSON, or null.</param>
    public static string? Join(string? details, string? form)
    {
        // Details that look as if they had been joined are joined with nothing, so that they come apart again.
        if (form is null && details?.StartsWith(Mark, StringComparison.Ordinal) != true)
        {
            return details;
        }

        return details is null ? $"{Mark}{form}}}" : $"{Mark}{form ?? "null"},\"{DetailsName}\":{details}}}";
    }

    /// <summary>The details and the form of a stored text.</summary>
    public static (string? Details, string? Form) Split(string? stored)
    {
        if (stored?.StartsWith(Mark, StringComparison.Ordinal) != true)
        {
            return (stored, null);
        }

        using JsonDocument document = JsonDocument.Parse(stored, new JsonDocumentOptions { MaxDepth = 1000 });
        JsonElement form = document.RootElement.GetProperty(FormName);
        return (
            document.RootElement.TryGetProperty(DetailsName, out JsonElement details) ? details.GetRawText() : null,
            form.ValueKind == JsonValueKind.Null ? null : form.GetRawText());
    }
}
