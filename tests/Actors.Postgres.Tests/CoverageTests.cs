using Actors.Testing.Stores;

namespace Actors.Postgres.Tests;

public sealed class CoverageTests
{
    [Fact]
    public void No_specification_is_skipped() => Assert.Empty(StoreCoverage.Missing(typeof(CoverageTests).Assembly, typeof(PostgresStore).Assembly));
}
