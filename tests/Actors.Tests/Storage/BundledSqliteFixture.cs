using System.Data.Common;
using System.Reflection;
using System.Runtime.Loader;
using Actors.Sqlite;
using Actors.Storage;
using Actors.Testing.Stores;

namespace Actors.Tests.Storage;

/// <summary>
/// The SQLite store on the bundled library, which is years older than the system's. A process has one native SQLite per load context, so the store and its packages are
/// loaded a second time, into a context of their own; the contract's types are shared.
/// </summary>
internal sealed class BundledSqliteFixture : StoreFixture
{
    private static readonly Context Loaded = new();

    // Made on first use: the check that no store skips a specification makes fixtures only to ask for their type.
    private readonly Lazy<DirectoryInfo> _directory = new(() => Directory.CreateTempSubdirectory("actors-bundled-"));

    public override Type StoreType => Loaded.Store.GetType(typeof(SqliteStore).FullName!, throwOnError: true)!;

    private string File => Path.Combine(_directory.Value.FullName, "actors.db");

    public override async ValueTask<IStore> CreateStoreAsync()
    {
        Type optionsType = Loaded.Store.GetType(typeof(SqliteStoreOptions).FullName!, throwOnError: true)!;
        object options = Activator.CreateInstance(optionsType)!;
        optionsType.GetProperty(nameof(SqliteStoreOptions.Path))!.SetValue(options, File);
        optionsType.GetProperty(nameof(SqliteStoreOptions.UseSystemLibrary))!.SetValue(options, false);
        var opening = (Task)StoreType.GetMethod(nameof(SqliteStore.OpenAsync))!.Invoke(null, [options, null, CancellationToken.None])!;
        await opening;
        return (IStore)opening.GetType().GetProperty("Result")!.GetValue(opening)!;
    }

    public override ValueTask DeleteEntryAsync(IStore store, RunRow run, long seq)
    {
        Execute($"DELETE FROM journal WHERE run_no = {run.No} AND seq = {seq}");
        return ValueTask.CompletedTask;
    }

    public override ValueTask AddMessageAsync(IStore store, InboxMessage message)
    {
        Execute($"INSERT INTO inbox (id, run_no, kind, key, payload, principal, at) VALUES ('{message.Id}', {message.RunNo}, 5, '', x'', 'test', 0)");
        return ValueTask.CompletedTask;
    }

    public override ValueTask DisposeAsync()
    {
        if (_directory.IsValueCreated)
        {
            _directory.Value.Delete(recursive: true);
        }

        return ValueTask.CompletedTask;
    }

    // With the library that has the file open: the locks of two libraries in one process know nothing of each other.
    private void Execute(string sql)
    {
        Type type = Loaded.LoadFromAssemblyName(new AssemblyName("Microsoft.Data.Sqlite")).GetType("Microsoft.Data.Sqlite.SqliteConnection", throwOnError: true)!;
        using var connection = (DbConnection)Activator.CreateInstance(type, $"Data Source={File};Pooling=False")!;
        connection.Open();
        using DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>A context in which nothing of SQLite is loaded yet.</summary>
    internal sealed class Context() : AssemblyLoadContext("bundled SQLite")
    {
        private readonly AssemblyDependencyResolver _resolver = new(typeof(BundledSqliteFixture).Assembly.Location);

        public Assembly Store => LoadFromAssemblyName(typeof(SqliteStore).Assembly.GetName());

        protected override Assembly? Load(AssemblyName name) =>
            name.Name is { } simple && (simple is "Actors.Sqlite" or "Microsoft.Data.Sqlite" || simple.StartsWith("SQLitePCLRaw", StringComparison.Ordinal))
            && _resolver.ResolveAssemblyToPath(name) is { } path
                ? LoadFromAssemblyPath(path)
                : null;

        protected override IntPtr LoadUnmanagedDll(string name) =>
            _resolver.ResolveUnmanagedDllToPath(name) is { } path ? LoadUnmanagedDllFromPath(path) : IntPtr.Zero;
    }
}

public sealed class BundledSqliteLives() : LifeSpecifications(new BundledSqliteFixture());

public sealed class BundledSqliteCommits() : CommitSpecifications(new BundledSqliteFixture());

public sealed class BundledSqliteStarts() : StartSpecifications(new BundledSqliteFixture());

public sealed class BundledSqliteRunChanges() : RunChangeSpecifications(new BundledSqliteFixture());

public sealed class BundledSqliteClaims() : ClaimSpecifications(new BundledSqliteFixture());

public sealed class BundledSqliteReminders() : ReminderSpecifications(new BundledSqliteFixture());

public sealed class BundledSqliteMessages() : MessageSpecifications(new BundledSqliteFixture());

public sealed class BundledSqliteRunQueries() : RunQuerySpecifications(new BundledSqliteFixture());

public sealed class BundledSqliteHumanTasks() : HumanTaskSpecifications(new BundledSqliteFixture());

public sealed class BundledSqliteFlows() : FlowSpecifications(new BundledSqliteFixture());

public sealed class BundledSqliteInvariants() : InvariantSpecifications(new BundledSqliteFixture());

public sealed class BundledSqliteConcurrency() : ConcurrencySpecifications(new BundledSqliteFixture());

public sealed class BundledSqliteRetention() : RetentionSpecifications(new BundledSqliteFixture());

public sealed class BundledSqliteCache() : CacheSpecifications(new BundledSqliteFixture());
