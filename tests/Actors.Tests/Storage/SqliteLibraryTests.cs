using System.Data.Common;
using System.Reflection;
using System.Runtime.InteropServices;
using Actors.Sqlite;
using Actors.Storage;

namespace Actors.Tests.Storage;

/// <summary>Which native SQLite is in use.</summary>
public sealed class SqliteLibraryTests
{
    [Fact]
    public async Task The_systems_library_is_preferred_when_it_is_new_enough()
    {
        await using SqliteFixture fixture = new();
        await using SqliteStore store = await fixture.OpenAsync();

        Version used = Version.Parse(store.LibraryVersion);

        bool system = OperatingSystem.IsLinux() && NativeLibrary.TryLoad("libsqlite3.so.0", out _);
        Assert.True(used >= new Version(3, 40) == system || used == new Version(3, 35, 5), $"SQLite {used} is in use.");
    }

    [Fact]
    public async Task The_bundled_library_is_used_when_the_option_says_so()
    {
        await using BundledSqliteFixture fixture = new();
        await using IStore store = await fixture.CreateStoreAsync();

        Assert.Equal("3.35.5", store.GetType().GetProperty(nameof(SqliteStore.LibraryVersion))!.GetValue(store));
    }

    [Fact]
    public async Task An_application_that_has_used_SQLite_before_keeps_the_library_that_it_has()
    {
        // With functions of both libraries the process would die.
        DirectoryInfo directory = Directory.CreateTempSubdirectory("actors-sqlite-before-");
        BundledSqliteFixture.Context fresh = new();
        Type type = fresh.LoadFromAssemblyName(new AssemblyName("Microsoft.Data.Sqlite")).GetType("Microsoft.Data.Sqlite.SqliteConnection", throwOnError: true)!;
        await using (DbConnection before = (DbConnection)Activator.CreateInstance(type, $"Data Source={Path.Combine(directory.FullName, "before.db")};Pooling=False")!)
        {
            await before.OpenAsync();
            Type optionsType = fresh.Store.GetType(typeof(SqliteStoreOptions).FullName!, throwOnError: true)!;
            object options = Activator.CreateInstance(optionsType)!;
            optionsType.GetProperty(nameof(SqliteStoreOptions.Path))!.SetValue(options, Path.Combine(directory.FullName, "runs.db"));
            var opening = (Task)fresh.Store.GetType(typeof(SqliteStore).FullName!, throwOnError: true)!.GetMethod(nameof(SqliteStore.OpenAsync))!.Invoke(null, [options, null, CancellationToken.None])!;
            await opening;
            await using var store = (IStore)opening.GetType().GetProperty("Result")!.GetValue(opening)!;

            Assert.Equal(before.ServerVersion, store.GetType().GetProperty(nameof(SqliteStore.LibraryVersion))!.GetValue(store));
            Assert.Equal(1, await store.BeginLifeAsync("first", DateTimeOffset.UnixEpoch, default));
        }

        directory.Delete(recursive: true);
    }
}
