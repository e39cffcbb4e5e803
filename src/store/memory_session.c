/* SPDX-License-Identifier: MIT */
/*
 * Sessions, invitations and the audit log in memory. The first two are few,
 * and a walk finds what a database would have an index for.
 */
#include <stdlib.h>

#include "store/memory.h"

/* --- sessions: by their hash --------------------------------------------- */

static struct str digest_key(const struct digest *digest)
{
    return (struct str){(const char *)digest->bytes, sizeof digest->bytes};
}

static struct row *session_row(const struct session *from)
{
    struct session copy = *from;
    struct str key = digest_key(&from->hash);
    struct str *texts[] = {&key, &copy.user, &copy.csrf, &copy.source, &copy.user_agent};
    struct row *row = row_new(ROW_SESSION, texts, COUNTOF(texts));

    if (row) {
        row->session = copy;
        row->key = key;
    }
    return row;
}

/* The user's session that was seen first but for `newest`, held for the caller; and how many. */
static struct row *fetch_oldest(struct memory_store *self, const struct session *newest,
                                size_t *ret_count)
{
    struct row *oldest = NULL;
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_after, ROW_SESSION, (struct str){0});

    for (*ret_count = 0; row; memory_advance(self, rows_after, &row)) {
        if (!str_equal(row->session.user, newest->user))
            continue;
        ++*ret_count;
        if (digest_equal(&row->session.hash, &newest->hash) ||
            (oldest && row->session.seen_at_ms >= oldest->session.seen_at_ms))
            continue;
        row_drop(oldest);
        oldest = row;
        row_hold(oldest);
    }
    return oldest;
}

enum err memory_session_insert(struct store *store, const struct session *session)
{
    struct memory_store *self = memory_of(store);
    size_t count;

    if (memory_is_taken(self, ROW_SESSION, digest_key(&session->hash)))
        return ERR_EXISTS;
    TRY(memory_put(self, session_row(session), NULL));
    CLEANUP(row_dropp) struct row *oldest = fetch_oldest(self, session, &count);
    return count > SESSIONS_PER_USER_MAX ? memory_delete(self, ROW_SESSION, oldest->key) : ERR_OK;
}

enum err memory_session_touch(struct store *store, const struct digest *hash, int64_t seen_at_ms)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp)
    struct row *old = memory_fetch(self, rows_find, ROW_SESSION, digest_key(hash));

    if (!old)
        return ERR_NOT_FOUND;
    struct session touched = old->session;
    touched.seen_at_ms = seen_at_ms;
    return memory_put(self, session_row(&touched), old);
}

enum err memory_session_delete(struct store *store, const struct digest *hash)
{
    return memory_delete(memory_of(store), ROW_SESSION, digest_key(hash));
}

enum err memory_session_delete_user(struct store *store, struct str user, const struct digest *kept)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_after, ROW_SESSION, (struct str){0});

    for (; row; memory_advance(self, rows_after, &row))
        if (str_equal(row->session.user, user) && !(kept && digest_equal(kept, &row->session.hash)))
            TRY(memory_delete(self, ROW_SESSION, row->key));
    return ERR_OK;
}

enum err memory_session_purge(struct store *store, int64_t now_ms, int64_t seen_by_ms)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_after, ROW_SESSION, (struct str){0});

    for (; row; memory_advance(self, rows_after, &row))
        if (row->session.expires_at_ms <= now_ms || row->session.seen_at_ms <= seen_by_ms)
            TRY(memory_delete(self, ROW_SESSION, row->key));
    return ERR_OK;
}

enum err memory_session_get(struct store *store, const struct digest *hash, store_session_fn fn,
                            void *arg)
{
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(memory_of(store), rows_find, ROW_SESSION, digest_key(hash));

    return row ? fn(arg, &row->session) : ERR_NOT_FOUND;
}

/* Whether `a` comes before `b` in a list: seen later, then by hash. */
static bool is_before(const struct row *a, const struct row *b)
{
    if (a->session.seen_at_ms != b->session.seen_at_ms)
        return a->session.seen_at_ms > b->session.seen_at_ms;
    return memcmp(a->session.hash.bytes, b->session.hash.bytes, DIGEST_BYTES) < 0;
}

/* The row that follows `last` (NULL: the first), held for the caller. */
static struct row *fetch_next(struct memory_store *self, struct str user, const struct row *last)
{
    struct row *best = NULL;
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_after, ROW_SESSION, (struct str){0});

    for (; row; memory_advance(self, rows_after, &row)) {
        if ((user.ptr && !str_equal(row->session.user, user)) || (last && !is_before(last, row)) ||
            (best && !is_before(row, best)))
            continue;
        row_drop(best);
        best = row;
        row_hold(best);
    }
    return best;
}

enum err memory_session_list(struct store *store, struct str user, store_session_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp) struct row *row = fetch_next(self, user, NULL);

    while (row) {
        TRY(fn(arg, &row->session));
        struct row *next = fetch_next(self, user, row);
        row_drop(row);
        row = next;
    }
    return ERR_OK;
}

/* --- invitations: by the name of the user to be -------------------------- */

enum err memory_invitation_put(struct store *store, const struct invitation *invitation)
{
    struct memory_store *self = memory_of(store);
    struct invitation copy = *invitation;
    struct str *texts[] = {&copy.name, &copy.forms, &copy.created_by};
    CLEANUP(row_dropp)
    struct row *old = memory_fetch(self, rows_find, ROW_INVITATION, invitation->name);
    struct row *row = row_new(ROW_INVITATION, texts, COUNTOF(texts));

    if (row) {
        row->invitation = copy;
        row->key = copy.name;
    }
    return memory_put(self, row, old);
}

enum err memory_invitation_delete(struct store *store, struct str name)
{
    return memory_delete(memory_of(store), ROW_INVITATION, name);
}

enum err memory_invitation_delete_of(struct store *store, struct str created_by)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_after, ROW_INVITATION, (struct str){0});

    for (; row; memory_advance(self, rows_after, &row))
        if (str_equal(row->invitation.created_by, created_by))
            TRY(memory_delete(self, ROW_INVITATION, row->key));
    return ERR_OK;
}

enum err memory_invitation_purge(struct store *store, int64_t now_ms)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_after, ROW_INVITATION, (struct str){0});

    for (; row; memory_advance(self, rows_after, &row))
        if (row->invitation.expires_at_ms <= now_ms)
            TRY(memory_delete(self, ROW_INVITATION, row->key));
    return ERR_OK;
}

enum err memory_invitation_get(struct store *store, const struct digest *hash,
                               store_invitation_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_after, ROW_INVITATION, (struct str){0});

    for (; row; memory_advance(self, rows_after, &row))
        if (digest_equal(&row->invitation.hash, hash))
            return fn(arg, &row->invitation);
    return ERR_NOT_FOUND;
}

enum err memory_invitation_list(struct store *store, store_invitation_fn fn, void *arg)
{
    struct memory_store *self = memory_of(store);
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_after, ROW_INVITATION, (struct str){0});

    for (; row; memory_advance(self, rows_after, &row))
        TRY(fn(arg, &row->invitation));
    return ERR_OK;
}

/* --- the audit log: by its numbers --------------------------------------- */

/* The number behind the newest. */
static int64_t next_audit_id(struct memory_store *self)
{
    char last_key[SEQ_KEY_BYTES];
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_before, ROW_AUDIT, rows_seq_key(INT64_MAX, last_key));

    return row ? row->audit.id + 1 : 1;
}

static enum err trim_audit(struct memory_store *self, int64_t newest)
{
    CLEANUP(row_dropp) struct row *row = memory_fetch(self, rows_after, ROW_AUDIT, (struct str){0});

    return row && row->audit.id <= newest - AUDIT_MAX ? memory_delete(self, ROW_AUDIT, row->key)
                                                      : ERR_OK;
}

enum err memory_audit_add(struct store *store, const struct audit_entry *entry)
{
    struct memory_store *self = memory_of(store);
    struct audit_entry copy = *entry;
    struct str *texts[] = {&copy.actor, &copy.action, &copy.target, &copy.detail, &copy.source};
    struct row *row = row_new(ROW_AUDIT, texts, COUNTOF(texts));

    copy.id = next_audit_id(self);
    if (row) {
        row->audit = copy;
        row->key = rows_seq_key(copy.id, row->seq_key);
    }
    TRY(memory_put(self, row, NULL));
    return trim_audit(self, copy.id);
}

enum err memory_audit_list(struct store *store, int64_t below_id, int limit, store_audit_fn fn,
                           void *arg)
{
    struct memory_store *self = memory_of(store);
    char first_key[SEQ_KEY_BYTES];
    CLEANUP(row_dropp)
    struct row *row = memory_fetch(self, rows_before, ROW_AUDIT,
                                   rows_seq_key(below_id ? below_id : INT64_MAX, first_key));

    for (; row && limit > 0; memory_advance(self, rows_before, &row), limit--)
        TRY(fn(arg, &row->audit));
    return ERR_OK;
}
