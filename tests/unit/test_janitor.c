/* SPDX-License-Identifier: MIT */
/* The janitor over the memory store: it keeps what is young, deletes what is old, and stops at
 * once. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "service/janitor.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, OLD_ROWS = 700, PATIENCE_MS = 20000 };

struct world {
    struct store *store;
    struct forms *forms;
    struct commit *commit;
};

static void put_form(struct store *store, const char *name, const char *settings)
{
    const struct form form = {.name = str_of(name), .settings = str_of(settings)};

    assert_int_equal(store_form_put(store, &form), ERR_OK);
}

static void put_row(struct store *store, const char *form, int days, int number,
                    enum submission_state state)
{
    int64_t wall_ms = clock_wall_ms() - days * (int64_t)DAY_MS;
    struct id_source source = {.last_seq = id_seq_at(wall_ms) + number};
    struct submission row = {.id = id_next(&source, wall_ms, (const uint8_t[8]){0}),
                             .form = str_of(form)};

    row.state = state;
    assert_int_equal(store_submission_insert(store, &row), ERR_OK);
}

static void fill(struct store *store)
{
    assert_int_equal(store_begin(store), ERR_OK);
    put_form(store, "week",
             "{\"retentionDays\":7,\"spamRetentionDays\":1,\"aliases\":[\"other\"]}");
    put_form(store, "zeta", "{\"spamRetentionDays\":0}");
    for (int i = 0; i < OLD_ROWS; i++)
        put_row(store, "week", 8, i, STATE_READ);
    put_row(store, "week", 6, 0, STATE_NEW);
    put_row(store, "week", 2, 0, STATE_SPAM);
    put_row(store, "week", 0, 0, STATE_SPAM);
    put_row(store, "zeta", 900, 0, STATE_SPAM);
    put_row(store, "other", 901, 0, STATE_SPAM); /* the name of no form, though an alias */
    assert_int_equal(store_commit(store), ERR_OK);
}

static struct world start(void)
{
    const struct commit_options options = {.queue_max = 100, .batch_max = 16};
    struct world world = {NULL};

    assert_int_equal(store_open("memory:", true, &world.store, NULL), ERR_OK);
    fill(world.store);
    assert_int_equal(forms_new(&world.forms), ERR_OK);
    assert_int_equal(forms_reload(world.forms, world.store), ERR_OK);
    assert_int_equal(commit_start(world.store, &options, &world.commit), ERR_OK);
    return world;
}

static enum err count_row(void *arg, const struct submission *row)
{
    int *count = arg;

    (void)row;
    ++*count;
    return ERR_OK;
}

static int rows(struct store *reader)
{
    int count = 0;

    assert_int_equal(store_submission_newest(reader, 0, 100000, count_row, &count), ERR_OK);
    return count;
}

static void what_is_too_old_goes_in_small_pieces(void **state)
{
    struct world world = start();
    struct janitor *janitor = NULL;
    struct store *reader = NULL;
    int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

    (void)state;
    assert_int_equal(store_open_reader(world.store, &reader, NULL), ERR_OK);
    assert_int_equal(rows(reader), OLD_ROWS + 5);
    assert_int_equal(janitor_start(world.commit, world.forms, &janitor), ERR_OK);
    while (rows(reader) > 4 && clock_mono_ms() < end_ms)
        usleep(1000);
    janitor_stop(janitor);
    assert_int_equal(rows(reader), 4);
    commit_stop(world.commit);
    store_close(reader);
    forms_free(world.forms);
    store_close(world.store);
}

static enum err count_session(void *arg, const struct session *session)
{
    int *seen = arg;

    *seen |= 1 << session->hash.bytes[0];
    return ERR_OK;
}

static enum err count_invitation(void *arg, const struct invitation *invitation)
{
    int *seen = arg;

    *seen |= 1 << invitation->hash.bytes[0];
    return ERR_OK;
}

static int sessions(struct store *reader)
{
    int seen = 0;

    assert_int_equal(store_session_list(reader, (struct str){0}, count_session, &seen), ERR_OK);
    return seen;
}

static int invitations(struct store *reader)
{
    int seen = 0;

    assert_int_equal(store_invitation_list(reader, count_invitation, &seen), ERR_OK);
    return seen;
}

static void put_session(struct store *store, int number, int64_t seen_at_ms, int64_t expires_at_ms)
{
    const struct session session = {.hash = {{(uint8_t)number}},
                                    .user = STR("ada"),
                                    .csrf = STR("x"),
                                    .created_at_ms = seen_at_ms,
                                    .seen_at_ms = seen_at_ms,
                                    .expires_at_ms = expires_at_ms};

    assert_int_equal(store_session_insert(store, &session), ERR_OK);
}

static void put_invitation(struct store *store, int number, const char *name, int64_t expires_at_ms)
{
    const struct invitation invitation = {.hash = {{(uint8_t)number}},
                                          .name = str_of(name),
                                          .role = ROLE_READER,
                                          .forms = STR("*"),
                                          .created_by = STR("ada"),
                                          .created_at_ms = 1,
                                          .expires_at_ms = expires_at_ms};

    assert_int_equal(store_invitation_put(store, &invitation), ERR_OK);
}

static void what_has_ended_goes_without_a_sign_in(void **state)
{
    const int64_t now_ms = clock_wall_ms(), end_ms = clock_mono_ms() + PATIENCE_MS;
    const int64_t idle_ms = (int64_t)SESSION_IDLE_S * 1000;
    struct world world = start();
    struct janitor *janitor = NULL;
    struct store *reader = NULL;

    (void)state;
    assert_int_equal(store_begin(world.store), ERR_OK);
    put_session(world.store, 0, now_ms, now_ms + DAY_MS);
    put_session(world.store, 1, now_ms, now_ms - 1);
    put_session(world.store, 2, now_ms - idle_ms - 1, now_ms + DAY_MS);
    put_session(world.store, 3, now_ms - idle_ms + DAY_MS / 2, now_ms + DAY_MS);
    put_invitation(world.store, 0, "bob", now_ms - 1);
    put_invitation(world.store, 1, "eve", now_ms + DAY_MS);
    assert_int_equal(store_commit(world.store), ERR_OK);
    assert_int_equal(store_open_reader(world.store, &reader, NULL), ERR_OK);
    assert_int_equal(sessions(reader), 15);
    assert_int_equal(invitations(reader), 3);
    assert_int_equal(janitor_start(world.commit, world.forms, &janitor), ERR_OK);
    while ((sessions(reader) != 9 || invitations(reader) != 2) && clock_mono_ms() < end_ms)
        usleep(1000);
    janitor_stop(janitor);
    assert_int_equal(sessions(reader), 9);
    assert_int_equal(invitations(reader), 2);
    commit_stop(world.commit);
    store_close(reader);
    forms_free(world.forms);
    store_close(world.store);
}

static void it_stops_at_once_whatever_it_does(void **state)
{
    struct world world = start();

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct janitor *janitor = NULL;
        assert_int_equal(janitor_start(world.commit, world.forms, &janitor), ERR_OK);
        usleep((unsigned)i * 300);
        janitor_stop(janitor);
    }
    janitor_stop(NULL);
    commit_stop(world.commit);
    forms_free(world.forms);
    store_close(world.store);
}

static void forms_are_walked_by_name_and_not_by_alias(void **state)
{
    struct world world = start();
    static const char *const WANT[] = {"default", "week", "zeta"};
    char name[FORM_NAME_MAX + 1] = "";

    (void)state;
    for (size_t i = 0; i < COUNTOF(WANT); i++) {
        const struct form_entry *form = forms_after(world.forms, str_of(name));
        assert_non_null(form);
        assert_true(str_equal(form->name, str_of(WANT[i])));
        memcpy(name, form->name.ptr, form->name.len);
        name[form->name.len] = '\0';
        form_entry_release(form);
    }
    assert_null(forms_after(world.forms, str_of(name)));
    commit_stop(world.commit);
    forms_free(world.forms);
    store_close(world.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_too_old_goes_in_small_pieces),
        cmocka_unit_test(what_has_ended_goes_without_a_sign_in),
        cmocka_unit_test(it_stops_at_once_whatever_it_does),
        cmocka_unit_test(forms_are_walked_by_name_and_not_by_alias),
    };

    return secret_start() == ERR_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
