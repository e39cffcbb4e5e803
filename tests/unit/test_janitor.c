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
        cmocka_unit_test(it_stops_at_once_whatever_it_does),
        cmocka_unit_test(forms_are_walked_by_name_and_not_by_alias),
    };

    return secret_start() == ERR_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
