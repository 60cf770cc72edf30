-- What was drawn on a film in the reading room: the shapes as they are now, for whoever opens the film. Reviews keep their own.

CREATE TABLE annotations (
  film_no INTEGER NOT NULL PRIMARY KEY REFERENCES films (no) ON DELETE CASCADE,
  shapes TEXT NOT NULL CHECK (json_valid(shapes)),
  -- Counts the changes, so that a window that has not seen the last one cannot undo it unknowingly.
  version INTEGER NOT NULL CHECK (version >= 1),
  changed_at INTEGER NOT NULL
) STRICT;
