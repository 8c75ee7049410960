using System.Buffers;
using System.Text;

namespace Actors.Flows;

/// <summary>Reads the text of flow files.</summary>
internal static class FlowText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <returns>With its line ends and byte order mark.</returns>
    /// <exception cref="FlowSyntaxException">It cannot be opened, is no file, is too large, or is not text in UTF-8.</exception>
    public static string Read(string file)
    {
        // One byte more than allowed shows that there is more, whatever the file's length says.
        byte[] buffer = ArrayPool<byte>.Shared.Rent(YamlComposer.BytesMax + 1);
        try
        {
            using FileStream stream = RegularFile.OpenRead(file);
            return Decode(file, buffer.AsSpan(0, stream.ReadAtLeast(buffer.AsSpan(0, YamlComposer.BytesMax + 1), YamlComposer.BytesMax + 1, throwOnEndOfStream: false)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FlowSyntaxException([Fault(file, Rules.NotText, $"the file cannot be read: {Text.Shorten(e.Message.TrimEnd('.'), 200)}")]);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>A problem of a whole file or folder.</summary>
    public static FlowProblem Fault(string file, string rule, string message, string? suggestion = null) =>
        new(rule, FlowProblemSeverity.Error, file, 1, 1, message, suggestion, "");

    private static string Decode(string file, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > YamlComposer.BytesMax)
        {
            throw new FlowSyntaxException([Fault(file, Rules.TooLarge, $"the file is larger than {YamlComposer.BytesMax / 1024:N0} KiB", "Split it, or move data into inputs.")]);
        }

        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            ReadOnlySpan<byte> before = bytes[..Math.Clamp(e.Index, 0, bytes.Length)];
            FlowProblem problem = new(
                Rules.NotText, FlowProblemSeverity.Error, file, before.Count((byte)'\n') + 1, Math.Max(1, before.Length - before.LastIndexOf((byte)'\n')), "the file is not text in UTF-8", null, "");
            throw new FlowSyntaxException([problem]);
        }
    }
}
