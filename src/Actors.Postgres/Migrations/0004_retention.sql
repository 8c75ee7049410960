-- What retention looks for: runs that began of their own, by the time they ended.
CREATE INDEX runs_ended ON runs (finished_at, no) WHERE finished_at IS NOT NULL AND parent_no IS NULL;
