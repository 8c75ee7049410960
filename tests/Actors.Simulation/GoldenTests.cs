using System.Globalization;
using System.Text;
using System.Text.Json;
using Actors.Flows;
using Actors.Runs;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Simulation;

/// <summary>
/// Journals that a released engine wrote, replayed on today's. Each release adds a file; none is ever edited. A new one is written once with
/// <c>ACTORS_WRITE_GOLDEN=tests/Actors.Simulation/Golden/journal-N.txt dotnet test tests/Actors.Simulation --filter GoldenTests</c>, for inputs of its own.
/// </summary>
public sealed class GoldenTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Golden");

    private static readonly Caller Client = new(Caller.DefaultTenant, "client");

    public static TheoryData<string> Files() => [.. Directory.GetFiles(Folder, "*.txt").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_recorded_run_ends_as_it_did_and_runs_no_body(string file)
    {
        foreach (GoldenRun run in GoldenRun.Read(Path.Combine(Folder, file)))
        {
            (GoldenFlow flow, string outcome) = Replay(run);
            JournalEntry last = run.Entries[^1];
            Assert.Equal($"{last.Kind} {Text(last)}", outcome);
            Assert.Equal(0, flow.Bodies);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_recorded_entry_is_read_as_an_event(string file)
    {
        List<GoldenRun> runs = GoldenRun.Read(Path.Combine(Folder, file));
        foreach (GoldenRun run in runs)
        {
            IReadOnlyList<RunEvent> events = RunEvents.From(run.Entries);
            Assert.Equal(run.Entries.Count(e => e.Kind != EntryKind.Snapshot), events.Count);
            Assert.All(events, e => Assert.NotEmpty(e.Type));
            foreach (JournalEntry snapshot in run.Entries.Where(e => e.Kind == EntryKind.Snapshot))
            {
                Assert.NotEmpty(RunEvents.From(JournalIndex.ReadSnapshot(snapshot)));
            }
        }
    }

    [Fact]
    public void Every_kind_of_entry_is_in_some_journal()
    {
        // A kind that no file has is a format that nothing holds still.
        IEnumerable<JournalEntry> entries = Directory.GetFiles(Folder, "*.txt").SelectMany(GoldenRun.Read).SelectMany(r => r.Entries);
        Assert.Empty(Enum.GetValues<EntryKind>().Except(entries.Select(e => e.Kind)));
    }

    [Fact]
    public void Write()
    {
        if (Environment.GetEnvironmentVariable("ACTORS_WRITE_GOLDEN") is { Length: > 0 } path)
        {
            File.WriteAllText(path, Generate());
        }
    }

    private static (GoldenFlow Flow, string Outcome) Replay(GoldenRun golden)
    {
        SimWorld world = new(1, fifo: true);
        SimDatabase database = new(world, new MemoryStore());
        IStore store = database.Store;
        long life = store.BeginLifeAsync("writer", world.Now, default).Result;
        RunRow row = golden.Row with { No = store.ReserveRunNumbersAsync(life, 1, default).Result, Status = RunStatus.Running, Owner = null };
        Transition start = new() { Id = 1, Silo = life, Run = row.Id, RunNo = row.No, ExpectedSeq = 0, Entries = [golden.Entries[0]], Start = row };
        Transition rest = new() { Id = 2, Silo = life, Run = row.Id, RunNo = row.No, ExpectedSeq = 1, Entries = [.. golden.Entries.Skip(1).SkipLast(1)] };
        Assert.All(store.CommitAsync([start], default).Result, o => Assert.Equal(CommitStatus.Committed, o.Status));
        Assert.All(store.CommitAsync([rest], default).Result, o => Assert.Equal(CommitStatus.Committed, o.Status));
        store.EndLifeAsync(life, world.Now, default).AsTask().Wait();
        GoldenFlow flow = new();
        StartSilo(world, database, flow);
        JournalEntry? last = null;
        Assert.True(world.RunUntil(() => (last = store.ReadLastEntryAsync(row.Tenant, row.Id, default).Result) is { Kind: EntryKind.RunCompleted or EntryKind.RunFailed or EntryKind.RunCancelled }, 10_000), $"{row.Id} does not end.");
        return (flow, $"{last!.Value.Kind} {Text(last.Value)}");
    }

    private static Silo StartSilo(SimWorld world, SimDatabase database, GoldenFlow flow)
    {
        SimScheduler lane = world.AddLane("silo");
        FlowRegistry flows = new();
        flows.Add(flow);
        Silo silo = new(new SiloOptions { Name = "golden" }, new SimStore(database, lane), flows, new TaskRegistry(), new SimTime(lane), NullLoggerFactory.Instance, lane, world.Ids);
        lane.Post(() => _ = silo.StartAsync());
        return silo;
    }

    private static string Text(JournalEntry entry) => Encoding.UTF8.GetString(Payload.Decode(entry.Payload).Span);

    /// <summary>Runs the flow once for each of its inputs, on a fixed seed, and writes what is in the store.</summary>
    private static string Generate()
    {
        SimWorld world = new(20260101, fifo: true);
        SimDatabase database = new(world, new MemoryStore());
        GoldenFlow flow = new() { IsBroken = true };
        Silo silo = StartSilo(world, database, flow);
        List<RunId> runs = [];
        database.OnApplied = transition =>
        {
            if (transition.Start is not null)
            {
                runs.Add(transition.Run);
            }

            // What people and other systems do, some seconds later.
            void Soon(Func<Task> act) => world.Network.PostAfter(TimeSpan.FromSeconds(2), () => _ = act());
            foreach (HumanTaskRow task in transition.HumanTasksOpened)
            {
                if (task.Title == "Go on?")
                {
                    Soon(() => silo.AnswerAsync(task.Id, new TaskAnswer("approve", "of course", JsonSerializer.SerializeToElement(new { limit = 7 })), Client));
                }
                else if (task.Title == "Still?")
                {
                    Soon(() => silo.CancelRunAsync(task.Run, "No longer wanted.", Client));
                }
            }

            foreach (JournalEntry entry in transition.Entries)
            {
                if (entry is { Kind: EntryKind.WaitOpened, Key: "news" })
                {
                    Soon(() => silo.SignalRunAsync(transition.Run, "news", JsonSerializer.SerializeToElement("good news"), "news-1", Client));
                }
                else if (entry.Kind == EntryKind.Parked)
                {
                    flow.IsBroken = false;
                    Soon(() => silo.ResumeRunAsync(transition.Run, Client));
                }
            }
        };
        // The first journal has "all", "loop", "cancel", "fail" and "park".
        string[] inputs = ["sends"];
        foreach (string input in inputs)
        {
            world.Network.PostAfter(TimeSpan.FromSeconds(1), () => _ = silo.StartRunAsync(new StartRun { Flow = flow.Name, Input = JsonSerializer.SerializeToElement(input) }, Client));
        }

        Assert.True(world.RunUntil(() => runs.Count == inputs.Length && runs.TrueForAll(r => Row(r).Status.IsFinal()), 200_000), string.Join("\n", runs.Select(r => Row(r).ToString())));
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"# A golden journal: what format {JournalFormat.Version} of the engine's journal looks like, by GoldenFlow of the simulation. Never edit it; add another file with each release.\n");
        text.Append("# run <id> <tenant> <principal> <flow> <version> <created, ms>, then its entries: <seq> <kind> <version> <at, ms> <key in base64, - for none> <payload in base64, - for none>\n");
        foreach (RunId run in runs)
        {
            RunRow row = Row(run);
            text.Append(CultureInfo.InvariantCulture, $"run {row.Id} {row.Tenant} {row.Principal} {row.Flow} {row.FlowVersion} {row.CreatedAt.ToUnixTimeMilliseconds()}\n");
            foreach (JournalEntry entry in database.Store.ReadJournalAsync(row.Tenant, run, 0, int.MaxValue, default).Result)
            {
                text.Append(CultureInfo.InvariantCulture, $"{entry.Seq} {(byte)entry.Kind} {entry.Version} {entry.At.ToUnixTimeMilliseconds()} {Base64(Encoding.UTF8.GetBytes(entry.Key))} {Base64(entry.Payload.Span)}\n");
            }
        }

        return text.ToString();

        RunRow Row(RunId run) => database.Store.GetRunAsync(Caller.DefaultTenant, run, default).Result!;
    }

    private static string Base64(ReadOnlySpan<byte> bytes) => bytes.IsEmpty ? "-" : Convert.ToBase64String(bytes);

    private sealed record GoldenRun(RunRow Row, List<JournalEntry> Entries)
    {
        public static List<GoldenRun> Read(string path)
        {
            List<GoldenRun> runs = [];
            foreach (string line in File.ReadLines(path).Where(l => l.Length > 0 && l[0] != '#'))
            {
                string[] parts = line.Split(' ');
                if (parts[0] == "run")
                {
                    DateTimeOffset created = At(parts[6]);
                    runs.Add(new GoldenRun(
                        new RunRow { Id = new RunId(parts[1]), No = 0, Tenant = parts[2], Principal = parts[3], Flow = parts[4], FlowVersion = parts[5], Status = RunStatus.Running, CreatedAt = created, UpdatedAt = created },
                        []));
                }
                else
                {
                    runs[^1].Entries.Add(new JournalEntry(
                        long.Parse(parts[0], CultureInfo.InvariantCulture),
                        (EntryKind)byte.Parse(parts[1], CultureInfo.InvariantCulture),
                        byte.Parse(parts[2], CultureInfo.InvariantCulture),
                        Encoding.UTF8.GetString(Bytes(parts[4])),
                        At(parts[3]),
                        Bytes(parts[5])));
                }
            }

            return runs;
        }

        private static DateTimeOffset At(string ms) => DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(ms, CultureInfo.InvariantCulture));

        private static byte[] Bytes(string base64) => base64 == "-" ? [] : Convert.FromBase64String(base64);
    }
}
