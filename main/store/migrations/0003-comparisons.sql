-- Bootstrap replicates of T1 and T2 of a run on a part: any two runs on the same films are compared from them.
-- `made_from`: weights, labels and bootstrap settings; `films`: digest of films, patients, findings and labels.
CREATE TABLE replicates (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  part TEXT NOT NULL CHECK (part IN ('train', 'validation', 'test')),
  made_from TEXT NOT NULL,
  films TEXT NOT NULL CHECK (length(films) = 64),
  t1 REAL,
  t2 REAL,
  t1_values BLOB NOT NULL CHECK (length(t1_values) % 8 = 0),
  t2_values BLOB NOT NULL CHECK (length(t2_values) = length(t1_values)),
  PRIMARY KEY (run_id, part)
) STRICT;

-- Differences of two runs by finding.
CREATE TABLE comparisons (
  a_run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  b_run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  part TEXT NOT NULL CHECK (part IN ('train', 'validation', 'test')),
  made_from TEXT NOT NULL,
  result TEXT NOT NULL CHECK (json_valid(result)),
  PRIMARY KEY (a_run_id, b_run_id, part)
) STRICT, WITHOUT ROWID;

CREATE INDEX comparisons_by_other ON comparisons (b_run_id);

-- Differences were kept as settings before.
DELETE FROM settings WHERE key GLOB 'difference.*';
