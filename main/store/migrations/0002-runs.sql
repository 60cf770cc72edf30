-- Training runs, their epochs and checkpoints, knowledge caches, evaluations, predictions.

CREATE TABLE runs (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
  config TEXT NOT NULL CHECK (json_valid(config)),
  config_hash TEXT NOT NULL CHECK (length(config_hash) = 64),
  teacher_run_id TEXT REFERENCES runs (id),
  split_id TEXT NOT NULL REFERENCES splits (id),
  state TEXT NOT NULL CHECK (state IN ('queued', 'preparing', 'training', 'evaluating', 'finished', 'pausing', 'paused',
    'cancelling', 'cancelled', 'interrupted', 'failed')),
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  progress TEXT NOT NULL CHECK (json_valid(progress)),
  best TEXT CHECK (best IS NULL OR json_valid(best)),
  error_code TEXT,
  error_message TEXT,
  device TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_by_creation ON runs (created_at, id);
CREATE INDEX runs_by_teacher ON runs (teacher_run_id);
CREATE INDEX runs_by_split ON runs (split_id);

CREATE TRIGGER runs_keep_their_configuration
BEFORE UPDATE OF id, config, config_hash, teacher_run_id, split_id, created_at ON runs
BEGIN
  SELECT RAISE(ABORT, 'the configuration of a run never changes');
END;

-- One record an epoch; a resumed run replaces epochs that it computes again.
CREATE TABLE run_epochs (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL CHECK (epoch >= 0),
  record TEXT NOT NULL CHECK (json_valid(record)),
  PRIMARY KEY (run_id, epoch)
) STRICT, WITHOUT ROWID;

-- A row is written after its file is complete. `file` is relative to the run's folder.
CREATE TABLE run_checkpoints (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('last', 'best', 'final')),
  epoch INTEGER NOT NULL,
  step INTEGER NOT NULL,
  file TEXT NOT NULL,
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  bytes INTEGER NOT NULL CHECK (bytes >= 0),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (run_id, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE knowledge (
  key TEXT NOT NULL PRIMARY KEY CHECK (length(key) = 64),
  teacher_run_id TEXT NOT NULL REFERENCES runs (id),
  feature TEXT NOT NULL CHECK (feature IN ('none', 'mean', 'last', 'blocks')),
  films INTEGER NOT NULL,
  views INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  complete INTEGER NOT NULL CHECK (complete IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX knowledge_by_teacher ON knowledge (teacher_run_id);

CREATE TABLE evaluations (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  part TEXT NOT NULL CHECK (part IN ('train', 'validation', 'test')),
  created_at INTEGER NOT NULL,
  result TEXT NOT NULL CHECK (json_valid(result)),
  PRIMARY KEY (run_id, part)
) STRICT, WITHOUT ROWID;

-- Scores of a film by the weights of a run; other weights mean another row.
CREATE TABLE predictions (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  film_id TEXT NOT NULL REFERENCES films (id),
  weights_sha256 TEXT NOT NULL CHECK (length(weights_sha256) = 64),
  t1 TEXT NOT NULL CHECK (json_valid(t1)),
  t2 REAL NOT NULL,
  seconds REAL NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (run_id, film_id, weights_sha256)
) STRICT, WITHOUT ROWID;

CREATE INDEX predictions_by_film ON predictions (film_id);

-- `head` -1 = mean over heads; `target` '' = class-agnostic. The grid itself is an artifact of 32-bit floats.
CREATE TABLE attention_maps (
  run_id TEXT NOT NULL,
  film_id TEXT NOT NULL,
  weights_sha256 TEXT NOT NULL,
  method TEXT NOT NULL CHECK (method IN ('last', 'rollout', 'relevance')),
  head INTEGER NOT NULL,
  target TEXT NOT NULL,
  grid INTEGER NOT NULL CHECK (grid > 0),
  peak REAL NOT NULL,
  values_sha256 TEXT NOT NULL REFERENCES artifacts (sha256),
  PRIMARY KEY (run_id, film_id, weights_sha256, method, head, target),
  FOREIGN KEY (run_id, film_id, weights_sha256)
    REFERENCES predictions (run_id, film_id, weights_sha256) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX attention_by_values ON attention_maps (values_sha256);
