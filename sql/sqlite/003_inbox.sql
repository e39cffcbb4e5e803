-- The inbox: marks and notes, accounts bound to forms, sessions, search and counts.

ALTER TABLE submission ADD COLUMN starred INTEGER NOT NULL DEFAULT 0;
ALTER TABLE submission ADD COLUMN state_at INTEGER NOT NULL DEFAULT 0; -- of the last change of state; 0: none
CREATE INDEX submission_starred ON submission (starred) WHERE starred = 1;
-- What somebody has looked at, one state alone. What is new is in no such index, for the sake of the insert.
CREATE INDEX submission_handled ON submission (state) WHERE state IN (1, 2);
CREATE INDEX submission_by_form_state ON submission (form, state) WHERE state >= 1;

CREATE TABLE note (
    id INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL, -- of the submission
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX note_by_submission ON note (seq);

-- Names of forms with a blank between them, or *: all.
ALTER TABLE user ADD COLUMN forms TEXT NOT NULL DEFAULT '*';
ALTER TABLE token ADD COLUMN forms TEXT NOT NULL DEFAULT '*';
ALTER TABLE token ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0; -- 0: never

CREATE TABLE session (
    hash BLOB PRIMARY KEY NOT NULL, -- of the cookie's value
    user TEXT NOT NULL,
    csrf TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    source TEXT NOT NULL,
    user_agent TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_user ON session (user);

CREATE TABLE invitation (
    name TEXT PRIMARY KEY NOT NULL, -- of the user to be
    hash BLOB NOT NULL UNIQUE, -- of the link's secret
    role TEXT NOT NULL,
    forms TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT,
    detail TEXT,
    source TEXT
) STRICT;

-- Rows are fed behind the commit; the row number is the submission's. The words have been through
-- core/search_text, so the simplest tokenizer will do; merging is done in small steps by the janitor.
CREATE VIRTUAL TABLE search USING fts5 (text, form, content = '', columnsize = 0, tokenize = 'ascii');
INSERT INTO search (search, rank) VALUES ('automerge', 0);
INSERT INTO search (search, rank) VALUES ('crisismerge', 1000);

-- How many messages of a day are in which state; fed with the search.
CREATE TABLE tally (
    day INTEGER NOT NULL, -- since 1970 UTC; -1: all days together
    form TEXT NOT NULL,
    state INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, form, state)
) STRICT, WITHOUT ROWID;
