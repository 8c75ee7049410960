using System.Globalization;
using Actors.Flows;

namespace Actors.Samples.Orders;

/// <summary>Brings the sample to a host, with a shop in memory. The setting <c>Samples:Delay</c> is how long each task takes, e.g. <c>00:00:00.3</c>.</summary>
public sealed class OrderPlugin : IActorsPlugin
{
    private const string DelayKey = "Samples:Delay";

    public void Configure(ActorsRegistration registration)
    {
        string? text = registration.Configuration[DelayKey];
        TimeSpan delay = TimeSpan.Zero;
        if (text is not null && (!TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out delay) || delay < TimeSpan.Zero || delay > TimeSpan.FromMinutes(1)))
        {
            throw new InvalidOperationException($"{DelayKey} is '{text}': it must be a time from 00:00:00 to 00:01:00, e.g. 00:00:00.3.");
        }

        OrderSample.Register(registration.Tasks, registration.Flows, new Shop(new ShopOptions { Delay = delay }));
    }
}
