/* SPDX-License-Identifier: MIT */
/* What every backend must do with forms, states, refusals, spent tokens and models. */
#include "conformance.h"

static void begin(struct fixture *fix)
{
    assert_ok(store_begin(fix->store));
}

static void commit(struct fixture *fix)
{
    assert_ok(store_commit(fix->store));
}

/* --- forms --------------------------------------------------------------- */

static enum err put_form(void *arg, const struct form *form)
{
    buf_printf(arg, "%.*s=%.*s@%lld,%lld ", (int)form->name.len, form->name.ptr,
               (int)form->settings.len, form->settings.ptr, (long long)form->created_at_ms,
               (long long)form->updated_at_ms);
    return ERR_OK;
}

static void check_forms(struct store *store, const char *expected)
{
    CLEANUP(buf_done) struct buf text = buf_new(10000);

    assert_ok(store_form_list(store, put_form, &text));
    buf_put_char(&text, '\0');
    assert_string_equal(text.ptr, expected);
}

static void put(struct fixture *fix, const char *name, const char *settings, int64_t at_ms)
{
    const struct form form = {str_of(name), str_of(settings), at_ms, at_ms};

    begin(fix);
    assert_ok(store_form_put(fix->store, &form));
    commit(fix);
}

static void forms_are_put_listed_and_deleted(void **state)
{
    struct fixture *fix = *state;
    CLEANUP(store_closep) struct store *reader = reader_of(fix);
    CLEANUP(buf_done) struct buf text = buf_new(100);

    check_forms(reader, "");
    put(fix, "shop", "{\"title\":\"\xc3\xa4\"}", 1);
    put(fix, "blog", "{}", 2);
    put(fix, "shop", "{\"a\":1}", 3);
    check_forms(reader, "blog={}@2,2 shop={\"a\":1}@1,3 ");
    assert_ok(store_form_get(reader, STR("blog"), put_form, &text));
    assert_err(store_form_get(reader, STR("nothing"), put_form, &text), ERR_NOT_FOUND);
    begin(fix);
    assert_ok(store_form_delete(fix->store, STR("shop")));
    assert_err(store_form_delete(fix->store, STR("shop")), ERR_NOT_FOUND);
    commit(fix);
    check_forms(reader, "blog={}@2,2 ");
}

static void a_form_that_is_rolled_back_was_never_there(void **state)
{
    struct fixture *fix = *state;
    const struct form form = {STR("shop"), STR("{}"), 1, 1};

    put(fix, "blog", "{}", 2);
    begin(fix);
    assert_ok(store_form_put(fix->store, &form));
    assert_ok(store_form_delete(fix->store, STR("blog")));
    store_rollback(fix->store);
    check_forms(fix->store, "blog={}@2,2 ");
}

/* --- states, keys, the newest -------------------------------------------- */

static void states_are_set_kept_and_filtered(void **state)
{
    struct fixture *fix = *state;
    struct submission rows[5];

    for (int i = 0; i < 5; i++) {
        rows[i] = sample(id_at(T0, i, 1), i % 2 ? "a" : "b");
        rows[i].state = (enum submission_state)i;
        rows[i].spam_score = i * 100 - 50;
        rows[i].spam_reasons = i ? STR("[{\"rule\":\"links\"}]") : (struct str){0};
        insert_committed(fix->store, &rows[i]);
    }
    static const struct {
        unsigned states;
        const char *form;
        int count;
    } ROWS[] = {{0, NULL, 3},
                {STATES_ALL, NULL, 5},
                {STATES_FLAGGED, NULL, 2},
                {1 << STATE_SPAM, NULL, 1},
                {1 << STATE_TRASH, "b", 1},
                {1 << STATE_TRASH, "a", 0},
                {1 << STATE_READ, NULL, 1},
                {0, "a", 1},
                {STATES_ALL, "b", 3}};
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct submission_filter filter = {.states = ROWS[i].states, .form = str_of(ROWS[i].form)};
        assert_int_equal(list(fix->store, filter).count, ROWS[i].count);
    }
    begin(fix);
    assert_ok(store_submission_set_state(fix->store, &rows[0].id, STATE_SPAM, TAUGHT_SPAM, T0));
    struct id unknown = id_at(T0, 0, 2); /* the same row number, other random bits */
    assert_err(store_submission_set_state(fix->store, &unknown, STATE_READ, TAUGHT_NOTHING, T0),
               ERR_NOT_FOUND);
    commit(fix);
    struct submission_filter spam = {.states = 1 << STATE_SPAM};
    assert_int_equal(list(fix->store, spam).count, 2);
    assert_int_equal(count(fix->store), 2);
}

static enum err see_all(void *arg, const struct submission *row)
{
    struct submission *ret = arg;

    ret->state = row->state;
    ret->taught = row->taught;
    ret->spam_score = row->spam_score;
    ret->id = row->id;
    assert_true(str_equal(row->spam_reasons, STR("[1]")));
    assert_true(str_equal(row->idempotency_key, STR("key")));
    return ERR_OK;
}

static void a_key_finds_the_newest_of_its_form(void **state)
{
    struct fixture *fix = *state;
    struct submission row = sample(id_at(T0, 0, 1), "a"), got;

    row.idempotency_key = STR("key");
    row.spam_reasons = STR("[1]");
    row.spam_score = -123;
    row.state = STATE_SPAM;
    insert_committed(fix->store, &row);
    row.id = id_at(T0 + 5, 0, 1);
    insert_committed(fix->store, &row);
    row.id = id_at(T0 + 9, 0, 1);
    row.form = STR("b");
    insert_committed(fix->store, &row);
    assert_ok(store_submission_find_key(fix->store, STR("a"), STR("key"), T0, see_all, &got));
    assert_int_equal(id_wall_ms(&got.id), T0 + 5);
    assert_int_equal(got.spam_score, -123);
    assert_int_equal(got.state, STATE_SPAM);
    assert_int_equal(got.taught, TAUGHT_NOTHING);
    assert_err(store_submission_find_key(fix->store, STR("a"), STR("key"), T0 + 6, see_all, &got),
               ERR_NOT_FOUND);
    assert_err(store_submission_find_key(fix->store, STR("a"), STR("ke"), T0, see_all, &got),
               ERR_NOT_FOUND);
}

static void the_newest_are_walked_from_the_end(void **state)
{
    struct fixture *fix = *state;
    struct seen seen = {0};

    for (int i = 0; i < 6; i++) {
        struct submission row = sample(id_at(T0 + i, 0, 1), "a");
        row.state = i % 2 ? STATE_SPAM : STATE_NEW; /* whatever it is */
        insert_committed(fix->store, &row);
    }
    assert_ok(store_submission_newest(fix->store, T0 + 1, 3, see, &seen));
    assert_int_equal(seen.count, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(seen.seqs[i], id_seq_at(T0 + 5 - i));
    seen.count = 0;
    assert_ok(store_submission_newest(fix->store, T0 + 1, 100, see, &seen));
    assert_int_equal(seen.count, 5);
}

/* --- refusals ------------------------------------------------------------ */

static enum err put_refusal(void *arg, const struct refusal *refusal)
{
    buf_printf(arg, "%.*s %.*s %.*s %lld %lld-%lld;", (int)refusal->form.len, refusal->form.ptr,
               (int)refusal->origin.len, refusal->origin.ptr, (int)refusal->reason.len,
               refusal->reason.ptr, (long long)refusal->count, (long long)refusal->first_at_ms,
               (long long)refusal->last_at_ms);
    return ERR_OK;
}

static void refuse(struct fixture *fix, const char *origin, int64_t at_ms)
{
    const struct refusal refusal = {STR("a"), str_of(origin), STR("r"), 1, at_ms, at_ms};

    assert_ok(store_refusal_add(fix->store, &refusal));
}

static void refusals_are_counted(void **state)
{
    struct fixture *fix = *state;
    CLEANUP(buf_done) struct buf text = buf_new(1000);

    begin(fix);
    refuse(fix, "x", 10);
    refuse(fix, "y", 20);
    refuse(fix, "x", 30);
    refuse(fix, "x", 25); /* a clock that goes back makes nothing older */
    assert_err(store_refusal_delete(fix->store, STR("b"), STR("x")), ERR_NOT_FOUND);
    commit(fix);
    assert_ok(store_refusal_list(fix->store, put_refusal, &text));
    buf_put_char(&text, '\0');
    assert_string_equal(text.ptr, "a x r 3 10-30;a y r 1 20-20;");
    begin(fix);
    assert_ok(store_refusal_delete(fix->store, STR("a"), STR("x")));
    commit(fix);
    text.len = 0;
    assert_ok(store_refusal_list(fix->store, put_refusal, &text));
    assert_int_equal(text.len, strlen("a y r 1 20-20;"));
}

static enum err count_refusal(void *arg, const struct refusal *refusal)
{
    int *count = arg;

    (void)refusal;
    ++*count;
    return ERR_OK;
}

static void the_quietest_refusal_gives_way(void **state)
{
    struct fixture *fix = *state;
    char origin[32];
    int rows = 0;

    begin(fix);
    for (int i = 0; i < REFUSALS_MAX; i++) {
        snprintf(origin, sizeof origin, "o%d", i);
        refuse(fix, origin, 1000 + i);
    }
    refuse(fix, "one more", 5000);
    refuse(fix, "older than all", 1); /* is the quietest itself */
    commit(fix);
    assert_ok(store_refusal_list(fix->store, count_refusal, &rows));
    assert_int_equal(rows, REFUSALS_MAX);
    begin(fix);
    assert_err(store_refusal_delete(fix->store, STR("a"), STR("o0")), ERR_NOT_FOUND);
    assert_err(store_refusal_delete(fix->store, STR("a"), STR("older than all")), ERR_NOT_FOUND);
    assert_ok(store_refusal_delete(fix->store, STR("a"), STR("o1")));
    assert_ok(store_refusal_delete(fix->store, STR("a"), STR("one more")));
    commit(fix);
}

/* --- spent tokens, models ------------------------------------------------ */

static void what_is_spent_is_spent_until_it_expires(void **state)
{
    struct fixture *fix = *state;
    struct digest one = digest_of(STR("1"), NULL), two = digest_of(STR("2"), NULL);

    begin(fix);
    assert_ok(store_spent_add(fix->store, 100, &one));
    assert_err(store_spent_add(fix->store, 100, &one), ERR_EXISTS);
    assert_ok(store_spent_add(fix->store, 100, &two));
    assert_ok(store_spent_add(fix->store, 101, &one));
    commit(fix);
    CLEANUP(store_closep) struct store *reader = reader_of(fix);
    assert_ok(store_spent_find(reader, 100, &two));
    assert_err(store_spent_find(reader, 101, &two), ERR_NOT_FOUND);
    begin(fix);
    assert_ok(store_spent_purge(fix->store, 101));
    assert_ok(store_spent_add(fix->store, 100, &one));
    assert_err(store_spent_add(fix->store, 101, &one), ERR_EXISTS);
    commit(fix);
}

static void a_model_is_any_bytes(void **state)
{
    struct fixture *fix = *state;
    CLEANUP(buf_done) struct buf got = buf_new(1000);
    static const char BYTES[] = "\0\xff\0x";

    assert_err(store_model_get(fix->store, STR("a"), &got), ERR_NOT_FOUND);
    begin(fix);
    assert_ok(store_model_put(fix->store, STR("a"), STR("old")));
    assert_ok(store_model_put(fix->store, STR("a"), (struct str){BYTES, sizeof BYTES}));
    commit(fix);
    assert_ok(store_model_get(fix->store, STR("a"), &got));
    assert_int_equal(got.len, sizeof BYTES);
    assert_memory_equal(got.ptr, BYTES, sizeof BYTES);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE(forms_are_put_listed_and_deleted),
        CASE(a_form_that_is_rolled_back_was_never_there),
        CASE(states_are_set_kept_and_filtered),
        CASE(a_key_finds_the_newest_of_its_form),
        CASE(the_newest_are_walked_from_the_end),
        CASE(refusals_are_counted),
        CASE(the_quietest_refusal_gives_way),
        CASE(what_is_spent_is_spent_until_it_expires),
        CASE(a_model_is_any_bytes),
    };
    int failed = 0;

    for (size_t i = 0; STORE_BACKENDS[i]; i++) {
        backend = STORE_BACKENDS[i];
        failed += cmocka_run_group_tests_name(backend->name, CASES, NULL, NULL);
    }
    return failed;
}
