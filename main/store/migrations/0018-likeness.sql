-- How far a film may lie from the training films in a run's feature space before it is called unlike them. One row a run that was
-- scored by a version that fits it: `file` null = it could not be fitted, `reason` says why. Runs before have none.
CREATE TABLE run_likeness (
  run_id TEXT NOT NULL PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
  weights_sha256 TEXT NOT NULL CHECK (length(weights_sha256) = 64),
  -- Relative to the run's folder.
  file TEXT,
  sha256 TEXT CHECK (sha256 IS NULL OR length(sha256) = 64),
  bytes INTEGER CHECK (bytes IS NULL OR bytes >= 0),
  train_films INTEGER NOT NULL CHECK (train_films >= 0),
  validation_films INTEGER NOT NULL CHECK (validation_films >= 0),
  -- `quantile` of the validation films are nearer than `distance_limit`.
  distance_limit REAL CHECK (distance_limit IS NULL OR distance_limit >= 0),
  quantile REAL CHECK (quantile IS NULL OR quantile BETWEEN 0 AND 1),
  reason TEXT,
  created_at INTEGER NOT NULL,
  CHECK ((file IS NULL) = (reason IS NOT NULL)),
  CHECK ((file IS NULL) = (sha256 IS NULL) AND (file IS NULL) = (bytes IS NULL)
    AND (file IS NULL) = (distance_limit IS NULL) AND (file IS NULL) = (quantile IS NULL))
) STRICT, WITHOUT ROWID;

-- Of the film from the training films of the run; null = its model has none fitted, or it was predicted before.
ALTER TABLE predictions ADD COLUMN distance REAL;
