-- What tells of a film whether a model was made for it, beside modality and view. Null in both = the film came in before this was kept, or
-- its file could not be read since; `pixel_aspect` without `body_part` = its header names no part of the body by a word of the standard.
ALTER TABLE films ADD COLUMN pixel_aspect REAL CHECK (pixel_aspect IS NULL OR pixel_aspect > 0);
ALTER TABLE films ADD COLUMN body_part TEXT CHECK (body_part IS NULL OR pixel_aspect IS NOT NULL);
