using Actors.Flows;

namespace Actors.Hosting;

internal static class FlowFolder
{
    public static void Load(string? path, ActorsRegistration registration)
    {
        if (path is not null)
        {
            throw new ActorsStartException(path + registration);
        }
    }
    public static FlowDefinition LoadFile(string path, ActorsRegistration registration) => throw new ActorsStartException(path + registration);
}
