-- The library: artifacts, patients, films, labels, splits, imports, settings, events.
-- Times are milliseconds since 1970 UTC. Patients exist only as keyed hashes; no identity is stored in this file.

CREATE TABLE artifacts (
  sha256 TEXT NOT NULL PRIMARY KEY CHECK (length(sha256) = 64),
  kind TEXT NOT NULL,
  bytes INTEGER NOT NULL CHECK (bytes >= 0),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE imports (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('files', 'sample')),
  state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'cancelled', 'failed')),
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  summary TEXT CHECK (summary IS NULL OR json_valid(summary)),
  error_code TEXT,
  error_message TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX imports_by_start ON imports (started_at);

CREATE TABLE patients (
  no INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE CHECK (length(key) = 64)
) STRICT;

CREATE TABLE films (
  no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  patient_no INTEGER NOT NULL REFERENCES patients (no),
  name TEXT NOT NULL,
  pixel_sha256 TEXT NOT NULL UNIQUE CHECK (length(pixel_sha256) = 64),
  original_sha256 TEXT NOT NULL REFERENCES artifacts (sha256),
  model_sha256 TEXT NOT NULL REFERENCES artifacts (sha256),
  thumbnail_sha256 TEXT NOT NULL REFERENCES artifacts (sha256),
  -- Version of the pixel pipeline that made the model image and the thumbnail.
  pipeline TEXT NOT NULL,
  format TEXT NOT NULL,
  modality TEXT,
  transfer_syntax TEXT,
  photometric TEXT NOT NULL,
  rows INTEGER NOT NULL CHECK (rows > 0),
  cols INTEGER NOT NULL CHECK (cols > 0),
  frames INTEGER NOT NULL CHECK (frames > 0),
  bits_stored INTEGER NOT NULL CHECK (bits_stored > 0),
  bytes INTEGER NOT NULL CHECK (bytes >= 0),
  view TEXT,
  sex TEXT,
  age_years REAL,
  source TEXT,
  licence TEXT,
  -- T2: 1 abnormal, 0 normal, NULL unknown.
  abnormal INTEGER CHECK (abnormal IN (0, 1)),
  -- The part that the labels file names for this film, if it names one.
  given_part TEXT CHECK (given_part IN ('train', 'validation', 'test')),
  import_id TEXT NOT NULL REFERENCES imports (id),
  imported_at INTEGER NOT NULL
) STRICT;

CREATE INDEX films_by_name ON films (name COLLATE NOCASE, no);
CREATE INDEX films_by_patient ON films (patient_no, no);
CREATE INDEX films_by_imported ON films (imported_at, no);
CREATE INDEX films_by_abnormal ON films (abnormal, no);
CREATE INDEX films_by_view ON films (view, no);
CREATE INDEX films_by_source ON films (source, no);
CREATE INDEX films_by_original ON films (original_sha256);

CREATE TRIGGER films_pixels_never_change
BEFORE UPDATE OF id, pixel_sha256, original_sha256 ON films
BEGIN
  SELECT RAISE(ABORT, 'the pixels of a film never change');
END;

CREATE TABLE findings (
  no INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- A finding that is unknown for a film has no row here.
CREATE TABLE labels (
  film_no INTEGER NOT NULL REFERENCES films (no) ON DELETE CASCADE,
  finding_no INTEGER NOT NULL REFERENCES findings (no),
  value INTEGER NOT NULL CHECK (value IN (0, 1)),
  PRIMARY KEY (film_no, finding_no)
) STRICT, WITHOUT ROWID;

CREATE INDEX labels_by_finding ON labels (finding_no, value, film_no);

CREATE TABLE splits (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  seed INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  request TEXT NOT NULL CHECK (json_valid(request)),
  warnings TEXT NOT NULL CHECK (json_valid(warnings))
) STRICT, WITHOUT ROWID;

-- A patient is in exactly one part of a split: by the primary key.
CREATE TABLE split_members (
  split_id TEXT NOT NULL REFERENCES splits (id) ON DELETE CASCADE,
  patient_no INTEGER NOT NULL REFERENCES patients (no),
  part TEXT NOT NULL CHECK (part IN ('train', 'validation', 'test')),
  PRIMARY KEY (split_id, patient_no),
  UNIQUE (split_id, patient_no, part)
) STRICT, WITHOUT ROWID;

-- The films of a split, fixed when it is made; each takes the part of its patient: by the foreign key.
CREATE TABLE split_films (
  split_id TEXT NOT NULL,
  film_no INTEGER NOT NULL REFERENCES films (no),
  patient_no INTEGER NOT NULL,
  part TEXT NOT NULL,
  PRIMARY KEY (split_id, film_no),
  FOREIGN KEY (split_id, patient_no, part)
    REFERENCES split_members (split_id, patient_no, part) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX split_films_by_part ON split_films (split_id, part, film_no);
CREATE INDEX split_films_by_patient ON split_films (split_id, patient_no, part);
CREATE INDEX split_films_by_film ON split_films (film_no);

-- A film that stands in a split stays with its patient.
CREATE TRIGGER films_in_a_split_keep_their_patient
BEFORE UPDATE OF patient_no ON films
WHEN OLD.patient_no IS NOT NEW.patient_no
  AND EXISTS (SELECT 1 FROM split_films WHERE film_no = OLD.no)
BEGIN
  SELECT RAISE(ABORT, 'a film in a split keeps its patient');
END;

CREATE TABLE settings (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL CHECK (json_valid(value))
) STRICT, WITHOUT ROWID;

-- What happened, in one order over the whole library: a reconnect asks for what it missed.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  topic TEXT NOT NULL,
  subject TEXT NOT NULL,
  payload TEXT NOT NULL CHECK (json_valid(payload))
) STRICT;

CREATE INDEX events_by_topic ON events (topic, seq);
