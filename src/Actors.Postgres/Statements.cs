namespace Actors.Postgres;

/// <summary>
/// The statements that run again and again. Rows come as one array per column, so that the text is the same for a batch of any size. A plan may be made while the tables are empty, when
/// every index looks as good as every other: `status + 0` and `tenant || ''` keep the planner from the indexes of those, behind which a million rows may lie later.
/// </summary>
internal static class Statements
{
    public const string Begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
    public const string Commit = "COMMIT";
    public const string Rollback = "ROLLBACK";

    // ---- lives -------------------------------------------------------------------------------------------------------

    // The name tells an operator in pg_stat_activity which life a transaction is of.
    public const string LockLife = "SELECT pg_advisory_xact_lock_shared($1, $2), set_config('application_name', $3, true)";

    // After the lock, in a statement of its own: only then is the snapshot younger than the end of a life. A dead life divides by zero, which fails
    // everything behind it in the batch, the COMMIT included, without a round trip in between.
    public const string RequireAlive = "SELECT 1 / count(*)::int FROM silos WHERE no = $1 AND ended_at IS NULL";

    public const string LockTimeout = "SET LOCAL lock_timeout = '250ms'";
    public const string LockLifeAlone = "SELECT pg_advisory_xact_lock($1, $2)";

    public const string TerminateLife =
        """
        SELECT pg_terminate_backend(pid) FROM pg_locks
         WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND classid::bigint = $1 AND objid::bigint = $2 AND objsubid = 2 AND mode = 'ShareLock' AND granted AND pid <> pg_backend_pid()
        """;

    public const string Reserve = "UPDATE counters SET value = value + $1 WHERE name = 'run_no' RETURNING value - $1";

    // ---- transactions of steps ---------------------------------------------------------------------------------------

    public const string BeginTransaction =
        "SELECT pg_current_xact_id()::text, set_config('statement_timeout', $1, true), set_config('idle_in_transaction_session_timeout', $1, true)";

    public const string RequireTransaction = "SELECT 1 / (pg_current_xact_id()::text = $1)::int";
    public const string CheckDeferred = "SET CONSTRAINTS ALL IMMEDIATE";

    // As of the store's own connections, until the commit.
    public const string OurSettings =
        """
        SELECT set_config('search_path', $1, true), set_config('statement_timeout', '0', true), set_config('enable_seqscan', 'off', true),
               set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)
        """;

    public const string IsCommitted = "SELECT 1 FROM journal WHERE run_no = $1 AND seq = $2 AND transition_id = $3";

    // ---- commit: locks -----------------------------------------------------------------------------------------------

    // In the order of the keys, so that two batches wait for each other at most one way. Against the end of the receiver's run: it takes the same lock,
    // so a message is either seen by the end, which drops it, or it sees the end.
    public const string LockRuns = "SELECT 1 FROM runs WHERE no = ANY ($1) ORDER BY no FOR NO KEY UPDATE";
    public const string LockHumanTasks = "SELECT 1 FROM human_tasks WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE";

    // ---- commit: the gate --------------------------------------------------------------------------------------------

    private const string Closings =
        """
        blocked AS MATERIALIZED (
            SELECT c.run_no FROM unnest($1::bigint[], $2::text[]) AS c (run_no, id)
              LEFT JOIN human_tasks h ON h.id = c.id
             WHERE h.status IS DISTINCT FROM 1)
        """;

    // The first entry goes in where the one before it is and no other has its place: of many writers, the unique index lets one through.
    private const string Gate =
        $"""
        WITH {Closings},
        passed AS (
            INSERT INTO journal (run_no, seq, transition_id, kind, version, key, at, payload)
            SELECT t.run_no, t.seq, t.transition_id, t.kind, t.version, t.key, t.at, t.payload
              FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::bigint[], $10::bytea[])
                AS t (run_no, seq, transition_id, kind, version, key, at, payload)
             WHERE EXISTS (SELECT 1 FROM journal p WHERE p.run_no = t.run_no AND p.seq = t.seq - 1)
               AND t.run_no NOT IN (SELECT run_no FROM blocked)
             ORDER BY t.run_no
            ON CONFLICT (run_no, seq) DO NOTHING
            RETURNING run_no)
        """;

    // Starts, and the children of a transition. In the order of the keys that others may want as well.
    private const string Start =
        $"""
        WITH {Closings},
        given AS MATERIALIZED (
            SELECT *
              FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::text[], $11::bigint[], $12::bigint[],
                          $13::text[], $14::text[], $15::text[], $16::text[], $17::bigint[], $18::text[], $19::boolean[], $20::text[], $21::bigint[],
                          $22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[], $27::text[], $28::bigint[], $29::bytea[])
                AS t (no, id, tenant, principal, flow, flow_version, status, why, owner, priority, metadata, idempotency_key, request_hash,
                      parent_id, parent_no, parent_key, parent_notify, state, created_at, updated_at, finished_at,
                      transition_id, kind, version, key, at, payload)),
        started AS (
            INSERT INTO runs (no, id, tenant, principal, flow, flow_version, status, why, owner, priority, metadata, idempotency_key, request_hash,
                              parent_id, parent_no, parent_key, parent_notify, state, created_at, updated_at, finished_at, journal_version)
            SELECT no, id, tenant, principal, flow, flow_version, status, why, owner, priority, metadata::jsonb, idempotency_key, request_hash,
                   parent_id, parent_no, parent_key, parent_notify, state, created_at, updated_at, finished_at,
                   coalesce((SELECT s.journal_version FROM silos s WHERE s.no = given.owner), 0)
              FROM given
             WHERE no NOT IN (SELECT run_no FROM blocked)
             ORDER BY tenant, idempotency_key, id, no
            ON CONFLICT DO NOTHING
            RETURNING no),
        passed AS (
            INSERT INTO journal (run_no, seq, transition_id, kind, version, key, at, payload)
            SELECT no, 1, transition_id, kind, version, key, at, payload FROM given WHERE no IN (SELECT no FROM started) ORDER BY no
            RETURNING run_no)
        """;

    private const string Change =
        """
        status = coalesce(t.status, r.status), why = CASE WHEN t.status IS NULL THEN r.why ELSE t.why END, state = coalesce(t.state, r.state),
               updated_at = coalesce(t.at, r.updated_at),
               owner = CASE WHEN t.status >= 5 OR (t.release AND r.owner = $1) THEN NULL ELSE r.owner END,
               finished_at = CASE WHEN t.status >= 5 THEN t.at ELSE r.finished_at END
        """;

    private const string ChangeColumns =
        """
        FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::boolean[], $8::bigint[], $9::bigint[], $10::text[])
            AS t (no, status, why, state, at, release, transition_id, last, id)
        """;

    private const string ChangeRow =
        $"""
        WITH passed AS (
            UPDATE runs r SET {Change}, row_change_id = t.transition_id
              {ChangeColumns}
             WHERE r.no = t.no AND r.id = t.id AND r.owner = $1 AND r.row_change_id IS DISTINCT FROM t.transition_id
               AND (SELECT max(j.seq) FROM journal j WHERE j.run_no = r.no) = t.last
            RETURNING r.no AS run_no)
        """;

    private const string Which = "SELECT run_no FROM passed";

    public const string GateWhich = $"{Gate} {Which}";
    public const string StartWhich = $"{Start} {Which}";
    public const string ChangeRowWhich = $"{ChangeRow} {Which}";

    // As for the fence: when one did not pass, everything fails, and the batch is sent again in the careful way.
    public const string GateAll = $"{Gate} SELECT 1 / (count(*) = $11)::int FROM passed";
    public const string StartAll = $"{Start} SELECT 1 / (count(*) = $30)::int FROM passed";
    public const string ChangeRowAll = $"{ChangeRow} SELECT 1 / (count(*) = $11)::int FROM passed";

    public const string Refusals =
        """
        SELECT t.run_no,
               (SELECT max(j.seq) FROM journal j WHERE j.run_no = t.run_no),
               (SELECT j.transition_id FROM journal j WHERE j.run_no = t.run_no AND j.seq = t.seq),
               r.owner, r.row_change_id, r.id
          FROM unnest($1::bigint[], $2::bigint[]) AS t (run_no, seq)
          LEFT JOIN runs r ON r.no = t.run_no
        """;

    public const string HumanTaskStatuses = "SELECT id, status FROM human_tasks WHERE id = ANY ($1)";

    // ---- commit: everything behind the gate --------------------------------------------------------------------------

    public const string InsertEntries =
        """
        INSERT INTO journal (run_no, seq, kind, version, key, at, payload)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bytea[])
        """;

    // A child that was there before under another number gets none.
    public const string InsertLabels =
        """
        INSERT INTO run_labels (tenant, name, value, run_no)
        SELECT t.tenant, t.name, t.value, t.run_no
          FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]) AS t (run_no, run_id, tenant, name, value)
         WHERE EXISTS (SELECT 1 FROM runs r WHERE r.no = t.run_no AND r.id = t.run_id)
         ORDER BY t.run_no
        ON CONFLICT DO NOTHING
        """;

    public const string ChangeRuns = $"UPDATE runs r SET {Change} {ChangeColumns} WHERE r.no = t.no";

    public const string ClearReminders =
        "DELETE FROM reminders m USING unnest($1::bigint[], $2::text[]) AS t (run_no, key) WHERE m.run_no = t.run_no AND m.key = t.key";

    public const string SetReminders =
        """
        INSERT INTO reminders (run_no, key, due_at) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])
        ON CONFLICT (run_no, key) DO UPDATE SET due_at = excluded.due_at
        """;

    public const string OpenHumanTasks =
        """
        INSERT INTO human_tasks (id, run_no, run_id, tenant, flow, key, title, details, decisions, candidates, status, created_at, due_at)
        SELECT id, run_no, run_id, tenant, flow, key, title, details, decisions::jsonb, candidates::jsonb, 1, created_at, due_at
          FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[], $12::bigint[])
            AS t (id, run_no, run_id, tenant, flow, key, title, details, decisions, candidates, created_at, due_at)
        """;

    public const string CloseHumanTasks =
        """
        UPDATE human_tasks h
           SET status = t.status, closed_at = t.at, answered_by = CASE WHEN t.status = 2 THEN t.by END, decision = t.decision, comment = t.comment
          FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[]) AS t (id, status, at, by, decision, comment)
         WHERE h.id = t.id AND h.status + 0 = 1
        """;

    public const string AuditHumanTasks =
        """
        INSERT INTO human_task_audit (task_id, status, at, by, decision, comment)
        SELECT id, status, at, by, decision, comment
          FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY AS t (id, status, at, by, decision, comment, place)
         ORDER BY place
        """;

    public const string InsertMessages =
        """
        INSERT INTO inbox (id, run_no, kind, key, payload, principal, at)
        SELECT t.id, t.run_no, t.kind, t.key, t.payload, t.principal, t.at
          FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bytea[], $6::text[], $7::bigint[], $8::text[]) WITH ORDINALITY
            AS t (id, run_no, kind, key, payload, principal, at, run_id, place)
         WHERE EXISTS (SELECT 1 FROM runs r WHERE r.no = t.run_no AND r.id = t.run_id AND r.status + 0 < 5)
         ORDER BY t.place
        ON CONFLICT (id) DO NOTHING
        """;

    public const string ConsumeMessages =
        "DELETE FROM inbox i USING unnest($1::text[], $2::bigint[]) AS t (id, run_no) WHERE i.id = t.id AND i.run_no = t.run_no";

    public const string DropInboxes = "DELETE FROM inbox WHERE run_no = ANY ($1)";

    // ---- activation --------------------------------------------------------------------------------------------------

    public const string LoadRuns = $"SELECT {RunColumns}, adoptions, trials FROM runs WHERE id = ANY ($1) AND owner = $2";

    public const string LoadEntries =
        """
        SELECT j.seq, j.kind, j.version, j.key, j.at, j.payload, j.run_no
          FROM runs r
          JOIN journal j ON j.run_no = r.no
           AND j.seq >= coalesce((SELECT s.seq FROM journal s WHERE s.run_no = r.no AND s.kind = 8 ORDER BY s.seq DESC LIMIT 1), 0)
         WHERE r.id = ANY ($1) AND r.owner = $2
         ORDER BY j.run_no, j.seq
        """;

    public const string LoadInboxes =
        """
        SELECT i.id, i.kind, i.key, i.payload, i.principal, i.at, i.sender, i.run_no
          FROM runs r JOIN inbox i ON i.run_no = r.no
         WHERE r.id = ANY ($1) AND r.owner = $2
         ORDER BY i.run_no, i.arrival
        """;

    // Three index look-ups, since a scan of all live runs would also meet the sleeping ones.
    public const string FindRunnable =
        """
        SELECT id FROM (
            SELECT id, priority, no FROM runs WHERE owner IS NOT NULL AND owner NOT IN (SELECT no FROM silos WHERE ended_at IS NULL)
            UNION ALL
            (SELECT id, priority, no FROM runs WHERE owner IS NULL AND status IN (1, 2) ORDER BY priority DESC, no LIMIT $1)
            UNION ALL
            SELECT id, priority, no FROM runs WHERE no IN (SELECT run_no FROM inbox) AND owner IS NULL AND status + 0 = 3) AS found
         ORDER BY priority DESC, no LIMIT $1
        """;

    public const string FindReminders =
        """
        SELECT r.id, m.run_no, m.key, m.due_at FROM reminders m JOIN runs r ON r.no = m.run_no
         WHERE m.due_at < $1 ORDER BY m.due_at, m.run_no, m.key LIMIT $2
        """;

    public const string FindRemindersAfter =
        """
        SELECT r.id, m.run_no, m.key, m.due_at FROM reminders m JOIN runs r ON r.no = m.run_no
         WHERE m.due_at < $1 AND (m.due_at, m.run_no, m.key) > ($3, $4, $5) ORDER BY m.due_at, m.run_no, m.key LIMIT $2
        """;

    // ---- retention ---------------------------------------------------------------------------------------------------

    // Whole trees. Of several silos that delete at once, each takes what no other has locked.
    public const string DeleteEnded =
        """
        WITH RECURSIVE roots AS MATERIALIZED (
            SELECT r.no, r.id, r.tenant, r.metadata FROM runs r
             WHERE r.parent_no IS NULL AND r.finished_at IS NOT NULL AND r.finished_at < $1
               AND NOT EXISTS (
                   WITH RECURSIVE below AS (
                       SELECT c.no, c.finished_at FROM runs c WHERE c.parent_no = r.no
                       UNION ALL
                       SELECT c.no, c.finished_at FROM below b JOIN runs c ON c.parent_no = b.no)
                   SELECT 1 FROM below WHERE finished_at IS NULL OR finished_at >= $1)
             ORDER BY r.finished_at, r.no LIMIT $2 FOR UPDATE SKIP LOCKED),
        ended AS (
            SELECT no, id, tenant, metadata FROM roots
            UNION ALL
            SELECT c.no, c.id, c.tenant, c.metadata FROM ended e JOIN runs c ON c.parent_no = e.no),
        gone AS MATERIALIZED (SELECT * FROM ended),
        entries AS (DELETE FROM journal j USING gone WHERE j.run_no = gone.no),
        reminding AS (DELETE FROM reminders m USING gone WHERE m.run_no = gone.no),
        messages AS (DELETE FROM inbox i USING gone WHERE i.run_no = gone.no),
        tasks AS (DELETE FROM human_tasks h USING gone WHERE h.run_no = gone.no RETURNING h.id),
        audits AS (DELETE FROM human_task_audit a USING tasks WHERE a.task_id = tasks.id),
        labels AS (
            DELETE FROM run_labels l USING (SELECT gone.tenant, e.key, e.value, gone.no FROM gone CROSS JOIN LATERAL jsonb_each_text(gone.metadata) AS e) AS given
             WHERE l.tenant = given.tenant AND l.name = given.key AND l.value = given.value AND l.run_no = given.no),
        rows AS (DELETE FROM runs r USING gone WHERE r.no = gone.no RETURNING r.no)
        SELECT count(*) FROM rows
        """;

    // ---- reading -----------------------------------------------------------------------------------------------------

    public const string RunColumns =
        """
        no, id, tenant, principal, flow, flow_version, status, why, owner, priority, metadata, idempotency_key, request_hash,
        parent_id, parent_no, parent_key, parent_notify, state, created_at, updated_at, finished_at
        """;

    public const string RunById = $"SELECT {RunColumns} FROM runs WHERE id = $1";
    public const string RunByKey = $"SELECT {RunColumns} FROM runs WHERE tenant = $1 AND idempotency_key = $2";

    public const string ReadJournal =
        """
        SELECT seq, kind, version, key, at, payload FROM journal
         WHERE run_no = (SELECT no FROM runs WHERE id = $1 AND tenant || '' = $2) AND seq > $3 ORDER BY seq LIMIT $4
        """;

    public const string HumanTaskColumns =
        """
        id, run_id, run_no, tenant, flow, key, title, details, decisions, candidates, status, created_at, due_at, closed_at,
        answered_by, decision, comment
        """;

    // Single rows, many at a time: each key is a tenant and a text, and the last column says which key a row is of. OFFSET 0 keeps the planner from finding the rows
    // by their tenant, which while a table is small looks as good as by their id.
    private const string Asked = "unnest($1::text[], $2::text[]) WITH ORDINALITY AS a (asked_tenant, asked, place)";
    private const string AskedRuns = $"{Asked} JOIN LATERAL (SELECT * FROM runs WHERE id = asked OFFSET 0) AS r ON r.tenant = asked_tenant";

    public const string LookUpRuns = $"SELECT {RunColumns}, place FROM {AskedRuns}";

    public const string LookUpRunsByKey =
        $"""
        SELECT {RunColumns}, place FROM {Asked}
          JOIN LATERAL (SELECT * FROM runs WHERE tenant = asked_tenant AND idempotency_key = asked OFFSET 0) AS r ON true
        """;

    public const string LookUpLastEntries =
        $"""
        SELECT j.seq, j.kind, j.version, j.key, j.at, j.payload, place FROM {AskedRuns}
         CROSS JOIN LATERAL (SELECT * FROM journal l WHERE l.run_no = r.no ORDER BY l.seq DESC LIMIT 1) AS j
        """;

    public const string LookUpHumanTasks =
        $"SELECT {HumanTaskColumns}, place FROM {Asked} JOIN LATERAL (SELECT * FROM human_tasks WHERE id = asked OFFSET 0) AS h ON h.tenant = asked_tenant";

    // ---- cache -------------------------------------------------------------------------------------------------------

    public const string ReadCache = "SELECT payload, expires_at FROM cache WHERE tenant = $1 AND key = $2 AND expires_at > $3";

    public const string WriteCache =
        """
        INSERT INTO cache (tenant, key, payload, expires_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, key) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at
        """;

    public const string DeleteExpired =
        """
        WITH expired AS MATERIALIZED (SELECT tenant, key FROM cache WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED),
        gone AS (DELETE FROM cache c USING expired e WHERE c.tenant = e.tenant AND c.key = e.key RETURNING 1)
        SELECT count(*) FROM gone
        """;

    // ---- flows -------------------------------------------------------------------------------------------------------

    public const string SaveFlow =
        "INSERT INTO flows (tenant, name, version, label, source, created_at, tasks) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";

    public const string GetFlow = "SELECT label, source, created_at FROM flows WHERE tenant = $1 AND name = $2 AND version = $3";

    public const string ListFlowVersions = "SELECT version, label, created_at FROM flows WHERE tenant = $1 AND name = $2 ORDER BY created_at DESC, version LIMIT $3";

    // ---- inbox -------------------------------------------------------------------------------------------------------

    public const string CountMessages = "SELECT count(*) FROM (SELECT 1 FROM inbox WHERE run_no = $1 LIMIT $2) AS counted";
}
