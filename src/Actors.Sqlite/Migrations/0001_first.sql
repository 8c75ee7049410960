-- Times are whole milliseconds since 1970 in UTC. Numbers of kinds and states are those of the enums in Actors.Storage.
-- No foreign keys: the hot path would pay for them with each row; `actors doctor` proves the links instead.

-- One row per life of a silo. Rows stay: a life's number is never given twice.
CREATE TABLE silos (
    no        INTEGER PRIMARY KEY AUTOINCREMENT,
    name      TEXT    NOT NULL,
    began_at  INTEGER NOT NULL,
    ended_at  INTEGER
);
CREATE INDEX silos_alive ON silos (no) WHERE ended_at IS NULL;

CREATE TABLE counters (
    name   TEXT    NOT NULL PRIMARY KEY,
    value  INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('run_no', 1);

CREATE TABLE runs (
    no               INTEGER PRIMARY KEY,
    id               TEXT    NOT NULL,
    tenant           TEXT    NOT NULL,
    principal        TEXT    NOT NULL,
    flow             TEXT    NOT NULL,
    flow_version     TEXT    NOT NULL,
    status           INTEGER NOT NULL CHECK (status BETWEEN 1 AND 7),
    why              TEXT,
    owner            INTEGER,
    priority         INTEGER NOT NULL,
    metadata         TEXT,
    idempotency_key  TEXT,
    request_hash     TEXT,
    parent_id        TEXT,
    parent_no        INTEGER,
    parent_key       TEXT,
    parent_notify    INTEGER,
    state            TEXT,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    finished_at      INTEGER,
    -- The last transition that changed this row without a journal entry: it has no entry that could carry its id.
    row_change_id    INTEGER,
    CHECK (status < 5 OR owner IS NULL)
);
CREATE UNIQUE INDEX runs_id ON runs (id);
CREATE UNIQUE INDEX runs_idempotency_key ON runs (tenant, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX runs_tenant ON runs (tenant, no);
CREATE INDEX runs_tenant_status ON runs (tenant, status, no);
CREATE INDEX runs_parent ON runs (parent_no) WHERE parent_no IS NOT NULL;
CREATE INDEX runs_owned ON runs (owner) WHERE owner IS NOT NULL;
-- What a silo looks for at each tick; sleeping runs are not in it.
CREATE INDEX runs_runnable ON runs (priority DESC, no) WHERE owner IS NULL AND status IN (1, 2);

-- A run's labels once more, for search: equality of name and value is an index lookup whatever characters they have.
CREATE TABLE run_labels (
    tenant  TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    value   TEXT    NOT NULL,
    run_no  INTEGER NOT NULL,
    PRIMARY KEY (tenant, name, value, run_no)
) WITHOUT ROWID;

-- Rows are appended at the right edge whatever run they are of; the narrow index finds a run's. Clustered by run (WITHOUT ROWID), each
-- entry would dirty a page of its own: 61,000 instead of 210,000 rows/s in batches of 500 runs, 38,000 instead of 80,000 in batches of 32.
CREATE TABLE journal (
    run_no         INTEGER NOT NULL,
    seq            INTEGER NOT NULL CHECK (seq > 0),
    -- On the first entry of each transition only.
    transition_id  INTEGER,
    kind           INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    key            TEXT    NOT NULL,
    at             INTEGER NOT NULL,
    payload        BLOB    NOT NULL
);
CREATE UNIQUE INDEX journal_run ON journal (run_no, seq);
CREATE INDEX journal_snapshots ON journal (run_no, seq) WHERE kind = 8;

CREATE TABLE reminders (
    run_no  INTEGER NOT NULL,
    key     TEXT    NOT NULL,
    due_at  INTEGER NOT NULL,
    PRIMARY KEY (run_no, key)
) WITHOUT ROWID;
CREATE INDEX reminders_due ON reminders (due_at, run_no, key);

CREATE TABLE inbox (
    arrival    INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    run_no     INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    key        TEXT    NOT NULL,
    payload    BLOB    NOT NULL,
    principal  TEXT    NOT NULL,
    at         INTEGER NOT NULL
);
CREATE INDEX inbox_run ON inbox (run_no, arrival);

CREATE TABLE human_tasks (
    id           TEXT    NOT NULL PRIMARY KEY,
    run_no       INTEGER NOT NULL,
    run_id       TEXT    NOT NULL,
    tenant       TEXT    NOT NULL,
    flow         TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    details      TEXT,
    decisions    TEXT    NOT NULL,
    candidates   TEXT    NOT NULL,
    status       INTEGER NOT NULL CHECK (status BETWEEN 1 AND 4),
    created_at   INTEGER NOT NULL,
    due_at       INTEGER,
    closed_at    INTEGER,
    answered_by  TEXT,
    decision     TEXT,
    comment      TEXT,
    CHECK ((status = 1) = (closed_at IS NULL))
);
CREATE INDEX human_tasks_run ON human_tasks (run_no);
CREATE INDEX human_tasks_tenant ON human_tasks (tenant, created_at, id);
CREATE INDEX human_tasks_open ON human_tasks (tenant, created_at, id) WHERE status = 1;

-- What happened to a human task, in order; status 1 is its opening.
CREATE TABLE human_task_audit (
    no        INTEGER PRIMARY KEY,
    task_id   TEXT    NOT NULL,
    status    INTEGER NOT NULL,
    by        TEXT,
    decision  TEXT,
    comment   TEXT,
    at        INTEGER NOT NULL
);
CREATE INDEX human_task_audit_task ON human_task_audit (task_id);

CREATE TABLE flows (
    tenant      TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    version     TEXT    NOT NULL,
    label       TEXT,
    source      TEXT,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant, name, version)
) WITHOUT ROWID;
