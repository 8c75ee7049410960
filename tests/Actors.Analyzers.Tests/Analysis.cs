using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Actors.Analyzers.Tests;

/// <summary>Compiles sources against the engine and runs all analyzers over them.</summary>
internal static class Analysis
{
    private const string Usings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Actors;
        """;

    private static readonly ImmutableArray<DiagnosticAnalyzer> Analyzers =
        [new FlowCodeAnalyzer(), new OuterWriteAnalyzer(), new OuterContextAnalyzer(), new NotAwaitedAnalyzer()];

    private static readonly CSharpParseOptions Options = new(LanguageVersion.Preview);

    // Compilations made from this one share what it has read of its references.
    private static readonly CSharpCompilation Empty = CSharpCompilation.Create(
        "Tested",
        [CSharpSyntaxTree.ParseText(Usings, Options, "0.cs")],
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path)),
        new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));

    /// <summary>What the analyzers say about statements in the body of a flow's <c>RunAsync(IFlowContext ctx, int input)</c>.</summary>
    public static Task<IReadOnlyList<Found>> OfFlowAsync(string statements, string members = "") => OfAsync(InFlow(statements, members));

    public static string InFlow(string statements, string members = "") => $$"""
        public sealed class TestFlow : Flow<int, int>
        {
            private int _field;
            private static int s_static;
            private readonly Holder _holder = new();
            {{members}}
            public override async Task<int> RunAsync(IFlowContext ctx, int input)
            {
                {{statements}}
                await ctx.Sleep("end", TimeSpan.FromDays(1));
                return _field + s_static + _holder.Value;
            }
        }

        public sealed class Holder
        {
            public int Value { get; set; }
            public int Field;
        }
        """;

    public static Task<IReadOnlyList<Found>> OfAsync(params string[] sources) => OfAsync(mustCompile: true, sources);

    public static async Task<IReadOnlyList<Found>> OfAsync(bool mustCompile, params string[] sources)
    {
        CSharpCompilation compilation = Empty.AddSyntaxTrees(sources.Select((s, i) => CSharpSyntaxTree.ParseText(s, Options, $"{i + 1}.cs")));
        if (mustCompile)
        {
            Assert.Empty(compilation.GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error));
        }

        List<Exception> crashes = [];
        CompilationWithAnalyzers analysis = compilation.WithAnalyzers(
            Analyzers,
            new CompilationWithAnalyzersOptions(
                new AnalyzerOptions([]),
                (e, _, _) =>
                {
                    lock (crashes)
                    {
                        crashes.Add(e);
                    }
                },
                concurrentAnalysis: true,
                logAnalyzerExecutionTime: false));
        ImmutableArray<Diagnostic> found = await analysis.GetAnalyzerDiagnosticsAsync();
        Assert.Empty(crashes);
        return
        [
            .. found
                .OrderBy(d => d.Location.SourceTree?.FilePath, StringComparer.Ordinal)
                .ThenBy(d => d.Location.SourceSpan.Start)
                .Select(d => new Found(d.Id, d.Severity, d.Location.SourceTree!.ToString().Substring(d.Location.SourceSpan.Start, d.Location.SourceSpan.Length), d.GetMessage())),
        ];
    }
}

/// <param name="Text">The source that is underlined.</param>
internal sealed record Found(string Id, DiagnosticSeverity Severity, string Text, string Message);
