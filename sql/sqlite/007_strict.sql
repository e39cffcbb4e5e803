-- In how many ends of the process in a row a delivery was under way.

ALTER TABLE delivery ADD COLUMN cuts INTEGER NOT NULL DEFAULT 0;
