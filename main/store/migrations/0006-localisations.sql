-- How well a run's maps agree with the boxes of a part. `made_from`: weights, labels and boxes, bootstrap, kind of map.
CREATE TABLE localisations (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  part TEXT NOT NULL CHECK (part IN ('train', 'validation', 'test')),
  method TEXT NOT NULL,
  made_from TEXT NOT NULL,
  result TEXT NOT NULL CHECK (json_valid(result)),
  PRIMARY KEY (run_id, part, method)
) STRICT, WITHOUT ROWID;
