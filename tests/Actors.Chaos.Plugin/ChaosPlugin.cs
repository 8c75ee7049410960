using Actors.EndToEnd.Plugin;
using Actors.Flows;

namespace Actors.Chaos.Plugin;

/// <summary>
/// Flows whose every step is a call to the recorder at <c>Recorder:Url</c>. With <c>Chaos:Build</c> 2 it stands for a newer build: it has one more flow and one more task.
/// </summary>
public sealed class ChaosPlugin : IActorsPlugin
{
    private const string Newer = """
        flow: newer_yaml
        steps:
          - task: Newer
            id: newer
        outputs:
          - name: done
            value: ${newer.done}
        """;

    public void Configure(ActorsRegistration registration)
    {
        ArgumentNullException.ThrowIfNull(registration);
        Recorder recorder = new(registration.Configuration["Recorder:Url"] ?? throw new InvalidOperationException("Recorder:Url is not set."));
        registration.Flows.Add(new TenFlow(recorder));
        registration.Flows.Add(new LeafFlow(recorder));
        registration.Flows.Add(new SlowFlow(recorder));
        registration.Flows.Add(new SleepFlow(recorder));
        registration.Flows.Add(new PlacesFlow(recorder));
        registration.Flows.Add(new CounterFlow());
        if (registration.Configuration["Chaos:Build"] == "2")
        {
            registration.Tasks.Add<object?, Done>("Newer", (_, step) => recorder.RecordAsync(step));
            registration.Flows.Add(new NewerFlow(recorder));
            registration.Flows.Add(YamlFlowDefinition.Parse(Newer, "newer.yaml", registration.Tasks));
        }
    }
}
