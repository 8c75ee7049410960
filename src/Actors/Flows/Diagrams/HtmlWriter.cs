using System.Security.Cryptography;
using System.Text;

namespace Actors.Flows;

/// <summary>Writes a page with the image in it, which may load and run nothing: its policy names the styles that it has by their hashes.</summary>
internal static class HtmlWriter
{
    private const string Style = "body{margin:0;font:14px system-ui,sans-serif;color-scheme:light dark}main{overflow:auto}p{margin:12px 20px}";

    // The styles by their hashes, and nothing else from anywhere.
    public static string Policy { get; } = $"default-src 'none'; style-src {Hash(Style)} {Hash(SvgWriter.StyleText)}; base-uri 'none'; form-action 'none'";

    public static string Write(FlowDiagram diagram)
    {
        string title = SvgCanvas.Escape(diagram.Overlay is { } overlay ? $"{diagram.Flow}, run {overlay.Run}" : diagram.Flow);
        StringBuilder page = new();
        page.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        page.Append("<meta http-equiv=\"Content-Security-Policy\" content=\"").Append(SvgCanvas.Escape(Policy)).Append("\">\n");
        page.Append("<meta name=\"viewport\" content=\"width=device-width\">\n<title>").Append(title).Append("</title>\n<style>").Append(Style).Append("</style>\n</head>\n<body>\n");
        if ((diagram.Overlay?.Standing ?? diagram.Description) is { Length: > 0 } text)
        {
            page.Append("<p>").Append(SvgCanvas.Escape(text)).Append("</p>\n");
        }

        return page.Append("<main>\n").Append(SvgWriter.Write(diagram)).Append("</main>\n</body>\n</html>\n").ToString();
    }

    private static string Hash(string style) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)))}'";
}
