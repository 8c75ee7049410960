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
}
