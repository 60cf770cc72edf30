-- Scores that a model gave which is not in this library: kept apart from predictions, which are made by weights that are here.

CREATE TABLE outside_models (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
  -- Name of the file that they came in.
  source TEXT NOT NULL,
  -- As the file says, for files that Chestlight wrote.
  run_id TEXT,
  weights_sha256 TEXT CHECK (weights_sha256 IS NULL OR length(weights_sha256) = 64),
  findings TEXT NOT NULL CHECK (json_valid(findings)),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `t1` in the order of the model's findings; null in it, and `t2` NULL = not scored.
CREATE TABLE outside_scores (
  model_id TEXT NOT NULL REFERENCES outside_models (id) ON DELETE CASCADE,
  film_no INTEGER NOT NULL REFERENCES films (no) ON DELETE CASCADE,
  t1 TEXT NOT NULL CHECK (json_valid(t1)),
  t2 REAL CHECK (t2 IS NULL OR t2 BETWEEN 0 AND 1),
  PRIMARY KEY (model_id, film_no)
) STRICT, WITHOUT ROWID;

CREATE INDEX outside_scores_by_film ON outside_scores (film_no);
