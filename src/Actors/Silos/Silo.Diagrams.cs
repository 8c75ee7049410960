using Actors.Flows;
using Actors.Runs;
using Actors.Storage;

namespace Actors.Silos;

public sealed partial class Silo
{
    // Of a journal that is longer than both together, what is between is left out: a picture cannot show more.
    private const int TraceHead = 10_000;
    private const int TraceTail = 10_000;
    private const int TracePage = 500;

    /// <summary>What a run has done so far, step by step. Reads at most 20,000 entries of its journal: of a longer one the first and the last half.</summary>
    /// <exception cref="NotFoundException">The tenant has no such run.</exception>
    public async Task<RunTrace> ReadTraceAsync(RunId id, Caller caller, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(caller);
        RunRow row = await Store.GetRunAsync(caller.Tenant, id, cancellationToken).ConfigureAwait(false) ?? throw UnknownRun(id);
        TraceBuilder trace = new();
        long read = await ReadTraceAsync(trace, row, 0, TraceHead, cancellationToken).ConfigureAwait(false);
        if (read < TraceHead)
        {
            return trace.Build(row, isPartial: false);
        }

        JournalEntry? last = await Store.ReadLastEntryAsync(row.Tenant, id, cancellationToken).ConfigureAwait(false);
        long from = Math.Max(read, (last?.Seq ?? 0) - TraceTail);
        await ReadTraceAsync(trace, row, from, from + TraceTail, cancellationToken).ConfigureAwait(false);
        return trace.Build(row, isPartial: from > read);
    }

    /// <summary>
    /// The picture of a run: that of its flow, in the version that it is pinned to, with what the run has done so far. Of a flow that is written in C#, or is not known any more,
    /// the picture shows the steps that the run has come to.
    /// </summary>
    /// <exception cref="NotFoundException">The tenant has no such run.</exception>
    public async Task<FlowDiagram> DrawRunAsync(RunId id, Caller caller, CancellationToken cancellationToken = default)
    {
        RunTrace trace = await ReadTraceAsync(id, caller, cancellationToken).ConfigureAwait(false);
        (FlowDefinition? definition, _) = await FindFlowAsync(trace.Run, cancellationToken).ConfigureAwait(false);
        return definition is YamlFlowDefinition flow ? FlowDiagram.Of(flow).With(trace) : FlowDiagram.Of(trace);
    }

    private async Task<long> ReadTraceAsync(TraceBuilder trace, RunRow run, long after, long to, CancellationToken cancellationToken)
    {
        while (after < to)
        {
            IReadOnlyList<JournalEntry> entries = await Store.ReadJournalAsync(run.Tenant, run.Id, after, (int)Math.Min(TracePage, to - after), cancellationToken).ConfigureAwait(false);
            foreach (JournalEntry entry in entries)
            {
                trace.Add(entry);
            }

            if (entries.Count == 0)
            {
                break;
            }

            after = entries[^1].Seq;
        }

        return after;
    }
}
