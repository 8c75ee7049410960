namespace Actors.Samples.Orders;

/// <summary>The flow of <c>order-fulfilment.yaml</c> in C#: the same tasks, in the same order, with the same outcomes.</summary>
public sealed class OrderFlow(OrderTasks tasks) : Flow<OrderRequest, OrderResult>
{
    private static readonly StepOptions PaymentOptions = new()
    {
        Retry = new RetryPolicy
        {
            MaxAttempts = 4,
            Delay = TimeSpan.FromMilliseconds(250),
            Backoff = Backoff.Exponential,
            MaxDelay = TimeSpan.FromSeconds(10),
            RetryOn = ["network", ErrorTypes.Timeout],
        },
        Timeout = TimeSpan.FromSeconds(30),
    };

    public override string Name => "OrderFulfilment";

    public override string Version => "1";

    public override string Description => "Takes an order from the first check to the confirmation.";

    public override async Task<OrderResult> RunAsync(IFlowContext ctx, OrderRequest input)
    {
        OpenedOrder order = await ctx.Step("order", new OpenOrderInput(input.CustomerId), tasks.OpenOrder);
        UndoWhenCancelled(ctx, order.OrderId, input.CustomerId);

        Task<(Customer? Customer, string? Problem)> customerCheck = CheckCustomer(ctx, input.CustomerId);
        Task<StockLine[]> stockCheck = ctx.Map(
            "stock",
            input.Items,
            (item, line, _) => item.Step("line", new CheckInventoryInput(line.ProductId, line.Quantity), tasks.CheckInventory));
        await Task.WhenAll(customerCheck, stockCheck);

        (Customer? customer, string? problem) = await customerCheck;
        if (customer is null)
        {
            return OrderResult.Refused(order.OrderId, $"Customer validation failed: {problem}");
        }

        Subtotal subtotal = await ctx.Step("subtotal", new CalculateSubtotalInput(await stockCheck), tasks.CalculateSubtotal);
        if (subtotal.Problem is not null)
        {
            return OrderResult.Refused(order.OrderId, $"The order cannot be delivered: {subtotal.Problem}");
        }

        if (PricingOf(input.OrderType) is not { } applyPricing)
        {
            return OrderResult.Refused(order.OrderId, $"Invalid order type '{input.OrderType}': it must be standard, express or bulk.");
        }

        Pricing pricing = await ctx.Step("pricing", new PricingInput(subtotal.Amount, subtotal.Units, customer.Tier), applyPricing);
        Task<Tax> taxing = ctx.Step("tax", new CalculateTaxInput(pricing.Price, input.ShippingAddress), tasks.CalculateTax);
        Task<FraudCheck> fraudCheck = ctx.Step(
            "fraud",
            new CheckFraudInput(input.CustomerId, pricing.Price, input.PaymentDetails.Token),
            tasks.CheckFraud);
        await Task.WhenAll(taxing, fraudCheck);
        Tax tax = await taxing;
        if ((await fraudCheck).Blocked)
        {
            return OrderResult.Refused(order.OrderId, "The order was refused: the payment looks like fraud.");
        }

        string? refusal =
            await Reserve(ctx, order.OrderId, input.Items)
            ?? await Approve(ctx, order.OrderId, input, tax.FinalPrice);
        if (refusal is not null)
        {
            return OrderResult.Refused(order.OrderId, refusal);
        }

        (Payment? payment, refusal) = await Pay(ctx, order.OrderId, input, tax.FinalPrice);
        if (payment is null)
        {
            return OrderResult.Refused(order.OrderId, refusal!);
        }

        (Delivery? delivery, refusal) = await Ship(ctx, order.OrderId, input);
        if (delivery is null)
        {
            return OrderResult.Refused(order.OrderId, refusal!);
        }

        string code = await Confirm(ctx, order.OrderId, input.CustomerId, tax.FinalPrice);
        return new OrderResult
        {
            Success = true,
            OrderId = order.OrderId,
            TransactionId = payment.TransactionId,
            ConfirmationCode = code,
            FinalPrice = tax.FinalPrice,
            DiscountApplied = pricing.Discount,
            ShippingCost = pricing.ShippingCost,
            EstimatedDelivery = delivery.EstimatedDelivery,
            Message = "The order is paid and on its way.",
        };
    }

    // Clean-up runs in reverse: the goods go back, then the money, then the customer is told.
    private void UndoWhenCancelled(IFlowContext ctx, string orderId, string customerId)
    {
        ctx.CleanUp("notify_customer", c => c.Step("notify", new NotifyCustomerInput(orderId, customerId), tasks.NotifyCustomerCancelled));
        ctx.CleanUp("refund_payment", c => c.Step("refund", new OrderReference(orderId), tasks.RefundPayment));
        ctx.CleanUp("release_stock", c => c.Step("release", new OrderReference(orderId), tasks.ReleaseStock));
    }

    private async Task<(Customer? Customer, string? Problem)> CheckCustomer(IFlowContext ctx, string customerId)
    {
        try
        {
            Customer customer = await ctx.Step("customer", new FetchCustomerInput(customerId), tasks.FetchCustomer);
            CustomerCheck check = await ctx.Step("customer_check", new ValidateCustomerInput(customer), tasks.ValidateCustomer);
            return check.Valid ? (customer, null) : (null, check.Reason);
        }
        catch (StepFailedException e)
        {
            return (null, e.Error.Message);
        }
    }

    private Func<PricingInput, IStepContext, Task<Pricing>>? PricingOf(string orderType) => orderType switch
    {
        OrderTypes.Standard => tasks.ApplyStandardPricing,
        OrderTypes.Express => tasks.ApplyExpressPricing,
        OrderTypes.Bulk => tasks.ApplyBulkPricing,
        _ => null,
    };

    /// <returns>Null when reserved; otherwise why not.</returns>
    private async Task<string?> Reserve(IFlowContext ctx, string orderId, IReadOnlyList<OrderItem> items)
    {
        try
        {
            await ctx.Step("reservation", new ReserveStockInput(orderId, items), tasks.ReserveStock);
            return null;
        }
        catch (StepFailedException e)
        {
            return $"The order cannot be delivered: {e.Error.Message}";
        }
    }

    /// <returns>Null when no approval is needed or it was given; otherwise why not.</returns>
    private async Task<string?> Approve(IFlowContext ctx, string orderId, OrderRequest input, decimal finalPrice)
    {
        if (finalPrice <= input.ApprovalLimit)
        {
            return null;
        }

        HumanAnswer answer = await ctx.Ask("approval", new HumanQuestion($"Approve order {orderId}?")
        {
            Details = new { customer_id = input.CustomerId, final_price = finalPrice, items = input.Items },
            Due = TimeSpan.FromDays(3),
        });
        if (answer.Approved)
        {
            return null;
        }

        await ctx.Step("release_unapproved", new OrderReference(orderId), tasks.ReleaseStock);
        return answer.Expired
            ? "The order was not approved: nobody answered in time."
            : $"The order was not approved: {answer.Comment ?? "no reason was given"}";
    }

    private async Task<(Payment? Payment, string? Problem)> Pay(IFlowContext ctx, string orderId, OrderRequest input, decimal finalPrice)
    {
        try
        {
            ProcessPaymentInput payment = new(orderId, input.CustomerId, finalPrice, input.PaymentMethod, input.PaymentDetails);
            return (await ctx.Step("payment", payment, tasks.ProcessPayment, PaymentOptions), null);
        }
        catch (StepFailedException e)
        {
            // A payment whose answer was lost may have been booked: the refund makes sure.
            await ctx.Step("refund_unpaid", new OrderReference(orderId), tasks.RefundPayment);
            await ctx.Step("release_unpaid", new OrderReference(orderId), tasks.ReleaseStock);
            return (null, $"The payment failed: {e.Error.Message}");
        }
    }

    private async Task<(Delivery? Delivery, string? Problem)> Ship(IFlowContext ctx, string orderId, OrderRequest input)
    {
        try
        {
            Shipment shipment = await ctx.Step(
                "shipment",
                new CreateShipmentInput(orderId, input.OrderType, input.ShippingAddress),
                tasks.CreateShipment,
                new StepOptions { Retry = new RetryPolicy { Delay = TimeSpan.FromMilliseconds(250) } });
            return (await ctx.Step("delivery", new ScheduleDeliveryInput(input.OrderType, shipment.TrackingNumber), tasks.ScheduleDelivery), null);
        }
        catch (StepFailedException e)
        {
            await ctx.Step("refund_unshipped", new OrderReference(orderId), tasks.RefundPayment);
            await ctx.Step("release_unshipped", new OrderReference(orderId), tasks.ReleaseStock);
            return (null, $"The order was refunded because it cannot be shipped: {e.Error.Message}");
        }
    }

    private async Task<string> Confirm(IFlowContext ctx, string orderId, string customerId, decimal finalPrice)
    {
        Task<LoyaltyPoints> points = ctx.Step("points", new UpdateLoyaltyPointsInput(customerId, orderId, finalPrice), tasks.UpdateLoyaltyPoints);
        Task<Message> audit = ctx.Step("audit", new RecordAuditInput(orderId, "order paid and shipped"), tasks.RecordAudit);
        Confirmation confirmation = await ctx.Step("confirmation", new OrderReference(orderId), tasks.GenerateConfirmation);
        SendConfirmationInput message = new(orderId, customerId, confirmation.ConfirmationCode);

        // A confirmation that cannot be mailed is sent as a text: the order must not fail because of it.
        await ctx.Step("send", message, tasks.SendConfirmation, fallback: (m, _, step) => tasks.SendTextMessage(m, step));
        await Task.WhenAll(points, audit);
        return confirmation.ConfirmationCode;
    }
}
