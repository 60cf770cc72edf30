-- Labels that came out of a review, beside the imported ones. A run that names a version learns it; the version never changes.

CREATE TABLE label_versions (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (length(name) BETWEEN 1 AND 80),
  review_id TEXT NOT NULL REFERENCES reviews (id),
  reader_id TEXT NOT NULL REFERENCES readers (id),
  -- By which rules it was made.
  request TEXT NOT NULL CHECK (json_valid(request)),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- NULL: the readers do not agree, so it is unknown whatever was imported. No row: as imported.
CREATE TABLE version_labels (
  version_id TEXT NOT NULL REFERENCES label_versions (id),
  film_no INTEGER NOT NULL REFERENCES films (no) ON DELETE CASCADE,
  finding_no INTEGER NOT NULL REFERENCES findings (no),
  value INTEGER CHECK (value IN (0, 1)),
  PRIMARY KEY (version_id, film_no, finding_no)
) STRICT, WITHOUT ROWID;

-- T2, as above.
CREATE TABLE version_abnormal (
  version_id TEXT NOT NULL REFERENCES label_versions (id),
  film_no INTEGER NOT NULL REFERENCES films (no) ON DELETE CASCADE,
  value INTEGER CHECK (value IN (0, 1)),
  PRIMARY KEY (version_id, film_no)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER label_versions_never_change BEFORE UPDATE ON label_versions
BEGIN
  SELECT RAISE(ABORT, 'a label version never changes');
END;

CREATE TRIGGER version_labels_never_change BEFORE UPDATE ON version_labels
BEGIN
  SELECT RAISE(ABORT, 'a label version never changes');
END;

CREATE TRIGGER version_abnormal_never_changes BEFORE UPDATE ON version_abnormal
BEGIN
  SELECT RAISE(ABORT, 'a label version never changes');
END;
