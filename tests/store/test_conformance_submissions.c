/* SPDX-License-Identifier: MIT */
/* What every backend must do with submissions: number them, keep them whole, find and list them. */
#include "conformance.h"

static void assert_round_trip(struct store *store, struct submission *row)
{
    struct submission_filter filter = {.limit = 1};

    insert_committed(store, row);
    assert_ok(store_submission_get(store, &row->id, compare_rows, row));
    assert_ok(store_submission_list(store, &filter, compare_rows, row));
    filter.form = row->form;
    assert_ok(store_submission_list(store, &filter, compare_rows, row));
}

static void every_field_comes_back_byte_for_byte(void **state)
{
    struct fixture *fix = *state;
    struct submission row = sample(id_at(T0, 0, 0xff), "contact");

    row.name = STR("Žofie \xF0\x9F\x92\x8C \xE2\x80\xAE rtl '\"; DROP TABLE submission; --");
    row.message = STR("line\r\nline\ttab \x01 \x7f \xEF\xBF\xBF \xF4\x8F\xBF\xBF");
    row.fields = STR("{\"a\":\"1\",\"a b\":[\"x\",\"y\"]}");
    row.user_agent = STR("curl/8.0");
    row.page = STR("https://example.com/?q=%00");
    assert_round_trip(fix->store, &row);
}

static void absent_and_empty_texts_stay_apart(void **state)
{
    struct fixture *fix = *state;
    struct submission absent = {.id = id_at(T0, 0, 1), .form = STR("f")};
    struct submission empty = {.id = id_at(T0, 1, 1), .form = STR(""), .name = STR("")};

    empty.email = empty.message = empty.fields = empty.source = STR("");
    empty.user_agent = empty.page = STR("");
    assert_round_trip(fix->store, &absent);
    assert_round_trip(fix->store, &empty);
}

static void a_message_of_64_kib_comes_back_whole(void **state)
{
    struct fixture *fix = *state;
    struct submission row = sample(id_at(T0, 0, 7), "contact");
    char *text = malloc(65536);

    assert_non_null(text);
    for (int i = 0; i < 65536; i++)
        text[i] = (char)('a' + i % 23);
    row.message = (struct str){text, 65536};
    assert_round_trip(fix->store, &row);
    free(text);
}

static void a_row_without_a_form_is_refused(void **state)
{
    struct fixture *fix = *state;
    struct submission row = {.id = id_at(T0, 0, 1)};

    assert_ok(store_begin(fix->store));
    assert_err(store_submission_insert(fix->store, &row), ERR_INVALID);
    store_rollback(fix->store);
}

static void an_id_that_is_taken_is_refused(void **state)
{
    struct fixture *fix = *state;
    struct submission row = sample(id_at(T0, 3, 1), "a");

    insert_committed(fix->store, &row);
    assert_ok(store_begin(fix->store));
    assert_err(store_submission_insert(fix->store, &row), ERR_EXISTS);
    row.id = id_at(T0, 4, 1);
    assert_ok(store_submission_insert(fix->store, &row));
    assert_ok(store_commit(fix->store));
    assert_int_equal(count(fix->store), 2);
}

static void an_unknown_id_is_not_found(void **state)
{
    struct fixture *fix = *state;
    struct submission row = sample(id_at(T0, 3, 1), "a");
    struct id near = id_at(T0, 3, 2), far = id_at(T0, 4, 1);

    insert_committed(fix->store, &row);
    assert_int_equal(id_seq(&near), id_seq(&row.id));
    assert_err(store_submission_get(fix->store, &near, compare_rows, &row), ERR_NOT_FOUND);
    assert_err(store_submission_get(fix->store, &far, compare_rows, &row), ERR_NOT_FOUND);
}

static void the_list_is_newest_first_whatever_the_order_of_arrival(void **state)
{
    struct fixture *fix = *state;
    static const int ORDER[] = {5, 1, 4, 0, 3, 2};

    assert_ok(store_begin(fix->store));
    for (size_t i = 0; i < COUNTOF(ORDER); i++) {
        struct submission row = sample(id_at(T0, ORDER[i], 1), "a");
        assert_ok(store_submission_insert(fix->store, &row));
    }
    assert_ok(store_commit(fix->store));
    struct seen seen = list(fix->store, (struct submission_filter){0});
    assert_int_equal(seen.count, COUNTOF(ORDER));
    for (int i = 0; i < seen.count; i++)
        assert_int_equal(seen.seqs[i], id_seq_at(T0) + 5 - i);
}

enum { MANY = 300 };

static bool passes(const struct submission *row, const struct submission_filter *filter)
{
    int64_t at_ms = id_wall_ms(&row->id);

    return (!filter->form.ptr || str_equal(filter->form, row->form)) &&
           (!filter->since_ms || at_ms >= filter->since_ms) &&
           (!filter->until_ms || at_ms < filter->until_ms) &&
           (!filter->below_seq || id_seq(&row->id) < filter->below_seq);
}

static struct submission_filter any_filter(uint32_t *seed)
{
    struct submission_filter filter = {.limit = (int)(1 + dice(seed) % SUBMISSION_LIST_MAX)};

    if (dice(seed) % 2)
        filter.form = str_of(FORMS[dice(seed) % COUNTOF(FORMS)]);
    if (dice(seed) % 2)
        filter.since_ms = T0 + dice(seed) % 120;
    if (dice(seed) % 2)
        filter.until_ms = T0 + dice(seed) % 120;
    if (dice(seed) % 2)
        filter.below_seq = id_seq_at(T0 + dice(seed) % 120) + dice(seed) % 4;
    return filter;
}

static void assert_list_is_right(struct store *store, const struct submission rows[],
                                 const struct submission_filter *filter)
{
    struct seen got = list(store, *filter);
    int expected = 0;

    for (int i = MANY - 1; i >= 0 && expected < filter->limit; i--) {
        if (!passes(&rows[i], filter))
            continue;
        assert_true(expected < got.count);
        assert_int_equal(got.seqs[expected++], id_seq(&rows[i].id));
    }
    assert_int_equal(got.count, expected);
}

static void filters_combine(void **state)
{
    struct fixture *fix = *state;
    struct submission rows[MANY];
    uint32_t seed = 7;

    assert_ok(store_begin(fix->store));
    for (int i = 0; i < MANY; i++) {
        rows[i] = sample(id_at(T0 + i / 3, i % 3, 9), FORMS[dice(&seed) % COUNTOF(FORMS)]);
        assert_ok(store_submission_insert(fix->store, &rows[i]));
    }
    assert_ok(store_commit(fix->store));
    for (int i = 0; i < 500; i++) {
        struct submission_filter filter = any_filter(&seed);
        assert_list_is_right(fix->store, rows, &filter);
    }
    struct submission_filter before_time = {.until_ms = -5};
    assert_int_equal(list(fix->store, before_time).count, 0);
}

static void pages_join_without_gaps_or_repeats(void **state)
{
    struct fixture *fix = *state;
    struct submission_filter filter = {.limit = 7};
    int64_t expected = id_seq_at(T0) + 99;

    assert_ok(store_begin(fix->store));
    for (int i = 0; i < 100; i++) {
        struct submission row = sample(id_at(T0, i, 1), "a");
        assert_ok(store_submission_insert(fix->store, &row));
    }
    assert_ok(store_commit(fix->store));
    for (;;) {
        struct seen page = list(fix->store, filter);
        for (int i = 0; i < page.count; i++)
            assert_int_equal(page.seqs[i], expected--);
        if (page.count < filter.limit)
            break;
        filter.below_seq = page.seqs[page.count - 1];
    }
    assert_int_equal(expected, id_seq_at(T0) - 1);
}

static void a_limit_out_of_range_is_refused(void **state)
{
    struct fixture *fix = *state;
    static const int LIMITS[] = {0, -1, SUBMISSION_LIST_MAX + 2};

    for (size_t i = 0; i < COUNTOF(LIMITS); i++) {
        struct submission_filter filter = {.limit = LIMITS[i]};
        assert_err(store_submission_list(fix->store, &filter, see, NULL), ERR_INVALID);
    }
}

static enum err see_two(void *arg, const struct submission *row)
{
    struct seen *seen = arg;

    return see(seen, row) == ERR_OK && seen->count == 2 ? ERR_STOPPING : ERR_OK;
}

static void a_walk_ends_with_the_callbacks_error(void **state)
{
    struct fixture *fix = *state;
    struct submission_filter filter = {.limit = 10};
    struct seen seen = {0};

    for (int i = 0; i < 4; i++) {
        struct submission row = sample(id_at(T0, i, 1), "a");
        insert_committed(fix->store, &row);
    }
    assert_err(store_submission_list(fix->store, &filter, see_two, &seen), ERR_STOPPING);
    assert_int_equal(seen.count, 2);
    assert_int_equal(count(fix->store), 4);
}

/* --- ids ---------------------------------------------------------------- */

static void ids_grow_though_the_clock_stands_or_goes_back(void **state)
{
    struct fixture *fix = *state;
    int64_t last = 0;

    assert_ok(store_begin(fix->store));
    for (int i = 0; i < 1000; i++) {
        struct id id = store_next_id(fix->store, T0 - (i % 10) * 3600000);
        assert_true(id_seq(&id) > last);
        last = id_seq(&id);
    }
    store_rollback(fix->store);
    assert_ok(store_begin(fix->store));
    struct id after = store_next_id(fix->store, T0);
    assert_true(id_seq(&after) > last);
    store_rollback(fix->store);
}

static void ids_go_on_behind_the_newest_row_after_a_restart(void **state)
{
    struct fixture *fix = *state;
    struct submission row = sample(id_at(T0, 0, 1), "a");

    if (!fix->is_durable)
        return;
    insert_committed(fix->store, &row);
    reopen(fix);
    assert_ok(store_begin(fix->store));
    struct id id = store_next_id(fix->store, T0 - 86400000);
    store_rollback(fix->store);
    assert_int_equal(id_seq(&id), id_seq(&row.id) + 1);
}

static void ids_differ_in_their_random_bits(void **state)
{
    struct fixture *fix = *state;
    enum { SOME = 200 };
    struct id ids[SOME];

    assert_ok(store_begin(fix->store));
    for (int i = 0; i < SOME; i++) {
        ids[i] = store_next_id(fix->store, T0);
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(ids[i].bytes + 9, ids[j].bytes + 9, 7);
    }
    store_rollback(fix->store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_field_comes_back_byte_for_byte),
        CASE(absent_and_empty_texts_stay_apart),
        CASE(a_message_of_64_kib_comes_back_whole),
        CASE(a_row_without_a_form_is_refused),
        CASE(an_id_that_is_taken_is_refused),
        CASE(an_unknown_id_is_not_found),
        CASE(the_list_is_newest_first_whatever_the_order_of_arrival),
        CASE(filters_combine),
        CASE(pages_join_without_gaps_or_repeats),
        CASE(a_limit_out_of_range_is_refused),
        CASE(a_walk_ends_with_the_callbacks_error),
        CASE(ids_grow_though_the_clock_stands_or_goes_back),
        CASE(ids_go_on_behind_the_newest_row_after_a_restart),
        CASE(ids_differ_in_their_random_bits),
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
