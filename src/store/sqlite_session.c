/* SPDX-License-Identifier: MIT */
/* Sessions, invitations and the audit log in SQLite. See the contracts in store/store.h. */
#include "store/sqlite.h"

static void bind_digest(struct query *query, int at, const struct digest *digest)
{
    query_bind_bytes(query, at, digest->bytes, sizeof digest->bytes);
}

/* --- sessions ------------------------------------------------------------ */

static enum err trim_sessions(struct store *store, const struct session *newest)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_SESSION_TRIM);

    query_bind_str(&query, 1, newest->user);
    bind_digest(&query, 2, &newest->hash);
    query_bind_i64(&query, 3, SESSIONS_PER_USER_MAX - 1);
    return query_write(&query);
}

enum err sqlite_session_insert(struct store *store, const struct session *session)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_SESSION_INSERT);

    bind_digest(&query, 1, &session->hash);
    query_bind_str(&query, 2, session->user);
    query_bind_str(&query, 3, session->csrf);
    query_bind_i64(&query, 4, session->created_at_ms);
    query_bind_i64(&query, 5, session->seen_at_ms);
    query_bind_i64(&query, 6, session->expires_at_ms);
    query_bind_str(&query, 7, session->source);
    query_bind_str(&query, 8, session->user_agent);
    TRY(query_write(&query));
    return trim_sessions(store, session);
}

enum err sqlite_session_touch(struct store *store, const struct digest *hash, int64_t seen_at_ms)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_SESSION_TOUCH);

    bind_digest(&query, 1, hash);
    query_bind_i64(&query, 2, seen_at_ms);
    return query_write_one(&query);
}

enum err sqlite_session_delete(struct store *store, const struct digest *hash)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_SESSION_DELETE);

    bind_digest(&query, 1, hash);
    return query_write_one(&query);
}

enum err sqlite_session_delete_user(struct store *store, struct str user, const struct digest *kept)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_SESSION_DELETE_USER);

    query_bind_str(&query, 1, user);
    if (kept)
        bind_digest(&query, 2, kept);
    else
        query_bind_str(&query, 2, (struct str){0});
    return query_write(&query);
}

enum err sqlite_session_purge(struct store *store, int64_t now_ms, int64_t seen_by_ms)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_SESSION_PURGE);

    query_bind_i64(&query, 1, now_ms);
    query_bind_i64(&query, 2, seen_by_ms);
    return query_write(&query);
}

static enum err tell_session(struct query *query, store_session_fn fn, void *arg)
{
    struct session session = {
        .user = query_str(query, 1),
        .csrf = query_str(query, 2),
        .created_at_ms = query_i64(query, 3),
        .seen_at_ms = query_i64(query, 4),
        .expires_at_ms = query_i64(query, 5),
        .source = query_str(query, 6),
        .user_agent = query_str(query, 7),
    };

    TRY(query_status(query));
    TRY(query_bytes(query, 0, session.hash.bytes, sizeof session.hash.bytes));
    return fn(arg, &session);
}

enum err sqlite_session_get(struct store *store, const struct digest *hash, store_session_fn fn,
                            void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_SESSION_GET);

    bind_digest(&query, 1, hash);
    if (query_next(&query))
        return tell_session(&query, fn, arg);
    TRY(query_status(&query));
    return ERR_NOT_FOUND;
}

enum err sqlite_session_list(struct store *store, struct str user, store_session_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_SESSION_LIST);

    query_bind_str(&query, 1, user);
    while (query_next(&query))
        TRY(tell_session(&query, fn, arg));
    return query_status(&query);
}

/* --- invitations --------------------------------------------------------- */

enum err sqlite_invitation_put(struct store *store, const struct invitation *invitation)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_INVITATION_PUT);

    query_bind_str(&query, 1, invitation->name);
    bind_digest(&query, 2, &invitation->hash);
    query_bind_str(&query, 3, str_of(role_text(invitation->role)));
    query_bind_str(&query, 4, invitation->forms);
    query_bind_str(&query, 5, invitation->created_by);
    query_bind_i64(&query, 6, invitation->created_at_ms);
    query_bind_i64(&query, 7, invitation->expires_at_ms);
    return query_write(&query);
}

enum err sqlite_invitation_delete(struct store *store, struct str name)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_INVITATION_DELETE);

    query_bind_str(&query, 1, name);
    return query_write_one(&query);
}

enum err sqlite_invitation_delete_of(struct store *store, struct str created_by)
{
    CLEANUP(query_done)
    struct query query = query_start(sqlite_of(store), SQL_INVITATION_DELETE_OF);

    query_bind_str(&query, 1, created_by);
    return query_write(&query);
}

enum err sqlite_invitation_purge(struct store *store, int64_t now_ms)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_INVITATION_PURGE);

    query_bind_i64(&query, 1, now_ms);
    return query_write(&query);
}

static enum err tell_invitation(struct query *query, store_invitation_fn fn, void *arg)
{
    struct invitation invitation = {
        .name = query_str(query, 0),
        .forms = query_str(query, 3),
        .created_by = query_str(query, 4),
        .created_at_ms = query_i64(query, 5),
        .expires_at_ms = query_i64(query, 6),
    };
    struct str role = query_str(query, 2);

    TRY(query_status(query));
    TRY(query_bytes(query, 1, invitation.hash.bytes, sizeof invitation.hash.bytes));
    if (!role_parse(role, &invitation.role))
        return query_corrupt(query);
    return fn(arg, &invitation);
}

enum err sqlite_invitation_get(struct store *store, const struct digest *hash,
                               store_invitation_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_INVITATION_GET);

    bind_digest(&query, 1, hash);
    if (query_next(&query))
        return tell_invitation(&query, fn, arg);
    TRY(query_status(&query));
    return ERR_NOT_FOUND;
}

enum err sqlite_invitation_list(struct store *store, store_invitation_fn fn, void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_INVITATION_LIST);

    while (query_next(&query))
        TRY(tell_invitation(&query, fn, arg));
    return query_status(&query);
}

/* --- the audit log ------------------------------------------------------- */

static enum err trim_audit(struct store *store)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_AUDIT_TRIM);

    query_bind_i64(&query, 1, AUDIT_MAX);
    return query_write(&query);
}

enum err sqlite_audit_add(struct store *store, const struct audit_entry *entry)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_AUDIT_ADD);

    query_bind_i64(&query, 1, entry->at_ms);
    query_bind_str(&query, 2, entry->actor);
    query_bind_str(&query, 3, entry->action);
    query_bind_str(&query, 4, entry->target);
    query_bind_str(&query, 5, entry->detail);
    query_bind_str(&query, 6, entry->source);
    TRY(query_write(&query));
    return trim_audit(store);
}

enum err sqlite_audit_list(struct store *store, int64_t below_id, int limit, store_audit_fn fn,
                           void *arg)
{
    CLEANUP(query_done) struct query query = query_start(sqlite_of(store), SQL_AUDIT_LIST);

    query_bind_i64(&query, 1, below_id ? below_id : INT64_MAX);
    query_bind_i64(&query, 2, limit);
    while (query_next(&query)) {
        const struct audit_entry entry = {
            .id = query_i64(&query, 0),
            .at_ms = query_i64(&query, 1),
            .actor = query_str(&query, 2),
            .action = query_str(&query, 3),
            .target = query_str(&query, 4),
            .detail = query_str(&query, 5),
            .source = query_str(&query, 6),
        };
        TRY(query_status(&query));
        TRY(fn(arg, &entry));
    }
    return query_status(&query);
}
