/* SPDX-License-Identifier: MIT */
/* What every backend must find, count and let grow old; an index may make it quick, never
 * different. */
#include "conformance.h"
#include "core/scope.h"
#include "core/search_text.h"

enum { STEP = 7 };

/* Until everything is in the index, in steps of a few. */
static void index_all(struct store *store)
{
    int rows = STEP;
    bool has_more = true;

    while (rows == STEP) {
        assert_ok(store_begin(store));
        assert_ok(store_index_step(store, STEP, &rows));
        assert_ok(store_commit(store));
    }
    assert_ok(store_begin(store));
    while (has_more)
        assert_ok(store_index_tidy(store, 100, &has_more));
    assert_ok(store_commit(store));
}

static struct seen find(struct store *store, const char *text, struct submission_filter filter)
{
    struct search search;

    assert_true(search_parse(str_of(text), &search));
    filter.query = &search;
    return list(store, filter);
}

static int found(struct store *store, const char *text)
{
    return find(store, text, (struct submission_filter){.states = STATES_ALL}).count;
}

static struct submission message(int number, const char *form, const char *text)
{
    struct submission row = sample(id_at(T0, number, 1), form);

    row.message = str_of(text);
    return row;
}

static void insert(struct store *store, int number, const char *form, const char *text)
{
    struct submission row = message(number, form, text);

    insert_committed(store, &row);
}

static void texts_of_all_fields_are_found(void **state)
{
    struct fixture *fix = *state;
    struct submission row = sample(id_at(T0, 0, 1), "shop");

    row.fields = STR("{\"company\":\"Engines Ltd\",\"tags\":[\"Zürich\",{\"x\":\"東京都\"}]}");
    insert_committed(fix->store, &row);
    insert(fix->store, 1, "shop", "nothing of that");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(found(fix->store, "engines"), 1);
        assert_int_equal(found(fix->store, "engi zurich"), 0);
        assert_int_equal(found(fix->store, "engi* ZURICH"), 1);
        assert_int_equal(found(fix->store, "京都"), 1);
        assert_int_equal(found(fix->store, "ada@example.com"), 2);
        assert_int_equal(found(fix->store, "\"ada lovelace\""), 2);
        assert_int_equal(found(fix->store, "company"), 0); /* names of fields are no texts */
        assert_int_equal(found(fix->store, "shop"), 0);
        assert_int_equal(found(fix->store, "x73686f70"), 0);
        assert_int_equal(found(fix->store, "!"), 0);
        index_all(fix->store);
    }
}

/* Words of which some are frequent and some rare. */
static void write_words(uint32_t *seed, char *text, size_t room)
{
    static const char *const WORDS[] = {"alpha", "alpine", "al",   "beta", "bet",  "gamma",
                                        "delta", "Épée",   "東京", "京都", "zeta", "zebra"};

    text[0] = '\0';
    for (uint32_t left = 1 + dice(seed) % 6; left; left--) {
        uint32_t word = dice(seed) % COUNTOF(WORDS);
        if (word > 9 && dice(seed) % 40)
            word = 0;
        size_t len = strlen(text);
        snprintf(text + len, room - len, "%s%s", len ? " " : "", WORDS[word]);
    }
}

enum { MANY = 3000, TEXT_MAX = 100 };

static char texts[MANY][TEXT_MAX];
static struct submission rows[MANY];

static void fill(struct store *store, uint32_t *seed)
{
    assert_ok(store_begin(store));
    for (int i = 0; i < MANY; i++) {
        write_words(seed, texts[i], TEXT_MAX);
        rows[i] = sample(id_at(T0 + i / 3, i % 3, 9), FORMS[dice(seed) % COUNTOF(FORMS)]);
        rows[i].message = str_of(texts[i]);
        rows[i].state = (enum submission_state)(dice(seed) % (STATE_TRASH + 1));
        rows[i].is_starred = dice(seed) % 10 == 0;
        assert_ok(store_submission_insert(store, &rows[i]));
    }
    assert_ok(store_commit(store));
}

static bool is_wanted(const struct submission *row, const struct submission_filter *filter,
                      struct buf *words)
{
    int64_t at_ms = id_wall_ms(&row->id);

    assert_ok(search_text_make(row, words));
    return filter->states & 1u << row->state &&
           (!filter->form.ptr || str_equal(filter->form, row->form)) &&
           (!filter->scope || scope_has(filter->scope, row->form)) &&
           (!filter->must_be_starred || row->is_starred) &&
           (!filter->since_ms || at_ms >= filter->since_ms) &&
           (!filter->until_ms || at_ms < filter->until_ms) &&
           (!filter->below_seq || id_seq(&row->id) < filter->below_seq) &&
           (!filter->query || search_fits(filter->query, buf_str(words)));
}

static void assert_finds_the_same(struct store *store, const struct submission_filter *filter)
{
    CLEANUP(buf_done) struct buf words = buf_new(SEARCH_TEXT_MAX);
    struct seen got = list(store, *filter);
    int expected = 0;

    for (int i = MANY - 1; i >= 0 && expected < filter->limit; i--) {
        if (!is_wanted(&rows[i], filter, &words))
            continue;
        assert_true(expected < got.count);
        assert_int_equal(got.seqs[expected++], id_seq(&rows[i].id));
    }
    assert_int_equal(got.count, expected);
}

/* Any filter without a query. `scope` is for its use. */
static struct submission_filter any_filter(uint32_t *seed, struct scope *scope)
{
    static const char *const SCOPES[] = {"*", "a", "a b", "ab b zz"};
    struct submission_filter filter = {.states = STATES_ALL,
                                       .limit = (int)(1 + dice(seed) % SUBMISSION_LIST_MAX)};

    if (dice(seed) % 2) {
        assert_true(scope_parse(str_of(SCOPES[dice(seed) % COUNTOF(SCOPES)]), scope));
        filter.scope = scope;
    }
    filter.must_be_starred = dice(seed) % 5 == 0;
    if (dice(seed) % 2)
        filter.form = str_of(FORMS[dice(seed) % COUNTOF(FORMS)]);
    if (dice(seed) % 3 == 0)
        filter.states = 1u << dice(seed) % (STATE_TRASH + 1);
    if (dice(seed) % 3 == 0)
        filter.since_ms = T0 + dice(seed) % 1000;
    if (dice(seed) % 3 == 0)
        filter.until_ms = T0 + dice(seed) % 1000;
    if (dice(seed) % 3 == 0)
        filter.below_seq = id_seq_at(T0 + dice(seed) % 1000) + dice(seed) % 3;
    return filter;
}

static void ask_anything(struct store *store, uint32_t *seed)
{
    static const char *const QUERIES[] = {
        "alpha",       "al",      "zeb",         "zebra alp",      "zeta beta",
        "\"beta al\"", "epee",    "京",          "\"alpha bet\"*", "東京都",
        "z a",         "nothing", "al* be* ga*", "ada alpha",      "delta \"zeta\""};
    struct search search;
    struct scope scope;

    for (int i = 0; i < 200; i++) {
        struct submission_filter filter = any_filter(seed, &scope);
        assert_true(search_parse(str_of(QUERIES[dice(seed) % COUNTOF(QUERIES)]), &search));
        filter.query = &search;
        assert_finds_the_same(store, &filter);
    }
}

static void list_anything(struct store *store, uint32_t *seed)
{
    struct scope scope;

    for (int i = 0; i < 300; i++) {
        struct submission_filter filter = any_filter(seed, &scope);
        if (dice(seed) % 4 == 0)
            filter.states = 1u + dice(seed) % STATES_ALL;
        assert_finds_the_same(store, &filter);
    }
}

/* The older half is as it comes, in the newer there is little but what was read. */
static void a_page_shows_what_looking_at_every_row_shows(void **state)
{
    struct fixture *fix = *state;
    uint32_t seed = 17;

    fill(fix->store, &seed);
    assert_ok(store_begin(fix->store));
    for (int i = MANY / 2; i < MANY; i++) {
        rows[i].state = dice(&seed) % 200 ? STATE_READ : STATE_NEW;
        assert_ok(
            store_submission_set_state(fix->store, &rows[i].id, rows[i].state, TAUGHT_NOTHING, T0));
    }
    assert_ok(store_commit(fix->store));
    list_anything(fix->store, &seed);
    CLEANUP(store_closep) struct store *reader = reader_of(fix);
    list_anything(reader, &seed);
}

static void an_index_finds_what_looking_at_every_row_finds(void **state)
{
    struct fixture *fix = *state;
    uint32_t seed = 11;

    fill(fix->store, &seed);
    index_all(fix->store);
    ask_anything(fix->store, &seed);
    CLEANUP(store_closep) struct store *reader = reader_of(fix);
    ask_anything(reader, &seed);
}

static void what_is_deleted_is_not_found_and_what_comes_late_is(void **state)
{
    struct fixture *fix = *state;
    struct submission row = message(1, "a", "early bird");

    insert(fix->store, 5, "a", "late bird");
    insert_committed(fix->store, &row);
    index_all(fix->store);
    assert_int_equal(found(fix->store, "bird"), 2);
    assert_ok(store_begin(fix->store));
    assert_ok(store_submission_delete(fix->store, &row.id));
    store_rollback(fix->store);
    assert_int_equal(found(fix->store, "bird"), 2);
    assert_ok(store_begin(fix->store));
    assert_ok(store_submission_delete(fix->store, &row.id));
    assert_ok(store_commit(fix->store));
    assert_int_equal(found(fix->store, "bird"), 1);
    row = message(2, "a", "behind the index");
    insert_committed(fix->store, &row);
    assert_int_equal(found(fix->store, "behind"), 1);
    if (fix->is_durable)
        reopen(fix);
    index_all(fix->store);
    assert_int_equal(found(fix->store, "behind"), 1);
    assert_int_equal(found(fix->store, "early"), 0);
}

static void an_index_step_that_is_undone_is_taken_again(void **state)
{
    struct fixture *fix = *state;
    int taken = 0;

    for (int i = 0; i < 5; i++)
        insert(fix->store, i, "a", "bird");
    assert_ok(store_begin(fix->store));
    assert_ok(store_mark(fix->store));
    assert_ok(store_index_step(fix->store, 3, &taken));
    assert_ok(store_mark_undo(fix->store));
    assert_ok(store_commit(fix->store));
    assert_ok(store_begin(fix->store));
    assert_ok(store_index_step(fix->store, 3, &taken));
    store_rollback(fix->store);
    index_all(fix->store);
    assert_int_equal(found(fix->store, "bird"), 5);
}

/* --- counts -------------------------------------------------------------- */

static enum err put_tally(void *arg, const struct tally *tally)
{
    buf_printf(arg, "%lld %.*s %s %lld\n",
               (long long)(tally->day < 0 ? -1 : tally->day - T0 / TALLY_DAY_MS),
               (int)tally->form.len, tally->form.ptr, submission_state_text(tally->state),
               (long long)tally->count);
    return buf_status(arg);
}

static void assert_tally(struct store *store, int days, const char *form, const char *want)
{
    CLEANUP(buf_done) struct buf got = buf_new(10000);

    assert_ok(store_tally_list(store, T0 / TALLY_DAY_MS + days, str_of(form), put_tally, &got));
    buf_put_char(&got, '\0');
    assert_ok(buf_status(&got));
    assert_string_equal(got.ptr, want);
}

static void set_state(struct store *store, const struct id *id, enum submission_state state)
{
    assert_ok(store_begin(store));
    assert_ok(store_submission_set_state(store, id, state, TAUGHT_NOTHING, 0));
    assert_ok(store_commit(store));
}

static void counts_follow_every_change(void **state)
{
    struct fixture *fix = *state;
    struct submission first = sample(id_at(T0, 0, 1), "a"), second = sample(id_at(T0, 1, 1), "b"),
                      third = sample(id_at(T0 + TALLY_DAY_MS, 0, 1), "a");

    assert_tally(fix->store, 0, NULL, "");
    insert_committed(fix->store, &first);
    insert_committed(fix->store, &second);
    for (int round = 0; round < 2; round++) {
        assert_tally(fix->store, 0, NULL, "0 a new 1\n0 b new 1\n-1 a new 1\n-1 b new 1\n");
        index_all(fix->store);
    }
    insert_committed(fix->store, &third);
    set_state(fix->store, &first.id, STATE_SPAM);
    set_state(fix->store, &first.id, STATE_SPAM);
    set_state(fix->store, &third.id, STATE_READ);
    for (int round = 0; round < 2; round++) {
        assert_tally(fix->store, 0, NULL,
                     "1 a read 1\n0 a spam 1\n0 b new 1\n-1 a read 1\n-1 a spam 1\n-1 b new 1\n");
        assert_tally(fix->store, 1, "a", "1 a read 1\n-1 a read 1\n-1 a spam 1\n");
        assert_tally(fix->store, 1, "c", "");
        index_all(fix->store);
    }
    assert_ok(store_begin(fix->store));
    assert_ok(store_submission_delete(fix->store, &first.id));
    assert_ok(store_submission_delete(fix->store, &third.id));
    assert_ok(store_commit(fix->store));
    assert_tally(fix->store, 0, NULL, "0 b new 1\n-1 b new 1\n");
    insert_committed(fix->store, &first);
    assert_tally(fix->store, 0, NULL, "0 a new 1\n0 b new 1\n-1 a new 1\n-1 b new 1\n");
}

static void counts_are_right_after_any_history(void **state)
{
    struct fixture *fix = *state;
    CLEANUP(buf_done) struct buf before = buf_new(100000);
    CLEANUP(buf_done) struct buf after = buf_new(100000);
    uint32_t seed = 3;
    int taken;

    fill(fix->store, &seed);
    for (int i = 0; i < 400; i++) {
        struct submission *row = &rows[dice(&seed) % MANY];
        assert_ok(store_begin(fix->store));
        if (i % 4 == 0)
            assert_ok(store_index_step(fix->store, 20, &taken));
        if (dice(&seed) % 4 == 0)
            (void)!store_submission_delete(fix->store, &row->id);
        else
            (void)!store_submission_set_state(
                fix->store, &row->id, (enum submission_state)(dice(&seed) % 5), TAUGHT_NOTHING, 0);
        if (dice(&seed) % 5 == 0)
            store_rollback(fix->store);
        else
            assert_ok(store_commit(fix->store));
    }
    assert_ok(store_tally_list(fix->store, 0, (struct str){0}, put_tally, &before));
    index_all(fix->store);
    assert_ok(store_tally_list(fix->store, 0, (struct str){0}, put_tally, &after));
    assert_true(str_equal(buf_str(&before), buf_str(&after)));
    int total = 0;
    for (int i = 0; i < MANY; i++)
        total += store_submission_get(fix->store, &rows[i].id, compare_rows, &rows[i]) == ERR_OK;
    assert_int_equal(list(fix->store, (struct submission_filter){.states = STATES_ALL}).count,
                     SUBMISSION_LIST_MAX);
    assert_true(total < MANY && total > MANY - 200);
}

/* --- ages ---------------------------------------------------------------- */

static enum err see_aged(void *arg, const struct aged *row)
{
    struct seen *seen = arg;

    seen->seqs[seen->count++] = id_seq(&row->id);
    return row->since_ms < T0 ? ERR_CORRUPT : ERR_OK;
}

static void the_oldest_come_first(void **state)
{
    struct fixture *fix = *state;
    struct aged_filter filter = {.form = STR("a"), .until_ms = T0 + 4, .limit = 3};
    struct seen seen = {0};

    for (int i = 0; i < 10; i++) {
        struct submission row = sample(id_at(T0 + i, 0, 1), i % 2 ? "b" : "a");
        if (i % 3 == 0)
            row.state = STATE_SPAM;
        insert_committed(fix->store, &row);
    }
    assert_ok(store_submission_aged(fix->store, &filter, see_aged, &seen));
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.seqs[0] + seen.seqs[1], id_seq_at(T0) + id_seq_at(T0 + 2));
    assert_int_not_equal(seen.seqs[0], seen.seqs[1]);
    seen.count = 0;
    filter = (struct aged_filter){.above_seq = id_seq_at(T0), .until_ms = T0 + 9, .limit = 3};
    assert_ok(store_submission_aged(fix->store, &filter, see_aged, &seen));
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.seqs[0], id_seq_at(T0 + 3));
    assert_int_equal(seen.seqs[1], id_seq_at(T0 + 6));
}

static enum err see_since(void *arg, const struct aged *row)
{
    *(int64_t *)arg = row->since_ms;
    return ERR_OK;
}

static void spam_ages_from_when_it_became_spam(void **state)
{
    struct fixture *fix = *state;
    struct submission row = sample(id_at(T0, 0, 1), "a");
    struct aged_filter filter = {.until_ms = T0 + 1, .limit = 3};
    int64_t since_ms = 0;

    insert_committed(fix->store, &row);
    assert_ok(store_begin(fix->store));
    assert_ok(
        store_submission_set_state(fix->store, &row.id, STATE_SPAM, TAUGHT_NOTHING, T0 + 5000));
    assert_ok(store_commit(fix->store));
    assert_ok(store_submission_aged(fix->store, &filter, see_since, &since_ms));
    assert_int_equal(since_ms, T0 + 5000);
    filter.form = STR("a");
    assert_ok(store_submission_aged(fix->store, &filter, see_since, &since_ms));
    assert_int_equal(since_ms, T0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(texts_of_all_fields_are_found),
        CASE(a_page_shows_what_looking_at_every_row_shows),
        CASE(an_index_finds_what_looking_at_every_row_finds),
        CASE(what_is_deleted_is_not_found_and_what_comes_late_is),
        CASE(an_index_step_that_is_undone_is_taken_again),
        CASE(counts_follow_every_change),
        CASE(counts_are_right_after_any_history),
        CASE(the_oldest_come_first),
        CASE(spam_ages_from_when_it_became_spam),
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
