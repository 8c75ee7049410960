using Actors.Flows;

namespace Actors.Samples.Orders;

/// <summary>
/// What the flows of this sample do in the shop. YAML calls them by name, with snake_case inputs; the C# flow calls the methods.
/// Each hands the step's idempotency key to the shop, so that an attempt after a crash or a lost answer does not act twice.
/// </summary>
public sealed partial class OrderTasks(Shop shop)
{
    [FlowTask("OpenOrder", Description = "Gives the order its number.")]
    public Task<OpenedOrder> OpenOrder(OpenOrderInput input, IStepContext step) =>
        shop.Call("OpenOrder", step, () => shop.OpenOrder(input.CustomerId, step.IdempotencyKey));

    [FlowTask("FetchCustomer", Description = "Reads the customer's account.")]
    public Task<Customer> FetchCustomer(FetchCustomerInput input, IStepContext step) =>
        shop.Call("FetchCustomer", step, () => shop.FindCustomer(input.CustomerId));

    [FlowTask("ValidateCustomer", Description = "Says whether the customer may order.")]
    public Task<CustomerCheck> ValidateCustomer(ValidateCustomerInput input, IStepContext step) =>
        shop.Call("ValidateCustomer", step, () => input.Customer.Active
            ? new CustomerCheck(true, null)
            : new CustomerCheck(false, $"the account {input.Customer.CustomerId} is not active"));

    [FlowTask("CheckFraud", Description = "Estimates the risk of an order.")]
    public Task<FraudCheck> CheckFraud(CheckFraudInput input, IStepContext step) =>
        shop.Call("CheckFraud", step, () => input.Token == "tok_stolen"
            ? new FraudCheck(100, true)
            : new FraudCheck((int)Math.Min(90, input.Amount / 100), false));

    [FlowTask("UpdateLoyaltyPoints", Description = "Adds points for an order.")]
    public Task<LoyaltyPoints> UpdateLoyaltyPoints(UpdateLoyaltyPointsInput input, IStepContext step) =>
        shop.Call("UpdateLoyaltyPoints", step, () => shop.AddPoints(input.CustomerId, input.OrderId, input.Amount, step.IdempotencyKey));

    [FlowTask("RecordAudit", Description = "Writes a line to the audit.")]
    public Task<Message> RecordAudit(RecordAuditInput input, IStepContext step) =>
        shop.Call("RecordAudit", step, () => shop.Send("RecordAudit", input.OrderId, "audit", input.Text, step.IdempotencyKey));
}

public sealed record OpenOrderInput(string CustomerId);

public sealed record FetchCustomerInput(string CustomerId);

public sealed record ValidateCustomerInput(Customer Customer);

/// <param name="Reason">Null when valid.</param>
public sealed record CustomerCheck(bool Valid, string? Reason);

public sealed record CheckFraudInput(string CustomerId, decimal Amount, string Token);

/// <param name="RiskScore">0 to 100.</param>
public sealed record FraudCheck(int RiskScore, bool Blocked);

public sealed record UpdateLoyaltyPointsInput(string CustomerId, string OrderId, decimal Amount);

public sealed record RecordAuditInput(string OrderId, string Text);
