namespace Actors.Flows;

/// <summary>JSON pointers (RFC 6901) into YAML.</summary>
internal static class YamlPointer
{
    /// <summary>The node that a JSON pointer leads to, or the last one on the way.</summary>
    public static YamlItem Find(YamlItem item, string pointer)
    {
        foreach (string part in pointer.Split('/').Skip(1))
        {
            string name = part.Replace("~1", "/").Replace("~0", "~");
            YamlItem? next = item switch
            {
                YamlMap map => map.Find(name),
                YamlList list when int.TryParse(name, out int index) && index >= 0 && index < list.Items.Count => list.Items[index],
                _ => null,
            };
            if (next is null)
            {
                return item;
            }

            item = next;
        }

        return item;
    }
}
