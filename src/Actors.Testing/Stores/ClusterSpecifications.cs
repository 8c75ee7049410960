using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>
/// The ground of the specifications of <see cref="IClusterStore"/>: a store that implements it inherits every class that derives from this one; the others need none of them.
/// </summary>
public abstract class ClusterSpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    protected IClusterStore Cluster => (IClusterStore)Store;

    protected static SiloCapabilities Can(string[]? versions = null, string[]? tasks = null, int journal = 1) =>
        new(journal, [.. (versions ?? []).Select(static version => ("refund", version))], tasks ?? []);

    protected async Task<IReadOnlyList<string>> ClaimRunnableAsync(long? silo = null, int limit = 100) =>
        [.. (await Cluster.ClaimRunnableAsync(silo ?? Silo, limit, default)).Select(static run => run.Row.Id.Value)];

    protected Task<RunRow> StartUnownedAsync(string id, Func<RunRow, RunRow>? vary = null) =>
        StartAsync(id, row => vary?.Invoke(row with { Owner = null }) ?? row with { Owner = null });

    /// <summary>A life that has ended.</summary>
    protected async Task<long> DeadLifeAsync()
    {
        long silo = await BeginLifeAsync("dead");
        await Store.EndLifeAsync(silo, At(), default);
        return silo;
    }

    protected async Task<LivingSilo?> FindAsync(long silo) => (await Cluster.ListSilosAsync(default)).SingleOrDefault(s => s.No == silo);

    protected async Task<PostOutcome> PostAsync(InboxMessage message, HumanTaskClosing? closing = null, int inboxMax = 100, long? silo = null) =>
        Assert.Single(await Cluster.PostAsync(silo ?? Silo, [new PostedMessage(message, closing)], inboxMax, default));

    protected async Task<IReadOnlyList<PostStatus>> PostAllAsync(int inboxMax, params PostedMessage[] messages) =>
        [.. (await Cluster.PostAsync(Silo, messages, inboxMax, default)).Select(static outcome => outcome.Status)];

    /// <summary>A session whose notices are kept. Disposed by the test.</summary>
    protected async Task<Listening> ListenAsync(long silo)
    {
        Listening listening = new();
        listening.Session = await Cluster.OpenSessionAsync(silo, listening.OnNotice, default);
        return listening;
    }

    protected sealed class Listening : IAsyncDisposable
    {
        private readonly System.Threading.Channels.Channel<string> _heard = System.Threading.Channels.Channel.CreateUnbounded<string>();

        public ISiloSession Session { get; set; } = null!;

        public void OnNotice(string text) => _heard.Writer.TryWrite(text);

        /// <summary>The next notice; fails when none comes within half a minute.</summary>
        public async Task<string> NextAsync()
        {
            using CancellationTokenSource limit = new(TimeSpan.FromSeconds(30));
            return await _heard.Reader.ReadAsync(limit.Token);
        }

        public ValueTask DisposeAsync() => Session.DisposeAsync();
    }
}
