-- From when on a delivery's patience counts: made, started again or released, or first due.

ALTER TABLE delivery ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
UPDATE delivery SET since = max(due_at, changed_at) WHERE state <> 2;
