using Microsoft.Extensions.Configuration;

namespace Actors.Flows;

/// <summary>
/// What an assembly brings to a silo: its tasks and flows. A host makes one instance of each public class that implements this and has a constructor
/// without parameters, and calls it once, before the silo starts.
/// </summary>
public interface IActorsPlugin
{
    /// <summary>Registers tasks and flows. An exception stops the host's start and is shown with the assembly's path.</summary>
    void Configure(ActorsRegistration registration);
}

/// <summary>Where tasks and flows are registered before a silo starts.</summary>
/// <param name="Configuration">The host's whole configuration; read the plugin's own section of it.</param>
public sealed record ActorsRegistration(TaskRegistry Tasks, FlowRegistry Flows, IConfiguration Configuration)
{
    /// <summary>What flows may use beside tasks: kinds of steps, connections, secrets.</summary>
    public FlowResources Resources => Tasks.Resources;
}
