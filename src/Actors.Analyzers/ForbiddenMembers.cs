using Microsoft.CodeAnalysis;

namespace Actors.Analyzers;

/// <summary>The members of the platform that flow code must not use, and the rule that says why.</summary>
internal sealed class ForbiddenMembers
{
    // A type with the members in question; none named: all of them, also those of derived types and extension methods.
    private static readonly (DiagnosticDescriptor Rule, string Type, string[] Members)[] Table =
    [
        (Rules.First, "System.Threading.Tasks.Task", ["WhenAny", "WhenEach"]),

        (Rules.Chance, "System.DateTime", ["Now", "UtcNow", "Today"]),
        (Rules.Chance, "System.DateTimeOffset", ["Now", "UtcNow"]),
        (Rules.Chance, "System.TimeProvider", ["GetUtcNow", "GetLocalNow", "GetTimestamp", "GetElapsedTime"]),
        (Rules.Chance, "System.Diagnostics.Stopwatch", []),
        (Rules.Chance, "System.Environment", ["TickCount", "TickCount64"]),
        (Rules.Chance, "System.Guid", ["NewGuid", "CreateVersion7"]),
        (Rules.Chance, "System.Random", ["Shared"]),
        (Rules.Chance, "System.Security.Cryptography.RandomNumberGenerator", []),
        (Rules.Chance, "System.IO.Path", ["GetRandomFileName"]),

        (Rules.Outside, "System.Threading.Tasks.Task", ["Run", "Delay", "Wait", "WaitAll", "WaitAny", "WaitAsync", "Result", "Start", "RunSynchronously"]),
        (Rules.Outside, "System.Threading.Tasks.Task`1", ["Result", "WaitAsync"]),
        (Rules.Outside, "System.Threading.Tasks.ValueTask`1", ["Result"]),
        (Rules.Outside, "System.Threading.Tasks.TaskFactory", ["StartNew", "ContinueWhenAll", "ContinueWhenAny", "FromAsync"]),
        (Rules.Outside, "System.Threading.Tasks.TaskFactory`1", ["StartNew", "ContinueWhenAll", "ContinueWhenAny", "FromAsync"]),
        (Rules.Outside, "System.Runtime.CompilerServices.TaskAwaiter", ["GetResult"]),
        (Rules.Outside, "System.Runtime.CompilerServices.TaskAwaiter`1", ["GetResult"]),
        (Rules.Outside, "System.Runtime.CompilerServices.ValueTaskAwaiter", ["GetResult"]),
        (Rules.Outside, "System.Runtime.CompilerServices.ValueTaskAwaiter`1", ["GetResult"]),
        (Rules.Outside, "System.Runtime.CompilerServices.ConfiguredTaskAwaitable+ConfiguredTaskAwaiter", ["GetResult"]),
        (Rules.Outside, "System.Runtime.CompilerServices.ConfiguredTaskAwaitable`1+ConfiguredTaskAwaiter", ["GetResult"]),
        (Rules.Outside, "System.Threading.Tasks.Parallel", []),
        (Rules.Outside, "System.Linq.ParallelEnumerable", []),
        (Rules.Outside, "System.Threading.Thread", []),
        (Rules.Outside, "System.Threading.ThreadPool", []),
        (Rules.Outside, "System.Threading.SpinWait", []),
        (Rules.Outside, "System.Threading.Timer", []),
        (Rules.Outside, "System.Threading.PeriodicTimer", []),
        (Rules.Outside, "System.Timers.Timer", []),
        (Rules.Outside, "System.TimeProvider", ["CreateTimer"]),
        (Rules.Outside, "System.Threading.CancellationTokenSource", ["CancelAfter"]),
        (Rules.Outside, "System.Threading.SemaphoreSlim", ["Wait", "WaitAsync"]),
        (Rules.Outside, "System.Threading.ManualResetEventSlim", ["Wait"]),
        (Rules.Outside, "System.Threading.CountdownEvent", ["Wait"]),
        (Rules.Outside, "System.Threading.Barrier", ["SignalAndWait"]),
        (Rules.Outside, "System.Threading.WaitHandle", ["WaitOne", "WaitAny", "WaitAll", "SignalAndWait"]),

        (Rules.InputOutput, "System.Net.Http.HttpMessageInvoker", []),
        (Rules.InputOutput, "System.Net.Http.IHttpClientFactory", []),
        (Rules.InputOutput, "System.Net.WebRequest", []),
        (Rules.InputOutput, "System.Net.WebClient", []),
        (Rules.InputOutput, "System.Net.Dns", []),
        (Rules.InputOutput, "System.Net.Sockets.Socket", []),
        (Rules.InputOutput, "System.Net.Sockets.TcpClient", []),
        (Rules.InputOutput, "System.Net.Sockets.UdpClient", []),
        (Rules.InputOutput, "System.IO.File", []),
        (Rules.InputOutput, "System.IO.Directory", []),
        (Rules.InputOutput, "System.IO.FileSystemInfo", []),
        (Rules.InputOutput, "System.IO.DriveInfo", []),
        (Rules.InputOutput, "System.IO.FileStream", []),
        (Rules.InputOutput, "System.IO.Path", ["Exists", "GetTempFileName"]),
        (Rules.InputOutput, "System.Console", []),
        (Rules.InputOutput, "System.Diagnostics.Process", []),
        (
            Rules.InputOutput,
            "System.Environment",
            ["GetEnvironmentVariable", "GetEnvironmentVariables", "SetEnvironmentVariable", "ExpandEnvironmentVariables", "MachineName", "CurrentDirectory"]),
        (Rules.InputOutput, "System.Data.IDbConnection", []),
        (Rules.InputOutput, "System.Data.IDbCommand", []),
        (Rules.InputOutput, "System.Data.Common.DbConnection", []),
        (Rules.InputOutput, "System.Data.Common.DbCommand", []),
        (Rules.InputOutput, "System.Data.Common.DbDataSource", []),
        (Rules.InputOutput, "System.Data.Common.DbDataReader", []),
    ];

    private readonly Dictionary<ISymbol, List<(DiagnosticDescriptor Rule, HashSet<string>? Members)>> _types = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<ISymbol, DiagnosticDescriptor> _constructors = new(SymbolEqualityComparer.Default);

    public ForbiddenMembers(Compilation compilation)
    {
        foreach ((DiagnosticDescriptor rule, string name, string[] members) in Table)
        {
            foreach (INamedTypeSymbol type in compilation.GetTypesByMetadataName(name))
            {
                if (!_types.TryGetValue(type, out List<(DiagnosticDescriptor, HashSet<string>?)>? entries))
                {
                    _types.Add(type, entries = []);
                }

                entries.Add((rule, members.Length == 0 ? null : new HashSet<string>(members, StringComparer.Ordinal)));
            }
        }

        // A seed makes chance the same in each walk; without one it comes from the system.
        AddConstructors(compilation, "System.Random", Rules.Chance, static c => c.Parameters.Length == 0);
        AddConstructors(compilation, "System.Threading.CancellationTokenSource", Rules.Outside, static c => c.Parameters.Length > 0);
        AddConstructors(compilation, "System.IO.StreamReader", Rules.InputOutput, StartsWithPath);
        AddConstructors(compilation, "System.IO.StreamWriter", Rules.InputOutput, StartsWithPath);
    }

    public DiagnosticDescriptor? Find(ISymbol member)
    {
        if (member is IMethodSymbol { MethodKind: MethodKind.Constructor } && _constructors.TryGetValue(member.OriginalDefinition, out DiagnosticDescriptor? rule))
        {
            return rule;
        }

        return member.Name is "Equals" or "GetHashCode" or "GetType" or "ToString"
            ? null
            : FindIn(member.ContainingType, member.Name)
              ?? (member is IMethodSymbol { IsExtensionMethod: true } extension ? FindIn((extension.ReducedFrom ?? extension).Parameters[0].Type, null) : null);
    }

    /// <param name="member">Null: only types of which all members are forbidden.</param>
    private DiagnosticDescriptor? FindIn(ITypeSymbol? type, string? member)
    {
        if (type is null)
        {
            return null;
        }

        for (ITypeSymbol? at = type; at is not null; at = at.BaseType)
        {
            if (FindExactly(at, member) is { } rule)
            {
                return rule;
            }
        }

        foreach (INamedTypeSymbol at in type.AllInterfaces)
        {
            if (FindExactly(at, member) is { } rule)
            {
                return rule;
            }
        }

        return null;
    }

    private DiagnosticDescriptor? FindExactly(ITypeSymbol type, string? member)
    {
        if (_types.TryGetValue(type.OriginalDefinition, out List<(DiagnosticDescriptor Rule, HashSet<string>? Members)>? entries))
        {
            foreach ((DiagnosticDescriptor rule, HashSet<string>? members) in entries)
            {
                if (members is null || (member is not null && members.Contains(member)))
                {
                    return rule;
                }
            }
        }

        return null;
    }

    private void AddConstructors(Compilation compilation, string name, DiagnosticDescriptor rule, Func<IMethodSymbol, bool> which)
    {
        foreach (IMethodSymbol constructor in compilation.GetTypesByMetadataName(name).SelectMany(t => t.InstanceConstructors).Where(which))
        {
            _constructors[constructor] = rule;
        }
    }

    private static bool StartsWithPath(IMethodSymbol constructor) => constructor.Parameters.FirstOrDefault()?.Type.SpecialType == SpecialType.System_String;
}
