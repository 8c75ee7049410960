namespace Actors.Flows;

/// <summary>Finds the mapping from which a step was read, for the places of what stands in it.</summary>
internal sealed class StepNodes
{
    private readonly Dictionary<(int Line, int Column), YamlMap> _maps = [];

    public StepNodes(YamlItem root) => Collect(root);

    /// <summary>Null for a step that is a word.</summary>
    public YamlMap? Of(FlowStep step) => _maps.GetValueOrDefault((step.Line, step.Column));

    private void Collect(YamlItem item)
    {
        switch (item)
        {
            case YamlList list:
                foreach (YamlItem inner in list.Items)
                {
                    Collect(inner);
                }

                break;
            case YamlMap map:
                // The second way to a mapping is an alias.
                if (!_maps.TryAdd((map.Line, map.Column), map))
                {
                    break;
                }

                foreach (YamlEntry entry in map.Entries)
                {
                    Collect(entry.Value);
                }

                break;
        }
    }
}
