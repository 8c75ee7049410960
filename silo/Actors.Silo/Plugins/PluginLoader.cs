using System.Reflection;
using System.Runtime.Loader;
using Actors.Flows;

namespace Actors.Hosting;

/// <summary>Loads assemblies that bring tasks and flows.</summary>
public static class PluginLoader
{
    /// <summary>Loads each assembly with its own dependencies and lets its plugins register.</summary>
    /// <exception cref="ActorsStartException">A file is missing or no assembly, has no plugin, or a plugin threw.</exception>
    public static void Load(IEnumerable<string> paths, ActorsRegistration registration)
    {
        int index = 0;
        foreach (string path in paths)
        {
            Load(path, ActorsOptions.KeyText($"Plugins:{index++}"), registration);
        }
    }

    /// <param name="setting">How the path was given, for messages: a configuration key or an option of a command.</param>
    public static void Load(string path, string setting, ActorsRegistration registration)
    {
        string full = Path.GetFullPath(path);
        if (!File.Exists(full))
        {
            throw new ActorsStartException($"{setting} is '{path}': there is no such file (looked for {full}).", new FileNotFoundException(null, full));
        }

        foreach (Type type in FindPlugins(full, setting))
        {
            try
            {
                ((IActorsPlugin)Activator.CreateInstance(type)!).Configure(registration);
            }
            catch (Exception e)
            {
                Exception cause = e is TargetInvocationException { InnerException: { } inner } ? inner : e;
                throw new ActorsStartException($"{setting}: the plugin {type.FullName} in {full} could not be configured: {cause.Message}", cause);
            }
        }
    }

    private static Type[] FindPlugins(string path, string setting)
    {
        Type[] types;
        try
        {
            types = new PluginContext(path).LoadFromAssemblyPath(path).GetExportedTypes();
        }
        catch (Exception e) when (e is BadImageFormatException or FileLoadException or FileNotFoundException or TypeLoadException or ReflectionTypeLoadException)
        {
            throw new ActorsStartException($"{setting}: {path} cannot be loaded as a .NET assembly: {e.Message}", e);
        }

        Type[] plugins = types
            .Where(t => t is { IsClass: true, IsAbstract: false } && typeof(IActorsPlugin).IsAssignableFrom(t) && t.GetConstructor(Type.EmptyTypes) is not null)
            .ToArray();
        return plugins.Length > 0
            ? plugins
            : throw new ActorsStartException($"{setting}: {path} has no public class that implements {typeof(IActorsPlugin).FullName} and has a constructor without parameters.");
    }

    /// <summary>A plugin's own dependencies, but the host's copy of what plugin and host talk through.</summary>
    private sealed class PluginContext(string path) : AssemblyLoadContext(Path.GetFileNameWithoutExtension(path))
    {
        private readonly AssemblyDependencyResolver _resolver = new(path);

        protected override Assembly? Load(AssemblyName name)
        {
            if (IsShared(name.Name))
            {
                try
                {
                    return Default.LoadFromAssemblyName(name);
                }
                catch (FileNotFoundException)
                {
                    // Not part of the host: the plugin's own copy below.
                }
            }

            return _resolver.ResolveAssemblyToPath(name) is { } file ? LoadFromAssemblyPath(file) : null;
        }

        protected override IntPtr LoadUnmanagedDll(string name) =>
            _resolver.ResolveUnmanagedDllToPath(name) is { } file ? LoadUnmanagedDllFromPath(file) : IntPtr.Zero;

        private static bool IsShared(string? name) =>
            name is "Actors" or "Actors.Protocol" or "Actors.Sqlite" or "Actors.Testing" || name?.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal) == true;
    }
}
