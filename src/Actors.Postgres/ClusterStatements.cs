namespace Actors.Postgres;

/// <summary>What silos on one database ask of it; see <see cref="Statements"/> for the rest.</summary>
internal static class ClusterStatements
{
    // ---- lives -------------------------------------------------------------------------------------------------------

    public const string BeginLife =
        """
        WITH life AS (INSERT INTO silos (name, began_at) VALUES ($1, $2) RETURNING no)
        INSERT INTO beats (silo_no, beat) SELECT no, 0 FROM life RETURNING silo_no
        """;

    // The beat goes first: a tick of that life that is on its way waits for this transaction, and then finds no beat to raise.
    public const string DropBeat = "DELETE FROM beats WHERE silo_no = $1";
    public const string EndLife = "UPDATE silos SET ended_at = $2 WHERE no = $1 AND ended_at IS NULL";
    public const string DropFlows = "DELETE FROM silo_flows WHERE silo_no = $1";

    // Divides by zero when the life has beaten since, or is over already: then nothing behind it in the batch happens.
    public const string DropSilentBeat = "WITH gone AS (DELETE FROM beats WHERE silo_no = $1 AND beat = $2 RETURNING 1) SELECT 1 / count(*)::int FROM gone";
    public const string IsAlive = "SELECT EXISTS (SELECT 1 FROM silos WHERE no = $1 AND ended_at IS NULL)";

    public const string Describe = "UPDATE silos SET journal_version = $2, tasks = $3 WHERE no = $1";

    public const string DescribeFlows =
        "INSERT INTO silo_flows (silo_no, flow, version) SELECT $1, flow, version FROM unnest($2::text[], $3::text[]) AS t (flow, version) ON CONFLICT DO NOTHING";

    public const string LockSession = "SELECT pg_advisory_lock($1, $2)";

    // An earlier connection of the same life, which the server has not given up yet.
    public const string TerminateSession =
        """
        SELECT pg_terminate_backend(pid) FROM pg_locks
         WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND classid::bigint = $1 AND objid::bigint = $2 AND objsubid = 2 AND mode = 'ExclusiveLock' AND granted AND pid <> pg_backend_pid()
        """;

    public const string ListSilos =
        """
        SELECT s.no, s.name, b.beat, NOT pg_try_advisory_xact_lock_shared($1, -s.no), s.began_at
          FROM silos s JOIN beats b ON b.silo_no = s.no
         WHERE s.ended_at IS NULL ORDER BY s.no
        """;

    // ---- what a silo can run -----------------------------------------------------------------------------------------

    // Of a run r and a silo s.
    private const string Can =
        """
        (s.journal_version IS NULL OR (r.journal_version <= s.journal_version AND (
            EXISTS (SELECT 1 FROM silo_flows sf WHERE sf.silo_no = s.no AND sf.flow = r.flow AND sf.version = r.flow_version)
            OR EXISTS (SELECT 1 FROM flows f WHERE f.tenant = r.tenant AND f.name = r.flow AND f.version = r.flow_version
                          AND f.source IS NOT NULL AND coalesce(f.tasks, '{}') <@ s.tasks))))
        """;

    private const string Alive = "(SELECT no FROM silos WHERE ended_at IS NULL)";

    // The few different owners, each by one look into the index, instead of all owned runs.
    private const string Dead =
        $"""
        owners AS (
            SELECT min(owner) AS owner FROM runs WHERE owner IS NOT NULL
            UNION ALL
            SELECT (SELECT min(r.owner) FROM runs r WHERE r.owner > o.owner) FROM owners o WHERE o.owner IS NOT NULL),
        dead AS MATERIALIZED (SELECT owner FROM owners WHERE owner IS NOT NULL AND owner NOT IN {Alive})
        """;

    private const string Orphaned = "runs r JOIN dead d ON d.owner = r.owner";
    private const string Unowned = "runs r";
    private const string IsUnowned = "r.owner IS NULL AND r.status IN (1, 2)";
    private const string WithMessages = "(SELECT DISTINCT run_no FROM inbox) i JOIN runs r ON r.no = i.run_no";
    private const string IsAsleep = "r.owner IS NULL AND r.status = 3";

    // The first of each kind: enough to see whether some cannot be run here, without looking at a long queue at each tick.
    private const string FirstOrphaned = $"(SELECT r.* FROM {Orphaned} LIMIT 100)";
    private const string FirstUnowned = $"(SELECT r.* FROM {Unowned} WHERE {IsUnowned} ORDER BY r.priority DESC, r.no LIMIT 100)";
    private const string FirstAsleep = $"(SELECT r.* FROM {WithMessages} WHERE {IsAsleep} LIMIT 100)";

    // ---- the tick ----------------------------------------------------------------------------------------------------

    // One statement: beat, peers, what could be claimed, messages. No row at all: the life is over.
    public const string Tick =
        $"""
        WITH RECURSIVE
        me AS (UPDATE beats SET beat = beat + 1 WHERE silo_no = $1 RETURNING silo_no),
        {Dead},
        found AS MATERIALIZED (
            SELECT EXISTS (SELECT 1 FROM {Orphaned}, silos s WHERE s.no = $1 AND {Can})
                OR EXISTS (SELECT 1 FROM {Unowned}, silos s WHERE s.no = $1 AND {IsUnowned} AND {Can})
                OR EXISTS (SELECT 1 FROM {WithMessages}, silos s WHERE s.no = $1 AND {IsAsleep} AND {Can}) AS can,
                   EXISTS (SELECT 1 FROM {FirstOrphaned} r, silos s WHERE s.no = $1 AND NOT {Can})
                OR EXISTS (SELECT 1 FROM {FirstUnowned} r, silos s WHERE s.no = $1 AND NOT {Can})
                OR EXISTS (SELECT 1 FROM {FirstAsleep} r, silos s WHERE s.no = $1 AND NOT {Can}) AS cannot)
        SELECT 0, s.no::bigint, s.name, b.beat, CASE WHEN s.no = $1 THEN true ELSE NOT pg_try_advisory_xact_lock_shared($2, -s.no) END, s.began_at
          FROM silos s JOIN beats b ON b.silo_no = s.no WHERE s.ended_at IS NULL AND EXISTS (SELECT 1 FROM me)
        UNION ALL
        SELECT 1, 0, '', 0, can, 0 FROM found WHERE EXISTS (SELECT 1 FROM me)
        UNION ALL
        SELECT 2, 0, '', 0, cannot, 0 FROM found WHERE EXISTS (SELECT 1 FROM me)
        UNION ALL
        (SELECT 3, r.no, r.id, 0, true, 0 FROM {WithMessages} WHERE r.owner = $1 AND EXISTS (SELECT 1 FROM me) LIMIT $3)
        """;

    // ---- claims ------------------------------------------------------------------------------------------------------

    // What an adoption is: the run was running, and its owner has died. The start of a step is no progress: it would be recorded again at each adoption.
    private const string Adopted =
        """
        owner = $1,
        journal_version = greatest(r.journal_version, coalesce((SELECT s.journal_version FROM silos s WHERE s.no = $1), 0)),
        adoptions = CASE WHEN r.owner IS NULL OR r.status <> 2 THEN 0
                         WHEN (SELECT max(j.seq) FROM journal j WHERE j.run_no = r.no AND j.kind <> 20) > coalesce(r.adopted_seq, 0) THEN 1
                         ELSE r.adoptions + 1 END,
        trials = CASE WHEN r.owner IS NULL OR r.status <> 2
                        OR (SELECT max(j.seq) FROM journal j WHERE j.run_no = r.no AND j.kind <> 20) > coalesce(r.adopted_seq, 0) THEN 0 ELSE r.trials END,
        adopted_seq = CASE WHEN r.owner IS NULL OR r.status <> 2 THEN NULL
                           ELSE (SELECT max(j.seq) FROM journal j WHERE j.run_no = r.no AND j.kind <> 20) END
        """;

    // Waits for a locked row instead of skipping it: the lock may be that of a sender, and a run that is free must be claimed.
    public const string Claim =
        $"""
        UPDATE runs r SET {Adopted}
         WHERE r.no IN (
            SELECT r.no FROM runs r, silos s
             WHERE r.id = ANY ($2) AND r.status < 5 AND (r.owner IS NULL OR r.owner NOT IN {Alive}) AND s.no = $1 AND {Can}
             ORDER BY r.no FOR NO KEY UPDATE OF r)
        """;

    // Of three kinds, each by its index; what another silo is claiming at this moment is its own.
    public const string ClaimRunnable =
        $"""
        WITH RECURSIVE {Dead},
        found AS MATERIALIZED (
            (SELECT r.no, r.priority FROM {Orphaned}, silos s WHERE s.no = $1 AND {Can} LIMIT $2 * 2)
            UNION ALL
            (SELECT r.no, r.priority FROM {Unowned}, silos s WHERE s.no = $1 AND {IsUnowned} AND {Can} ORDER BY r.priority DESC, r.no LIMIT $2 * 2)
            UNION ALL
            (SELECT r.no, r.priority FROM {WithMessages}, silos s WHERE s.no = $1 AND {IsAsleep} AND {Can} LIMIT $2 * 2)),
        mine AS MATERIALIZED (
            SELECT r.no FROM found f JOIN runs r ON r.no = f.no
             WHERE r.status < 5 AND (r.owner IS NULL OR r.owner NOT IN {Alive})
             ORDER BY f.priority DESC, f.no LIMIT $2 FOR NO KEY UPDATE OF r SKIP LOCKED)
        UPDATE runs r SET {Adopted} FROM mine WHERE r.no = mine.no RETURNING r.id
        """;

    public const string CountTrial = "UPDATE runs SET trials = greatest(0, trials + $3) WHERE id = $1 AND owner = $2";
    public const string FindOwned = "SELECT id FROM runs WHERE owner = $1 ORDER BY no LIMIT $2";
    public const string FindOwners = $"SELECT id, owner FROM runs WHERE id = ANY ($1) AND status < 5 AND owner IN {Alive}";

    public const string FindUnclaimable =
        $"""
        WITH RECURSIVE {Dead}
        SELECT r.no, r.flow, coalesce(f.label, r.flow_version), f.source IS NOT NULL
          FROM (SELECT r.* FROM {Orphaned} UNION ALL SELECT r.* FROM {Unowned} WHERE {IsUnowned} UNION ALL SELECT r.* FROM {WithMessages} WHERE {IsAsleep}) r
          LEFT JOIN flows f ON f.tenant = r.tenant AND f.name = r.flow AND f.version = r.flow_version
         WHERE (r.why IS NULL OR r.why NOT LIKE 'No silo has%')
           AND NOT EXISTS (SELECT 1 FROM silos s WHERE s.ended_at IS NULL AND {Can})
         LIMIT $1
        """;

    public const string Explain =
        $"""
        UPDATE runs r SET why = t.why
          FROM unnest($1::bigint[], $2::text[]) AS t (no, why)
         WHERE r.no = t.no AND r.no IN (
            SELECT no FROM runs WHERE no = ANY ($1) AND status < 5 AND (owner IS NULL OR owner NOT IN {Alive}) ORDER BY no FOR NO KEY UPDATE SKIP LOCKED)
        """;

    // ---- messages ----------------------------------------------------------------------------------------------------

    // Behind the locks of the runs and of the human tasks, so that what is read here is what stands.
    public const string Post =
        $"""
        WITH given AS MATERIALIZED (
            SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::bytea[], $7::text[], $8::bigint[], $9::bigint[],
                                 $10::text[], $11::bigint[], $12::text[], $13::text[], $14::text[]) WITH ORDINALITY
                AS t (id, run_no, run_id, kind, key, payload, principal, at, sender, task, closed_at, by, decision, comment, place)),
        found AS MATERIALIZED (
            SELECT g.*,
                   CASE WHEN r.no IS NULL THEN 1
                        WHEN EXISTS (SELECT 1 FROM inbox i WHERE i.id = g.id) THEN -1
                        WHEN g.task IS NOT NULL AND h.status IS DISTINCT FROM 1 THEN 2
                        ELSE 0 END AS answer,
                   CASE WHEN r.owner IN {Alive} THEN r.owner END AS owner
              FROM given g
              LEFT JOIN runs r ON r.no = g.run_no AND r.id = g.run_id AND r.status < 5
              LEFT JOIN human_tasks h ON h.id = g.task),
        stand AS MATERIALIZED (
            SELECT f.id, f.run_no, f.kind, f.key, f.payload, f.principal, f.at, f.sender, f.task, f.closed_at, f.by, f.decision, f.comment, f.place, f.owner,
                   CASE WHEN f.answer = 0
                         AND row_number() OVER (PARTITION BY f.run_no, f.answer ORDER BY f.place) + (SELECT count(*) FROM inbox i WHERE i.run_no = f.run_no) > $15
                        THEN 3 ELSE f.answer END AS answer
              FROM found f),
        accepted AS (
            INSERT INTO inbox (id, run_no, kind, key, payload, principal, at, sender)
            SELECT id, run_no, kind, key, payload, principal, at, sender FROM stand WHERE answer = 0 ORDER BY place),
        closed AS (
            UPDATE human_tasks h SET status = 2, closed_at = s.closed_at, answered_by = s.by, decision = s.decision, comment = s.comment
              FROM stand s WHERE h.id = s.task AND s.answer = 0),
        audited AS (
            INSERT INTO human_task_audit (task_id, status, at, by, decision, comment)
            SELECT task, 2, closed_at, by, decision, comment FROM stand WHERE answer = 0 AND task IS NOT NULL ORDER BY place)
        SELECT greatest(answer, 0), owner FROM stand ORDER BY place
        """;

    public const string ReadInboxes =
        """
        SELECT i.id, i.kind, i.key, i.payload, i.principal, i.at, i.sender, i.run_no, r.id
          FROM runs r JOIN inbox i ON i.run_no = r.no
         WHERE r.id = ANY ($1) AND r.owner = $2
         ORDER BY i.run_no, i.arrival
        """;

    public const string FindMessages = "SELECT id FROM inbox WHERE id = ANY ($1)";
    public const string Tell = "SELECT pg_notify(t.channel, t.text) FROM unnest($1::text[], $2::text[]) AS t (channel, text)";

    // ---- reminders ---------------------------------------------------------------------------------------------------

    public const string FindReminders =
        """
        SELECT r.id, m.run_no, m.key, m.due_at FROM reminders m JOIN runs r ON r.no = m.run_no
         WHERE m.due_at < $1 AND m.run_no % $3 = $4 ORDER BY m.due_at, m.run_no, m.key LIMIT $2
        """;

    public const string FindRemindersAfter =
        """
        SELECT r.id, m.run_no, m.key, m.due_at FROM reminders m JOIN runs r ON r.no = m.run_no
         WHERE m.due_at < $1 AND m.run_no % $3 = $4 AND (m.due_at, m.run_no, m.key) > ($5, $6, $7) ORDER BY m.due_at, m.run_no, m.key LIMIT $2
        """;
}
