-- The first schema. Times are milliseconds since 1970 UTC.

-- seq is id_seq(id): the row number alone gives the order and finds an id, so
-- that the hot insert feeds one narrow index and nothing else.
CREATE TABLE submission (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    form TEXT NOT NULL,
    name TEXT,
    email TEXT,
    message TEXT,
    fields TEXT,
    source TEXT,
    user_agent TEXT,
    page TEXT
) STRICT;

-- SQLite ends every index entry with the row number: this is (form, seq).
CREATE INDEX submission_by_form ON submission (form);

CREATE TABLE user (
    name TEXT PRIMARY KEY NOT NULL,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    id BLOB PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    hash BLOB NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL -- 0: never
) STRICT;

CREATE TABLE meta (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
