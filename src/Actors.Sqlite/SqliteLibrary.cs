using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Actors.Sqlite;

/// <summary>
/// Chooses the native SQLite once per process: the system's when it is there and new enough, since distributions keep it patched; otherwise the
/// bundled one, which is 3.35.5 of 2021. All SQL here keeps to what 3.35 can do.
/// </summary>
internal static class SqliteLibrary
{
    // The oldest version in a distribution that is still maintained (Debian 12).
    private const int SystemVersionMin = 3_040_000;

    private const string SystemName = "libsqlite3.so.0";
    private const string BundledName = "e_sqlite3";

    private static readonly Lock Gate = new();
    private static bool _chosen;

    private delegate int VersionNumber();

    /// <summary>The version that is in use, e.g. <c>3.40.1</c>.</summary>
    public static string Version => raw.sqlite3_libversion().utf8_to_string();

    /// <summary>
    /// The first call decides for the process; later ones find what is loaded. An application that has used SQLite before has decided: its library stays, since functions that are bound to one
    /// library and others bound to another would bring the process down.
    /// </summary>
    public static void Choose(bool system)
    {
        lock (Gate)
        {
            if (_chosen)
            {
                return;
            }

            _chosen = true;
            if (IsLoaded())
            {
                return;
            }

            if (system)
            {
                PreferSystem();
            }

            raw.SetProvider(new SQLite3Provider_e_sqlite3());
        }
    }

    private static bool IsLoaded()
    {
        try
        {
            return raw.GetNativeLibraryName() is not null;
        }
#pragma warning disable CA1031 // The package throws a bare Exception when no provider was set.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    private static void PreferSystem()
    {
        try
        {
            NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, Resolve);
        }
        catch (InvalidOperationException)
        {
            // The application has set a resolver of its own: it has chosen already.
        }
    }

    private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != BundledName || !OperatingSystem.IsLinux() || !NativeLibrary.TryLoad(SystemName, out IntPtr library))
        {
            return IntPtr.Zero;
        }

        if (NativeLibrary.TryGetExport(library, "sqlite3_libversion_number", out IntPtr export)
            && Marshal.GetDelegateForFunctionPointer<VersionNumber>(export)() >= SystemVersionMin)
        {
            return library;
        }

        NativeLibrary.Free(library);
        return IntPtr.Zero;
    }
}
