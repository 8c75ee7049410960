-- Times are whole milliseconds since 1970 in UTC. Numbers of kinds and states are those of the enums in Actors.Storage.
-- No foreign keys: the hot path would pay for them with each row; `actors doctor` proves the links instead.
-- Texts that are keys or are sorted have the collation "C": byte by byte, the same on every machine and after every update of its libraries.

-- One row per life of a silo. Rows stay: a life's number is never given twice. It is also the second half of the key of its advisory lock.
CREATE TABLE silos (
    no        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name      text    NOT NULL,
    began_at  bigint  NOT NULL,
    ended_at  bigint
);
CREATE INDEX silos_alive ON silos (no) WHERE ended_at IS NULL;

CREATE TABLE counters (
    name   text   NOT NULL PRIMARY KEY,
    value  bigint NOT NULL
);
INSERT INTO counters (name, value) VALUES ('run_no', 1);

CREATE TABLE runs (
    no               bigint   NOT NULL PRIMARY KEY,
    id               text     COLLATE "C" NOT NULL,
    tenant           text     COLLATE "C" NOT NULL,
    principal        text     NOT NULL,
    flow             text     COLLATE "C" NOT NULL,
    flow_version     text     NOT NULL,
    status           smallint NOT NULL CHECK (status BETWEEN 1 AND 7),
    why              text,
    owner            bigint,
    priority         integer  NOT NULL,
    metadata         jsonb,
    idempotency_key  text     COLLATE "C",
    request_hash     text,
    parent_id        text,
    parent_no        bigint,
    parent_key       text,
    parent_notify    boolean,
    -- Kept as it was given, to the byte.
    state            text,
    created_at       bigint   NOT NULL,
    updated_at       bigint   NOT NULL,
    finished_at      bigint,
    -- The last transition that changed this row without a journal entry: it has no entry that could carry its id.
    row_change_id    bigint,
    CHECK (status < 5 OR owner IS NULL)
);
CREATE UNIQUE INDEX runs_id ON runs (id);
CREATE UNIQUE INDEX runs_idempotency_key ON runs (tenant, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX runs_tenant ON runs (tenant, no);
CREATE INDEX runs_tenant_status ON runs (tenant, status, no);
CREATE INDEX runs_parent ON runs (parent_no) WHERE parent_no IS NOT NULL;
CREATE INDEX runs_owned ON runs (owner) WHERE owner IS NOT NULL;
CREATE INDEX runs_metadata ON runs USING gin (metadata jsonb_path_ops) WHERE metadata IS NOT NULL;
-- What a silo looks for at each tick; sleeping runs are not in it.
CREATE INDEX runs_runnable ON runs (priority DESC, no) WHERE owner IS NULL AND status IN (1, 2);

CREATE TABLE journal (
    run_no         bigint   NOT NULL,
    seq            bigint   NOT NULL CHECK (seq > 0),
    -- On the first entry of each transition only.
    transition_id  bigint,
    at             bigint   NOT NULL,
    kind           smallint NOT NULL,
    version        smallint NOT NULL,
    key            text     NOT NULL,
    payload        bytea    NOT NULL,
    PRIMARY KEY (run_no, seq)
);
CREATE INDEX journal_snapshots ON journal (run_no, seq) WHERE kind = 8;

CREATE TABLE reminders (
    run_no  bigint NOT NULL,
    key     text   COLLATE "C" NOT NULL,
    due_at  bigint NOT NULL,
    PRIMARY KEY (run_no, key)
);
CREATE INDEX reminders_due ON reminders (due_at, run_no, key);

CREATE TABLE inbox (
    -- Given while the receiver's row is locked: for one run, the order of arrival is the order of the commits.
    arrival    bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         text     COLLATE "C" NOT NULL UNIQUE,
    run_no     bigint   NOT NULL,
    kind       smallint NOT NULL,
    key        text     NOT NULL,
    payload    bytea    NOT NULL,
    principal  text     NOT NULL,
    at         bigint   NOT NULL
);
CREATE INDEX inbox_run ON inbox (run_no, arrival);

CREATE TABLE human_tasks (
    id           text     COLLATE "C" NOT NULL PRIMARY KEY,
    run_no       bigint   NOT NULL,
    run_id       text     NOT NULL,
    tenant       text     COLLATE "C" NOT NULL,
    flow         text     NOT NULL,
    key          text     NOT NULL,
    title        text     NOT NULL,
    details      text,
    decisions    jsonb    NOT NULL,
    candidates   jsonb    NOT NULL,
    status       smallint NOT NULL CHECK (status BETWEEN 1 AND 4),
    created_at   bigint   NOT NULL,
    due_at       bigint,
    closed_at    bigint,
    answered_by  text,
    decision     text,
    comment      text,
    CHECK ((status = 1) = (closed_at IS NULL))
);
CREATE INDEX human_tasks_run ON human_tasks (run_no);
CREATE INDEX human_tasks_tenant ON human_tasks (tenant, created_at, id);
CREATE INDEX human_tasks_open ON human_tasks (tenant, created_at, id) WHERE status = 1;

-- What happened to a human task, in order; status 1 is its opening.
CREATE TABLE human_task_audit (
    no        bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id   text     COLLATE "C" NOT NULL,
    status    smallint NOT NULL,
    by        text,
    decision  text,
    comment   text,
    at        bigint   NOT NULL
);
CREATE INDEX human_task_audit_task ON human_task_audit (task_id);

CREATE TABLE flows (
    tenant      text   COLLATE "C" NOT NULL,
    name        text   COLLATE "C" NOT NULL,
    version     text   COLLATE "C" NOT NULL,
    label       text,
    source      text,
    created_at  bigint NOT NULL,
    PRIMARY KEY (tenant, name, version)
);
