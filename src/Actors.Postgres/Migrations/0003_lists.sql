-- Pages of runs by any filter in the order of their numbers, so that a page costs what is on it: no sorting of all that fit, however many there are.

-- A run's labels once more, for search. The inverted index over all labels found every run that has one before it could give the newest fifty.
CREATE TABLE run_labels (
    tenant  text   COLLATE "C" NOT NULL,
    name    text   COLLATE "C" NOT NULL,
    value   text   COLLATE "C" NOT NULL,
    run_no  bigint NOT NULL,
    PRIMARY KEY (tenant, name, value, run_no)
);
INSERT INTO run_labels (tenant, name, value, run_no)
SELECT r.tenant, l.key, l.value, r.no FROM runs r CROSS JOIN LATERAL jsonb_each_text(r.metadata) AS l WHERE r.metadata IS NOT NULL;
DROP INDEX runs_metadata;

CREATE INDEX runs_tenant_flow ON runs (tenant, flow, status, no);
DROP INDEX runs_parent;
CREATE INDEX runs_parent ON runs (parent_no, no) WHERE parent_no IS NOT NULL;
