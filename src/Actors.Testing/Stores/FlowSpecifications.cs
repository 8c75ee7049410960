using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>Stored definitions.</summary>
public abstract class FlowSpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    [Fact]
    public async Task A_stored_definition_is_read_as_it_was_given()
    {
        FlowRow yaml = new(Tenant, "refund", "sha-1", "1.0", "name: refund # ü🙂\nsteps: []\n", At());
        FlowRow code = new(Tenant, "refund", "v2", null, null, At(1));

        await Store.SaveFlowAsync(yaml, default);
        await Store.SaveFlowAsync(code, default);

        Assert.Equal(yaml, await Store.GetFlowAsync(Tenant, "refund", "sha-1", default));
        Assert.Equal(code, await Store.GetFlowAsync(Tenant, "refund", "v2", default));
        Assert.Null(await Store.GetFlowAsync(Tenant, "refund", "v3", default));
    }

    [Fact]
    public async Task A_definition_never_changes()
    {
        FlowRow first = new(Tenant, "refund", "sha-1", "1.0", "a", At());
        await Store.SaveFlowAsync(first, default);

        await Store.SaveFlowAsync(first with { Source = "b", Label = "2.0", CreatedAt = At(5) }, default);

        Assert.Equal(first, await Store.GetFlowAsync(Tenant, "refund", "sha-1", default));
    }

    [Fact]
    public async Task The_versions_of_a_flow_are_listed_last_stored_first()
    {
        await Store.SaveFlowAsync(new FlowRow(Tenant, "refund", "b", "1.0", "text", At(1)), default);
        await Store.SaveFlowAsync(new FlowRow(Tenant, "refund", "c", "2.0", "text", At(2)), default);
        await Store.SaveFlowAsync(new FlowRow(Tenant, "refund", "a", null, null, At(1)), default);
        await Store.SaveFlowAsync(new FlowRow(Tenant, "refunds", "d", "3.0", "text", At(3)), default);
        await Store.SaveFlowAsync(new FlowRow("other", "refund", "e", "4.0", "text", At(4)), default);

        Assert.Equal(
            [new FlowVersionRow("c", "2.0", At(2)), new FlowVersionRow("a", null, At(1)), new FlowVersionRow("b", "1.0", At(1))],
            await Store.ListFlowVersionsAsync(Tenant, "refund", 10, default));
        Assert.Equal(["c", "a"], (await Store.ListFlowVersionsAsync(Tenant, "refund", 2, default)).Select(static v => v.Version));
        Assert.Empty(await Store.ListFlowVersionsAsync(Tenant, "never", 10, default));
    }

    [Fact]
    public async Task Tenants_have_definitions_of_their_own()
    {
        FlowRow ours = new(Tenant, "refund", "v1", null, "ours", At());
        FlowRow theirs = new("other", "refund", "v1", null, "theirs", At());
        await Store.SaveFlowAsync(ours, default);
        await Store.SaveFlowAsync(theirs, default);

        Assert.Equal("ours", (await Store.GetFlowAsync(Tenant, "refund", "v1", default))?.Source);
        Assert.Equal("theirs", (await Store.GetFlowAsync("other", "refund", "v1", default))?.Source);
    }
}
