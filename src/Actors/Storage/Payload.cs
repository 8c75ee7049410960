using System.Buffers;
using System.IO.Compression;

namespace Actors.Storage;

/// <summary>
/// The header in front of every stored payload: one byte format version (1), one byte codec, one byte length of the key id, the key id in ASCII;
/// then the body. A reader refuses a version or codec it does not know instead of guessing.
/// </summary>
public static class Payload
{
    public const byte FormatVersion = 1;

    /// <summary>Bodies from this size on are compressed when that makes them smaller: below, the header of Brotli's stream eats the gain.</summary>
    public const int CompressedFromBytes = 4 * 1024;

    private const byte Plain = 0;
    private const byte Brotli = 1;
    private const int HeaderBytes = 3;

    /// <summary>Adds the header to a body. An empty body gives an empty payload.</summary>
    public static ReadOnlyMemory<byte> Encode(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
        {
            return default;
        }

        if (body.Length >= CompressedFromBytes)
        {
            byte[] packed = new byte[HeaderBytes + BrotliEncoder.GetMaxCompressedLength(body.Length)];
            // Quality 3 of 11: about the speed of the disk; window 18 of 24: 256 KiB covers a usual payload.
            if (BrotliEncoder.TryCompress(body, packed.AsSpan(HeaderBytes), out int written, quality: 3, window: 18) && written < body.Length)
            {
                packed[0] = FormatVersion;
                packed[1] = Brotli;
                return packed.AsMemory(0, HeaderBytes + written);
            }
        }

        byte[] bytes = new byte[HeaderBytes + body.Length];
        bytes[0] = FormatVersion;
        bytes[1] = Plain;
        body.CopyTo(bytes.AsSpan(HeaderBytes));
        return bytes;
    }

    /// <summary>The body behind the header; empty for an empty payload.</summary>
    /// <param name="bodyBytesMax">Over this size a compressed body is refused rather than unpacked: 256 MiB.</param>
    /// <exception cref="InvalidDataException">The header is unknown or the body is damaged.</exception>
    public static ReadOnlyMemory<byte> Decode(ReadOnlyMemory<byte> payload, int bodyBytesMax = 256 * 1024 * 1024)
    {
        if (payload.IsEmpty)
        {
            return default;
        }

        ReadOnlySpan<byte> header = payload.Span;
        if (header.Length < HeaderBytes || header[0] != FormatVersion)
        {
            throw new InvalidDataException($"A payload has the format version {header[0]}; this build reads version {FormatVersion}.");
        }

        if (header[2] != 0)
        {
            throw new InvalidDataException("A payload is encrypted; this silo has no key provider.");
        }

        ReadOnlyMemory<byte> body = payload[HeaderBytes..];
        return header[1] switch
        {
            Plain => body,
            Brotli => Unpack(body.Span, bodyBytesMax),
            _ => throw new InvalidDataException($"A payload has the codec {header[1]}, which this build does not know."),
        };
    }

    private static ReadOnlyMemory<byte> Unpack(ReadOnlySpan<byte> packed, int bodyBytesMax)
    {
        ArrayBufferWriter<byte> body = new(packed.Length * 4);
        BrotliDecoder decoder = default;
        try
        {
            return Unpack(ref decoder, packed, body, bodyBytesMax);
        }
        finally
        {
            decoder.Dispose();
        }
    }

    private static ReadOnlyMemory<byte> Unpack(ref BrotliDecoder decoder, ReadOnlySpan<byte> packed, ArrayBufferWriter<byte> body, int bodyBytesMax)
    {
        while (true)
        {
            OperationStatus status = decoder.Decompress(packed, body.GetSpan(4096), out int consumed, out int written);
            body.Advance(written);
            packed = packed[consumed..];
            if (status == OperationStatus.Done)
            {
                return body.WrittenMemory;
            }

            if (status is OperationStatus.InvalidData or OperationStatus.NeedMoreData || body.WrittenCount > bodyBytesMax)
            {
                throw new InvalidDataException("A compressed payload is damaged or larger than allowed.");
            }
        }
    }
}
