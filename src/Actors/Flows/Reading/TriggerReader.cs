namespace Actors.Flows;

/// <summary>Reads <c>triggers</c>.</summary>
internal sealed class TriggerReader(Problems problems)
{
    private const int TriggersMax = 100;
    private static readonly string[] Types = ["webhook", "schedule"];
    private static readonly string[] Methods = ["GET", "POST", "PUT", "DELETE", "PATCH"];
    private static readonly string[] Mappings = ["body", "query", "headers", "path", "all"];
    private static readonly string[] AuthTypes = ["api_key", "bearer"];

    public IReadOnlyList<FlowTrigger> Read(Keys root)
    {
        if (root.Item("triggers") is null or YamlText { IsNull: true } || root.List("triggers") is not { } list)
        {
            return [];
        }

        List<FlowTrigger> triggers = [];
        HashSet<string> ids = new(StringComparer.Ordinal);
        HashSet<(string, string)> paths = [];
        foreach (YamlItem item in list.Items.Take(TriggersMax))
        {
            if (item is not YamlMap map)
            {
                problems.Error(Rules.WrongType, item, $"a trigger must be a mapping with 'type', not {item.Name}");
            }
            else if (ReadOne(map) is { } trigger)
            {
                if (trigger.Id is not null && !ids.Add(trigger.Id))
                {
                    problems.Error(Rules.DuplicateName, map.Find("id")!, $"the trigger '{Text.Shorten(trigger.Id, 60)}' is declared twice");
                }

                if (trigger is WebhookTrigger webhook && !paths.Add((webhook.Method, webhook.Path)))
                {
                    problems.Error(Rules.Trigger, map.Find("path")!, $"there is a trigger for {webhook.Method} {Text.Shorten(webhook.Path, 100)} already");
                }

                triggers.Add(trigger);
            }
        }

        if (list.Items.Count > TriggersMax)
        {
            problems.Error(Rules.TooComplex, list, $"a flow has at most {TriggersMax} triggers");
        }

        if (triggers.Count > 0)
        {
            problems.Warn(Rules.TriggerNotStarted, root.At("triggers"), "triggers are read and checked, but not started by this version", "Start runs with POST /runs.");
        }

        return triggers;
    }

    private FlowTrigger? ReadOne(YamlMap map)
    {
        if (map.Find("type") is null)
        {
            problems.Error(Rules.MissingKey, map, "a trigger needs 'type'", "It is webhook or schedule.");
            return null;
        }

        string? type = Word(map.Find("type"), "type", Types);
        if (type is null)
        {
            return null;
        }

        Keys keys = new(map, problems, type == "webhook" ? Language.Webhook : Language.Schedule);
        string? id = keys.Text("id")?.Value;
        bool enabled = keys.Bool("enabled") ?? true;
        return type == "webhook" ? ReadWebhook(keys, id, enabled) : ReadSchedule(keys, id, enabled);
    }

    private WebhookTrigger? ReadWebhook(Keys keys, string? id, bool enabled)
    {
        YamlText? path = keys.Text("path", required: true);
        string method = Word(keys.Item("method"), "method", Methods, ignoreCase: true) ?? "POST";
        string mapping = Word(keys.Item("input_mapping"), "input_mapping", Mappings) ?? "body";
        WebhookAuth? auth = keys.Mapping("auth") is { } map ? ReadAuth(map) : null;
        bool isAsync = keys.Bool("async") ?? true;
        if (path is null)
        {
            return null;
        }

        string text = path.Value.StartsWith('/') ? path.Value : "/" + path.Value;
        if (text.Length > 500 || text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c is '?' or '#'))
        {
            problems.Error(Rules.Trigger, path, $"'{Text.Shorten(text, 100)}' is not the path of a URL", "Write e.g. /webhooks/orders.");
        }

        return new WebhookTrigger(id, enabled, text, method, auth, isAsync, Enum.Parse<WebhookInput>(mapping, ignoreCase: true));
    }

    private WebhookAuth? ReadAuth(YamlMap map)
    {
        Keys keys = new(map, problems, Language.WebhookAuth);
        string? type = Word(keys.Item("type"), "type", AuthTypes);
        if (!keys.Has("type"))
        {
            problems.Error(Rules.MissingKey, map, "auth needs 'type'", "It is api_key or bearer.");
        }

        if (keys.Has("key") && keys.Has("token"))
        {
            problems.Error(Rules.Trigger, keys.At("token"), "'token' is another word for 'key': only one of them can be here");
        }

        YamlText? key = keys.Text(keys.Has("token") && !keys.Has("key") ? "token" : "key", required: true);
        YamlText? header = keys.Text("header");
        if (header is not null && !header.Value.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
        {
            problems.Error(Rules.Trigger, header, $"'{Text.Shorten(header.Value, 60)}' is not the name of a header");
        }

        if (key is not null && !key.Value.Contains("${", StringComparison.Ordinal))
        {
            problems.Warn(Rules.TriggerSecret, key, "the key stands in the file, for everybody to read", "Write ${env.NAME}, and set the environment variable.");
        }

        return type is null || key is null ? null : new WebhookAuth(header?.Value ?? (type == "bearer" ? "Authorization" : "X-API-Key"), type == "bearer", key.Value);
    }

    private ScheduleTrigger? ReadSchedule(Keys keys, string? id, bool enabled)
    {
        YamlText? text = keys.Text("cron", required: true);
        CronExpression? cron = null;
        if (text is not null && !CronExpression.TryParse(text.Value, out cron, out string? problem))
        {
            problems.Error(Rules.Cron, text, problem, "Write e.g. \"0 9 * * 1-5\" for nine o'clock on weekdays.");
        }

        YamlText? zone = keys.Text("timezone");
        if (zone is not null && !zone.Value.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '-' or '+'))
        {
            problems.Error(Rules.Trigger, zone, $"'{Text.Shorten(zone.Value, 60)}' is not the name of a time zone", "Write e.g. UTC or Europe/Berlin.");
        }
        else if (zone is not null && !TimeZoneInfo.TryFindSystemTimeZoneById(zone.Value, out _))
        {
            problems.Warn(Rules.Trigger, zone, $"this machine knows no time zone '{Text.Shorten(zone.Value, 60)}'", "Write e.g. UTC or Europe/Berlin.");
        }

        int instances = 1;
        if (keys.Item("max_instances") is { } item)
        {
            if (item is YamlText { IsPlain: true } number && int.TryParse(number.Value, out instances) && instances is >= 1 and <= 1000)
            {
                return cron is null ? null : new ScheduleTrigger(id, enabled, cron, zone?.Value ?? "UTC", instances);
            }

            problems.Error(Rules.Trigger, item, "'max_instances' must be a whole number from 1 to 1000");
        }

        return cron is null ? null : new ScheduleTrigger(id, enabled, cron, zone?.Value ?? "UTC", 1);
    }

    private string? Word(YamlItem? item, string key, string[] known, bool ignoreCase = false)
    {
        if (item is null)
        {
            return null;
        }

        string? text = (item as YamlText)?.Value;
        string? found = Array.Find(known, k => string.Equals(k, text, ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal));
        if (found is null)
        {
            string? near = text is null ? null : Text.Nearest(text, known);
            problems.Error(Rules.Trigger, item, $"'{key}' must be {string.Join(", ", known[..^1])} or {known[^1]}", near is null ? null : $"Did you mean '{near}'?");
        }

        return found;
    }
}
