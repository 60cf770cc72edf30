-- What each reader of a film said, and what readers drew. `labels` keeps the majority.

CREATE TABLE readings (
  film_no INTEGER NOT NULL REFERENCES films (no) ON DELETE CASCADE,
  finding_no INTEGER NOT NULL REFERENCES findings (no),
  -- As the labels file names the reader.
  reader TEXT NOT NULL,
  value INTEGER NOT NULL CHECK (value IN (0, 1)),
  PRIMARY KEY (film_no, finding_no, reader)
) STRICT, WITHOUT ROWID;

-- Pixels of the film as stored, from its upper left corner.
CREATE TABLE boxes (
  no INTEGER PRIMARY KEY,
  film_no INTEGER NOT NULL REFERENCES films (no) ON DELETE CASCADE,
  finding_no INTEGER NOT NULL REFERENCES findings (no),
  reader TEXT,
  x REAL NOT NULL CHECK (x >= 0),
  y REAL NOT NULL CHECK (y >= 0),
  width REAL NOT NULL CHECK (width > 0),
  height REAL NOT NULL CHECK (height > 0)
) STRICT;

CREATE INDEX boxes_by_film ON boxes (film_no, finding_no);
