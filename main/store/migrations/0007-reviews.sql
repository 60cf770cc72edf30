-- Review sessions: readers, who reads which film in which order, and every version of what they said. Versions are only added.

CREATE TABLE readers (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (length(name) BETWEEN 1 AND 80),
  role TEXT NOT NULL CHECK (role IN ('reader', 'adjudicator', 'owner')),
  -- Argon2id in PHC form; never the PIN itself. NULL: a reader of another site, who cannot sign in here.
  pin_hash TEXT CHECK (pin_hash IS NULL OR pin_hash LIKE '$argon2id$%'),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE reviews (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
  plan TEXT NOT NULL CHECK (json_valid(plan)),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER reviews_keep_their_plan
BEFORE UPDATE OF id, plan, created_at ON reviews
BEGIN
  SELECT RAISE(ABORT, 'the plan of a review never changes');
END;

-- A film may be missing here when the session came from another site, so film_id points at no row.
CREATE TABLE review_films (
  review_id TEXT NOT NULL REFERENCES reviews (id),
  reader_id TEXT NOT NULL REFERENCES readers (id),
  film_id TEXT NOT NULL,
  -- From 0, each reader's own order.
  position INTEGER NOT NULL CHECK (position >= 0),
  PRIMARY KEY (review_id, reader_id, film_id),
  UNIQUE (review_id, reader_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE reading_versions (
  id TEXT NOT NULL PRIMARY KEY,
  review_id TEXT NOT NULL,
  reader_id TEXT NOT NULL,
  film_id TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  stage TEXT NOT NULL CHECK (stage IN ('reading', 'read', 'revealed', 'revising', 'revised')),
  content TEXT NOT NULL CHECK (json_valid(content)),
  created_at INTEGER NOT NULL,
  UNIQUE (review_id, reader_id, film_id, number),
  FOREIGN KEY (review_id, reader_id, film_id) REFERENCES review_films (review_id, reader_id, film_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER reading_versions_never_change
BEFORE UPDATE ON reading_versions
BEGIN
  SELECT RAISE(ABORT, 'a version of a reading never changes');
END;

CREATE TRIGGER reading_versions_are_kept
BEFORE DELETE ON reading_versions
BEGIN
  SELECT RAISE(ABORT, 'a version of a reading is never removed');
END;
