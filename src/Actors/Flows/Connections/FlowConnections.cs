using System.Data.Common;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>The connections that the steps of one flow may name: those of its file, and beneath them those of the host.</summary>
/// <param name="own">Those of the file: each gives its settings, with all expressions evaluated, whenever a step uses it.</param>
internal sealed class FlowConnections(ConnectionRegistry host, IReadOnlyDictionary<string, Func<JsonElement>> own)
{
    /// <summary>True when a step may name it. The journal's database always may.</summary>
    public bool Knows(string name) => name == ConnectionRegistry.Journal || own.ContainsKey(name) || host.Has(name);

    /// <summary>In alphabetical order.</summary>
    public IReadOnlyList<string> Names => own.Keys.Union(host.Names).Order(StringComparer.Ordinal).ToArray();

    /// <exception cref="TaskException">There is none of this name, or its settings are wrong.</exception>
    public IStepConnection Find(string name) => own.TryGetValue(name, out Func<JsonElement>? settings) ? host.Open(name, settings())
        : Knows(name) && name != ConnectionRegistry.Journal ? host.Find(name)
        : throw ConnectionRegistry.Unknown(name, Names);

    /// <summary>The context of a step's attempt from which the flow's connections can be had.</summary>
    /// <param name="connection">The one that the step itself names; null: none.</param>
    /// <returns>A transactional context when it is given one.</returns>
    /// <exception cref="TaskException">There is none of this name, or its settings are wrong.</exception>
    public IStepContext Attach(IStepContext step, string? connection)
    {
        IStepConnection? named = connection is null ? null : Find(connection);
        return step is ITransactionalStepContext transactional ? new ConnectedTransaction(this, transactional, named) : new ConnectedStep(this, step, named);
    }

    private class ConnectedStep(FlowConnections connections, IStepContext inner, IStepConnection? named) : IStepContext
    {
        public RunInfo Run => inner.Run;

        public string StepKey => inner.StepKey;

        public int Attempt => inner.Attempt;

        public string IdempotencyKey => inner.IdempotencyKey;

        public CancellationToken CancellationToken => inner.CancellationToken;

        public TimeProvider Time => inner.Time;

        IStepConnection? IStepContext.Connection => named;

        public IStepConnection GetConnection(string name) => connections.Find(name);
    }

    private sealed class ConnectedTransaction(FlowConnections connections, ITransactionalStepContext inner, IStepConnection? named)
        : ConnectedStep(connections, inner, named), ITransactionalStepContext
    {
        public DbConnection Connection => inner.Connection;

        public DbTransaction Transaction => inner.Transaction;
    }
}
