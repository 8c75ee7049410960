namespace Actors.Flows;

/// <summary>Steps whose result is kept for the next run.</summary>
internal sealed class FlujoCaches(FlujoBlueprint blueprint, FlujoImporter importer)
{
    // Of a cache that says nothing about it.
    private const string CacheTtl = "30d";

    public string Cache(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        if (step.Mapping("wrapped_step") is not { } wrapped)
        {
            blueprint.Report.Lost(step.Map, $"the cache '{Text.Shorten(name, 60)}' has no wrapped_step");
            return data;
        }

        OutList steps = new();
        string after = importer.Step(wrapped, data, scope, steps);
        if (steps.Items.Count > 0 && steps.Items[0] is OutMap first)
        {
            first.With("cache", CacheTtl);
            blueprint.Report.Changed(step.Map, $"what is kept is kept for {CacheTtl}; in Flujo as long as its cache lives", "Write another time under cache.");
        }

        into.Items.AddRange(steps.Items);
        step.Ignore("input");
        step.LeaveOut("config");
        return after;
    }
}
