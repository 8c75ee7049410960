-- How much there is in a range of run numbers, first and last included.
SELECT (SELECT count(*) FROM runs WHERE no BETWEEN $1 AND $2),
       (SELECT count(*) FROM runs WHERE no BETWEEN $1 AND $2 AND status < 5),
       (SELECT count(*) FROM reminders WHERE run_no BETWEEN $1 AND $2),
       (SELECT count(*) FROM inbox WHERE run_no BETWEEN $1 AND $2),
       (SELECT count(*) FROM human_tasks WHERE run_no BETWEEN $1 AND $2)
