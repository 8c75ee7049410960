using Actors.Flows;
using Actors.Postgres.Tests;
using Actors.Storage;

namespace Actors.Samples.Tests;

/// <summary>The ground of the samples' tests: a database of one test, which its silos share or follow each other on.</summary>
public abstract class SampleTests : IAsyncLifetime
{
    private readonly DatabaseKind _kind;
    private TestDatabase? _database;
    private IStore? _store;

    private protected SampleTests(DatabaseKind kind) => _kind = kind;

    private protected IStore Store => _store ?? throw new InvalidOperationException("The store is opened in InitializeAsync.");

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync(_kind);
        _store = await _database.OpenAsync();
    }

    /// <summary>Whatever a test did, the database proves sound at its end.</summary>
    public async Task DisposeAsync()
    {
        IReadOnlyList<string> broken = await Store.CheckInvariantsAsync(CancellationToken.None);
        await Store.DisposeAsync();
        await _database!.DisposeAsync();
        Assert.Empty(broken);
    }

    private protected Task<SampleSilo> StartSilo(Action<TaskRegistry, FlowRegistry> register, IStore? store = null, TimeProvider? time = null) =>
        SampleSilo.StartAsync(register, store ?? Store, time);
}
