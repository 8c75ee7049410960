using System.Diagnostics;

namespace Actors.EndToEnd;

/// <summary>A program of this repository as a process of its own.</summary>
internal sealed class Program : IAsyncDisposable
{
    // Only ends a test that hangs: on a busy machine a process takes its time.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly List<string> _lines = [];

    private readonly List<(Func<string, bool> Fits, TaskCompletionSource<string> Found)> _awaited = [];

    private Program(Process process) => _process = process;

    /// <summary>The number of its process.</summary>
    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>The end of what it printed so far, for messages of failed tests.</summary>
    public string Output => string.Join('\n', Lines.TakeLast(40));

    /// <summary>Everything that it printed so far.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    public static string Dll(string folder, string name)
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Actors.sln")))
        {
            root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("Actors.sln is in no folder above the tests.");
        }

        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        return Path.Combine(root, folder, name, "bin", configuration, "net10.0", name + ".dll");
    }

    /// <summary>Starts it and waits for the first line that fits: its own word that it is ready.</summary>
    public static async Task<(Program Program, string Line)> StartAsync(string dll, IEnumerable<string> arguments, Func<string, bool> ready, IReadOnlyDictionary<string, string>? environment = null)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.ArgumentList.Add(dll);
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        Process process = Process.Start(start)!;
        Program program = new(process);
        TaskCompletionSource<string> found = new(TaskCreationOptions.RunContinuationsAsynchronously);
        void Read(object _, DataReceivedEventArgs e)
        {
            if (e.Data is not { } line)
            {
                return;
            }

            program.Add(line);
            if (ready(line))
            {
                found.TrySetResult(line);
            }
        }

        process.OutputDataReceived += Read;
        process.ErrorDataReceived += Read;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Task first = await Task.WhenAny(found.Task, process.WaitForExitAsync()).WaitAsync(Limit);
        return first == found.Task
            ? (program, await found.Task)
            : throw new InvalidOperationException($"{Path.GetFileName(dll)} ended before it was ready:\n{program.Output}");
    }

    /// <summary>Waits until it prints, or has printed, a line that fits.</summary>
    /// <param name="after">Only lines after so many; see <see cref="Lines"/>.</param>
    public Task<string> WhenPrintedAsync(Func<string, bool> fits, int after = 0)
    {
        lock (_lines)
        {
            if (_lines.Skip(after).FirstOrDefault(fits) is { } line)
            {
                return Task.FromResult(line);
            }

            TaskCompletionSource<string> found = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited.Add((fits, found));
            return found.Task;
        }
    }

    /// <summary>Sends it a signal by its name: STOP, CONT.</summary>
    public async Task SignalAsync(string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        if (kill.ExitCode != 0)
        {
            throw new InvalidOperationException($"The process {_process.Id} could not be sent SIG{signal}.");
        }
    }

    /// <summary>SIGKILL, and waits until the process is gone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and waits for the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        await SignalAsync("TERM");
        await _process.WaitForExitAsync().WaitAsync(Limit);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private void Add(string line)
    {
        lock (_lines)
        {
            _lines.Add(line);
            foreach ((Func<string, bool> Fits, TaskCompletionSource<string> Found) wait in _awaited.Where(wait => wait.Fits(line)).ToArray())
            {
                _awaited.Remove(wait);
                wait.Found.TrySetResult(line);
            }
        }
    }
}
