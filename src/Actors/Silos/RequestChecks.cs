namespace Actors.Silos;

/// <summary>The bounds of what callers send, in one place.</summary>
internal static class RequestChecks
{
    public const int KeyLengthMax = 200;
    public const int LabelsMax = 32;
    public const int LabelNameLengthMax = 100;
    public const int LabelValueLengthMax = 500;
    public const int CommentLengthMax = 4_000;
    public const int PriorityMax = 100;

    public static void Check(StartRun request)
    {
        CheckKey(request.IdempotencyKey, "The idempotency key");
        if (request.Priority is < -PriorityMax or > PriorityMax)
        {
            throw new InvalidRequestException("invalid_priority", $"The priority is {request.Priority}; it must be from -{PriorityMax} to {PriorityMax}.", "/priority");
        }

        if (request.Metadata is not { } labels)
        {
            return;
        }

        if (labels.Count > LabelsMax)
        {
            throw new InvalidRequestException("invalid_metadata", $"There are {labels.Count:N0} labels; {LabelsMax} are allowed.", "/metadata");
        }

        foreach ((string name, string value) in labels)
        {
            if (name.Length is 0 or > LabelNameLengthMax || value is null || value.Length > LabelValueLengthMax)
            {
                throw new InvalidRequestException("invalid_metadata", $"The label '{Text.Shorten(name, 80)}' must have a name of 1 to {LabelNameLengthMax} and a value of at most {LabelValueLengthMax} characters.", "/metadata");
            }
        }
    }

    public static bool IsKey(string key) => key.Length is > 0 and <= KeyLengthMax && !key.Any(char.IsControl);

    public static void CheckKey(string? key, string what)
    {
        if (key is not null && !IsKey(key))
        {
            throw new InvalidRequestException("invalid_key", $"{what} must have 1 to {KeyLengthMax} characters and no control characters.");
        }
    }
}
