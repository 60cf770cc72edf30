-- Wrong PINs are counted where a restart does not forget them; a session can be closed.

ALTER TABLE readers ADD COLUMN wrong_pins INTEGER NOT NULL DEFAULT 0 CHECK (wrong_pins >= 0);
ALTER TABLE readers ADD COLUMN wrong_at INTEGER;
-- NULL = open.
ALTER TABLE reviews ADD COLUMN closed_at INTEGER;
