using System.Buffers.Binary;
using System.Text;

namespace Actors.Chaos.Wire;

/// <summary>One message of PostgreSQL's protocol, as it is on the wire.</summary>
/// <param name="Type">Its letter; zero for those without one: a client's first, and the one byte that answers a request for encryption.</param>
internal readonly record struct PostgresMessage(char Type, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>The texts that a message of text fields begins with.</summary>
    public string[] Texts(int count)
    {
        string[] texts = new string[count];
        ReadOnlySpan<byte> rest = Bytes.Span[5..];
        for (int i = 0; i < count; i++)
        {
            int end = rest.IndexOf((byte)0);
            texts[i] = Encoding.UTF8.GetString(rest[..end]);
            rest = rest[(end + 1)..];
        }

        return texts;
    }
}

/// <summary>Cuts what one side of a connection sends into messages.</summary>
internal sealed class PostgresMessages
{
    private const int EncryptionRequest = 80877103;
    private const int GssRequest = 80877104;

    private byte[] _rest = [];

    /// <summary>How many messages without a letter come next. A client begins with one.</summary>
    public int Plain { get; set; }

    /// <summary>True: those are a server's single bytes instead of a client's first messages.</summary>
    public bool PlainIsByte { get; init; }

    /// <summary>Called when a client asks whether it may encrypt: its server's answer has no letter.</summary>
    public Action? OnEncryptionRequest { get; init; }

    /// <summary>Adds what was read and gives the messages that are complete.</summary>
    public List<PostgresMessage> Read(ReadOnlySpan<byte> chunk)
    {
        byte[] all = [.. _rest, .. chunk];
        List<PostgresMessage> messages = [];
        int at = 0;
        while (at < all.Length && Next(all.AsMemory(at)) is { } message)
        {
            messages.Add(message);
            at += message.Bytes.Length;
        }

        _rest = all[at..];
        return messages;
    }

    private PostgresMessage? Next(ReadOnlyMemory<byte> bytes)
    {
        if (Plain == 0)
        {
            return bytes.Length >= 5 && bytes.Length > Length(bytes[1..]) ? new PostgresMessage((char)bytes.Span[0], bytes[..(1 + Length(bytes[1..]))]) : null;
        }

        if (PlainIsByte)
        {
            Plain--;
            return new PostgresMessage('\0', bytes[..1]);
        }

        if (bytes.Length < 8 || bytes.Length < Length(bytes))
        {
            return null;
        }

        if (BinaryPrimitives.ReadInt32BigEndian(bytes.Span[4..]) is EncryptionRequest or GssRequest)
        {
            // It is refused, and the client begins anew.
            OnEncryptionRequest?.Invoke();
        }
        else
        {
            Plain--;
        }

        return new PostgresMessage('\0', bytes[..Length(bytes)]);
    }

    private static int Length(ReadOnlyMemory<byte> bytes) => BinaryPrimitives.ReadInt32BigEndian(bytes.Span);
}
