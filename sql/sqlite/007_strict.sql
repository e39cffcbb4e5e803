-- In how many ends of the process in a row a delivery was under way, and whose settings it goes by.

ALTER TABLE delivery ADD COLUMN cuts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN via TEXT; -- a form; '': one that was removed; NULL: of an alarm, or from before
