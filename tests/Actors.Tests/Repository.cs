namespace Actors.Tests;

/// <summary>The checkout that the tests run in.</summary>
internal static class Repository
{
    public static string Root
    {
        get
        {
            string root = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(root, "Actors.sln")))
            {
                root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("Actors.sln is in no folder above the tests.");
            }

            return root;
        }
    }
}
