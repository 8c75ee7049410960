namespace Actors.Flows;

/// <summary>Steps that ask a person.</summary>
internal sealed class FlujoPeople(FlujoBlueprint blueprint)
{
    public string Hitl(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        string id = blueprint.Id(name);
        YamlText? message = step.TextItem("message");
        OutMap approval = new();
        if (message is null || message.Value.Trim().Contains('\n', StringComparison.Ordinal) || message.Value.Length > 300)
        {
            string details = message is null ? $"${{{data}}}" : blueprint.Template(message, data, scope);
            approval.With("title", FlujoTemplate.Escape(name)).With("details", details);
        }
        else
        {
            approval.With("title", blueprint.Template(message, data, scope) is { Length: > 0 } title ? title : name);
        }

        approval.With("decisions", OutList.Of(["submit"]));
        if (step.Mapping("input_schema") is { } schema)
        {
            approval.With("form", blueprint.Report.Schema(schema));
        }

        into.Items.Add(new OutMap().With("approval", approval).With("id", id));
        blueprint.Report.Changed(step.Map, "the question is a task for people; the answer's data goes to the next step", $"Answer with: actors tasks answer TASK submit --data '{{…}}'.");
        step.Ignore("input");
        step.LeaveOut("config");
        string answer = id + ".data";
        scope.Answered(answer);
        blueprint.Sink(step, answer, scope, into, null);
        return answer;
    }
}
