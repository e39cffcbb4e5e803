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

-- Several queries of one reader see the same rows.
-- name: view_begin
BEGIN;

-- name: view_end
COMMIT;

-- name: submission_insert
INSERT INTO submission (seq, id, state, spam_score, form, name, email, message, fields, source, user_agent, page,
    spam_reasons, idempotency_key, starred, state_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16);

-- name: submission_last_seq
SELECT max(coalesce((SELECT max(seq) FROM submission), 0), coalesce((SELECT max(seq) FROM delivery), 0));

-- name: submission_get
SELECT id, state, spam_score, form, name, email, message, fields, source, user_agent, page, spam_reasons,
    idempotency_key, taught, starred, state_at
FROM submission
WHERE seq = ?1;

-- The bits of ?4 are the states that are asked for.
-- Whatever their state: who asks for some states passes over the others.
-- name: submission_list
SELECT id, state, spam_score, form, name, email, message, fields, source, user_agent, page, spam_reasons,
    idempotency_key, taught, starred, state_at
FROM submission
WHERE seq >= ?1 AND seq < ?2
ORDER BY seq DESC
LIMIT ?3;

-- For one of spam and trash, which may be few among many.
-- name: submission_list_flagged
SELECT id, state, spam_score, form, name, email, message, fields, source, user_agent, page, spam_reasons,
    idempotency_key, taught, starred, state_at
FROM submission INDEXED BY submission_flagged
WHERE state = ?4 AND state >= 3 AND seq >= ?1 AND seq < ?2
ORDER BY seq DESC
LIMIT ?3;

-- name: submission_list_handled
SELECT id, state, spam_score, form, name, email, message, fields, source, user_agent, page, spam_reasons,
    idempotency_key, taught, starred, state_at
FROM submission INDEXED BY submission_handled
WHERE state = ?4 AND state IN (1, 2) AND seq >= ?1 AND seq < ?2
ORDER BY seq DESC
LIMIT ?3;

-- Stars are set by hand, so there are few: who asks passes over other forms.
-- name: submission_list_starred
SELECT id, state, spam_score, form, name, email, message, fields, source, user_agent, page, spam_reasons,
    idempotency_key, taught, starred, state_at
FROM submission INDEXED BY submission_starred
WHERE starred = 1 AND seq >= ?1 AND seq < ?2 AND (1 << state) & ?3
ORDER BY seq DESC;

-- The row numbers alone, of several forms and states one after the other.
-- name: submission_seqs
SELECT seq FROM submission INDEXED BY submission_by_form_state
WHERE form = ?5 AND state = ?4 AND seq >= ?1 AND seq < ?2
ORDER BY seq DESC
LIMIT ?3;

-- The form with messages whose name comes after this one.
-- name: submission_next_form
SELECT form FROM submission INDEXED BY submission_by_form_state WHERE form > ?1 ORDER BY form LIMIT 1;

-- What tells whose they are, row by row.
-- name: submission_scan
SELECT id, form, email, fields FROM submission WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2;

-- name: submission_newest
SELECT id, state, spam_score, form, name, email, message, fields, source, user_agent, page, spam_reasons,
    idempotency_key, taught, starred, state_at
FROM submission
WHERE seq >= ?1
ORDER BY seq DESC
LIMIT ?2;

-- name: submission_find_key
SELECT id, state, spam_score, form, name, email, message, fields, source, user_agent, page, spam_reasons,
    idempotency_key, taught, starred, state_at
FROM submission
WHERE form = ?1 AND idempotency_key = ?2 AND seq >= ?3
ORDER BY seq DESC
LIMIT 1;

-- name: submission_set_state
UPDATE submission
SET state = ?2, taught = ?4, state_at = CASE state WHEN ?2 THEN state_at ELSE ?5 END
WHERE seq = ?1 AND id = ?3;

-- name: submission_set_starred
UPDATE submission SET starred = ?2 WHERE seq = ?1 AND id = ?3;

-- name: submission_delete
DELETE FROM submission WHERE seq = ?1 AND id = ?2;

-- name: note_insert
INSERT INTO note (seq, id, author, text, created_at) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: note_list
SELECT id, author, text, created_at FROM note WHERE seq = ?1 ORDER BY id;

-- name: note_delete
DELETE FROM note WHERE id = ?2 AND seq = ?1;

-- name: note_delete_all
DELETE FROM note WHERE seq = ?1;

-- name: form_put
INSERT INTO form (name, settings, created_at, updated_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at;

-- name: form_delete
DELETE FROM form WHERE name = ?1;

-- name: form_get
SELECT name, settings, created_at, updated_at FROM form WHERE name = ?1;

-- name: form_list
SELECT name, settings, created_at, updated_at FROM form ORDER BY name;

-- name: refusal_add
INSERT INTO refusal (form, origin, reason, count, first_at, last_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (form, origin, reason)
DO UPDATE SET count = count + excluded.count, last_at = max(last_at, excluded.last_at);

-- The one that has been quiet longest, once there are more than ?1.
-- name: refusal_trim
DELETE FROM refusal
WHERE (SELECT count(*) FROM refusal) > ?1 AND (form, origin, reason) IN
    (SELECT form, origin, reason FROM refusal ORDER BY last_at LIMIT 1);

-- name: refusal_list
SELECT form, origin, reason, count, first_at, last_at FROM refusal ORDER BY last_at DESC, form, origin, reason;

-- name: refusal_delete
DELETE FROM refusal WHERE form = ?1 AND origin = ?2;

-- name: spent_add
INSERT INTO spent (expires_at, digest) VALUES (?1, ?2);

-- name: spent_find
SELECT 1 FROM spent WHERE expires_at = ?1 AND digest = ?2;

-- name: spent_purge
DELETE FROM spent WHERE expires_at < ?1;

-- name: model_put
INSERT INTO model (form, bytes) VALUES (?1, ?2)
ON CONFLICT (form) DO UPDATE SET bytes = excluded.bytes;

-- name: model_get
SELECT bytes FROM model WHERE form = ?1;

-- name: user_insert
INSERT INTO user (name, password_hash, role, created_at, forms)
VALUES (?1, ?2, ?3, ?4, coalesce(?5, '*'));

-- name: user_set_password
UPDATE user SET password_hash = ?2 WHERE name = ?1;

-- name: user_delete
DELETE FROM user WHERE name = ?1;

-- name: user_get
SELECT name, password_hash, role, created_at, forms FROM user WHERE name = ?1;

-- name: user_list
SELECT name, password_hash, role, created_at, forms FROM user ORDER BY name;

-- name: token_insert
INSERT INTO token (id, name, hash, scope, created_at, expires_at, forms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, coalesce(?7, '*'));

-- name: token_delete
DELETE FROM token WHERE name = ?1;

-- name: token_get
SELECT id, name, hash, scope, created_at, expires_at, forms, used_at FROM token WHERE hash = ?1;

-- name: token_list
SELECT id, name, hash, scope, created_at, expires_at, forms, used_at FROM token ORDER BY name;

-- name: meta_put
INSERT INTO meta (key, value) VALUES (?1, ?2)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: meta_get
SELECT value FROM meta WHERE key = ?1;

-- name: user_update
UPDATE user SET role = ?2, forms = ?3 WHERE name = ?1;

-- name: token_touch
UPDATE token SET used_at = ?2 WHERE hash = ?1;

-- name: session_insert
INSERT INTO session (hash, user, csrf, created_at, seen_at, expires_at, source, user_agent)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- All of a user's but ?2 and the ?3 others that were seen last.
-- name: session_trim
DELETE FROM session
WHERE user = ?1 AND hash <> ?2 AND hash NOT IN
    (SELECT hash FROM session WHERE user = ?1 AND hash <> ?2 ORDER BY seen_at DESC, hash LIMIT ?3);

-- name: session_touch
UPDATE session SET seen_at = ?2 WHERE hash = ?1;

-- name: session_delete
DELETE FROM session WHERE hash = ?1;

-- name: session_delete_user
DELETE FROM session WHERE user = ?1 AND (?2 IS NULL OR hash <> ?2);

-- name: session_purge
DELETE FROM session WHERE expires_at <= ?1 OR seen_at <= ?2;

-- name: session_get
SELECT hash, user, csrf, created_at, seen_at, expires_at, source, user_agent FROM session WHERE hash = ?1;

-- name: session_list
SELECT hash, user, csrf, created_at, seen_at, expires_at, source, user_agent FROM session
WHERE ?1 IS NULL OR user = ?1
ORDER BY seen_at DESC, hash;

-- name: invitation_put
INSERT INTO invitation (name, hash, role, forms, created_by, created_at, expires_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, role = excluded.role, forms = excluded.forms,
    created_by = excluded.created_by, created_at = excluded.created_at, expires_at = excluded.expires_at;

-- name: invitation_delete
DELETE FROM invitation WHERE name = ?1;

-- name: invitation_delete_of
DELETE FROM invitation WHERE created_by = ?1;

-- name: invitation_purge
DELETE FROM invitation WHERE expires_at <= ?1;

-- name: invitation_get
SELECT name, hash, role, forms, created_by, created_at, expires_at FROM invitation WHERE hash = ?1;

-- name: invitation_list
SELECT name, hash, role, forms, created_by, created_at, expires_at FROM invitation ORDER BY name;

-- name: audit_add
INSERT INTO audit (at, actor, action, target, detail, source) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- Ids grow by one, so the newest tells how many there are. A few at a time: one was added.
-- name: audit_trim
DELETE FROM audit
WHERE id IN (SELECT id FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?1 ORDER BY id LIMIT 8);

-- name: audit_list
SELECT id, at, actor, action, target, detail, source FROM audit WHERE id < ?1 ORDER BY id DESC LIMIT ?2;
-- How far the search knows the messages, if it knows them by the rules ?1.
-- name: search_place
SELECT CAST(value AS INTEGER) FROM meta
WHERE key = 'search_seq' AND (SELECT value FROM meta WHERE key = 'search_rules') = ?1;

-- name: search_place_put
INSERT INTO meta (key, value) VALUES ('search_rules', ?1), ('search_seq', ?2)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: search_next
SELECT id FROM submission WHERE seq > ?1 ORDER BY seq LIMIT ?2;

-- name: search_add
INSERT INTO search (rowid, text, form) VALUES (?1, ?2, ?3);

-- It must be told again what it knows.
-- name: search_remove
INSERT INTO search (search, rowid, text, form) VALUES ('delete', ?1, ?2, ?3);

-- name: search_clear
INSERT INTO search (search) VALUES ('delete-all');

-- name: search_merge
INSERT INTO search (search, rank) VALUES ('merge', ?1);

-- name: search_find
SELECT rowid FROM search WHERE search MATCH ?1 AND rowid >= ?2 AND rowid < ?3 ORDER BY rowid DESC;

-- name: search_get
SELECT id FROM submission WHERE seq = ?1;

-- name: tally_clear
DELETE FROM tally;

-- name: tally_add
INSERT INTO tally (day, form, state, count) VALUES (?1, ?2, ?3, ?4), (-1, ?2, ?3, ?4)
ON CONFLICT (day, form, state) DO UPDATE SET count = count + excluded.count;

-- name: tally_trim
DELETE FROM tally WHERE day IN (?1, -1) AND form = ?2 AND state = ?3 AND count <= 0;

-- With the newest that are not counted yet, ?2 at most; 2831155200000 row numbers are a day.
-- name: tally_list
WITH late (day, form, state) AS MATERIALIZED (
    SELECT seq / 2831155200000, form, state FROM submission
    WHERE seq > coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'search_seq'), 0)
    ORDER BY seq DESC
    LIMIT ?2)
SELECT day, form, state, sum(count) FROM (
    SELECT day, form, state, count FROM tally WHERE day = -1
    UNION ALL SELECT day, form, state, count FROM tally WHERE day >= ?1
    UNION ALL SELECT iif(whole, -1, day), form, state, 1
        FROM late, (SELECT 0 AS whole UNION ALL SELECT 1) WHERE whole OR day >= ?1)
WHERE ?3 IS NULL OR form = ?3
GROUP BY day, form, state
ORDER BY day DESC, form, state;

-- name: submission_state
SELECT form, state FROM submission WHERE seq = ?1 AND id = ?2;

-- name: submission_aged
SELECT id, form, seq >> 15 FROM submission INDEXED BY submission_by_form_state
WHERE form = ?1 AND state IN (0, 1, 2, 3, 4) AND seq < ?2
LIMIT ?3;

-- name: submission_aged_spam
SELECT id, form, max(seq >> 15, state_at) FROM submission INDEXED BY submission_flagged
WHERE state = 3 AND state >= 3 AND seq > ?1 AND seq < ?2
ORDER BY seq
LIMIT ?3;

-- name: delivery_insert
INSERT INTO delivery (seq, id, submission, form, destination, state, due_at, changed_at, address, text, since, via)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, max(?7, ?8), ?11);

-- name: delivery_get
SELECT id, submission, form, destination, state, leased, attempts, due_at, changed_at, batch, address, error, text,
    since, via
FROM delivery
WHERE seq = ?1;

-- The bits of ?2 are the states that are asked for; ?3 is a destination or NULL.
-- name: delivery_list
SELECT id, submission, form, destination, state, leased, attempts, due_at, changed_at, batch, address, error, text,
    since, via
FROM delivery
WHERE seq < ?1 AND (1 << state) & ?2 AND (?3 IS NULL OR destination = ?3)
ORDER BY seq DESC
LIMIT ?4;

-- name: delivery_list_form
SELECT id, submission, form, destination, state, leased, attempts, due_at, changed_at, batch, address, error, text,
    since, via
FROM delivery INDEXED BY delivery_by_form
WHERE form = ?5 AND seq < ?1 AND (1 << state) & ?2 AND (?3 IS NULL OR destination = ?3)
ORDER BY seq DESC
LIMIT ?4;

-- One state that is not "delivered", which most are: who asks passes over other forms.
-- name: delivery_list_open
SELECT id, submission, form, destination, state, leased, attempts, due_at, changed_at, batch, address, error, text,
    since, via
FROM delivery INDEXED BY delivery_open
WHERE state = ?2 AND state <> 2 AND seq < ?1 AND (?3 IS NULL OR destination = ?3) AND (?4 IS NULL OR form = ?4)
ORDER BY seq DESC;

-- name: delivery_list_submission
SELECT id, submission, form, destination, state, leased, attempts, due_at, changed_at, batch, address, error, text,
    since, via
FROM delivery INDEXED BY delivery_by_submission
WHERE submission = ?5 AND submission IS NOT NULL AND seq < ?1 AND (1 << state) & ?2 AND (?3 IS NULL OR destination = ?3)
ORDER BY seq DESC
LIMIT ?4;

-- The first one that waits behind the destination ?2 of the form ?1: of this form, and of a later one. Not
-- (form, destination) > (?1, ?2), for which SQLite would step over all that have this very destination.
-- name: delivery_next
SELECT form, destination, due_at FROM delivery INDEXED BY delivery_due
WHERE state = 0 AND form = ?1 AND destination > ?2
ORDER BY destination, due_at
LIMIT 1;

-- name: delivery_next_form
SELECT form, destination, due_at FROM delivery INDEXED BY delivery_due
WHERE state = 0 AND form > ?1
ORDER BY form, destination, due_at
LIMIT 1;

-- name: delivery_due
SELECT id, submission, form, destination, state, leased, attempts, due_at, changed_at, batch, address, error, text,
    since, via
FROM delivery INDEXED BY delivery_due
WHERE state = 0 AND form = ?1 AND destination = ?2 AND due_at <= ?3
ORDER BY due_at
LIMIT ?4;

-- Row numbers below ?6 were made before ?4: whoever has waited for so long is not younger.
-- name: delivery_late
SELECT id, submission, form, destination, state, leased, attempts, due_at, changed_at, batch, address, error, text,
    since, via
FROM delivery INDEXED BY delivery_open
WHERE state = 0 AND state <> 2 AND seq < ?6 AND form = ?1 AND destination = ?2 AND due_at <= ?3 AND since <= ?4
ORDER BY seq
LIMIT ?5;

-- name: delivery_claim
UPDATE delivery SET leased = 1, attempts = attempts + 1, due_at = ?3, batch = coalesce(batch, ?4)
WHERE seq = ?1 AND id = ?2 AND state = 0 AND due_at <= ?5;

-- What has become spam meanwhile is held, and what was withdrawn stays so, unless it was delivered all the same.
-- name: delivery_settle
UPDATE delivery
SET state = iif(state IN (1, 4) AND ?3 = 0, state, ?3), leased = 0, cuts = 0, due_at = ?4, changed_at = ?5, error = ?6,
    batch = coalesce(?7, batch)
WHERE seq = ?1 AND id = ?2;

-- name: delivery_leased
SELECT seq, attempts, cuts FROM delivery WHERE state = 0 AND leased = 1 AND seq > ?1 ORDER BY seq LIMIT 1;

-- name: delivery_cut
UPDATE delivery SET leased = 0, state = ?2, attempts = ?3, cuts = ?4, due_at = ?5, error = coalesce(?6, error)
WHERE seq = ?1;

-- What has left its digest must not come under that one's id again: whoever had the rest would drop it.
-- name: delivery_set_state
UPDATE delivery SET state = ?3, due_at = ?4, changed_at = ?5, since = max(?4, ?5), batch = NULL
WHERE seq = ?1 AND id = ?2;

-- Nor may a later form of this name send what was given up.
-- name: delivery_withdraw_form
UPDATE delivery
SET via = '', changed_at = iif(state IN (0, 1), ?2, changed_at), error = iif(state IN (0, 1), ?3, error),
    state = iif(state IN (0, 1), 4, state)
WHERE state <> 2 AND form = ?1;

-- name: delivery_restart
UPDATE delivery SET state = 0, attempts = 0, cuts = 0, due_at = ?3, changed_at = ?3, since = ?3, batch = ?4
WHERE seq = ?1 AND id = ?2;

-- name: delivery_restart_waiting
UPDATE delivery SET attempts = 0, due_at = ?3, changed_at = ?3, since = ?3
WHERE state = 0 AND leased = 0 AND form = ?1 AND destination = ?2;

-- Behind ?4 stands what was tried just now, before ?5 what has been hurried for long enough. A digest stays together.
-- name: delivery_hasten
UPDATE delivery SET attempts = attempts - 1, due_at = ?3 + iif(batch IS NULL, seq % ?6, 0)
WHERE state = 0 AND leased = 0 AND attempts > 0 AND form = ?1 AND destination = ?2 AND due_at > ?3 + ?6
    AND changed_at <= ?4 AND since > ?5;

-- name: delivery_restart_failed
UPDATE delivery SET state = 0, attempts = 0, cuts = 0, due_at = ?3, changed_at = ?3, since = ?3, batch = NULL
WHERE state = 3 AND state <> 2 AND form = ?1 AND destination = ?2;

-- name: delivery_count
SELECT count(*) FROM delivery INDEXED BY delivery_due WHERE state = 0;

-- name: delivery_oldest
SELECT seq >> 15 FROM delivery INDEXED BY delivery_open WHERE state = 0 AND state <> 2 ORDER BY seq LIMIT 1;

-- name: delivery_replies
SELECT count(*) FROM delivery INDEXED BY delivery_reply
WHERE address = ?2 AND address IS NOT NULL AND seq >= ?3 AND (?1 IS NULL OR coalesce(nullif(via, ''), form) = ?1);

-- name: delivery_delete_all
DELETE FROM delivery WHERE submission = ?1 AND submission IS NOT NULL;

-- name: attempt_add
INSERT INTO attempt (delivery, number, at, took, status, error)
VALUES (?1, 1 + coalesce((SELECT max(number) FROM attempt WHERE delivery = ?1), 0), ?2, ?3, ?4, ?5);

-- name: attempt_trim
DELETE FROM attempt WHERE delivery = ?1 AND number <= (SELECT max(number) FROM attempt WHERE delivery = ?1) - ?2;

-- name: attempt_list
SELECT at, took, status, error FROM attempt WHERE delivery = ?1 ORDER BY number DESC;

-- name: attempt_delete_all
DELETE FROM attempt
WHERE delivery IN (SELECT seq FROM delivery WHERE submission = ?1 AND submission IS NOT NULL);

-- name: destination_delivered
INSERT INTO destination (form, name, delivered, delivered_at, failed_at, failing_since) VALUES (?1, ?2, 1, ?3, 0, 0)
ON CONFLICT (form, name) DO UPDATE
SET delivered = delivered + 1, delivered_at = excluded.delivered_at, failing_since = 0;

-- name: destination_failed
INSERT INTO destination (form, name, delivered, delivered_at, failed_at, failing_since, error)
VALUES (?1, ?2, 0, 0, ?3, ?3, ?4)
ON CONFLICT (form, name) DO UPDATE
SET failed_at = excluded.failed_at, error = excluded.error,
    failing_since = iif(failing_since = 0, excluded.failing_since, failing_since);

-- name: destination_failing
SELECT failing_since FROM destination WHERE form = ?1 AND name = ?2;

-- name: destination_reached
UPDATE destination SET failing_since = 0 WHERE form = ?1 AND name = ?2;

-- name: destination_list
SELECT form, name, sum(waiting), sum(held), sum(failed), sum(withdrawn), sum(delivered), max(delivered_at),
    max(failed_at), max(failing_since), max(error)
FROM (
    SELECT form, destination AS name, state = 0 AS waiting, state = 1 AS held, state = 3 AS failed,
        state = 4 AS withdrawn, 0 AS delivered, 0 AS delivered_at, 0 AS failed_at, 0 AS failing_since, NULL AS error
    FROM delivery INDEXED BY delivery_open WHERE state <> 2
    UNION ALL SELECT form, name, 0, 0, 0, 0, delivered, delivered_at, failed_at, failing_since, error FROM destination)
GROUP BY form, name
ORDER BY form, name;

-- name: alarm_add
INSERT INTO alarm (kind, form, name, since, text) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: alarm_delete
DELETE FROM alarm WHERE kind = ?1 AND form = ?2 AND name = ?3;

-- name: alarm_list
SELECT kind, form, name, since, text FROM alarm ORDER BY kind, form, name;
