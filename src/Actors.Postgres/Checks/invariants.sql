-- One row per broken row of a range of run numbers, first and last included: what is broken, and the names and numbers in its sentence (BrokenRows.Of).
SELECT 'NoJournal' AS kind, r.id AS one, NULL::text AS two, NULL::bigint AS a, NULL::bigint AS b, NULL::text AS three
  FROM runs r
 WHERE r.no BETWEEN $2 AND $3 AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.run_no = r.no)
UNION ALL
SELECT 'JournalWithoutRun', NULL, NULL, j.run_no, NULL, NULL
  FROM (SELECT DISTINCT run_no FROM journal WHERE run_no BETWEEN $2 AND $3) j
 WHERE NOT EXISTS (SELECT 1 FROM runs r WHERE r.no = j.run_no)
UNION ALL
SELECT 'JournalGap', r.id, NULL, count(*), max(j.seq), NULL
  FROM journal j JOIN runs r ON r.no = j.run_no
 WHERE j.run_no BETWEEN $2 AND $3
 GROUP BY j.run_no, r.id
HAVING count(*) <> max(j.seq)
UNION ALL
SELECT 'FinalEntries', r.id, NULL, (SELECT count(*) FROM journal j WHERE j.run_no = r.no AND j.kind IN (2, 3, 4)), NULL, NULL
  FROM runs r
 WHERE r.no BETWEEN $2 AND $3 AND r.status >= 5 AND (SELECT count(*) FROM journal j WHERE j.run_no = r.no AND j.kind IN (2, 3, 4)) <> 1
UNION ALL
SELECT 'FinalEntryNotLast', r.id, NULL, NULL, NULL, NULL
  FROM runs r
 WHERE r.no BETWEEN $2 AND $3 AND r.status >= 5
   AND (SELECT count(*) FROM journal j WHERE j.run_no = r.no AND j.kind IN (2, 3, 4)) = 1
   AND (SELECT j.kind FROM journal j WHERE j.run_no = r.no ORDER BY j.seq DESC LIMIT 1) NOT IN (2, 3, 4)
UNION ALL
SELECT 'LiveWithFinalEntry', r.id, NULL, NULL, NULL, NULL
  FROM runs r
 WHERE r.no BETWEEN $2 AND $3 AND r.status < 5 AND EXISTS (SELECT 1 FROM journal j WHERE j.run_no = r.no AND j.kind IN (2, 3, 4))
UNION ALL
-- Completed, failed and cancelled are 5, 6 and 7 in the row, and 2, 3 and 4 in the journal.
SELECT 'StatusDiffers', r.id, NULL, r.status, j.kind, NULL
  FROM runs r JOIN journal j ON j.run_no = r.no
 WHERE r.no BETWEEN $2 AND $3 AND r.status >= 5 AND j.kind IN (2, 3, 4) AND j.kind <> r.status - 3
   AND j.seq = (SELECT max(l.seq) FROM journal l WHERE l.run_no = r.no)
   AND (SELECT count(*) FROM journal f WHERE f.run_no = r.no AND f.kind IN (2, 3, 4)) = 1
UNION ALL
-- Only resuming (7) or cancelling (5) gets a run out of being parked (6). Not the other way round: a run whose journal cannot be read is parked by its row alone.
SELECT 'ParkedDiffers', r.id, NULL, r.status, NULL, NULL
  FROM runs r
 WHERE r.no BETWEEN $2 AND $3 AND r.status < 4
   AND (SELECT j.kind FROM journal j WHERE j.run_no = r.no AND j.kind IN (5, 6, 7) ORDER BY j.seq DESC LIMIT 1) = 6
UNION ALL
-- A run that is queued, running or in a silo's memory is found by the silos; a parked one has its operator.
SELECT 'NothingWakes', r.id, r.why, NULL, NULL, NULL
  FROM runs r
 WHERE r.no BETWEEN $2 AND $3 AND r.status = 3 AND r.owner IS NULL
   AND NOT EXISTS (SELECT 1 FROM reminders m WHERE m.run_no = r.no)
   AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.run_no = r.no)
   AND NOT EXISTS (SELECT 1 FROM human_tasks t WHERE t.run_no = r.no AND t.status = 1)
   AND NOT EXISTS (SELECT 1 FROM runs c WHERE c.parent_no = r.no AND c.parent_notify AND c.status < 5)
   AND NOT EXISTS (
       SELECT 1 FROM journal w
        WHERE w.run_no = r.no AND w.kind = 51
          AND NOT EXISTS (SELECT 1 FROM journal c WHERE c.run_no = w.run_no AND c.seq > w.seq AND c.kind IN (52, 53) AND c.key = w.key))
UNION ALL
-- A life that ended a moment ago: its runs are being taken over (DatabaseCheck.TakeOverLimit).
SELECT 'OwnerNotAlive', r.id, NULL, r.owner, NULL, NULL
  FROM runs r LEFT JOIN silos s ON s.no = r.owner
 WHERE r.no BETWEEN $2 AND $3 AND r.owner IS NOT NULL AND (s.no IS NULL OR s.ended_at < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 60000)
UNION ALL
SELECT 'Reminder', coalesce(r.id, 'number ' || m.run_no), m.key, NULL, NULL, NULL
  FROM reminders m LEFT JOIN runs r ON r.no = m.run_no
 WHERE m.run_no BETWEEN $2 AND $3 AND (r.no IS NULL OR r.status >= 5)
UNION ALL
SELECT 'Message', coalesce(r.id, 'number ' || i.run_no), i.id, NULL, NULL, NULL
  FROM inbox i LEFT JOIN runs r ON r.no = i.run_no
 WHERE i.run_no BETWEEN $2 AND $3 AND (r.no IS NULL OR r.status >= 5)
UNION ALL
SELECT 'OpenHumanTask', t.run_id, t.id, NULL, NULL, NULL
  FROM human_tasks t LEFT JOIN runs r ON r.no = t.run_no
 WHERE t.run_no BETWEEN $2 AND $3 AND t.status = 1 AND (r.no IS NULL OR r.status >= 5)
UNION ALL
SELECT 'HumanTaskWithoutRun', t.run_id, t.id, NULL, NULL, NULL
  FROM human_tasks t
 WHERE t.run_no BETWEEN $2 AND $3 AND t.status <> 1 AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.no = t.run_no)
UNION ALL
SELECT 'ParentDoesNotKnow', c.id, c.parent_id, NULL, NULL, c.parent_key
  FROM runs c
 WHERE c.no BETWEEN $2 AND $3 AND c.parent_no IS NOT NULL
   AND NOT EXISTS (
       SELECT 1 FROM runs p JOIN journal j ON j.run_no = p.no
        WHERE p.no = c.parent_no AND p.id = c.parent_id AND j.kind IN (60, 64) AND j.key = c.parent_key)
UNION ALL
SELECT 'ChildMissing', p.id, j.key, NULL, NULL, NULL
  FROM journal j JOIN runs p ON p.no = j.run_no
 WHERE j.run_no BETWEEN $2 AND $3 AND j.kind IN (60, 64) AND NOT EXISTS (SELECT 1 FROM runs c WHERE c.parent_no = j.run_no AND c.parent_key = j.key)
LIMIT $1
