namespace Actors.Flows;

/// <summary>Steps with branches of which one is run.</summary>
internal sealed class FlujoChoices(FlujoBlueprint blueprint, FlujoImporter importer, FlujoBranches blocks)
{
    public string Conditional(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        string id = blueprint.Id(name);
        string? expression;
        if (step.TextItem("condition_expression") is { } text)
        {
            expression = blueprint.Expression(text, data, scope) ?? "false";
            step.Ignore("condition");
        }
        else if (step.TextItem("condition") is { } callable)
        {
            string task = blueprint.Task(callable, name);
            string key = blueprint.Id(name + "_key");
            into.Items.Add(new OutMap().With("task", task).With("id", key).With("inputs", blueprint.Input(step, data, scope)));
            expression = key;
        }
        else
        {
            blueprint.Report.Lost(step.Map, $"the step '{Text.Shorten(name, 60)}' has no condition");
            expression = "false";
        }

        step.Ignore("input");
        step.LeaveOut("config");
        YamlMap? map = step.Mapping("branches");
        OutMap branches = blocks.Branches(map, data, scope, true, out Dictionary<string, string> last);
        OutList rest = new();
        YamlItem? defaultItem = step.Item("default_branch");
        string? restData = null;
        if (defaultItem is YamlText named)
        {
            // A default branch may also be the name of one of the branches: it is then written twice, with ids of its own.
            defaultItem = map?.Find(named.Value);
            if (defaultItem is null)
            {
                blueprint.Report.Lost(named, $"there is no branch '{Text.Shorten(named.Value, 60)}'");
            }
        }

        if (defaultItem is not null)
        {
            restData = importer.Steps(defaultItem, data, new FlujoScope(scope), rest);
        }

        if (branches.Entries.Count == 0)
        {
            blueprint.Report.Lost(step.Map, $"the step '{Text.Shorten(name, 60)}' has no branches");
            return data;
        }

        bool isFlag = branches.Entries.TrueForAll(b => b.Key is "true" or "false" or "True" or "False");
        string after = isFlag
            ? If(step, branches, last, rest, restData, expression, data, into)
            : rest.Items.Count > 0 || !branches.Entries.TrueForAll(b => OldExpression.IsWord(b.Key) && b.Key.Length <= 60 && !Names.Reserved.Contains(b.Key))
                ? Switch(step, branches, last, rest, restData, expression, data, into)
                : Route(step, branches, expression, id, into);
        blueprint.Sink(step, after, scope, into, null);
        return after;
    }

    private string If(OldMap step, OutMap branches, Dictionary<string, string> last, OutList rest, string? restData, string expression, string data, OutList into)
    {
        OutNode? yes = branches.Entries.Find(b => b.Key is "true" or "True").Value;
        OutNode? no = branches.Entries.Find(b => b.Key is "false" or "False").Value;
        string? yesData = last.GetValueOrDefault("true") ?? last.GetValueOrDefault("True");
        string? noData = last.GetValueOrDefault("false") ?? last.GetValueOrDefault("False");
        if (rest.Items.Count > 0)
        {
            if (yes is null)
            {
                (yes, yesData) = (rest, restData);
            }
            else if (no is null)
            {
                (no, noData) = (rest, restData);
            }
        }

        if (yes is null || no is null)
        {
            blueprint.Report.Changed(step.Map, $"when the condition is {(yes is null ? "true" : "false")} nothing is done; in Flujo the step fails then", "Write the other branch.");
        }

        into.Items.Add(new OutMap().With("if", expression).With("then", yes).With("else", no));
        return Coalesce([yesData, noData], yes is null || no is null ? data : null);
    }

    private string Switch(OldMap step, OutMap branches, Dictionary<string, string> last, OutList rest, string? restData, string expression, string data, OutList into)
    {
        OutList cases = new();
        foreach ((string key, OutNode steps) in branches.Entries)
        {
            cases.Items.Add(new OutMap().With("when", key).With("do", steps));
        }

        OutMap made = new OutMap().With("switch", $"${{{expression}}}").With("cases", cases);
        if (rest.Items.Count == 0)
        {
            blueprint.Report.Changed(step.At("branches"), "a value that no branch has does nothing; in Flujo the step fails then", "Write a default.");
            into.Items.Add(made);
            return Coalesce([.. last.Values], data);
        }

        into.Items.Add(made.With("default", rest));
        return Coalesce([.. last.Values, restData], null);
    }

    // Without a default, a key that no branch has must fail, as it did.
    private string Route(OldMap step, OutMap branches, string expression, string id, OutList into)
    {
        into.Items.Add(new OutMap().With("route", $"${{text({expression})}}").With("id", id).With("branches", branches).With("reduce", "first"));
        blueprint.Report.Carried(step.At("branches"), "a conditional without a default is a route: a value that no branch has fails the step");
        return id;
    }

    /// <summary>What a step of several branches gives: that of the branch that ran.</summary>
    private static string Coalesce(IEnumerable<string?> branches, string? otherwise)
    {
        string[] all = [.. branches.Append(otherwise).OfType<string>().Distinct()];
        return all.Length == 1 ? all[0] : $"({string.Join(" ?? ", all)})";
    }
}
