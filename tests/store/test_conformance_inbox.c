/* SPDX-License-Identifier: MIT */
/* What every backend must do for the inbox: scopes, stars, times of change, notes, deletion. */
#include "conformance.h"
#include "core/scope.h"

static void begin(struct fixture *fix)
{
    assert_ok(store_begin(fix->store));
}

static void commit(struct fixture *fix)
{
    assert_ok(store_commit(fix->store));
}

static struct scope scope_of(const char *text)
{
    struct scope scope;

    assert_true(scope_parse(str_of(text), &scope));
    return scope;
}

static enum err copy_row(void *arg, const struct submission *row)
{
    *(struct submission *)arg = *row; /* whose texts are not looked at */
    return ERR_OK;
}

static struct submission get(struct fixture *fix, const struct id *id)
{
    struct submission row = {.state = STATE_NEW};

    assert_ok(store_submission_get(fix->store, id, copy_row, &row));
    return row;
}

/* --- scope --------------------------------------------------------------- */

enum { MANY = 400 };

static const char *const SCOPES[] = {"a", "a b", "ab b nothing", "nothing", "a ab b c", "*"};

struct world {
    struct submission rows[MANY]; /* oldest first */
};

static void fill(struct fixture *fix, struct world *world, uint32_t *seed)
{
    static const char *const NAMES[] = {"a", "ab", "b", "c", "d"};

    begin(fix);
    for (int i = 0; i < MANY; i++) {
        struct submission *row = &world->rows[i];
        *row = sample(id_at(T0 + i / 3, i % 3, 9), NAMES[dice(seed) % COUNTOF(NAMES)]);
        row->state = (enum submission_state)(dice(seed) % 5);
        row->is_starred = dice(seed) % 7 == 0;
        assert_ok(store_submission_insert(fix->store, row));
    }
    commit(fix);
}

static struct submission_filter any_filter(uint32_t *seed, struct scope *scope)
{
    static const unsigned STATES[] = {0,
                                      STATES_ALL,
                                      STATES_FLAGGED,
                                      1 << STATE_SPAM,
                                      1 << STATE_TRASH,
                                      1 << STATE_READ,
                                      1 << STATE_ARCHIVED,
                                      1 << STATE_NEW};
    static const char *const ASKED[] = {"a", "c", "nothing"};
    struct submission_filter filter = {.limit = (int)(1 + dice(seed) % 60)};

    *scope = scope_of(SCOPES[dice(seed) % COUNTOF(SCOPES)]);
    filter.scope = dice(seed) % 8 ? scope : NULL;
    filter.states = STATES[dice(seed) % COUNTOF(STATES)];
    filter.must_be_starred = dice(seed) % 4 == 0;
    if (dice(seed) % 4 == 0)
        filter.form = str_of(ASKED[dice(seed) % COUNTOF(ASKED)]);
    if (dice(seed) % 2)
        filter.since_ms = T0 + dice(seed) % 150;
    if (dice(seed) % 2)
        filter.below_seq = id_seq_at(T0 + dice(seed) % 150) + dice(seed) % 4;
    return filter;
}

static bool passes(const struct submission *row, const struct submission_filter *filter)
{
    return store_states(filter) & 1u << row->state &&
           (!filter->form.ptr || str_equal(filter->form, row->form)) &&
           (!filter->scope || scope_has(filter->scope, row->form)) &&
           (!filter->must_be_starred || row->is_starred) &&
           (!filter->since_ms || id_wall_ms(&row->id) >= filter->since_ms) &&
           (!filter->below_seq || id_seq(&row->id) < filter->below_seq);
}

static void assert_list_is_right(struct store *store, const struct world *world,
                                 const struct submission_filter *filter)
{
    struct seen got = list(store, *filter);
    int expected = 0;

    for (int i = MANY - 1; i >= 0 && expected < filter->limit; i--) {
        if (!passes(&world->rows[i], filter))
            continue;
        assert_true(expected < got.count);
        assert_int_equal(got.seqs[expected++], id_seq(&world->rows[i].id));
    }
    assert_int_equal(got.count, expected);
}

static void a_list_shows_the_scope_and_nothing_else(void **state)
{
    struct fixture *fix = *state;
    struct world *world = malloc(sizeof *world);
    uint32_t seed = 11;

    assert_non_null(world);
    fill(fix, world, &seed);
    struct store *reader = reader_of(fix);
    for (int i = 0; i < 1500; i++) {
        struct scope scope;
        struct submission_filter filter = any_filter(&seed, &scope);
        assert_list_is_right(i % 2 ? reader : fix->store, world, &filter);
    }
    store_close(reader);
    free(world);
}

static enum err see_two(void *arg, const struct submission *row)
{
    struct seen *seen = arg;

    return see(seen, row) == ERR_OK && seen->count == 2 ? ERR_STOPPING : ERR_OK;
}

static void a_walk_over_a_scope_ends_with_the_callbacks_error(void **state)
{
    struct fixture *fix = *state;
    struct scope scope = scope_of("a b");
    struct submission_filter filter = {.limit = 10, .scope = &scope};
    struct store *reader = reader_of(fix);

    for (int i = 0; i < 4; i++) {
        struct submission row = sample(id_at(T0, i, 1), i % 2 ? "a" : "b");
        insert_committed(fix->store, &row);
    }
    for (int i = 0; i < 2; i++) {
        struct seen seen = {0};
        assert_err(store_submission_list(reader, &filter, see_two, &seen), ERR_STOPPING);
        assert_int_equal(seen.count, 2);
    }
    /* What was seen in between does not last. */
    struct submission row = sample(id_at(T0, 9, 1), "a");
    insert_committed(fix->store, &row);
    assert_int_equal(list(reader, filter).count, 5);
    store_close(reader);
}

/* --- stars and times ----------------------------------------------------- */

static void a_star_is_set_and_taken_away(void **state)
{
    struct fixture *fix = *state;
    struct submission rows[2] = {sample(id_at(T0, 0, 1), "a"), sample(id_at(T0, 1, 1), "b")};
    struct submission_filter starred = {.must_be_starred = true};
    struct id near = id_at(T0, 0, 2);

    rows[1].is_starred = true;
    insert_committed(fix->store, &rows[0]);
    insert_committed(fix->store, &rows[1]);
    assert_int_equal(list(fix->store, starred).count, 1);
    begin(fix);
    assert_ok(store_submission_set_starred(fix->store, &rows[0].id, true));
    assert_ok(store_submission_set_starred(fix->store, &rows[0].id, true));
    assert_ok(store_submission_set_starred(fix->store, &rows[1].id, false));
    assert_err(store_submission_set_starred(fix->store, &near, true), ERR_NOT_FOUND);
    commit(fix);
    assert_true(get(fix, &rows[0].id).is_starred);
    assert_false(get(fix, &rows[1].id).is_starred);
    starred.form = STR("a");
    assert_int_equal(list(fix->store, starred).count, 1);
    starred.form = STR("b");
    assert_int_equal(list(fix->store, starred).count, 0);
}

static void set_state(struct fixture *fix, const struct submission *row,
                      enum submission_state state, int64_t at_ms)
{
    begin(fix);
    assert_ok(store_submission_set_state(fix->store, &row->id, state, TAUGHT_NOTHING, at_ms));
    commit(fix);
}

static void a_change_of_state_has_its_time(void **state)
{
    struct fixture *fix = *state;
    struct submission row = sample(id_at(T0, 0, 1), "a");

    insert_committed(fix->store, &row);
    assert_int_equal(get(fix, &row.id).state_at_ms, 0);
    set_state(fix, &row, STATE_NEW, T0 + 5);
    assert_int_equal(get(fix, &row.id).state_at_ms, 0);
    set_state(fix, &row, STATE_READ, T0 + 7);
    assert_int_equal(get(fix, &row.id).state_at_ms, T0 + 7);
    set_state(fix, &row, STATE_READ, T0 + 9);
    assert_int_equal(get(fix, &row.id).state_at_ms, T0 + 7);
    row.id = id_at(T0, 1, 1);
    row.state_at_ms = T0 + 3;
    insert_committed(fix->store, &row);
    assert_int_equal(get(fix, &row.id).state_at_ms, T0 + 3);
}

/* --- notes --------------------------------------------------------------- */

static int64_t add_note(struct fixture *fix, const struct submission *row, const char *text)
{
    struct submission_note note = {
        .author = STR("ada"), .text = str_of(text), .created_at_ms = T0 + 1};

    begin(fix);
    const struct id id = store_next_id(fix->store, note.created_at_ms);
    note.id = id_seq(&id);
    assert_ok(store_note_insert(fix->store, &row->id, &note));
    assert_err(store_note_insert(fix->store, &row->id, &note), ERR_EXISTS);
    commit(fix);
    return note.id;
}

static enum err put_note(void *arg, const struct submission_note *note)
{
    assert_int_equal(note->created_at_ms, T0 + 1);
    assert_true(str_equal(note->author, STR("ada")));
    assert_true(note->id > 0);
    buf_put(arg, note->text);
    buf_put_char(arg, ';');
    return ERR_OK;
}

static void assert_notes(struct store *store, const struct submission *row, const char *expected)
{
    CLEANUP(buf_done) struct buf text = buf_new(1000);

    assert_ok(store_note_list(store, &row->id, put_note, &text));
    buf_put_char(&text, '\0');
    assert_string_equal(text.ptr, expected);
}

static void notes_are_kept_in_order(void **state)
{
    struct fixture *fix = *state;
    struct submission a = sample(id_at(T0, 0, 1), "a"), b = sample(id_at(T0, 1, 1), "a");
    struct store *reader = reader_of(fix);

    insert_committed(fix->store, &a);
    insert_committed(fix->store, &b);
    int64_t first = add_note(fix, &a, "one \xc3\xa4\n");
    int64_t other = add_note(fix, &b, "of b");
    assert_int_not_equal(first, other);
    add_note(fix, &a, "two");
    assert_notes(reader, &a, "one \xc3\xa4\n;two;");
    begin(fix);
    assert_err(store_note_delete(fix->store, &a.id, other), ERR_NOT_FOUND);
    assert_ok(store_note_delete(fix->store, &a.id, first));
    assert_err(store_note_delete(fix->store, &a.id, first), ERR_NOT_FOUND);
    assert_notes(fix->store, &a, "two;");
    assert_notes(reader, &a, "one \xc3\xa4\n;two;");
    commit(fix);
    assert_notes(reader, &a, "two;");
    assert_notes(reader, &b, "of b;");
    store_close(reader);
}

/* --- deletion and scanning ----------------------------------------------- */

static void what_is_deleted_is_gone_with_its_notes(void **state)
{
    struct fixture *fix = *state;
    struct submission a = sample(id_at(T0, 0, 1), "a"), b = sample(id_at(T0, 1, 1), "a");
    struct id near = id_at(T0, 0, 2);
    struct submission got;

    insert_committed(fix->store, &a);
    insert_committed(fix->store, &b);
    add_note(fix, &a, "one");
    add_note(fix, &a, "two");
    add_note(fix, &b, "kept");
    begin(fix);
    assert_err(store_submission_delete(fix->store, &near), ERR_NOT_FOUND);
    assert_ok(store_submission_delete(fix->store, &a.id));
    assert_err(store_submission_delete(fix->store, &a.id), ERR_NOT_FOUND);
    store_rollback(fix->store);
    assert_notes(fix->store, &a, "one;two;");
    assert_int_equal(count(fix->store), 2);
    begin(fix);
    assert_ok(store_submission_delete(fix->store, &a.id));
    commit(fix);
    assert_err(store_submission_get(fix->store, &a.id, copy_row, &got), ERR_NOT_FOUND);
    assert_notes(fix->store, &a, "");
    assert_notes(fix->store, &b, "kept;");
    assert_int_equal(count(fix->store), 1);
}

static enum err see_part(void *arg, const struct submission *row)
{
    assert_true(str_equal(row->form, STR("a")));
    assert_true(str_equal(row->email, STR("ada@example.com")));
    assert_true(str_equal(row->fields, STR("{\"x\":1}")));
    return see(arg, row);
}

static void a_scan_goes_through_all_in_steps(void **state)
{
    struct fixture *fix = *state;
    int64_t below = INT64_MAX;
    int steps = 0;

    begin(fix);
    for (int i = 0; i < 25; i++) {
        struct submission row = sample(id_at(T0, i, 1), "a");
        row.fields = STR("{\"x\":1}");
        row.state = (enum submission_state)(i % 5);
        assert_ok(store_submission_insert(fix->store, &row));
    }
    commit(fix);
    for (int expected = 24;; steps++) {
        struct seen seen = {0};
        assert_ok(store_submission_scan(fix->store, below, 10, see_part, &seen));
        for (int i = 0; i < seen.count; i++)
            assert_int_equal(seen.seqs[i], id_seq_at(T0) + expected--);
        if (seen.count < 10)
            break;
        below = seen.seqs[seen.count - 1];
    }
    assert_int_equal(steps, 2);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE(a_list_shows_the_scope_and_nothing_else),
        CASE(a_walk_over_a_scope_ends_with_the_callbacks_error),
        CASE(a_star_is_set_and_taken_away),
        CASE(a_change_of_state_has_its_time),
        CASE(notes_are_kept_in_order),
        CASE(what_is_deleted_is_gone_with_its_notes),
        CASE(a_scan_goes_through_all_in_steps),
    };
    int failed = 0;

    for (size_t i = 0; STORE_BACKENDS[i]; i++) {
        backend = STORE_BACKENDS[i];
        failed += cmocka_run_group_tests_name(backend->name, CASES, NULL, NULL);
    }
    return failed;
}
