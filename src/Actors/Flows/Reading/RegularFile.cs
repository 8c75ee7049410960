using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Actors.Flows;

/// <summary>Opens files by names behind which anything may stand.</summary>
internal static class RegularFile
{
    // Opening a pipe that nobody writes to would wait for ever. The numbers are those of the system's headers; a file does not care about them.
    private static readonly int Flags = OperatingSystem.IsLinux() ? 0x800 /* O_NONBLOCK */ | 0x80000 /* O_CLOEXEC */ : 0x4 /* O_NONBLOCK */;

    /// <summary>Opens a file, or what a link leads to.</summary>
    /// <exception cref="IOException">It is a pipe, a socket or a terminal, or it cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a folder.</exception>
    public static FileStream OpenRead(string path)
    {
        if (OperatingSystem.IsWindows() || path.Contains('\0', StringComparison.Ordinal) || Directory.Exists(path))
        {
            return File.OpenRead(path);
        }

        SafeFileHandle handle = Open(path, Flags);
        if (handle.IsInvalid)
        {
            bool isSocket = Marshal.GetLastPInvokeError() is 6 /* ENXIO */ or 102 /* EOPNOTSUPP elsewhere */;
            handle.Dispose();
            // The framework says better why a file cannot be opened, and throws what its callers expect.
            return isSocket ? throw NotAFile() : File.OpenRead(path);
        }

        FileStream stream;
        try
        {
            stream = new FileStream(handle, FileAccess.Read, bufferSize: 1, handle.IsAsync);
        }
        catch (Exception)
        {
            handle.Dispose();
            throw;
        }

        if (stream.CanSeek)
        {
            return stream;
        }

        stream.Dispose();
        throw NotAFile();
    }

    private static IOException NotAFile() => new("it is a pipe, a socket or a device, and only files are read");

    [DllImport("libc", EntryPoint = "open", SetLastError = true, ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern SafeFileHandle Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
