namespace Actors.Flows;

/// <summary>Inputs and fields of the state that nobody reads or sets. A name counts as used wherever it could be meant.</summary>
internal static class UsageCheck
{
    public static void Run(FlowDocument document, YamlMap root, Problems problems)
    {
        Usage inputs = new("inputs", document.Inputs.Select(input => input.Name));
        YamlMap? declared = root.Find("state") as YamlMap;
        Usage state = new("state", declared?.Entries.Select(entry => entry.Key.Value) ?? []);
        if (inputs.IsEmpty && state.IsEmpty)
        {
            return;
        }

        foreach (YamlEntry entry in root.Entries)
        {
            if (entry.Key.Value is not ("flow" or "version" or "inputs" or "state"))
            {
                Visit(entry, inputs, state);
            }
        }

        foreach (YamlMap input in root.Find("inputs") is YamlList list ? list.Items.OfType<YamlMap>() : [])
        {
            if (input.Find("name") is YamlText name && inputs.IsUnused(name.Value))
            {
                problems.Warn(Rules.UnusedInput, name, $"the input '{Text.Shorten(name.Value, 80)}' is never used");
            }
        }

        if (declared is not null)
        {
            CheckState(document, declared, state, problems);
        }
    }

    private static void CheckState(FlowDocument document, YamlMap declared, Usage state, Problems problems)
    {
        HashSet<string> set = new(StringComparer.Ordinal);
        foreach (FlowStep step in DocumentCheck.All([.. document.Steps, .. document.OnCancel]))
        {
            set.UnionWith(step switch
            {
                SetStep change => change.Changes.Select(c => c.Name),
                LoopStep loop => loop.Changes.Select(c => c.Name),
                _ => [],
            });
        }

        foreach (YamlEntry field in declared.Entries)
        {
            string name = Text.Shorten(field.Key.Value, 80);
            bool isSet = set.Contains(field.Key.Value);
            if (state.IsUnused(field.Key.Value))
            {
                problems.Warn(Rules.UnreadState, field.Key, isSet ? $"state.{name} is set, but never read" : $"state.{name} is never used");
            }
            else if (!isSet && (field.Value as YamlMap)?.Find("default") is null)
            {
                problems.Warn(Rules.UnsetState, field.Key, $"state.{name} is read, but never set: it is always null", "Give it a default, or set it.");
            }
        }
    }

    private static void Visit(YamlEntry entry, Usage inputs, Usage state)
    {
        switch (entry.Value)
        {
            case YamlText text:
                bool isProse = entry.Key.Value is "description" && !text.Value.Contains("${", StringComparison.Ordinal) && !text.Value.Contains("{{", StringComparison.Ordinal);
                if (!isProse)
                {
                    inputs.Note(text.Value);
                    state.Note(text.Value);
                }

                break;
            case YamlList list:
                foreach (YamlItem item in list.Items)
                {
                    Visit(new YamlEntry(entry.Key, item), inputs, state);
                }

                break;
            case YamlMap map:
                foreach (YamlEntry inner in map.Entries)
                {
                    Visit(inner, inputs, state);
                }

                break;
        }
    }

    /// <summary>Which fields of one object texts mention.</summary>
    private sealed class Usage(string owner, IEnumerable<string> fields)
    {
        private readonly HashSet<string> _unused = new(fields, StringComparer.Ordinal);

        public bool IsEmpty => _unused.Count == 0;

        public bool IsUnused(string field) => _unused.Contains(field);

        public void Note(string text)
        {
            for (int at = text.IndexOf(owner, StringComparison.Ordinal); at >= 0 && _unused.Count > 0; at = text.IndexOf(owner, at + owner.Length, StringComparison.Ordinal))
            {
                int end = at + owner.Length;
                if ((at > 0 && IsPartOfName(text[at - 1])) || (end < text.Length && IsPartOfName(text[end])))
                {
                    continue;
                }

                end += end < text.Length && text[end] == '?' ? 1 : 0;
                if (end + 1 < text.Length && text[end] == '.' && IsPartOfName(text[end + 1]))
                {
                    NoteField(text, end + 1);
                }
                else if (end + 1 < text.Length && text[end] == '[' && text[end + 1] is '\'' or '"')
                {
                    NoteField(text, end + 2);
                }
                else
                {
                    // The object as a whole.
                    _unused.Clear();
                }
            }
        }

        // `a-b` may be one name or a difference.
        private void NoteField(string text, int start)
        {
            int end = start;
            while (end < text.Length && (IsPartOfName(text[end]) || text[end] == '-'))
            {
                end++;
                if (end == text.Length || !IsPartOfName(text[end]))
                {
                    _unused.Remove(text[start..end]);
                }
            }
        }

        private static bool IsPartOfName(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
    }
}
