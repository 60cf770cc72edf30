-- Models that came from elsewhere as a signed bundle: runs that this library did not train.

-- What such a run has in place of a split: no patient, no film. Lists leave it out.
INSERT INTO splits (id, name, seed, created_at, request, warnings)
VALUES ('split-elsewhere', 'Trained elsewhere', 0, 0, '{}', '[]');

CREATE TABLE imported_models (
  run_id TEXT NOT NULL PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
  bundle_sha256 TEXT NOT NULL CHECK (length(bundle_sha256) = 64),
  signer_name TEXT NOT NULL,
  -- SPKI in DER, base64.
  signer_key TEXT NOT NULL,
  -- The model card as it came, which has passed its schema.
  card TEXT NOT NULL CHECK (json_valid(card)),
  imported_at INTEGER NOT NULL,
  -- Whose films it was measured on here; NULL = not measured yet.
  measured_split_id TEXT REFERENCES splits (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX imported_models_by_split ON imported_models (measured_split_id);
