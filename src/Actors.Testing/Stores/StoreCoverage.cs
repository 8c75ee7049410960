using System.Reflection;
using Actors.Storage;

namespace Actors.Testing.Stores;

/// <summary>Finds specifications that a store has not taken up, so that no store skips one unseen.</summary>
public static class StoreCoverage
{
    /// <summary>One sentence for each specification class that a store of these assemblies lacks in the test assembly; empty when all are there.</summary>
    public static IReadOnlyList<string> Missing(Assembly tests, params IEnumerable<Assembly> stores)
    {
        Type[] specifications =
        [
            .. typeof(StoreSpecifications).Assembly.GetTypes().Where(static type =>
                type.IsAbstract && type != typeof(ClusterSpecifications) && (type.BaseType == typeof(StoreSpecifications) || type.BaseType == typeof(ClusterSpecifications))),
        ];
        HashSet<(Type Store, Type Specification)> taken =
        [
            .. from type in tests.GetTypes()
               where !type.IsAbstract && type.IsSubclassOf(typeof(StoreSpecifications)) && type.GetConstructor([]) is not null
               from specification in specifications
               where type.IsSubclassOf(specification)
               select (((StoreSpecifications)Activator.CreateInstance(type)!).Fixture.StoreType, specification),
        ];

        return
        [
            .. from assembly in stores.Distinct()
               from store in assembly.GetTypes()
               where store is { IsAbstract: false, IsPublic: true } && store.IsAssignableTo(typeof(IStore))
               from specification in specifications
               where specification != typeof(TransactionSpecifications) || store.IsAssignableTo(typeof(ITransactionalStore))
               where store.IsAssignableTo(typeof(IClusterStore)) || !specification.IsSubclassOf(typeof(ClusterSpecifications))
               where !taken.Contains((store, specification))
               select $"{store.Name} has no test class for {specification.Name}.",
        ];
    }
}
