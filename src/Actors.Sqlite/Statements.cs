namespace Actors.Sqlite;

/// <summary>The short statements that run again and again. Only what SQLite 3.35 can do: the bundled library is that old.</summary>
internal static class Statements
{
    public const string BeginWrite = "BEGIN IMMEDIATE";
    public const string BeginRead = "BEGIN";
    public const string Commit = "COMMIT";
    public const string Rollback = "ROLLBACK";

    // ---- lives -------------------------------------------------------------------------------------------------------

    public const string IsAlive = "SELECT 1 FROM silos WHERE no = ?1 AND ended_at IS NULL";
    public const string BeginLife = "INSERT INTO silos (name, began_at) VALUES (?1, ?2) RETURNING no";
    public const string EndLife = "UPDATE silos SET ended_at = ?2 WHERE no = ?1 AND ended_at IS NULL";
    public const string EndAllLives = "UPDATE silos SET ended_at = ?1 WHERE ended_at IS NULL";
    public const string Reserve = "UPDATE counters SET value = value + ?1 WHERE name = 'run_no' RETURNING value - ?1";

    // ---- commit ------------------------------------------------------------------------------------------------------

    public const string LastSeq = "SELECT seq FROM journal WHERE run_no = ?1 ORDER BY seq DESC LIMIT 1";
    public const string TransitionAt = "SELECT transition_id FROM journal WHERE run_no = ?1 AND seq = ?2";

    public const string InsertEntry =
        "INSERT INTO journal (run_no, seq, transition_id, kind, version, key, at, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

    public const string InsertRun =
        """
        INSERT INTO runs (no, id, tenant, principal, flow, flow_version, status, why, owner, priority, metadata, idempotency_key, request_hash,
                          parent_id, parent_no, parent_key, parent_notify, state, created_at, updated_at, finished_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
        ON CONFLICT DO NOTHING
        """;

    public const string InsertLabel = "INSERT INTO run_labels (tenant, name, value, run_no) VALUES (?1, ?2, ?3, ?4)";

    public const string ChangeRun =
        """
        UPDATE runs
           SET status = ?2, why = ?3, state = coalesce(?4, state), updated_at = ?5,
               owner = CASE WHEN ?2 >= 5 OR (?6 AND owner = ?7) THEN NULL ELSE owner END,
               finished_at = CASE WHEN ?2 >= 5 THEN ?5 ELSE finished_at END
         WHERE no = ?1
        """;

    public const string RowChange = "SELECT owner, row_change_id FROM runs WHERE no = ?1 AND id = ?2";
    public const string SetRowChange = "UPDATE runs SET row_change_id = ?2 WHERE no = ?1";

    public const string SetReminder =
        "INSERT INTO reminders (run_no, key, due_at) VALUES (?1, ?2, ?3) ON CONFLICT (run_no, key) DO UPDATE SET due_at = excluded.due_at";

    public const string ClearReminder = "DELETE FROM reminders WHERE run_no = ?1 AND key = ?2";

    public const string InsertHumanTask =
        """
        INSERT INTO human_tasks (id, run_no, run_id, tenant, flow, key, title, details, decisions, candidates, status, created_at, due_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, ?11, ?12)
        """;

    public const string HumanTaskStatusOf = "SELECT status FROM human_tasks WHERE id = ?1";

    public const string CloseHumanTask =
        "UPDATE human_tasks SET status = ?2, closed_at = ?3, answered_by = ?4, decision = ?5, comment = ?6 WHERE id = ?1 AND status = 1";

    public const string AuditHumanTask = "INSERT INTO human_task_audit (task_id, status, by, decision, comment, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

    public const string InsertMessage =
        """
        INSERT INTO inbox (id, run_no, kind, key, payload, principal, at)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM runs WHERE no = ?2 AND id = ?8 AND status < 5)
        ON CONFLICT (id) DO NOTHING
        """;

    public const string ConsumeMessage = "DELETE FROM inbox WHERE id = ?1 AND run_no = ?2";
    // Whole trees: the numbers of the oldest runs without a parent whose descendants have all ended early enough, and those of the descendants.
    public const string FindEndedTrees =
        """
        WITH RECURSIVE roots AS (
            SELECT r.no FROM runs r
             WHERE r.parent_no IS NULL AND r.finished_at IS NOT NULL AND r.finished_at < ?1
               AND NOT EXISTS (
                   WITH RECURSIVE below AS (
                       SELECT c.no, c.finished_at FROM runs c WHERE c.parent_no = r.no
                       UNION ALL
                       SELECT c.no, c.finished_at FROM below b JOIN runs c ON c.parent_no = b.no)
                   SELECT 1 FROM below WHERE finished_at IS NULL OR finished_at >= ?1)
             ORDER BY r.finished_at, r.no LIMIT ?2),
        ended AS (
            SELECT no FROM roots
            UNION ALL
            SELECT c.no FROM ended e JOIN runs c ON c.parent_no = e.no)
        SELECT no FROM ended
        """;

    public static readonly string[] DeleteRun =
    [
        "DELETE FROM journal WHERE run_no = ?1",
        "DELETE FROM reminders WHERE run_no = ?1",
        "DELETE FROM inbox WHERE run_no = ?1",
        "DELETE FROM human_task_audit WHERE task_id IN (SELECT id FROM human_tasks WHERE run_no = ?1)",
        "DELETE FROM human_tasks WHERE run_no = ?1",
        """
        DELETE FROM run_labels
         WHERE (tenant, name, value, run_no) IN (
            SELECT r.tenant, l.key, l.value, r.no FROM runs r JOIN json_each(r.metadata) l WHERE r.no = ?1 AND r.metadata IS NOT NULL)
        """,
        "DELETE FROM runs WHERE no = ?1",
    ];

    public const string DropInbox = "DELETE FROM inbox WHERE run_no = ?1";

    // ---- activation --------------------------------------------------------------------------------------------------

    public const string Claim =
        """
        UPDATE runs SET owner = ?1
         WHERE id = ?2 AND status < 5 AND (owner IS NULL OR owner NOT IN (SELECT no FROM silos WHERE ended_at IS NULL))
        """;

    public const string LoadEntries =
        """
        SELECT seq, kind, version, key, at, payload FROM journal
         WHERE run_no = ?1 AND seq >= coalesce((SELECT max(seq) FROM journal WHERE run_no = ?1 AND kind = 8), 0)
         ORDER BY seq
        """;

    public const string LoadInbox = "SELECT id, kind, key, payload, principal, at FROM inbox WHERE run_no = ?1 ORDER BY arrival";

    // Three index look-ups, since a scan of all live runs would also meet the sleeping ones.
    public const string FindRunnable =
        """
        SELECT id FROM (
            SELECT id, priority, no FROM runs WHERE owner IS NOT NULL AND owner NOT IN (SELECT no FROM silos WHERE ended_at IS NULL)
            UNION ALL
            SELECT * FROM (SELECT id, priority, no FROM runs WHERE owner IS NULL AND status IN (1, 2) ORDER BY priority DESC, no LIMIT ?1)
            UNION ALL
            SELECT id, priority, no FROM runs WHERE no IN (SELECT run_no FROM inbox) AND owner IS NULL AND status = 3)
         ORDER BY priority DESC, no LIMIT ?1
        """;

    public const string FindReminders =
        """
        SELECT r.id, m.run_no, m.key, m.due_at FROM reminders m JOIN runs r ON r.no = m.run_no
         WHERE m.due_at < ?1 ORDER BY m.due_at, m.run_no, m.key LIMIT ?2
        """;

    public const string FindRemindersAfter =
        """
        SELECT r.id, m.run_no, m.key, m.due_at FROM reminders m JOIN runs r ON r.no = m.run_no
         WHERE m.due_at < ?1 AND (m.due_at, m.run_no, m.key) > (?3, ?4, ?5) ORDER BY m.due_at, m.run_no, m.key LIMIT ?2
        """;

    // ---- reading -----------------------------------------------------------------------------------------------------

    public const string RunColumns =
        """
        no, id, tenant, principal, flow, flow_version, status, why, owner, priority, metadata, idempotency_key, request_hash,
        parent_id, parent_no, parent_key, parent_notify, state, created_at, updated_at, finished_at
        """;

    public const string RunById = $"SELECT {RunColumns} FROM runs WHERE id = ?1";
    public const string RunByNo = $"SELECT {RunColumns} FROM runs WHERE no = ?1";
    public const string RunOfTenant = $"SELECT {RunColumns} FROM runs WHERE id = ?1 AND tenant = ?2";
    public const string RunByKey = $"SELECT {RunColumns} FROM runs WHERE tenant = ?1 AND idempotency_key = ?2";

    public const string ReadJournal =
        """
        SELECT seq, kind, version, key, at, payload FROM journal
         WHERE run_no = (SELECT no FROM runs WHERE id = ?1 AND tenant = ?2) AND seq > ?3 ORDER BY seq LIMIT ?4
        """;

    public const string ReadLastEntry =
        """
        SELECT seq, kind, version, key, at, payload FROM journal
         WHERE run_no = (SELECT no FROM runs WHERE id = ?1 AND tenant = ?2) ORDER BY seq DESC LIMIT 1
        """;

    public const string HumanTaskColumns =
        """
        id, run_id, run_no, tenant, flow, key, title, details, decisions, candidates, status, created_at, due_at, closed_at,
        answered_by, decision, comment
        """;

    public const string HumanTaskOfTenant = $"SELECT {HumanTaskColumns} FROM human_tasks WHERE id = ?1 AND tenant = ?2";

    // ---- cache -------------------------------------------------------------------------------------------------------

    public const string ReadCache = "SELECT payload, expires_at FROM cache WHERE tenant = ?1 AND key = ?2 AND expires_at > ?3";

    public const string WriteCache =
        """
        INSERT INTO cache (tenant, key, payload, expires_at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (tenant, key) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at
        """;

    public const string DeleteExpired = "DELETE FROM cache WHERE rowid IN (SELECT rowid FROM cache WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";

    // ---- flows -------------------------------------------------------------------------------------------------------

    public const string SaveFlow =
        "INSERT INTO flows (tenant, name, version, label, source, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";

    public const string GetFlow = "SELECT label, source, created_at FROM flows WHERE tenant = ?1 AND name = ?2 AND version = ?3";

    public const string ListFlowVersions = "SELECT version, label, created_at FROM flows WHERE tenant = ?1 AND name = ?2 ORDER BY created_at DESC, version LIMIT ?3";

    // ---- inbox -------------------------------------------------------------------------------------------------------

    public const string CountMessages = "SELECT count(*) FROM (SELECT 1 FROM inbox WHERE run_no = ?1 LIMIT ?2)";
}
