namespace Actors.Samples.Orders;

public sealed partial class Shop
{
    public OpenedOrder OpenOrder(string customerId, string key) => Once("OpenOrder", key, () =>
    {
        OpenedOrder order = new(NewId("ORD-", key));
        Did("OpenOrder", order.OrderId, customerId);
        return order;
    });

    /// <summary>Hands the reserved goods to the carrier; they can no longer be released.</summary>
    public Shipment Ship(string orderId, string orderType, string key) => Once("CreateShipment", key, () =>
    {
        _reserved.Remove(orderId);
        Shipment shipment = new(NewId("SHP-", key), orderType == OrderTypes.Express ? "Swift Air" : "Ground Lines", NewId("TRK", key + "/tracking"));
        Did("CreateShipment", orderId, shipment.ShipmentId);
        return shipment;
    });

    public Confirmation Confirm(string orderId, string key) => Once("GenerateConfirmation", key, () =>
    {
        Confirmation confirmation = new(NewId("CNF-", key));
        Did("GenerateConfirmation", orderId, confirmation.ConfirmationCode);
        return confirmation;
    });

    /// <summary>Sends a message to the customer, or writes a line to the audit, in the name of a task.</summary>
    public Message Send(string task, string orderId, string channel, string text, string key) => Once(task, key, () =>
    {
        Did(task, orderId, text);
        return new Message(NewId("MSG-", task + key), channel);
    });
}

public sealed record OpenedOrder(string OrderId);

public sealed record Shipment(string ShipmentId, string Carrier, string TrackingNumber);

public sealed record Confirmation(string ConfirmationCode);

/// <param name="Channel">email, text or audit.</param>
public sealed record Message(string MessageId, string Channel);
