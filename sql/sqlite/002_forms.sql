-- Forms with settings, states and spam scores of messages, and what must be known
-- to take none twice.

-- The small columns that lists look at stand before the texts, which may fill pages.
CREATE TABLE submission_2 (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    state INTEGER NOT NULL,
    spam_score INTEGER NOT NULL, -- hundredths of a point
    taught INTEGER NOT NULL DEFAULT 0, -- to the spam filter: 1 as good, 2 as spam
    form TEXT NOT NULL,
    idempotency_key TEXT,
    name TEXT,
    email TEXT,
    message TEXT,
    fields TEXT,
    source TEXT,
    user_agent TEXT,
    page TEXT,
    spam_reasons TEXT
) STRICT;

INSERT INTO submission_2 (seq, id, state, spam_score, form, name, email, message, fields, source, user_agent, page)
SELECT seq, id, 0, 0, form, name, email, message, fields, source, user_agent, page FROM submission;

DROP TABLE submission;
ALTER TABLE submission_2 RENAME TO submission;

CREATE INDEX submission_by_form ON submission (form);

-- Only what was flagged (spam, trash) and what has a key pays for these.
CREATE INDEX submission_flagged ON submission (state) WHERE state >= 3;
CREATE INDEX submission_by_key ON submission (form, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE form (
    name TEXT PRIMARY KEY NOT NULL,
    settings TEXT NOT NULL, -- a JSON object
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Pages whose messages were not taken.
CREATE TABLE refusal (
    form TEXT NOT NULL,
    origin TEXT NOT NULL,
    reason TEXT NOT NULL,
    count INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (form, origin, reason)
) STRICT, WITHOUT ROWID;

-- Tokens and proofs that were used, until they would have expired anyway.
CREATE TABLE spent (
    expires_at INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (expires_at, digest)
) STRICT, WITHOUT ROWID;

-- What a form's spam filter has been taught.
CREATE TABLE model (
    form TEXT PRIMARY KEY NOT NULL,
    bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;
