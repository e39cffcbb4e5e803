-- Every statement that contactd ever runs on SQLite. A block's name becomes
-- SQL_<NAME> in C; columns and parameters are counted there, so keep their order.

-- name: txn_begin
BEGIN IMMEDIATE;

-- name: txn_commit
COMMIT;

-- name: txn_rollback
ROLLBACK;

-- name: mark_set
SAVEPOINT mark;

-- name: mark_keep
RELEASE mark;

-- name: mark_undo
ROLLBACK TO mark;

-- name: submission_insert
INSERT INTO submission (seq, id, form, name, email, message, fields, source, user_agent, page)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);

-- name: submission_last_seq
SELECT coalesce(max(seq), 0) FROM submission;

-- name: submission_get
SELECT id, form, name, email, message, fields, source, user_agent, page
FROM submission
WHERE seq = ?1;

-- name: submission_list
SELECT id, form, name, email, message, fields, source, user_agent, page
FROM submission
WHERE seq >= ?1 AND seq < ?2
ORDER BY seq DESC
LIMIT ?3;

-- name: submission_list_form
SELECT id, form, name, email, message, fields, source, user_agent, page
FROM submission
WHERE form = ?4 AND seq >= ?1 AND seq < ?2
ORDER BY seq DESC
LIMIT ?3;

-- name: user_insert
INSERT INTO user (name, password_hash, role, created_at)
VALUES (?1, ?2, ?3, ?4);

-- name: user_set_password
UPDATE user SET password_hash = ?2 WHERE name = ?1;

-- name: user_delete
DELETE FROM user WHERE name = ?1;

-- name: user_get
SELECT name, password_hash, role, created_at FROM user WHERE name = ?1;

-- name: user_list
SELECT name, password_hash, role, created_at FROM user ORDER BY name;

-- name: token_insert
INSERT INTO token (id, name, hash, scope, created_at, expires_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: token_delete
DELETE FROM token WHERE name = ?1;

-- name: token_get
SELECT id, name, hash, scope, created_at, expires_at FROM token WHERE hash = ?1;

-- name: token_list
SELECT id, name, hash, scope, created_at, expires_at FROM token ORDER BY name;

-- name: meta_put
INSERT INTO meta (key, value) VALUES (?1, ?2)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: meta_get
SELECT value FROM meta WHERE key = ?1;
