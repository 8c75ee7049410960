namespace Actors.Flows;

/// <summary>What is to start a flow from outside. It is read and checked; this version starts nothing by it.</summary>
/// <param name="Id">Null when the author gave none; else unlike those of the file's other triggers.</param>
public abstract record FlowTrigger(string? Id, bool IsEnabled);

/// <summary>A request over HTTP.</summary>
/// <param name="Path">Begins with '/'; parts in braces are parameters.</param>
/// <param name="Method">GET, POST, PUT, DELETE or PATCH.</param>
/// <param name="Auth">Null: everybody may call it.</param>
/// <param name="IsAsync">True: the caller is answered when the run is started, and not when it has ended.</param>
public sealed record WebhookTrigger(string? Id, bool IsEnabled, string Path, string Method, WebhookAuth? Auth, bool IsAsync, WebhookInput Input) : FlowTrigger(Id, IsEnabled);

/// <summary>What a caller must show.</summary>
/// <param name="Header">The header that carries it.</param>
/// <param name="IsBearer">True: the header's value is <c>Bearer</c> and the key.</param>
/// <param name="Key">As it is written, with <c>${…}</c> for environment variables: what it stands for is not looked up.</param>
public sealed record WebhookAuth(string Header, bool IsBearer, string Key);

/// <summary>The part of a request that becomes the flow's inputs.</summary>
public enum WebhookInput
{
    Body,
    Query,
    Headers,
    Path,

    /// <summary>An object with a field for each of the others.</summary>
    All,
}

/// <summary>Points in time.</summary>
/// <param name="TimeZone">A name of the IANA database, e.g. <c>Europe/Berlin</c>.</param>
/// <param name="InstancesMax">At so many runs that have not ended, a point in time is passed over.</param>
public sealed record ScheduleTrigger(string? Id, bool IsEnabled, CronExpression Cron, string TimeZone, int InstancesMax) : FlowTrigger(Id, IsEnabled);
