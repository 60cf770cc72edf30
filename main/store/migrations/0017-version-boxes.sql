-- Where findings of a label version are, as the review settled it: the truth that maps of its runs are measured by.

-- Film pixels as stored, from the outer corner of the upper left one; of the film's first frame.
CREATE TABLE version_boxes (
  version_id TEXT NOT NULL REFERENCES label_versions (id),
  film_no INTEGER NOT NULL REFERENCES films (no) ON DELETE CASCADE,
  finding_no INTEGER NOT NULL REFERENCES findings (no),
  number INTEGER NOT NULL CHECK (number >= 0),
  x REAL NOT NULL,
  y REAL NOT NULL,
  width REAL NOT NULL CHECK (width > 0),
  height REAL NOT NULL CHECK (height > 0),
  PRIMARY KEY (version_id, film_no, number)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER version_boxes_never_change BEFORE UPDATE ON version_boxes
BEGIN
  SELECT RAISE(ABORT, 'a label version never changes');
END;
