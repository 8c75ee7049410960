namespace Actors.Flows;

/// <summary>A text as a tree, with what was wrong in making it.</summary>
/// <param name="Problems">Whoever reads the tree adds to these: it is read once.</param>
/// <param name="Root">Null: it is no YAML, which is among the problems.</param>
internal sealed record ComposedYaml(Problems Problems, YamlItem? Root)
{
    public static ComposedYaml Of(string text, string file)
    {
        Problems problems = new(new SourceText(text, file));
        try
        {
            return new ComposedYaml(problems, YamlComposer.Compose(problems));
        }
        catch (Problems.TooManyException)
        {
            // What was found is told.
            return new ComposedYaml(problems, null);
        }
    }
}
