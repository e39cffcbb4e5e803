-- Deliveries: who is to hear of a message, and how that went.

CREATE TABLE delivery (
    seq INTEGER PRIMARY KEY, -- 48 bits of milliseconds and 15 of counter, taken from its own id
    id BLOB NOT NULL,
    submission BLOB, -- its whole id; NULL: an alarm
    form TEXT NOT NULL, -- '': of the whole server
    destination TEXT NOT NULL,
    state INTEGER NOT NULL,
    leased INTEGER NOT NULL DEFAULT 0, -- 1: it is being tried, until due_at
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    batch BLOB, -- the id of the digest that it went with
    address TEXT, -- of the autoresponder's, for its ceiling
    error TEXT,
    text TEXT -- what an alarm says
) STRICT;
-- What waits, destination by destination, however many millions are done.
CREATE INDEX delivery_due ON delivery (form, destination, due_at) WHERE state = 0;
-- What is not done, newest first; with what lists and counts ask of it.
CREATE INDEX delivery_open ON delivery (state, seq, form, destination) WHERE state <> 2;
CREATE INDEX delivery_by_form ON delivery (form);
CREATE INDEX delivery_by_submission ON delivery (submission) WHERE submission IS NOT NULL;
CREATE INDEX delivery_reply ON delivery (address) WHERE address IS NOT NULL;

-- The last few of each.
CREATE TABLE attempt (
    delivery INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    took INTEGER NOT NULL, -- milliseconds
    status INTEGER NOT NULL, -- HTTP's or SMTP's; 0: there was no answer
    error TEXT, -- NULL: it was delivered
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE destination (
    form TEXT NOT NULL,
    name TEXT NOT NULL,
    delivered INTEGER NOT NULL,
    delivered_at INTEGER NOT NULL, -- the last one; 0: none
    failed_at INTEGER NOT NULL, -- the last failed attempt; 0: none
    failing_since INTEGER NOT NULL, -- 0: the last attempt went well
    error TEXT, -- of the last failed attempt
    PRIMARY KEY (form, name)
) STRICT, WITHOUT ROWID;

-- What is wrong, until it is right again.
CREATE TABLE alarm (
    kind TEXT NOT NULL,
    form TEXT NOT NULL, -- '': of the whole server
    name TEXT NOT NULL, -- a destination's; '': none
    since INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (kind, form, name)
) STRICT, WITHOUT ROWID;
