using Actors.Samples.Orders;

namespace Actors.Samples.Tests.Orders;

public sealed class ShopStockTests
{
    private static readonly OrderItem[] TwoLamps = [new("PROD-001", 2)];

    private readonly Shop _shop = new();

    [Fact]
    public void A_reservation_takes_from_what_is_available()
    {
        int before = _shop.Available("PROD-001");

        Reservation reservation = _shop.Reserve("ORD-1", TwoLamps, "k1");

        Assert.Equal(2, reservation.Units);
        Assert.Equal(before - 2, _shop.Available("PROD-001"));
        Assert.Equal(2, _shop.Reserved("ORD-1"));
    }

    [Fact]
    public void The_same_key_gets_the_first_answer_and_reserves_once()
    {
        int before = _shop.Available("PROD-001");

        Reservation first = _shop.Reserve("ORD-1", TwoLamps, "k1");
        Reservation again = _shop.Reserve("ORD-1", TwoLamps, "k1");

        Assert.Equal(first, again);
        Assert.Equal(before - 2, _shop.Available("PROD-001"));
        Assert.Equal(1, _shop.EffectsOf("ReserveStock", "ORD-1"));
    }

    [Fact]
    public void An_order_is_reserved_whole_or_not_at_all()
    {
        int before = _shop.Available("PROD-001");

        TaskException refused = Assert.Throws<TaskException>(() => _shop.Reserve("ORD-1", [.. TwoLamps, new("PROD-OUT", 1)], "k1"));

        Assert.Equal("out_of_stock", refused.Code);
        Assert.False(refused.Retryable);
        Assert.Contains("PROD-OUT", refused.Message);
        Assert.Equal(before, _shop.Available("PROD-001"));
        Assert.Empty(_shop.Effects);
    }

    [Fact]
    public void Two_lines_of_one_product_count_together()
    {
        int available = _shop.Available("PROD-001");

        Assert.Throws<TaskException>(() => _shop.Reserve("ORD-1", [new("PROD-001", available), new("PROD-001", 1)], "k1"));
    }

    [Fact]
    public void A_release_puts_everything_back_once()
    {
        int before = _shop.Available("PROD-001");
        _shop.Reserve("ORD-1", TwoLamps, "k1");

        Assert.Equal(2, _shop.ReleaseStock("ORD-1", "k2").Released);
        Assert.Equal(2, _shop.ReleaseStock("ORD-1", "k2").Released);
        Assert.Equal(0, _shop.ReleaseStock("ORD-1", "k3").Released);

        Assert.Equal(before, _shop.Available("PROD-001"));
        Assert.Equal(1, _shop.EffectsOf("ReleaseStock"));
    }

    [Fact]
    public void Releasing_an_order_that_never_got_a_number_does_nothing()
    {
        Assert.Equal(0, _shop.ReleaseStock(null, "k1").Released);
        Assert.Empty(_shop.Effects);
    }

    [Fact]
    public void Shipped_goods_are_not_released()
    {
        _shop.Reserve("ORD-1", TwoLamps, "k1");
        int available = _shop.Available("PROD-001");
        _shop.Ship("ORD-1", OrderTypes.Standard, "k2");

        Assert.Equal(0, _shop.ReleaseStock("ORD-1", "k3").Released);
        Assert.Equal(available, _shop.Available("PROD-001"));
    }

    [Fact]
    public void The_last_unit_goes_to_one_of_many_orders_at_once()
    {
        int available = _shop.Available("PROD-001");
        _shop.Reserve("ORD-first", [new("PROD-001", available - 1)], "first");
        int refused = 0;

        Parallel.For(0, 200, i =>
        {
            try
            {
                _shop.Reserve($"ORD-{i}", [new("PROD-001", 1)], $"key-{i}");
            }
            catch (TaskException)
            {
                Interlocked.Increment(ref refused);
            }
        });

        Assert.Equal(199, refused);
        Assert.Equal(0, _shop.Available("PROD-001"));
    }

    [Fact]
    public void Many_calls_at_once_with_one_key_act_once()
    {
        string[] ids = new string[200];

        Parallel.For(0, ids.Length, i => ids[i] = _shop.Reserve("ORD-1", TwoLamps, "k1").ReservationId);

        Assert.Single(ids.Distinct());
        Assert.Equal(1, _shop.EffectsOf("ReserveStock"));
    }
}
