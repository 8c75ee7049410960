using Actors.Flows;

namespace Actors.Samples.Orders;

public sealed partial class OrderTasks
{
    [FlowTask("CreateShipment", Description = "Hands the goods to the carrier.")]
    public Task<Shipment> CreateShipment(CreateShipmentInput input, IStepContext step) => shop.Call("CreateShipment", step, () =>
        input.ShippingAddress.PostalCode == "00000"
            ? throw new TaskException("No carrier goes to postal code 00000.", "undeliverable") { Type = "Undeliverable", Retryable = false }
            : shop.Ship(input.OrderId, input.OrderType, step.IdempotencyKey));

    [FlowTask("ScheduleDelivery", Description = "Says when a shipment will arrive.")]
    public Task<Delivery> ScheduleDelivery(ScheduleDeliveryInput input, IStepContext step) => shop.Call("ScheduleDelivery", step, () => new Delivery(
        input.OrderType switch
        {
            OrderTypes.Express => "1 to 2 working days",
            OrderTypes.Bulk => "7 to 10 working days",
            _ => "4 to 6 working days",
        }));

    [FlowTask("GenerateConfirmation", Description = "Makes the code that the customer refers to.")]
    public Task<Confirmation> GenerateConfirmation(OrderReference input, IStepContext step) =>
        shop.Call("GenerateConfirmation", step, () => shop.Confirm(input.OrderId!, step.IdempotencyKey));

    [FlowTask("SendConfirmation", Description = "Mails the confirmation.")]
    public Task<Message> SendConfirmation(SendConfirmationInput input, IStepContext step) => shop.Call("SendConfirmation", step, () =>
        shop.Send("SendConfirmation", input.OrderId, "email", $"{input.CustomerId}: {input.ConfirmationCode}", step.IdempotencyKey));

    [FlowTask("SendTextMessage", Description = "Sends the confirmation as a text message, when the mail cannot be sent.")]
    public Task<Message> SendTextMessage(SendConfirmationInput input, IStepContext step) => shop.Call("SendTextMessage", step, () =>
        shop.Send("SendTextMessage", input.OrderId, "text", $"{input.CustomerId}: {input.ConfirmationCode}", step.IdempotencyKey));

    [FlowTask("NotifyCustomerCancelled", Description = "Tells the customer that the order is cancelled.")]
    public Task<Message> NotifyCustomerCancelled(NotifyCustomerInput input, IStepContext step) => shop.Call("NotifyCustomerCancelled", step, () =>
        shop.Send("NotifyCustomerCancelled", input.OrderId ?? "", "email", $"{input.CustomerId}: cancelled", step.IdempotencyKey));
}

public sealed record CreateShipmentInput(string OrderId, string OrderType, Address ShippingAddress);

public sealed record ScheduleDeliveryInput(string OrderType, string TrackingNumber);

public sealed record Delivery(string EstimatedDelivery);

public sealed record SendConfirmationInput(string OrderId, string CustomerId, string ConfirmationCode);

/// <param name="OrderId">Null when the order had no number yet.</param>
public sealed record NotifyCustomerInput(string? OrderId, string CustomerId);
