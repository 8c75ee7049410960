using System.Text.Json;
using System.Text.Json.Nodes;
using Actors.Flows;

namespace Actors.Cli.Local;

/// <summary>Reads a flow's input from the command line.</summary>
internal static class InputText
{
    /// <summary>An object of <c>key=value</c> pairs. A value is text where the flow declares a string, else JSON where it is JSON, else text.</summary>
    /// <exception cref="CliException">A pair has no <c>=</c>, or a key comes twice.</exception>
    public static JsonElement FromPairs(IReadOnlyList<string> pairs, IReadOnlyList<FlowInput> declared)
    {
        JsonObject input = [];
        foreach (string pair in pairs)
        {
            int equals = pair.IndexOf('=');
            if (equals <= 0)
            {
                throw new CliException($"--input '{pair}' must be key=value.", ExitCodes.Usage);
            }

            string key = pair[..equals];
            bool isText = declared.FirstOrDefault(i => i.Name == key)?.Type == "string";
            if (!input.TryAdd(key, Value(pair[(equals + 1)..], isText)))
            {
                throw new CliException($"--input gives '{key}' twice.", ExitCodes.Usage);
            }
        }

        return JsonSerializer.SerializeToElement(input);
    }

    /// <summary>The JSON of a file; <c>-</c> is standard input.</summary>
    /// <exception cref="CliException">It is missing or no JSON; the message has the position.</exception>
    public static async Task<JsonElement> FromFileAsync(string path, TextReader standardInput, CancellationToken cancellationToken)
    {
        if (path != "-" && !File.Exists(path))
        {
            throw new CliException($"--input-file '{path}': there is no such file.", ExitCodes.Usage);
        }

        string text = path == "-" ? await standardInput.ReadToEndAsync(cancellationToken) : await File.ReadAllTextAsync(path, cancellationToken);
        return Parse(text, path == "-" ? "standard input" : path);
    }

    /// <exception cref="CliException">It is no JSON; the message has the position.</exception>
    public static JsonElement Parse(string text, string name)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new CliException($"{name}({e.LineNumber + 1},{e.BytePositionInLine + 1}): this is not valid JSON.", ExitCodes.Usage);
        }
    }

    private static JsonNode? Value(string text, bool isText)
    {
        if (isText)
        {
            return JsonValue.Create(text);
        }

        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
