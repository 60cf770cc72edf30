-- Studies: the plan never changes; each cell is done by one run, which may be older than the study.

CREATE TABLE studies (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
  plan TEXT NOT NULL CHECK (json_valid(plan)),
  state TEXT NOT NULL CHECK (state IN ('running', 'paused', 'finished', 'failed')),
  created_at INTEGER NOT NULL,
  error_code TEXT,
  error_message TEXT
) STRICT, WITHOUT ROWID;

-- The machine has one training process: one study runs at a time.
CREATE UNIQUE INDEX one_study_runs ON studies (state) WHERE state = 'running';

CREATE TRIGGER studies_keep_their_plan
BEFORE UPDATE OF id, plan, created_at ON studies
BEGIN
  SELECT RAISE(ABORT, 'the plan of a study never changes');
END;

CREATE TABLE study_cells (
  study_id TEXT NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  -- Order of training.
  position INTEGER NOT NULL,
  wanted INTEGER NOT NULL CHECK (wanted IN (0, 1)),
  run_id TEXT REFERENCES runs (id) ON DELETE SET NULL,
  -- 1: the run was finished before the study came to this cell.
  reused INTEGER NOT NULL CHECK (reused IN (0, 1)),
  error_code TEXT,
  error_message TEXT,
  PRIMARY KEY (study_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX study_cells_by_run ON study_cells (run_id);
