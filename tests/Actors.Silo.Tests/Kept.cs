using Actors.Storage;
using Actors.Testing;

namespace Actors.Hosting.Tests;

/// <summary>A store that outlives the host that was given it, as a database does.</summary>
internal sealed class Kept(IStore store) : DelegatingStore(store)
{
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
