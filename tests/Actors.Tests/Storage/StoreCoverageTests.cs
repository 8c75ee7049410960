using System.Reflection;
using Actors.Sqlite;
using Actors.Storage;
using Actors.Testing.Stores;

namespace Actors.Tests.Storage;

public sealed class StoreCoverageTests
{
    [Fact]
    public void No_store_skips_a_specification()
    {
        // Every assembly of the product that lies beside the tests, so that a new store is found although no test mentions it yet.
        List<Assembly> product =
        [
            .. Directory.GetFiles(AppContext.BaseDirectory, "Actors*.dll")
                .Select(file => Path.GetFileNameWithoutExtension(file))
                .Where(name => !name.EndsWith("Tests", StringComparison.Ordinal))
                .Select(Assembly.Load),
        ];

        Assert.Contains(typeof(MemoryStore).Assembly, product);
        Assert.Contains(typeof(SqliteStore).Assembly, product);
        Assert.Empty(StoreCoverage.Missing(typeof(StoreCoverageTests).Assembly, product));
    }

    [Fact]
    public void A_store_without_test_classes_is_named_with_each_specification()
    {
        IReadOnlyList<string> missing = StoreCoverage.Missing(typeof(IStore).Assembly, typeof(MemoryStore).Assembly);

        Assert.Contains("MemoryStore has no test class for CommitSpecifications.", missing);
        Assert.Contains("MemoryStore has no test class for ClusterMessageSpecifications.", missing);
        Assert.Equal(18, missing.Count);
    }

    [Fact]
    public void A_store_that_no_cluster_can_share_owes_none_of_the_clusters_specifications() =>
        Assert.DoesNotContain(StoreCoverage.Missing(typeof(IStore).Assembly, typeof(SqliteStore).Assembly), static sentence => sentence.Contains("Cluster", StringComparison.Ordinal));
}
