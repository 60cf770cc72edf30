-- Imports, splits and label versions in the order in which they were made, whatever the clock said: a clock that is set back must not
-- make an old one the newest. Rows that are there keep the order of their times. Evaluations say after which import they were made.

ALTER TABLE imports ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
UPDATE imports SET seq = (SELECT count(*) FROM imports o WHERE (o.started_at, o.id) <= (imports.started_at, imports.id));
CREATE UNIQUE INDEX imports_in_order ON imports (seq);
DROP INDEX imports_by_start;

ALTER TABLE splits ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
UPDATE splits SET seq = (SELECT count(*) FROM splits o WHERE (o.created_at, o.id) <= (splits.created_at, splits.id));
CREATE UNIQUE INDEX splits_in_order ON splits (seq);

DROP TRIGGER label_versions_never_change;
ALTER TABLE label_versions ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
UPDATE label_versions SET seq = (SELECT count(*) FROM label_versions o
  WHERE (o.created_at, o.id) <= (label_versions.created_at, label_versions.id));
CREATE UNIQUE INDEX label_versions_in_order ON label_versions (seq);
CREATE TRIGGER label_versions_never_change BEFORE UPDATE ON label_versions
BEGIN
  SELECT RAISE(ABORT, 'a label version never changes');
END;

-- 0 = before any import that has ended.
ALTER TABLE evaluations ADD COLUMN labels_seq INTEGER NOT NULL DEFAULT 0;
UPDATE evaluations SET labels_seq = coalesce((SELECT max(seq) FROM imports WHERE ended_at IS NOT NULL), 0)
  WHERE created_at >= coalesce((SELECT ended_at FROM imports ORDER BY seq DESC LIMIT 1), 0);

-- What was computed from the labels as they are stays so: they were named by the time at which the newest import ended.
CREATE TEMP TABLE named AS SELECT
  'labels ' || coalesce((SELECT ended_at FROM imports ORDER BY seq DESC LIMIT 1), 0) || ',' AS was,
  'labels ' || coalesce((SELECT max(seq) FROM imports WHERE ended_at IS NOT NULL), 0) || ',' AS is_now;
UPDATE replicates SET made_from = replace(made_from, (SELECT was FROM named), (SELECT is_now FROM named));
UPDATE comparisons SET made_from = replace(made_from, (SELECT was FROM named), (SELECT is_now FROM named));
UPDATE localisations SET made_from = replace(made_from, (SELECT was FROM named), (SELECT is_now FROM named));
DROP TABLE named;
