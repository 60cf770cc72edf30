-- Which site a version that does not follow on what was read here came from. NULL = taken in before that was kept.

ALTER TABLE other_versions ADD COLUMN site TEXT CHECK (site IS NULL OR length(site) BETWEEN 1 AND 255);
