using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using Actors.Storage;

namespace Actors.Runs;

// The JSON inside journal entries, one record per kind. These names are stored: add, never rename. Version 1 of every kind.

internal sealed record RunStartedBody(string Flow, string Version, string Tenant, string Principal, JsonElement Input, string? Parent = null);

internal sealed record RunEndedBody(JsonElement? Output = null, FlowError? Error = null, string? Reason = null, IReadOnlyList<string>? CleanUpErrors = null);

internal sealed record CancelRequestedBody(string Reason, string By);

internal sealed record ParkedBody(string Code, string Reason);

internal sealed record ResumedBody(string By);

internal sealed record ReportedBody(string Message, double? Progress);

internal sealed record StepStartedBody(int Attempt, DateTimeOffset StartedAt, JsonElement? Input = null, FlowError? LastError = null);

internal sealed record AttemptFailedBody(int Attempt, FlowError Error, DateTimeOffset NextAt, long Ms);

internal sealed record StepFailedBody(string Hash, int Attempt, FlowError Error, long Ms, JsonElement? Input = null);

internal sealed record TimerSetBody(DateTimeOffset DueAt);

internal sealed record AskOpenedBody(string TaskId, string Title, DateTimeOffset? DueAt);

internal sealed record AskAnsweredBody(string TaskId, HumanAnswer Answer);

internal sealed record SignalReceivedBody(string Name, string? Id, JsonElement Payload, string By);

internal sealed record WaitOpenedBody(string Name, DateTimeOffset? DueAt);

internal sealed record WaitCompletedBody(long SignalSeq, JsonElement Payload, string By);

internal sealed record SignalSentBody(string Run, string Signal, JsonElement? Payload = null, FlowError? Error = null);

internal sealed record EventEmittedBody(string Name, JsonElement Data);

internal sealed record ChildStartedBody(string Run, long No, string Flow, string Version);

internal sealed record ChildEndedBody(string? Run, JsonElement? Output = null, FlowError? Error = null);

internal sealed record ScopeEndedBody(
    JsonElement? Value = null,
    FlowError? Error = null,
    IReadOnlyDictionary<string, JsonElement>? State = null,
    IReadOnlyList<OpenCompensation>? Compensations = null,
    int? Iteration = null);

/// <summary>What must be undone if the run does not end well: which step, by which handler, with which input.</summary>
internal sealed record OpenCompensation(string Step, string Handler, JsonElement Input);

/// <summary>Writing and reading the bodies of journal entries.</summary>
internal static class EntryBody
{
    public const byte Version = 1;

    private static readonly JsonSerializerOptions Options = CreateOptions();

    // One per thread: bodies are written one at a time and copied out.
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    public static ReadOnlyMemory<byte> Write<T>(T body) => Payload.Encode(JsonSerializer.SerializeToUtf8Bytes(body, Options));

    /// <exception cref="InvalidDataException">The payload is damaged or of an unknown format.</exception>
    public static T Read<T>(JournalEntry entry) => Read<T>(entry.Payload);

    public static T Read<T>(ReadOnlyMemory<byte> payload)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(Payload.Decode(payload).Span, Options) ?? throw new InvalidDataException("A journal entry has no body.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"A journal entry cannot be read as {typeof(T).Name}: {e.Message}", e);
        }
    }

    /// <summary>The body of a completed step, written by hand because it is the hot one: hash, attempt, milliseconds, input if kept, result last.</summary>
    public static ReadOnlyMemory<byte> WriteStepCompleted(string hash, int attempt, long ms, bool fallback, ReadOnlySpan<byte> input, ReadOnlySpan<byte> value)
    {
        ArrayBufferWriter<byte> buffer = _buffer ??= new(1024);
        buffer.ResetWrittenCount();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteString("h"u8, hash);
            json.WriteNumber("n"u8, attempt);
            json.WriteNumber("ms"u8, ms);
            if (fallback)
            {
                json.WriteBoolean("fb"u8, true);
            }

            if (!input.IsEmpty)
            {
                json.WritePropertyName("in"u8);
                json.WriteRawValue(input, skipInputValidation: true);
            }

            json.WritePropertyName("v"u8);
            json.WriteRawValue(value, skipInputValidation: true);
            json.WriteEndObject();
        }

        ReadOnlyMemory<byte> payload = Payload.Encode(buffer.WrittenSpan);
        if (buffer.Capacity > 1 << 20)
        {
            _buffer = null;
        }

        return payload;
    }

    public static StepCompletedBody ReadStepCompleted(ReadOnlyMemory<byte> payload)
    {
        ReadOnlyMemory<byte> body = Payload.Decode(payload);
        StepCompletedBody result = new();
        try
        {
            Utf8JsonReader json = new(body.Span);
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("h"u8))
                {
                    json.Read();
                    result.Hash = json.GetString() ?? "";
                }
                else if (json.ValueTextEquals("n"u8))
                {
                    json.Read();
                    result.Attempt = json.GetInt32();
                }
                else if (json.ValueTextEquals("ms"u8))
                {
                    json.Read();
                    result.Ms = json.GetInt64();
                }
                else if (json.ValueTextEquals("v"u8))
                {
                    result.Value = ReadRaw(ref json, body);
                }
                else if (json.ValueTextEquals("in"u8))
                {
                    result.Input = ReadRaw(ref json, body);
                }
                else
                {
                    json.Read();
                    json.Skip();
                }
            }
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"A journal entry of a completed step is damaged: {e.Message}", e);
        }

        return result;
    }

    public static JsonElement ToElement(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        return JsonElement.ParseValue(ref reader);
    }

    private static ReadOnlyMemory<byte> ReadRaw(ref Utf8JsonReader json, ReadOnlyMemory<byte> body)
    {
        json.Read();
        int start = (int)json.TokenStartIndex;
        json.Skip();
        return body[start..(int)json.BytesConsumed];
    }

    private static JsonSerializerOptions CreateOptions()
    {
        JsonSerializerOptions options = new(FlowJson.Options) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
        options.MakeReadOnly();
        return options;
    }
}

internal struct StepCompletedBody
{
    public string Hash;
    public int Attempt;
    public long Ms;
    public ReadOnlyMemory<byte> Input;
    public ReadOnlyMemory<byte> Value;
}
