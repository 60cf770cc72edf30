-- Films at once that a run goes on with since its process ended for want of memory, computing again what it does not keep; null = as asked for.
ALTER TABLE runs ADD COLUMN eased_to INTEGER CHECK (eased_to IS NULL OR eased_to >= 1);
