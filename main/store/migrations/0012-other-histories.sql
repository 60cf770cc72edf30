-- Versions from another site that do not follow on what was read here: both histories are kept, the one read here counts.

CREATE TABLE other_versions (
  id TEXT NOT NULL PRIMARY KEY,
  review_id TEXT NOT NULL,
  reader_id TEXT NOT NULL,
  film_id TEXT NOT NULL,
  -- As at the other site.
  number INTEGER NOT NULL CHECK (number >= 1),
  stage TEXT NOT NULL CHECK (stage IN ('reading', 'read', 'revealed', 'revising', 'revised')),
  content TEXT NOT NULL CHECK (json_valid(content)),
  created_at INTEGER NOT NULL,
  FOREIGN KEY (review_id, reader_id, film_id) REFERENCES review_films (review_id, reader_id, film_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX other_versions_by_review ON other_versions (review_id, reader_id, film_id, number);

CREATE TRIGGER other_versions_never_change
BEFORE UPDATE ON other_versions
BEGIN
  SELECT RAISE(ABORT, 'a version of a reading never changes');
END;

CREATE TRIGGER other_versions_are_kept
BEFORE DELETE ON other_versions
BEGIN
  SELECT RAISE(ABORT, 'a version of a reading is never removed');
END;
