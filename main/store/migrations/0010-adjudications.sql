-- What an adjudicator decided about a film, on which signed versions, and why. Decisions are only added; the versions stay.

CREATE TABLE decisions (
  id TEXT NOT NULL PRIMARY KEY,
  review_id TEXT NOT NULL REFERENCES reviews (id),
  film_id TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  reader_id TEXT NOT NULL REFERENCES readers (id),
  basis TEXT NOT NULL CHECK (basis IN ('accept', 'merge')),
  sources TEXT NOT NULL CHECK (json_valid(sources) AND json_array_length(sources) >= 1),
  settled TEXT NOT NULL CHECK (json_valid(settled)),
  reason TEXT NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
  created_at INTEGER NOT NULL,
  UNIQUE (review_id, film_id, number)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER decisions_never_change
BEFORE UPDATE ON decisions
BEGIN
  SELECT RAISE(ABORT, 'a decision never changes');
END;

CREATE TRIGGER decisions_are_kept
BEFORE DELETE ON decisions
BEGIN
  SELECT RAISE(ABORT, 'a decision is never removed');
END;
