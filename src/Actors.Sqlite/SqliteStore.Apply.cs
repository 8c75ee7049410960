using Actors.Storage;

namespace Actors.Sqlite;

// What an accepted transition writes. A failure here is an error of the data and rolls the whole batch back.
public sealed partial class SqliteStore
{
    private static void Apply(SqliteDatabase database, Transition transition)
    {
        SqliteStatement insert = database[Statements.InsertEntry];
        IReadOnlyList<JournalEntry> entries = transition.Entries;
        for (int i = 0; i < entries.Count; i++)
        {
            Insert(insert, transition.RunNo, entries[i], i == 0 ? transition.Id : null);
        }

        foreach (ChildStart child in transition.Children)
        {
            if (InsertRun(database, child.Row))
            {
                Insert(insert, child.Row.No, child.First, transition.Id);
            }
        }

        ApplyReminders(database, transition);
        ApplyHumanTasks(database, transition);
        if (transition.Change is { } change)
        {
            database[Statements.ChangeRun]
                .Bind(1, transition.RunNo).Bind(2, (long)change.Status).Bind(3, change.Why).Bind(4, change.State)
                .Bind(5, change.At).Bind(6, change.Release).Bind(7, transition.Silo).Run();
        }

        if (entries.Count == 0)
        {
            database[Statements.SetRowChange].Bind(1, transition.RunNo).Bind(2, transition.Id).Run();
        }

        ApplyMessages(database, transition);
    }

    private static void Insert(SqliteStatement insert, long runNo, in JournalEntry entry, long? transition) => insert
        .Bind(1, runNo)
        .Bind(2, entry.Seq)
        .Bind(3, transition)
        .Bind(4, (long)entry.Kind)
        .Bind(5, (long)entry.Version)
        .Bind(6, entry.Key)
        .Bind(7, entry.At)
        .Bind(8, entry.Payload.Span)
        .Step();

    private static void ApplyReminders(SqliteDatabase database, Transition transition)
    {
        foreach (string key in transition.RemindersCleared)
        {
            database[Statements.ClearReminder].Bind(1, transition.RunNo).Bind(2, key).Run();
        }

        foreach (Reminder reminder in transition.RemindersSet)
        {
            database[Statements.SetReminder].Bind(1, transition.RunNo).Bind(2, reminder.Key).Bind(3, reminder.DueAt).Run();
        }
    }

    private static void ApplyHumanTasks(SqliteDatabase database, Transition transition)
    {
        foreach (HumanTaskRow task in transition.HumanTasksOpened)
        {
            database[Statements.InsertHumanTask]
                .Bind(1, task.Id.Value).Bind(2, task.RunNo).Bind(3, task.Run.Value).Bind(4, task.Tenant).Bind(5, task.Flow).Bind(6, task.Key)
                .Bind(7, task.Title).Bind(8, HumanTaskDetails.Join(task.Details, task.Form)).Bind(9, RowReader.ToJson(task.Decisions)).Bind(10, RowReader.ToJson(task.Candidates))
                .Bind(11, task.CreatedAt).Bind(12, task.DueAt).Run();
            Audit(database, new HumanTaskClosing(task.Id, HumanTaskStatus.Open, task.CreatedAt));
        }

        foreach (HumanTaskClosing closing in transition.HumanTasksClosed)
        {
            database[Statements.CloseHumanTask]
                .Bind(1, closing.Id.Value).Bind(2, (long)closing.Status).Bind(3, closing.At)
                .Bind(4, closing.Status == HumanTaskStatus.Answered ? closing.By : null).Bind(5, closing.Decision).Bind(6, closing.Comment).Run();
            Audit(database, closing);
        }
    }

    private static void Audit(SqliteDatabase database, HumanTaskClosing happened) => database[Statements.AuditHumanTask]
        .Bind(1, happened.Id.Value).Bind(2, (long)happened.Status).Bind(3, happened.By).Bind(4, happened.Decision).Bind(5, happened.Comment).Bind(6, happened.At).Run();

    private static void ApplyMessages(SqliteDatabase database, Transition transition)
    {
        foreach (InboxMessage message in transition.Messages)
        {
            database[Statements.InsertMessage]
                .Bind(1, message.Id).Bind(2, message.RunNo).Bind(3, (long)message.Kind).Bind(4, message.Key).Bind(5, message.Payload.Span)
                .Bind(6, message.Principal).Bind(7, message.At).Bind(8, message.Run.Value).Run();
        }

        foreach (string id in transition.MessagesConsumed)
        {
            database[Statements.ConsumeMessage].Bind(1, id).Bind(2, transition.RunNo).Run();
        }

        // A message may have arrived while the owner wrote the end.
        if (transition.Change?.Status.IsFinal() == true)
        {
            database[Statements.DropInbox].Bind(1, transition.RunNo).Run();
        }
    }
}
