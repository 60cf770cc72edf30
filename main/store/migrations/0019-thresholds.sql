-- Operating points that somebody set by hand, for a task of a run: the newest row of a task counts, `threshold` null = back to the
-- fitted one. Rows are only ever added.
CREATE TABLE kept_thresholds (
  no INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  -- 't2', or 't1:' and the finding.
  task TEXT NOT NULL CHECK (task = 't2' OR (task GLOB 't1:?*')),
  threshold REAL CHECK (threshold IS NULL OR threshold BETWEEN 0 AND 1),
  -- What validation had chosen then; null = nothing could be chosen.
  fitted REAL,
  -- Null = by the command line; the name is as it was then.
  reader_id TEXT,
  by_name TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX kept_thresholds_by_run ON kept_thresholds (run_id, task, no);

CREATE TRIGGER kept_thresholds_never_change BEFORE UPDATE ON kept_thresholds
BEGIN
  SELECT RAISE(ABORT, 'a threshold that was kept never changes; another one takes its place');
END;
