using System.Data.Common;

namespace Actors;

/// <summary>What the body of a transactional step is given: an open transaction on the database of the journal, which the engine commits together with the step's outcome.</summary>
public interface ITransactionalStepContext : IStepContext
{
    /// <summary>Open, and in the transaction. For one command at a time; the body must neither close it nor keep it.</summary>
    new DbConnection Connection { get; }

    /// <summary>For <see cref="DbCommand.Transaction"/>. The body must neither commit it nor roll it back: to roll back, it throws.</summary>
    DbTransaction Transaction { get; }
}
