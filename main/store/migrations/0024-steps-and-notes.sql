-- How a run's steps were really taken (precision, graph or not, why not as asked); null = before its first step, or before this was kept.
ALTER TABLE runs ADD COLUMN steps TEXT CHECK (steps IS NULL OR json_valid(steps));

-- What the training process had to say beside its figures: each sentence once a run.
CREATE TABLE run_notes (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  message TEXT NOT NULL CHECK (length(message) BETWEEN 1 AND 500),
  created_at INTEGER NOT NULL,
  UNIQUE (run_id, message)
) STRICT;
