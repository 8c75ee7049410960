using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

// A batch of transitions as statements: the locks, the gate, and what those write that pass it. A failure there is an error of the data and rolls the
// whole batch back.
public sealed partial class PostgresStore
{
    private static readonly List<(Transition From, HumanTaskClosing Closing)> NoClosings = [];

    // Human tasks before runs, here and where messages are posted, and each in the order of its keys: two transactions then wait for each other at most one way.
    private static IEnumerable<NpgsqlBatchCommand> Locks(IReadOnlyList<Transition> batch)
    {
        string[] tasks = [.. batch.SelectMany(static transition => transition.HumanTasksClosed).Select(static closing => closing.Id.Value)];
        if (tasks.Length > 0)
        {
            yield return Command(Statements.LockHumanTasks, Columns.Of(tasks));
        }

        if (batch.Any(static transition => transition.Messages.Count > 0))
        {
            long[] runs =
            [
                .. batch.Where(static transition => transition.Change is not null).Select(static transition => transition.RunNo)
                    .Concat(batch.SelectMany(static transition => transition.Messages).Select(static message => message.RunNo)).Distinct(),
            ];
            yield return Command(Statements.LockRuns, Columns.Of(runs));
        }
    }

    // Each gives the numbers of the runs that passed; with `all`, it fails when one of them did not.
    private static IEnumerable<NpgsqlBatchCommand> Gates(IReadOnlyList<Transition> batch, bool all)
    {
        List<(Transition From, HumanTaskClosing Closing)> closings =
            [.. batch.SelectMany(static transition => transition.HumanTasksClosed, static (transition, closing) => (transition, closing))];
        List<Started> starts =
            [.. batch.Where(static transition => transition.Start is not null).Select(static transition => new Started(transition.Start!, transition.Entries[0], transition.Id))];
        List<Transition> nexts = [.. batch.Where(static transition => transition.Start is null && transition.Entries.Count > 0)];
        List<Transition> rows = [.. batch.Where(static transition => transition.Start is null && transition.Entries.Count == 0)];
        if (starts.Count > 0)
        {
            yield return Counted(Start(all ? Statements.StartAll : Statements.StartWhich, closings, starts), all, starts.Count);
        }

        if (nexts.Count > 0)
        {
            NpgsqlBatchCommand gate = Command(
                all ? Statements.GateAll : Statements.GateWhich,
                Columns.Longs(closings, static closing => closing.From.RunNo),
                Columns.Texts(closings, static closing => closing.Closing.Id.Value),
                Columns.Longs(nexts, static next => next.RunNo),
                Columns.Longs(nexts, static next => next.Entries[0].Seq),
                Columns.Longs(nexts, static next => next.Id),
                Columns.Longs(nexts, static next => (long)next.Entries[0].Kind),
                Columns.Longs(nexts, static next => next.Entries[0].Version),
                Columns.Texts(nexts, static next => next.Entries[0].Key),
                Columns.Times(nexts, static next => next.Entries[0].At),
                Columns.Bytes(nexts, static next => next.Entries[0].Payload));
            yield return Counted(gate, all, nexts.Count);
        }

        if (rows.Count > 0)
        {
            yield return Counted(Changes(all ? Statements.ChangeRowAll : Statements.ChangeRowWhich, batch[0].Silo, rows), all, rows.Count);
        }
    }

    private static NpgsqlBatchCommand Counted(NpgsqlBatchCommand command, bool all, int count)
    {
        if (all)
        {
            command.Parameters.Add(Columns.Of((long)count));
        }

        return command;
    }

    private static IEnumerable<NpgsqlBatchCommand> Writes(IReadOnlyList<Transition> passed)
    {
        List<(long RunNo, JournalEntry Entry)> entries =
            [.. passed.SelectMany(static transition => transition.Entries.Skip(1), static (transition, entry) => (transition.RunNo, entry))];
        if (entries.Count > 0)
        {
            yield return Command(
                Statements.InsertEntries,
                Columns.Longs(entries, static row => row.RunNo),
                Columns.Longs(entries, static row => row.Entry.Seq),
                Columns.Longs(entries, static row => (long)row.Entry.Kind),
                Columns.Longs(entries, static row => row.Entry.Version),
                Columns.Texts(entries, static row => row.Entry.Key),
                Columns.Times(entries, static row => row.Entry.At),
                Columns.Bytes(entries, static row => row.Entry.Payload));
        }

        List<Started> children =
            [.. passed.SelectMany(static transition => transition.Children, static (transition, child) => new Started(child.Row, child.First, transition.Id))];
        if (children.Count > 0)
        {
            yield return Start(Statements.StartWhich, NoClosings, children);
        }

        List<(RunRow Row, string Name, string Value)> labels =
        [
            .. passed.Select(static transition => transition.Start).Concat(children.Select(static child => child.Row)).OfType<RunRow>()
                .Where(static row => row.Metadata is { Count: > 0 }).SelectMany(static row => row.Metadata!, static (row, label) => (row, label.Key, label.Value)),
        ];
        if (labels.Count > 0)
        {
            yield return Command(
                Statements.InsertLabels,
                Columns.Longs(labels, static label => label.Row.No),
                Columns.Texts(labels, static label => label.Row.Id.Value),
                Columns.Texts(labels, static label => label.Row.Tenant),
                Columns.Texts(labels, static label => label.Name),
                Columns.Texts(labels, static label => label.Value));
        }

        List<Transition> changes = [.. passed.Where(static transition => transition.Change is not null && transition.Entries.Count > 0)];
        if (changes.Count > 0)
        {
            yield return Changes(Statements.ChangeRuns, changes[0].Silo, changes);
        }

        foreach (NpgsqlBatchCommand command in Reminders(passed).Concat(HumanTasks(passed)).Concat(Messages(passed)))
        {
            yield return command;
        }
    }

    private static NpgsqlBatchCommand Start(string sql, List<(Transition From, HumanTaskClosing Closing)> closings, List<Started> starts) => Command(
        sql,
        Columns.Longs(closings, static closing => closing.From.RunNo),
        Columns.Texts(closings, static closing => closing.Closing.Id.Value),
        Columns.Longs(starts, static start => start.Row.No),
        Columns.Texts(starts, static start => start.Row.Id.Value),
        Columns.Texts(starts, static start => start.Row.Tenant),
        Columns.Texts(starts, static start => start.Row.Principal),
        Columns.Texts(starts, static start => start.Row.Flow),
        Columns.Texts(starts, static start => start.Row.FlowVersion),
        Columns.Longs(starts, static start => (long)start.Row.Status),
        Columns.Texts(starts, static start => start.Row.Why),
        Columns.LongsOrNull(starts, static start => start.Row.Status.IsFinal() ? null : start.Row.Owner),
        Columns.Longs(starts, static start => start.Row.Priority),
        Columns.Texts(starts, static start => Columns.ToJson(start.Row.Metadata)),
        Columns.Texts(starts, static start => start.Row.IdempotencyKey),
        Columns.Texts(starts, static start => start.Row.RequestHash),
        Columns.Texts(starts, static start => start.Row.Parent?.Id.Value),
        Columns.LongsOrNull(starts, static start => start.Row.Parent?.No),
        Columns.Texts(starts, static start => start.Row.Parent?.Key),
        Columns.Bools(starts, static start => start.Row.Parent?.Notify),
        Columns.Texts(starts, static start => start.Row.State),
        Columns.Times(starts, static start => start.Row.CreatedAt),
        Columns.Times(starts, static start => start.Row.UpdatedAt),
        Columns.TimesOrNull(starts, static start => start.Row.FinishedAt),
        Columns.Longs(starts, static start => start.Transition),
        Columns.Longs(starts, static start => (long)start.First.Kind),
        Columns.Longs(starts, static start => start.First.Version),
        Columns.Texts(starts, static start => start.First.Key),
        Columns.Times(starts, static start => start.First.At),
        Columns.Bytes(starts, static start => start.First.Payload));

    private static NpgsqlBatchCommand Changes(string sql, long silo, List<Transition> changes) => Command(
        sql,
        Columns.Of(silo),
        Columns.Longs(changes, static change => change.RunNo),
        Columns.LongsOrNull(changes, static change => (long?)change.Change?.Status),
        Columns.Texts(changes, static change => change.Change?.Why),
        Columns.Texts(changes, static change => change.Change?.State),
        Columns.TimesOrNull(changes, static change => change.Change?.At),
        Columns.Bools(changes, static change => change.Change?.Release == true),
        Columns.Longs(changes, static change => change.Id),
        Columns.Longs(changes, static change => change.ExpectedSeq),
        Columns.Texts(changes, static change => change.Run.Value));

    private static IEnumerable<NpgsqlBatchCommand> Reminders(IReadOnlyList<Transition> passed)
    {
        List<(long RunNo, string Key)> cleared =
            [.. passed.SelectMany(static transition => transition.RemindersCleared, static (transition, key) => (transition.RunNo, key))];
        if (cleared.Count > 0)
        {
            yield return Command(Statements.ClearReminders, Columns.Longs(cleared, static row => row.RunNo), Columns.Texts(cleared, static row => row.Key));
        }

        // The last one of a key counts: one statement cannot write a row twice.
        List<Reminder> set = [.. passed.SelectMany(static transition => transition.RemindersSet).GroupBy(static row => (row.RunNo, row.Key)).Select(static same => same.Last())];
        if (set.Count > 0)
        {
            yield return Command(
                Statements.SetReminders, Columns.Longs(set, static row => row.RunNo), Columns.Texts(set, static row => row.Key), Columns.Times(set, static row => row.DueAt));
        }
    }

    private static IEnumerable<NpgsqlBatchCommand> HumanTasks(IReadOnlyList<Transition> passed)
    {
        List<HumanTaskRow> opened = [.. passed.SelectMany(static transition => transition.HumanTasksOpened)];
        if (opened.Count > 0)
        {
            yield return Command(
                Statements.OpenHumanTasks,
                Columns.Texts(opened, static task => task.Id.Value),
                Columns.Longs(opened, static task => task.RunNo),
                Columns.Texts(opened, static task => task.Run.Value),
                Columns.Texts(opened, static task => task.Tenant),
                Columns.Texts(opened, static task => task.Flow),
                Columns.Texts(opened, static task => task.Key),
                Columns.Texts(opened, static task => task.Title),
                Columns.Texts(opened, static task => HumanTaskDetails.Join(task.Details, task.Form)),
                Columns.Texts(opened, static task => Columns.ToJson(task.Decisions)),
                Columns.Texts(opened, static task => Columns.ToJson(task.Candidates)),
                Columns.Times(opened, static task => task.CreatedAt),
                Columns.TimesOrNull(opened, static task => task.DueAt));
            yield return Closings(Statements.AuditHumanTasks, [.. opened.Select(static task => new HumanTaskClosing(task.Id, HumanTaskStatus.Open, task.CreatedAt))]);
        }

        List<HumanTaskClosing> closed = [.. passed.SelectMany(static transition => transition.HumanTasksClosed)];
        if (closed.Count > 0)
        {
            yield return Closings(Statements.CloseHumanTasks, closed);
            yield return Closings(Statements.AuditHumanTasks, closed);
        }
    }

    private static NpgsqlBatchCommand Closings(string sql, List<HumanTaskClosing> closings) => Command(
        sql,
        Columns.Texts(closings, static closing => closing.Id.Value),
        Columns.Longs(closings, static closing => (long)closing.Status),
        Columns.Times(closings, static closing => closing.At),
        Columns.Texts(closings, static closing => closing.By),
        Columns.Texts(closings, static closing => closing.Decision),
        Columns.Texts(closings, static closing => closing.Comment));

    // After the changes of the rows: whom a run of this batch tells something may end in it as well.
    private static IEnumerable<NpgsqlBatchCommand> Messages(IReadOnlyList<Transition> passed)
    {
        List<InboxMessage> messages = [.. passed.SelectMany(static transition => transition.Messages)];
        if (messages.Count > 0)
        {
            yield return Command(
                Statements.InsertMessages,
                Columns.Texts(messages, static message => message.Id),
                Columns.Longs(messages, static message => message.RunNo),
                Columns.Longs(messages, static message => (long)message.Kind),
                Columns.Texts(messages, static message => message.Key),
                Columns.Bytes(messages, static message => message.Payload),
                Columns.Texts(messages, static message => message.Principal),
                Columns.Times(messages, static message => message.At),
                Columns.Texts(messages, static message => message.Run.Value));
        }

        List<(string Id, long RunNo)> consumed =
            [.. passed.SelectMany(static transition => transition.MessagesConsumed, static (transition, id) => (id, transition.RunNo))];
        if (consumed.Count > 0)
        {
            yield return Command(Statements.ConsumeMessages, Columns.Texts(consumed, static row => row.Id), Columns.Longs(consumed, static row => row.RunNo));
        }

        // A message may have arrived while the owner wrote the end.
        long[] ended = [.. passed.Where(static transition => transition.Change?.Status.IsFinal() == true).Select(static transition => transition.RunNo)];
        if (ended.Length > 0)
        {
            yield return Command(Statements.DropInboxes, Columns.Of(ended));
        }
    }

    private sealed record Started(RunRow Row, JournalEntry First, long Transition);
}
