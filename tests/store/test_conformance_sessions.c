/* SPDX-License-Identifier: MIT */
/* What every backend must do with sessions, invitations, the audit log, and marks of use. */
#include "conformance.h"

static struct digest digest_at(int mark)
{
    struct digest digest = {{(uint8_t)(mark >> 8), (uint8_t)mark}};

    return digest;
}

static struct session sample_session(const char *user, int mark)
{
    return (struct session){.hash = digest_at(mark),
                            .user = str_of(user),
                            .csrf = STR("csrf"),
                            .created_at_ms = T0,
                            .seen_at_ms = T0 + mark,
                            .expires_at_ms = T0 + 1000000,
                            .source = STR("203.0.113.7")};
}

static enum err compare_sessions(void *arg, const struct session *got)
{
    const struct session *want = arg;

    assert_memory_equal(&got->hash, &want->hash, sizeof got->hash);
    assert_same_text(got->user, want->user);
    assert_same_text(got->csrf, want->csrf);
    assert_int_equal(got->created_at_ms, want->created_at_ms);
    assert_int_equal(got->seen_at_ms, want->seen_at_ms);
    assert_int_equal(got->expires_at_ms, want->expires_at_ms);
    assert_same_text(got->source, want->source);
    assert_same_text(got->user_agent, want->user_agent);
    return ERR_OK;
}

/* Appends user and mark. */
static enum err put_session(void *arg, const struct session *session)
{
    buf_put(arg, session->user);
    buf_printf(arg, "%d ", session->hash.bytes[0] << 8 | session->hash.bytes[1]);
    return ERR_OK;
}

static void assert_sessions(struct store *store, const char *user, const char *want)
{
    CLEANUP(buf_done) struct buf got = buf_new(10000);

    assert_ok(store_session_list(store, str_of(user), put_session, &got));
    if (!str_equal(buf_str(&got), str_of(want)))
        fail_msg("got %.*s, want %s", (int)got.len, got.ptr, want);
}

static void add_sessions(struct fixture *fix, const char *user, int first, int last)
{
    for (int mark = first; mark <= last; mark++) {
        const struct session session = sample_session(user, mark);
        assert_ok(store_session_insert(fix->store, &session));
    }
}

static void a_session_comes_back_is_seen_and_ends(void **state)
{
    struct fixture *fix = *state;
    struct session one = sample_session("ada", 1), two = sample_session("ada", 2);

    two.user_agent = STR("Browser/1.0");
    assert_ok(store_begin(fix->store));
    assert_ok(store_session_insert(fix->store, &one));
    assert_ok(store_session_insert(fix->store, &two));
    assert_err(store_session_insert(fix->store, &two), ERR_EXISTS);
    one.seen_at_ms = T0 + 5000;
    assert_ok(store_session_touch(fix->store, &one.hash, one.seen_at_ms));
    assert_ok(store_commit(fix->store));
    assert_ok(store_session_get(fix->store, &one.hash, compare_sessions, &one));
    assert_ok(store_session_get(fix->store, &two.hash, compare_sessions, &two));
    assert_ok(store_begin(fix->store));
    assert_ok(store_session_delete(fix->store, &one.hash));
    assert_err(store_session_delete(fix->store, &one.hash), ERR_NOT_FOUND);
    assert_err(store_session_touch(fix->store, &one.hash, T0), ERR_NOT_FOUND);
    assert_ok(store_commit(fix->store));
    assert_err(store_session_get(fix->store, &one.hash, compare_sessions, &one), ERR_NOT_FOUND);
    assert_sessions(fix->store, NULL, "ada2 ");
}

static void sessions_are_listed_as_they_were_seen(void **state)
{
    struct fixture *fix = *state;
    struct digest third = digest_at(3);

    assert_ok(store_begin(fix->store));
    add_sessions(fix, "ada", 1, 3);
    add_sessions(fix, "bob", 4, 5);
    assert_ok(store_commit(fix->store));
    assert_sessions(fix->store, NULL, "bob5 bob4 ada3 ada2 ada1 ");
    assert_sessions(fix->store, "ada", "ada3 ada2 ada1 ");
    assert_sessions(fix->store, "ad", "");
    assert_ok(store_begin(fix->store));
    assert_ok(store_session_delete_user(fix->store, STR("ada"), &third));
    assert_ok(store_session_delete_user(fix->store, STR("nobody"), NULL));
    assert_sessions(fix->store, NULL, "bob5 bob4 ada3 ");
    assert_ok(store_session_delete_user(fix->store, STR("ada"), NULL));
    assert_ok(store_commit(fix->store));
    assert_sessions(fix->store, NULL, "bob5 bob4 ");
}

static void old_sessions_are_purged(void **state)
{
    struct fixture *fix = *state;
    struct session over = sample_session("ada", 9);

    over.expires_at_ms = T0 + 10;
    assert_ok(store_begin(fix->store));
    add_sessions(fix, "ada", 1, 4);
    assert_ok(store_session_insert(fix->store, &over));
    assert_ok(store_session_purge(fix->store, T0 + 9, T0));
    assert_sessions(fix->store, NULL, "ada9 ada4 ada3 ada2 ada1 ");
    assert_ok(store_session_purge(fix->store, T0 + 10, T0 + 2));
    assert_ok(store_commit(fix->store));
    assert_sessions(fix->store, NULL, "ada4 ada3 ");
}

static void a_user_has_so_many_sessions_and_no_more(void **state)
{
    struct fixture *fix = *state;
    struct session old = sample_session("ada", 1000);
    struct digest first = digest_at(1), second = digest_at(2);

    assert_ok(store_begin(fix->store));
    add_sessions(fix, "bob", 500, 501);
    add_sessions(fix, "ada", 1, SESSIONS_PER_USER_MAX);
    struct session oldest = sample_session("ada", 1);
    assert_ok(store_session_get(fix->store, &first, compare_sessions, &oldest));
    old.seen_at_ms = 1; /* the new one stays, whatever its time */
    assert_ok(store_session_insert(fix->store, &old));
    assert_ok(store_commit(fix->store));
    assert_ok(store_session_get(fix->store, &old.hash, compare_sessions, &old));
    assert_err(store_session_get(fix->store, &first, compare_sessions, NULL), ERR_NOT_FOUND);
    struct session same = sample_session("ada", 2);
    assert_ok(store_session_get(fix->store, &second, compare_sessions, &same));
    assert_sessions(fix->store, "bob", "bob501 bob500 ");
}

static struct invitation sample_invitation(const char *name, int mark)
{
    return (struct invitation){.name = str_of(name),
                               .hash = digest_at(mark),
                               .role = ROLE_MANAGER,
                               .forms = STR("a b"),
                               .created_by = STR("ada"),
                               .created_at_ms = T0,
                               .expires_at_ms = T0 + mark};
}

static enum err compare_invitations(void *arg, const struct invitation *got)
{
    const struct invitation *want = arg;

    assert_memory_equal(&got->hash, &want->hash, sizeof got->hash);
    assert_same_text(got->name, want->name);
    assert_int_equal(got->role, want->role);
    assert_same_text(got->forms, want->forms);
    assert_same_text(got->created_by, want->created_by);
    assert_int_equal(got->created_at_ms, want->created_at_ms);
    assert_int_equal(got->expires_at_ms, want->expires_at_ms);
    return ERR_OK;
}

static enum err put_invitation(void *arg, const struct invitation *invitation)
{
    buf_put(arg, invitation->name);
    buf_put_char(arg, ' ');
    return ERR_OK;
}

static void an_invitation_takes_the_place_of_an_earlier_one(void **state)
{
    struct fixture *fix = *state;
    CLEANUP(buf_done) struct buf names = buf_new(100);
    struct invitation bob = sample_invitation("bob", 1), again = sample_invitation("bob", 2);
    struct invitation al = sample_invitation("al", 3);

    again.role = ROLE_READER;
    assert_ok(store_begin(fix->store));
    assert_ok(store_invitation_put(fix->store, &bob));
    assert_ok(store_invitation_put(fix->store, &al));
    assert_ok(store_commit(fix->store));
    assert_ok(store_invitation_get(fix->store, &bob.hash, compare_invitations, &bob));
    assert_ok(store_begin(fix->store));
    assert_ok(store_invitation_put(fix->store, &again));
    assert_ok(store_commit(fix->store));
    assert_err(store_invitation_get(fix->store, &bob.hash, compare_invitations, &bob),
               ERR_NOT_FOUND);
    assert_ok(store_invitation_get(fix->store, &again.hash, compare_invitations, &again));
    assert_ok(store_invitation_list(fix->store, put_invitation, &names));
    assert_true(str_equal(buf_str(&names), STR("al bob ")));
    assert_ok(store_begin(fix->store));
    assert_ok(store_invitation_purge(fix->store, T0 + 2));
    assert_err(store_invitation_delete(fix->store, STR("bob")), ERR_NOT_FOUND);
    again.created_by = STR("token:ci");
    assert_ok(store_invitation_put(fix->store, &again));
    assert_ok(store_invitation_delete_of(fix->store, STR("token:ci")));
    assert_ok(store_invitation_delete_of(fix->store, STR("nobody")));
    assert_err(store_invitation_delete(fix->store, STR("bob")), ERR_NOT_FOUND);
    assert_ok(store_invitation_delete(fix->store, STR("al")));
    assert_ok(store_commit(fix->store));
    assert_err(store_invitation_get(fix->store, &al.hash, compare_invitations, &al), ERR_NOT_FOUND);
}

static enum err put_action(void *arg, const struct audit_entry *entry)
{
    buf_put(arg, entry->action);
    buf_put_char(arg, ' ');
    return ERR_OK;
}

static void assert_actions(struct store *store, int64_t below_id, int limit, const char *want)
{
    CLEANUP(buf_done) struct buf got = buf_new(1000);

    assert_ok(store_audit_list(store, below_id, limit, put_action, &got));
    assert_true(str_equal(buf_str(&got), str_of(want)));
}

static enum err compare_entries(void *arg, const struct audit_entry *got)
{
    const struct audit_entry *want = arg;

    assert_int_equal(got->id, want->id);
    assert_int_equal(got->at_ms, want->at_ms);
    assert_same_text(got->actor, want->actor);
    assert_same_text(got->action, want->action);
    assert_same_text(got->target, want->target);
    assert_same_text(got->detail, want->detail);
    assert_same_text(got->source, want->source);
    return ERR_OK;
}

static void audit_entries_are_paged_newest_first(void **state)
{
    static const char *const ACTIONS[] = {"a", "b", "c", "d", "e"};
    struct fixture *fix = *state;
    struct audit_entry entry = {.at_ms = T0, .actor = STR("ada"), .target = STR("t")};

    assert_actions(fix->store, 0, 10, "");
    for (size_t i = 0; i < COUNTOF(ACTIONS); i++) {
        entry.action = str_of(ACTIONS[i]);
        assert_ok(store_begin(fix->store));
        assert_ok(store_audit_add(fix->store, &entry));
        if (i % 2 == 0) { /* what is undone uses up no number */
            assert_ok(store_mark(fix->store));
            assert_ok(store_audit_add(fix->store, &entry));
            assert_ok(store_mark_undo(fix->store));
        }
        assert_ok(store_commit(fix->store));
    }
    assert_actions(fix->store, 0, 10, "e d c b a ");
    assert_actions(fix->store, 0, 2, "e d ");
    assert_actions(fix->store, 4, 2, "c b ");
    assert_actions(fix->store, 1, 2, "");
    entry.id = 5;
    assert_ok(store_audit_list(fix->store, 0, 1, compare_entries, &entry));
    assert_err(store_audit_list(fix->store, 0, 0, put_action, NULL), ERR_INVALID);
    assert_err(store_audit_list(fix->store, 0, AUDIT_LIST_MAX + 2, put_action, NULL), ERR_INVALID);
}

static enum err keep_oldest(void *arg, const struct audit_entry *entry)
{
    *(int64_t *)arg = entry->id;
    return ERR_OK;
}

static void the_audit_log_has_a_ceiling(void **state)
{
    struct fixture *fix = *state;
    const struct audit_entry entry = {.at_ms = T0, .actor = STR("a"), .action = STR("b")};
    int64_t oldest = 0;

    assert_ok(store_begin(fix->store));
    for (int i = 0; i < AUDIT_MAX + 20; i++)
        assert_ok(store_audit_add(fix->store, &entry));
    assert_ok(store_commit(fix->store));
    assert_ok(store_audit_list(fix->store, 100, 200, keep_oldest, &oldest));
    assert_int_equal(oldest, 21);
}

static enum err compare_forms(void *arg, const struct user *got)
{
    const struct user *want = arg;

    assert_same_text(got->forms, want->forms);
    return ERR_OK;
}

static void roles_and_forms_of_a_user_change(void **state)
{
    struct fixture *fix = *state;
    struct user user = ADA;

    assert_ok(store_begin(fix->store));
    assert_ok(store_user_insert(fix->store, &user));
    user.role = ROLE_READER;
    user.forms = STR("a b");
    const struct user change = {.name = user.name, .role = user.role, .forms = user.forms};
    assert_ok(store_user_update(fix->store, &change));
    const struct user nobody = {.name = STR("bob"), .forms = STR("*")};
    assert_err(store_user_update(fix->store, &nobody), ERR_NOT_FOUND);
    assert_ok(store_commit(fix->store));
    assert_ok(store_user_get(fix->store, user.name, compare_users, &user));
    assert_ok(store_user_get(fix->store, user.name, compare_forms, &user));
}

static enum err see_use(void *arg, const struct token *token)
{
    *(int64_t *)arg = token->used_at_ms;
    return ERR_OK;
}

static void a_token_knows_when_it_was_used(void **state)
{
    struct fixture *fix = *state;
    struct token one = sample_token("ci", 1);
    struct digest unknown = sample_token("", 3).hash;
    int64_t used_at_ms = -1;

    assert_ok(store_begin(fix->store));
    assert_ok(store_token_insert(fix->store, &one));
    assert_ok(store_token_get(fix->store, &one.hash, see_use, &used_at_ms));
    assert_int_equal(used_at_ms, 0);
    assert_ok(store_token_touch(fix->store, &one.hash, T0));
    assert_err(store_token_touch(fix->store, &unknown, T0), ERR_NOT_FOUND);
    assert_ok(store_commit(fix->store));
    assert_ok(store_token_get(fix->store, &one.hash, see_use, &used_at_ms));
    assert_int_equal(used_at_ms, T0);
    assert_ok(store_token_get(fix->store, &one.hash, compare_tokens, &one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_session_comes_back_is_seen_and_ends),
        CASE(sessions_are_listed_as_they_were_seen),
        CASE(old_sessions_are_purged),
        CASE(a_user_has_so_many_sessions_and_no_more),
        CASE(an_invitation_takes_the_place_of_an_earlier_one),
        CASE(audit_entries_are_paged_newest_first),
        CASE(the_audit_log_has_a_ceiling),
        CASE(roles_and_forms_of_a_user_change),
        CASE(a_token_knows_when_it_was_used),
    };
    int failed = 0;

    if (secret_start() != ERR_OK)
        return 1;
    for (size_t i = 0; STORE_BACKENDS[i]; i++) {
        backend = STORE_BACKENDS[i];
        failed += cmocka_run_group_tests_name(backend->name, tests, NULL, NULL);
    }
    return failed;
}
