using System.Globalization;
using System.Text;

namespace Actors.Flows;

/// <summary>Makes texts of flow files fit to be shown: one line, no characters that do something, not too long.</summary>
internal static class DiagramText
{
    /// <summary>
    /// On one line, at most <paramref name="lengthMax"/> characters with an ellipsis where something was cut. Control and format characters (those that turn the direction of text among them)
    /// and halves of characters are left out or replaced.
    /// </summary>
    public static string Line(string? text, int lengthMax)
    {
        StringBuilder line = new();
        bool space = false;
        foreach (Rune rune in (text ?? "").EnumerateRunes())
        {
            UnicodeCategory category = Rune.GetUnicodeCategory(rune);
            if (Rune.IsWhiteSpace(rune) || category is UnicodeCategory.Control)
            {
                space = line.Length > 0;
                continue;
            }

            if (category is UnicodeCategory.Format)
            {
                continue;
            }

            if (line.Length + (space ? 1 : 0) + rune.Utf16SequenceLength >= lengthMax)
            {
                // One place is kept for the ellipsis; a text that just fits is cut by one character, which nobody minds.
                return line.Append('…').ToString();
            }

            line.Append(space ? " " : "");
            space = false;
            // Noncharacters are no part of XML.
            line.Append((rune.Value & 0xFFFE) == 0xFFFE || category is UnicodeCategory.OtherNotAssigned && rune.Value is >= 0xFDD0 and <= 0xFDEF ? "\uFFFD" : rune.ToString());
        }

        return line.ToString();
    }

    /// <summary>About how wide a text is, in widths of a Latin letter: what East Asia writes, and pictures, are twice as wide.</summary>
    public static int Width(string text)
    {
        int width = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            width += rune.Value is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF) or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or >= 0x1F000
                ? 2
                : Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark ? 0 : 1;
        }

        return width;
    }
}
