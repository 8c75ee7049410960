-- Several silos on one database.

-- A silo's heartbeat. A row of its own, because it is written again and again; a life without one is over.
CREATE TABLE beats (
    silo_no  integer NOT NULL PRIMARY KEY,
    beat     bigint  NOT NULL
) WITH (fillfactor = 50);
INSERT INTO beats (silo_no, beat) SELECT no, 0 FROM silos WHERE ended_at IS NULL;

-- What a silo can run. Null: it has not said so, and can run everything.
ALTER TABLE silos ADD COLUMN journal_version integer;
ALTER TABLE silos ADD COLUMN tasks text[];
CREATE TABLE silo_flows (
    silo_no  integer NOT NULL,
    flow     text    COLLATE "C" NOT NULL,
    version  text    COLLATE "C" NOT NULL,
    PRIMARY KEY (silo_no, flow, version)
);

-- The tasks that a flow stored as YAML calls.
ALTER TABLE flows ADD COLUMN tasks text[];

-- The newest journal version of the builds that have had the run in memory.
ALTER TABLE runs ADD COLUMN journal_version integer NOT NULL DEFAULT 0;
-- How often in a row it was taken over from a dead life while it was running, and the last outcome at that time.
ALTER TABLE runs ADD COLUMN adoptions smallint NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN adopted_seq bigint;
-- How often since then it was begun alone.
ALTER TABLE runs ADD COLUMN trials smallint NOT NULL DEFAULT 0;

-- The life that wants to hear when the message was taken in.
ALTER TABLE inbox ADD COLUMN sender integer;
