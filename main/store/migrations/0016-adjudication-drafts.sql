-- What an adjudicator is putting together of a film and has not decided yet: drawn, chosen and written so far, a row an adjudicator.

CREATE TABLE adjudication_drafts (
  review_id TEXT NOT NULL REFERENCES reviews (id),
  film_id TEXT NOT NULL,
  reader_id TEXT NOT NULL REFERENCES readers (id),
  -- Counts the changes, so that a window that has not seen the last one cannot undo it unknowingly.
  version INTEGER NOT NULL CHECK (version >= 1),
  content TEXT NOT NULL CHECK (json_valid(content)),
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (review_id, film_id, reader_id)
) STRICT, WITHOUT ROWID;
