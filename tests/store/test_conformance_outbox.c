/* SPDX-License-Identifier: MIT */
/* What every backend must do for deliveries: claims, outcomes, history, queues, lists, alarms. */
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

/* The delivery number `n` of a test, made at T0 + n. */
static struct id number(int n)
{
    return id_at(T0 + n, 0, 7);
}

static struct delivery delivery(int n, const char *form, const char *destination)
{
    return (struct delivery){.id = number(n),
                             .submission = id_at(T0, n, 3),
                             .form = str_of(form),
                             .destination = str_of(destination),
                             .state = DELIVERY_WAITING,
                             .due_at_ms = T0 + n,
                             .changed_at_ms = T0 + n};
}

static void insert(struct fixture *fix, const struct delivery *row)
{
    begin(fix);
    assert_ok(store_delivery_insert(fix->store, row));
    commit(fix);
}

static void add(struct fixture *fix, int n, const char *form, const char *destination)
{
    struct delivery row = delivery(n, form, destination);

    insert(fix, &row);
}

/* A copy whose texts are not looked at. */
static enum err copy_row(void *arg, const struct delivery *row)
{
    *(struct delivery *)arg = *row;
    return ERR_OK;
}

static struct delivery get(struct fixture *fix, int n)
{
    struct delivery row = {.state = DELIVERY_WAITING};
    struct id id = number(n);

    assert_ok(store_delivery_get(fix->store, &id, copy_row, &row));
    return row;
}

static enum err claim(struct fixture *fix, int n, int64_t now_ms, int64_t until_ms)
{
    struct id id = number(n);

    begin(fix);
    enum err err = store_delivery_claim(fix->store, &id, now_ms, until_ms, NULL);
    commit(fix);
    return err;
}

static struct delivery_outcome outcome(int n, const char *form, const char *destination,
                                       enum delivery_state state, const char *error)
{
    return (struct delivery_outcome){
        .id = number(n),
        .form = str_of(form),
        .destination = str_of(destination),
        .state = state,
        .due_at_ms = T0 + 5000,
        .attempt = {.at_ms = T0 + 1000 + n, .took_ms = 20, .status = 503, .error = str_of(error)}};
}

static enum err settle(struct fixture *fix, const struct delivery_outcome *how)
{
    begin(fix);
    enum err err = store_delivery_settle(fix->store, how);
    commit(fix);
    return err;
}

/* --- rows ---------------------------------------------------------------- */

static enum err compare(void *arg, const struct delivery *got)
{
    const struct delivery *want = arg;

    assert_memory_equal(&got->id, &want->id, sizeof got->id);
    assert_memory_equal(&got->submission, &want->submission, sizeof got->submission);
    assert_memory_equal(&got->batch, &want->batch, sizeof got->batch);
    assert_same_text(got->form, want->form);
    assert_same_text(got->destination, want->destination);
    assert_same_text(got->address, want->address);
    assert_same_text(got->error, want->error);
    assert_same_text(got->text, want->text);
    assert_int_equal(got->state, want->state);
    assert_int_equal(got->is_leased, want->is_leased);
    assert_int_equal(got->attempts, want->attempts);
    assert_int_equal(got->due_at_ms, want->due_at_ms);
    assert_int_equal(got->changed_at_ms, want->changed_at_ms);
    return ERR_OK;
}

static void a_delivery_is_kept_as_it_was_made(void **state)
{
    struct fixture *fix = *state;
    struct delivery rows[2] = {delivery(1, "shop", "reply"), delivery(2, "", "mail:a@b.example")};

    rows[0].state = DELIVERY_HELD;
    rows[0].address = STR("ada@example.com");
    rows[1].submission = (struct id){{0}};
    rows[1].text = STR("the disk is nearly full \xc3\xa4");
    for (int i = 0; i < 2; i++)
        insert(fix, &rows[i]);
    if (fix->is_durable)
        reopen(fix);
    struct store *reader = reader_of(fix);
    for (int i = 0; i < 2; i++) {
        assert_ok(store_delivery_get(reader, &rows[i].id, compare, &rows[i]));
        begin(fix);
        assert_err(store_delivery_insert(fix->store, &rows[i]), ERR_EXISTS);
        store_rollback(fix->store);
    }
    struct id near = id_at(T0 + 1, 0, 8);
    assert_err(store_delivery_get(reader, &near, compare, NULL), ERR_NOT_FOUND);
    store_close(reader);
}

static void ids_go_on_behind_the_deliveries(void **state)
{
    struct fixture *fix = *state;
    struct delivery row = delivery(1, "a", "reply");

    if (!fix->is_durable)
        return;
    row.id = id_at(T0 + 1000000, 9, 1);
    insert(fix, &row);
    reopen(fix);
    begin(fix);
    struct id next = store_next_id(fix->store, T0);
    assert_true(id_seq(&next) > id_seq(&row.id));
    commit(fix);
}

/* --- claims and outcomes ------------------------------------------------- */

static void a_claim_is_for_one_and_counts(void **state)
{
    struct fixture *fix = *state;
    struct id near = id_at(T0 + 1, 0, 8), batch = number(9);

    add(fix, 1, "a", "x");
    assert_err(claim(fix, 1, T0, T0 + 100), ERR_NOT_FOUND); /* not due */
    assert_ok(claim(fix, 1, T0 + 1, T0 + 100));
    assert_err(claim(fix, 1, T0 + 1, T0 + 100), ERR_NOT_FOUND);
    struct delivery row = get(fix, 1);
    assert_true(row.is_leased && row.attempts == 1 && row.due_at_ms == T0 + 100);
    assert_int_equal(row.state, DELIVERY_WAITING);
    begin(fix);
    assert_err(store_delivery_claim(fix->store, &near, T0 + 200, T0 + 300, NULL), ERR_NOT_FOUND);
    assert_ok(store_delivery_claim(fix->store, &row.id, T0 + 200, T0 + 300, &batch));
    assert_ok(store_delivery_claim(fix->store, &row.id, T0 + 300, T0 + 400, &row.id));
    commit(fix);
    row = get(fix, 1);
    assert_memory_equal(&row.batch, &batch, sizeof batch);
    assert_int_equal(row.attempts, 3);
    begin(fix);
    assert_ok(store_delivery_set_state(fix->store, &row.id, DELIVERY_HELD, T0, T0));
    commit(fix);
    row = get(fix, 1);
    assert_true(id_is_none(&row.batch));
    begin(fix);
    assert_ok(store_delivery_restart(fix->store, &row.id, T0, NULL));
    assert_ok(store_delivery_claim(fix->store, &row.id, T0 + 200, T0 + 300, &batch));
    assert_ok(store_delivery_restart(fix->store, &row.id, T0, NULL));
    commit(fix);
    row = get(fix, 1);
    assert_true(id_is_none(&row.batch));
}

static void an_outcome_is_kept_and_ends_the_lease(void **state)
{
    struct fixture *fix = *state;
    struct delivery_outcome later = outcome(1, "a", "x", DELIVERY_WAITING, "no answer");
    struct delivery_outcome well = outcome(1, "a", "x", DELIVERY_DONE, NULL);
    struct delivery_outcome gone = outcome(2, "a", "x", DELIVERY_DONE, NULL);

    add(fix, 1, "a", "x");
    assert_ok(claim(fix, 1, T0 + 1, T0 + 100));
    assert_ok(settle(fix, &later));
    struct delivery row = delivery(1, "a", "x");
    row.attempts = 1;
    row.due_at_ms = T0 + 5000;
    row.changed_at_ms = T0 + 1021;
    row.error = STR("no answer");
    assert_ok(store_delivery_get(fix->store, &row.id, compare, &row));
    assert_ok(claim(fix, 1, T0 + 5000, T0 + 6000));
    assert_ok(settle(fix, &well));
    row.state = DELIVERY_DONE;
    row.attempts = 2;
    row.error = (struct str){0};
    assert_ok(store_delivery_get(fix->store, &row.id, compare, &row));
    assert_err(claim(fix, 1, T0 + 9000, T0 + 9100), ERR_NOT_FOUND);
    assert_err(settle(fix, &gone), ERR_NOT_FOUND);
}

static enum err see_tally(void *arg, const struct destination_tally *tally)
{
    *(struct destination_tally *)arg = *tally;
    return ERR_OK;
}

static struct destination_tally tally_of(struct fixture *fix)
{
    struct destination_tally tally = {.failed = -1};

    assert_ok(store_destination_list(fix->store, see_tally, &tally));
    return tally;
}

static void what_a_visitor_mistyped_is_no_failure_of_the_destination(void **state)
{
    struct fixture *fix = *state;
    struct delivery_outcome typo = outcome(1, "a", "x", DELIVERY_FAILED, "nobody of this name");
    struct delivery_outcome ours = outcome(2, "a", "x", DELIVERY_FAILED, "the password is wrong");

    add(fix, 1, "a", "x");
    add(fix, 2, "a", "x");
    typo.sign = SIGN_REACHED;
    assert_ok(settle(fix, &typo));
    assert_int_equal(tally_of(fix).failing_since_ms, 0);
    assert_int_equal(tally_of(fix).failed, 1);
    assert_ok(settle(fix, &ours));
    assert_int_equal(tally_of(fix).failing_since_ms, T0 + 1002);
    typo.sign = SIGN_NONE;
    assert_ok(settle(fix, &typo));
    assert_int_equal(tally_of(fix).failing_since_ms, T0 + 1002);
    typo.sign = SIGN_REACHED;
    assert_ok(settle(fix, &typo));
    struct destination_tally tally = tally_of(fix);
    assert_int_equal(tally.failing_since_ms, 0);
    assert_int_equal(tally.failed_at_ms, T0 + 1002);
    assert_int_equal(tally.delivered, 0);
    assert_int_equal(tally.failed, 2);
}

static void what_became_spam_while_it_was_tried_is_held_unless_it_arrived(void **state)
{
    struct fixture *fix = *state;
    struct delivery_outcome later = outcome(1, "a", "x", DELIVERY_WAITING, "no answer");
    struct delivery_outcome well = outcome(2, "a", "x", DELIVERY_DONE, NULL);

    for (int i = 1; i <= 2; i++) {
        struct id id = number(i);
        add(fix, i, "a", "x");
        assert_ok(claim(fix, i, T0 + 10, T0 + 100));
        begin(fix);
        assert_ok(store_delivery_set_state(fix->store, &id, DELIVERY_HELD, T0 + 10, T0 + 11));
        commit(fix);
    }
    assert_ok(settle(fix, &later));
    assert_ok(settle(fix, &well));
    assert_int_equal(get(fix, 1).state, DELIVERY_HELD);
    assert_false(get(fix, 1).is_leased);
    assert_int_equal(get(fix, 2).state, DELIVERY_DONE);
}

static void a_form_that_is_removed_withdraws_what_is_open(void **state)
{
    struct fixture *fix = *state;
    struct delivery_outcome well = outcome(3, "a", "x", DELIVERY_DONE, NULL);
    struct delivery_outcome over = outcome(4, "a", "x", DELIVERY_FAILED, "no");
    struct delivery_outcome later = outcome(1, "a", "x", DELIVERY_WAITING, "no answer");
    struct id held = number(2);

    for (int i = 1; i <= 5; i++)
        add(fix, i, i == 5 ? "b" : "a", "x");
    assert_ok(claim(fix, 1, T0 + 10, T0 + 100));
    assert_ok(settle(fix, &well));
    assert_ok(settle(fix, &over));
    begin(fix);
    assert_ok(store_delivery_set_state(fix->store, &held, DELIVERY_HELD, T0 + 10, T0 + 11));
    assert_ok(store_delivery_withdraw_form(fix->store, STR("a"), T0 + 50));
    commit(fix);
    assert_ok(settle(fix, &later));
    static const enum delivery_state EXPECTED[] = {
        DELIVERY_WITHDRAWN, DELIVERY_WITHDRAWN, DELIVERY_DONE, DELIVERY_FAILED, DELIVERY_WAITING};
    for (int i = 1; i <= 5; i++) {
        struct delivery row = get(fix, i);
        assert_int_equal(row.state, EXPECTED[i - 1]);
        assert_int_equal(row.changed_at_ms == T0 + 50, i == 2);
        assert_int_equal(row.via.ptr && row.via.len == 0, i != 3 && i != 5);
    }
}

static void leases_of_a_former_run_are_released(void **state)
{
    struct fixture *fix = *state;
    struct delivery_outcome later = outcome(2, "a", "x", DELIVERY_WAITING, "no answer");

    for (int i = 1; i <= 3; i++)
        add(fix, i, "a", "x");
    assert_ok(claim(fix, 1, T0 + 10, T0 + 100));
    assert_ok(claim(fix, 2, T0 + 10, T0 + 100));
    assert_ok(settle(fix, &later));
    begin(fix);
    assert_ok(store_delivery_release(fix->store, T0 + 50, 0));
    commit(fix);
    struct delivery first = get(fix, 1), second = get(fix, 2), third = get(fix, 3);
    assert_true(!first.is_leased && first.attempts == 0 && first.due_at_ms == T0 + 50);
    assert_true(second.attempts == 1 && second.due_at_ms == T0 + 5000);
    assert_true(third.attempts == 0 && third.due_at_ms == T0 + 3);
}

/* Whatever ends the process again and again must not be the first that the next one tries. */
static void what_was_under_way_at_three_ends_in_a_row_waits(void **state)
{
    struct fixture *fix = *state;
    int64_t now_ms = T0 + 10;

    add(fix, 1, "a", "x");
    for (int cut = 1; cut <= DELIVERY_CUTS_MAX + DELIVERY_ATTEMPTS_MAX - 1; cut++) {
        int attempts = cut < DELIVERY_CUTS_MAX ? 0 : cut - DELIVERY_CUTS_MAX + 1;
        int64_t wait_ms = attempts ? delivery_wait_ms(attempts, 7) : 0;
        assert_ok(claim(fix, 1, now_ms, now_ms + 100));
        begin(fix);
        assert_ok(store_delivery_release(fix->store, now_ms, 7));
        commit(fix);
        struct delivery row = get(fix, 1);
        assert_false(row.is_leased);
        assert_int_equal(row.attempts, attempts);
        assert_int_equal(row.state, wait_ms < 0 ? DELIVERY_FAILED : DELIVERY_WAITING);
        assert_true(wait_ms < 0 || row.due_at_ms == now_ms + wait_ms);
        now_ms = row.due_at_ms;
    }
}

static void an_end_between_two_others_that_went_well_is_forgotten(void **state)
{
    struct fixture *fix = *state;
    struct delivery_outcome later = outcome(1, "a", "x", DELIVERY_WAITING, "no answer");

    add(fix, 1, "a", "x");
    for (int i = 0; i < 2 * DELIVERY_CUTS_MAX; i++) {
        assert_ok(claim(fix, 1, T0 + 5000, T0 + 5000));
        if (i == DELIVERY_CUTS_MAX - 1) {
            assert_ok(settle(fix, &later));
            continue;
        }
        begin(fix);
        assert_ok(store_delivery_release(fix->store, T0 + 50, 0));
        commit(fix);
        if (i < 2 * DELIVERY_CUTS_MAX - 1)
            assert_int_equal(get(fix, 1).due_at_ms, T0 + 50);
    }
    assert_true(get(fix, 1).due_at_ms > T0 + 50);
}

static enum err put_attempt(void *arg, const struct delivery_attempt *attempt)
{
    assert_int_equal(attempt->took_ms, 20);
    assert_int_equal(attempt->status, 503);
    assert_int_equal(attempt->at_ms, T0 + 1001);
    buf_put(arg, attempt->error.ptr ? attempt->error : STR("well"));
    buf_put_char(arg, ' ');
    return ERR_OK;
}

static void the_last_attempts_are_kept_newest_first(void **state)
{
    struct fixture *fix = *state;
    CLEANUP(buf_done) struct buf got = buf_new(1000);
    CLEANUP(buf_done) struct buf want = buf_new(1000);
    struct id id = number(1), other = number(2);
    char error[16];

    add(fix, 1, "a", "x");
    add(fix, 2, "a", "x");
    for (int i = 1; i <= DELIVERY_HISTORY_MAX + 5; i++) {
        snprintf(error, sizeof error, "e%d", i);
        struct delivery_outcome later = outcome(1, "a", "x", DELIVERY_WAITING, error);
        assert_ok(settle(fix, &later));
    }
    struct delivery_outcome well = outcome(1, "a", "x", DELIVERY_DONE, NULL);
    assert_ok(settle(fix, &well));
    buf_put(&want, STR("well "));
    for (int i = DELIVERY_HISTORY_MAX + 5; i > 6; i--)
        buf_printf(&want, "e%d ", i);
    assert_ok(store_attempt_list(fix->store, &id, put_attempt, &got));
    assert_same_text(buf_str(&got), buf_str(&want));
    got.len = 0;
    assert_ok(store_attempt_list(fix->store, &other, put_attempt, &got));
    assert_int_equal(got.len, 0);
}

static void what_was_given_up_starts_again(void **state)
{
    struct fixture *fix = *state;
    struct id first = number(1), none = number(9);
    int64_t count = -1;

    for (int i = 1; i <= 5; i++) {
        const char *form = i == 4 ? "b" : "a", *name = i == 3 ? "y" : "x";
        struct delivery_outcome over = outcome(i, form, name, DELIVERY_FAILED, "gone");
        add(fix, i, form, name);
        assert_ok(claim(fix, i, T0 + 10, T0 + 100));
        if (i != 5)
            assert_ok(settle(fix, &over));
    }
    begin(fix);
    assert_ok(store_delivery_restart(fix->store, &first, T0 + 70, NULL));
    assert_err(store_delivery_restart(fix->store, &none, T0 + 70, NULL), ERR_NOT_FOUND);
    assert_ok(store_delivery_restart_all(fix->store, STR("a"), STR("x"), T0 + 80, &count));
    commit(fix);
    assert_int_equal(count, 2);
    assert_int_equal(get(fix, 1).due_at_ms, T0 + 80);
    assert_int_equal(get(fix, 1).attempts, 0);
    assert_int_equal(get(fix, 2).state, DELIVERY_WAITING);
    assert_int_equal(get(fix, 2).due_at_ms, T0 + 80);
    assert_int_equal(get(fix, 3).state, DELIVERY_FAILED);
    assert_int_equal(get(fix, 4).state, DELIVERY_FAILED);
    assert_int_equal(get(fix, 5).due_at_ms, T0 + 100); /* it is under way */
}

static void what_waits_starts_again_together_with_its_digest(void **state)
{
    struct fixture *fix = *state;
    struct delivery_outcome later = outcome(1, "a", "x", DELIVERY_WAITING, "no answer");
    struct id first = number(1), batch = number(9);
    int64_t count = -1;

    add(fix, 1, "a", "x");
    add(fix, 2, "a", "x");
    begin(fix);
    assert_ok(store_delivery_claim(fix->store, &first, T0 + 10, T0 + 100, &batch));
    assert_ok(store_delivery_settle(fix->store, &later));
    assert_ok(store_delivery_restart_all(fix->store, STR("a"), STR("x"), T0 + 80, &count));
    commit(fix);
    assert_int_equal(count, 2);
    struct delivery row = get(fix, 1);
    assert_memory_equal(&row.batch, &batch, sizeof batch);
    assert_true(row.attempts == 0 && row.due_at_ms == T0 + 80 && row.since_ms == T0 + 80);
    begin(fix);
    assert_ok(store_delivery_restart_all(fix->store, STR("a"), STR("z"), T0 + 80, &count));
    commit(fix);
    assert_int_equal(count, 0);
}

enum { BACK_MS = 3600 * 1000 };

/* The tenth is delivered an hour later. */
static void come_back(struct fixture *fix)
{
    struct delivery_outcome well = outcome(10, "a", "x", DELIVERY_DONE, NULL);

    well.attempt.at_ms = T0 + BACK_MS - well.attempt.took_ms;
    assert_ok(settle(fix, &well));
}

static void fail_at(struct fixture *fix, int n, const char *form, const char *name, int64_t at_ms)
{
    struct delivery_outcome later = outcome(n, form, name, DELIVERY_WAITING, "no answer");

    assert_ok(claim(fix, n, T0 + 20, T0 + 100));
    later.attempt.at_ms = at_ms - later.attempt.took_ms;
    later.due_at_ms = T0 + 2 * BACK_MS;
    assert_ok(settle(fix, &later));
}

static void what_has_waited_follows_when_its_destination_is_back(void **state)
{
    struct fixture *fix = *state;
    struct delivery digest = delivery(6, "a", "x");

    for (int i = 1; i <= 5; i++)
        add(fix, i, i == 4 ? "b" : "a", i == 3 ? "y" : "x");
    digest.due_at_ms = T0 + 3 * BACK_MS;
    insert(fix, &digest); /* waits for its hour, untried */
    add(fix, 10, "a", "x");
    for (int i = 1; i <= 4; i++)
        fail_at(fix, i, i == 4 ? "b" : "a", i == 3 ? "y" : "x", T0 + 1000);
    fail_at(fix, 5, "a", "x", T0 + BACK_MS - 10); /* just now */
    come_back(fix);
    for (int i = 1; i <= 2; i++) {
        assert_in_range(get(fix, i).due_at_ms, T0 + BACK_MS, T0 + BACK_MS + DELIVERY_SPREAD_MS);
        assert_int_equal(get(fix, i).attempts, 0); /* this one is for nothing */
    }
    for (int i = 3; i <= 5; i++)
        assert_int_equal(get(fix, i).due_at_ms, T0 + 2 * BACK_MS);
    assert_int_equal(get(fix, 6).due_at_ms, T0 + 3 * BACK_MS);
}

static void what_failed_beside_others_that_arrived_keeps_its_time(void **state)
{
    struct fixture *fix = *state;
    struct delivery_outcome well = outcome(2, "a", "x", DELIVERY_DONE, NULL);

    add(fix, 1, "a", "x");
    add(fix, 2, "a", "x");
    add(fix, 10, "a", "x");
    fail_at(fix, 1, "a", "x", T0 + 1000);
    assert_ok(settle(fix, &well)); /* just then: the first was tried a moment ago */
    come_back(fix);                /* which was well already */
    assert_int_equal(get(fix, 1).due_at_ms, T0 + 2 * BACK_MS);
    assert_int_equal(get(fix, 1).attempts, 1);
}

/* --- queues -------------------------------------------------------------- */

static enum err put_queue(void *arg, const struct delivery_queue *queue)
{
    buf_put(arg, queue->form);
    buf_put_char(arg, '/');
    buf_put(arg, queue->destination);
    buf_printf(arg, "@%d ", (int)(queue->due_at_ms - T0));
    return ERR_OK;
}

static void assert_queues(struct store *store, const char *want)
{
    CLEANUP(buf_done) struct buf got = buf_new(1000);

    assert_ok(store_delivery_queues(store, NULL, put_queue, &got));
    buf_put_char(&got, '\0');
    assert_string_equal(got.ptr, want);
}

static enum err put_number(void *arg, const struct delivery *row)
{
    buf_printf(arg, "%d ", (int)(id_wall_ms(&row->id) - T0));
    return ERR_OK;
}

static void every_destination_that_waits_has_a_queue(void **state)
{
    struct fixture *fix = *state;
    CLEANUP(buf_done) struct buf got = buf_new(1000);
    const struct delivery_queue queue = {.form = STR("a"), .destination = STR("x")};
    struct delivery server = delivery(9, "", "mail:z");
    struct delivery_outcome well = outcome(5, "b", "x", DELIVERY_DONE, NULL);
    int64_t waiting, oldest_ms;

    assert_queues(fix->store, "");
    assert_ok(store_delivery_waiting(fix->store, &waiting, &oldest_ms));
    assert_true(waiting == 0 && oldest_ms == 0);
    add(fix, 4, "a", "x");
    add(fix, 2, "a", "x");
    add(fix, 3, "a", "x");
    add(fix, 5, "b", "x");
    add(fix, 6, "a", "w");
    add(fix, 7, "ab", "x");
    server.submission = (struct id){{0}};
    insert(fix, &server);
    struct store *reader = reader_of(fix);
    assert_queues(reader, "/mail:z@9 a/w@6 a/x@2 ab/x@7 b/x@5 ");
    assert_ok(settle(fix, &well));
    assert_ok(claim(fix, 2, T0 + 2, T0 + 50));
    assert_queues(reader, "/mail:z@9 a/w@6 a/x@3 ab/x@7 ");
    assert_ok(store_delivery_queues(reader, &queue, put_queue, &got));
    assert_same_text(buf_str(&got), STR("ab/x@7 "));
    got.len = 0;
    assert_ok(store_delivery_due(reader, &queue, T0 + 4, 10, put_number, &got));
    assert_ok(store_delivery_due(reader, &queue, T0 + 3, 10, put_number, &got));
    assert_ok(store_delivery_due(reader, &queue, T0 + 50, 2, put_number, &got));
    buf_put_char(&got, '\0');
    assert_string_equal(got.ptr, "3 4 3 3 4 ");
    assert_ok(store_delivery_waiting(reader, &waiting, &oldest_ms));
    assert_true(waiting == 6 && oldest_ms == T0 + 2);
    store_close(reader);
}

/* Those numbers, in this order, that have waited for "a/x" since T0 + `before` at least. */
static void assert_late(struct store *store, int now, int before, int max, const char *want)
{
    CLEANUP(buf_done) struct buf got = buf_new(1000);
    const struct delivery_queue queue = {.form = STR("a"), .destination = STR("x")};

    assert_ok(store_delivery_late(store, &queue, T0 + now, T0 + before, max, put_number, &got));
    buf_put_char(&got, '\0');
    assert_string_equal(got.ptr, want);
}

static void what_has_waited_for_too_long_is_found(void **state)
{
    struct fixture *fix = *state;
    struct delivery digest = delivery(1, "a", "x"), held = delivery(2, "a", "x");
    struct delivery_outcome later = outcome(3, "a", "x", DELIVERY_WAITING, "no answer");
    struct delivery_outcome over = outcome(4, "a", "x", DELIVERY_FAILED, "gone");
    struct id second = number(2), fourth = number(4);

    digest.due_at_ms = T0 + 900;
    insert(fix, &digest);
    held.state = DELIVERY_HELD;
    insert(fix, &held);
    for (int i = 3; i <= 6; i++)
        add(fix, i, i == 5 ? "b" : "a", i == 6 ? "y" : "x");
    assert_int_equal(get(fix, 1).since_ms, T0 + 900);
    assert_int_equal(get(fix, 3).since_ms, T0 + 3);
    assert_ok(claim(fix, 3, T0 + 3, T0 + 100));
    assert_late(fix->store, 50, 50, 10, "4 "); /* the third is under way */
    assert_ok(settle(fix, &later));
    assert_ok(settle(fix, &over));
    struct store *reader = reader_of(fix);
    assert_late(reader, 4999, 4000, 10, "1 "); /* the third is not due */
    assert_late(reader, 5000, 4000, 10, "1 3 ");
    assert_late(reader, 5000, 4000, 1, "1 ");
    assert_late(reader, 5000, 899, 10, "3 ");
    assert_late(reader, 5000, 2, 10, "");
    begin(fix);
    assert_ok(store_delivery_set_state(fix->store, &second, DELIVERY_WAITING, T0 + 2, T0 + 700));
    assert_ok(store_delivery_restart(fix->store, &fourth, T0 + 800, NULL));
    commit(fix);
    assert_late(reader, 5000, 700, 10, "2 3 ");
    assert_late(reader, 5000, 800, 10, "2 3 4 ");
    store_close(reader);
}

/* --- lists --------------------------------------------------------------- */

enum { MANY = 300 };

static const char *const STATE_FORMS[] = {"a", "ab", "b", "c"};
static const char *const NAMES[] = {"x", "y", "reply"};

static bool passes(const struct delivery *row, const struct delivery_filter *filter)
{
    return (!filter->states || filter->states & 1u << row->state) &&
           (!filter->form.ptr || str_equal(filter->form, row->form)) &&
           (!filter->destination.ptr || str_equal(filter->destination, row->destination)) &&
           (!filter->submission || memcmp(filter->submission, &row->submission, 16) == 0) &&
           (!filter->scope || scope_has(filter->scope, row->form)) &&
           (!filter->below_seq || id_seq(&row->id) < filter->below_seq);
}

struct expected {
    const struct delivery *rows;
    const struct delivery_filter *filter;
    int at, count;
};

static enum err expect_next(void *arg, const struct delivery *got)
{
    struct expected *self = arg;

    do
        self->at--;
    while (self->at >= 0 && !passes(&self->rows[self->at], self->filter));
    assert_true(self->at >= 0);
    assert_memory_equal(&got->id, &self->rows[self->at].id, sizeof got->id);
    assert_int_equal(got->state, self->rows[self->at].state);
    self->count++;
    return ERR_OK;
}

static int count_passing(const struct delivery *rows, const struct delivery_filter *filter)
{
    int count = 0;

    for (int i = 0; i < MANY; i++)
        count += passes(&rows[i], filter);
    return count < filter->limit ? count : filter->limit;
}

static struct delivery_filter any_filter(uint32_t *seed, struct scope *scope,
                                         const struct delivery *rows)
{
    static const char *const SCOPES[] = {"a", "a b", "ab b nothing", "nothing", "*"};
    struct delivery_filter filter = {.limit = (int)(1 + dice(seed) % 60)};

    *scope = scope_of(SCOPES[dice(seed) % COUNTOF(SCOPES)]);
    filter.scope = dice(seed) % 3 ? scope : NULL;
    if (dice(seed) % 2)
        filter.states = 1u << dice(seed) % 5;
    if (dice(seed) % 8 == 0)
        filter.states = 1u << DELIVERY_FAILED | 1u << DELIVERY_DONE;
    if (dice(seed) % 3 == 0)
        filter.form = str_of(STATE_FORMS[dice(seed) % COUNTOF(STATE_FORMS)]);
    if (dice(seed) % 3 == 0)
        filter.destination = str_of(NAMES[dice(seed) % COUNTOF(NAMES)]);
    if (dice(seed) % 6 == 0)
        filter.submission = &rows[dice(seed) % MANY].submission;
    if (dice(seed) % 2)
        filter.below_seq = id_seq(&rows[dice(seed) % MANY].id);
    return filter;
}

static void a_list_shows_what_is_asked_for_and_nothing_else(void **state)
{
    struct fixture *fix = *state;
    struct delivery *rows = calloc(MANY, sizeof *rows);
    uint32_t seed = 5;

    assert_non_null(rows);
    begin(fix);
    for (int i = 0; i < MANY; i++) {
        rows[i] = delivery(i, STATE_FORMS[dice(&seed) % 4], NAMES[dice(&seed) % 3]);
        rows[i].submission = id_at(T0, i / 2, 3);
        rows[i].state = (enum delivery_state)(dice(&seed) % 5);
        assert_ok(store_delivery_insert(fix->store, &rows[i]));
    }
    commit(fix);
    struct store *reader = reader_of(fix);
    for (int i = 0; i < 1500; i++) {
        struct scope scope;
        struct delivery_filter filter = any_filter(&seed, &scope, rows);
        struct expected expected = {rows, &filter, MANY, 0};
        assert_ok(
            store_delivery_list(i % 2 ? reader : fix->store, &filter, expect_next, &expected));
        assert_int_equal(expected.count, count_passing(rows, &filter));
    }
    struct delivery_filter wrong = {.limit = DELIVERY_LIST_MAX + 2};
    assert_err(store_delivery_list(reader, &wrong, expect_next, NULL), ERR_INVALID);
    store_close(reader);
    free(rows);
}

static void deliveries_go_with_their_message(void **state)
{
    struct fixture *fix = *state;
    struct submission row = sample(id_at(T0, 1, 3), "a");
    struct delivery_outcome later = outcome(1, "a", "x", DELIVERY_WAITING, "no answer");
    struct id first = number(1);
    CLEANUP(buf_done) struct buf got = buf_new(1000);

    insert_committed(fix->store, &row);
    add(fix, 1, "a", "x");
    add(fix, 2, "a", "x");
    assert_ok(settle(fix, &later));
    begin(fix);
    assert_ok(store_submission_delete(fix->store, &row.id));
    commit(fix);
    assert_err(store_delivery_get(fix->store, &first, copy_row, NULL), ERR_NOT_FOUND);
    assert_ok(store_attempt_list(fix->store, &first, put_attempt, &got));
    assert_int_equal(got.len, 0);
    assert_int_equal(get(fix, 2).state, DELIVERY_WAITING);
}

/* --- ceilings, destinations, alarms -------------------------------------- */

static int64_t replies(struct fixture *fix, const char *form, const char *address, int64_t since_ms)
{
    int64_t count = -1;

    assert_ok(store_delivery_replies(fix->store, str_of(form), str_of(address), since_ms, &count));
    return count;
}

static void replies_are_counted_by_whose_settings_they_go_by(void **state)
{
    struct fixture *fix = *state;
    int64_t everywhere;

    begin(fix);
    for (int i = 1; i <= 3; i++) {
        struct delivery row = delivery(i, i == 1 ? "a" : i == 2 ? "b" : "default", "reply");
        row.address = STR("ada@example.com");
        row.via = i == 3 ? (struct str){0} : STR("default");
        assert_ok(store_delivery_insert(fix->store, &row));
    }
    assert_ok(store_delivery_replies(fix->store, (struct str){0}, STR("ada@example.com"), T0,
                                     &everywhere));
    commit(fix);
    assert_int_equal(everywhere, 3);
    assert_int_equal(replies(fix, "default", "ada@example.com", T0), 3);
    assert_int_equal(replies(fix, "a", "ada@example.com", T0), 0);
}

static void replies_are_counted_by_form_address_and_time(void **state)
{
    struct fixture *fix = *state;

    for (int i = 1; i <= 6; i++) {
        struct delivery row = delivery(i, i == 2 ? "b" : "a", "reply");
        row.address = i == 3 ? STR("eve@example.com") : STR("ada@example.com");
        row.state = i == 4 ? DELIVERY_DONE : DELIVERY_WAITING;
        insert(fix, &row);
    }
    add(fix, 7, "a", "x");
    assert_int_equal(replies(fix, "a", "ada@example.com", T0), 4);
    assert_int_equal(replies(fix, "a", "ada@example.com", T0 + 5), 2);
    assert_int_equal(replies(fix, "b", "ada@example.com", T0), 1);
    assert_int_equal(replies(fix, "a", "bob@example.com", T0), 0);
}

static enum err put_tally(void *arg, const struct destination_tally *tally)
{
    buf_put(arg, tally->form);
    buf_put_char(arg, '/');
    buf_put(arg, tally->name);
    buf_printf(arg, " w%d h%d f%d g%d d%d", (int)tally->waiting, (int)tally->held,
               (int)tally->failed, (int)tally->withdrawn, (int)tally->delivered);
    buf_printf(arg, " +%d -%d", tally->delivered_at_ms ? (int)(tally->delivered_at_ms - T0) : 0,
               tally->failed_at_ms ? (int)(tally->failed_at_ms - T0) : 0);
    buf_printf(arg, " since %d ",
               tally->failing_since_ms ? (int)(tally->failing_since_ms - T0) : 0);
    buf_put(arg, tally->error.ptr ? tally->error : STR("-"));
    buf_put_char(arg, '\n');
    return ERR_OK;
}

static void a_destination_knows_how_it_does(void **state)
{
    struct fixture *fix = *state;
    CLEANUP(buf_done) struct buf got = buf_new(1000);
    struct delivery_outcome how[] = {outcome(1, "a", "x", DELIVERY_DONE, NULL),
                                     outcome(2, "a", "x", DELIVERY_FAILED, "one"),
                                     outcome(3, "a", "x", DELIVERY_WAITING, "two"),
                                     outcome(4, "b", "y", DELIVERY_WAITING, "three"),
                                     outcome(5, "b", "y", DELIVERY_DONE, NULL),
                                     outcome(6, "c", "z", DELIVERY_WITHDRAWN, "gone")};
    struct delivery held = delivery(7, "a", "w");

    for (int i = 1; i <= 6; i++) {
        add(fix, i, i < 4 ? "a" : i < 6 ? "b" : "c", i < 4 ? "x" : i < 6 ? "y" : "z");
        assert_ok(settle(fix, &how[i - 1]));
    }
    held.state = DELIVERY_HELD;
    insert(fix, &held);
    assert_ok(store_destination_list(fix->store, put_tally, &got));
    buf_put_char(&got, '\0');
    assert_string_equal(got.ptr, "a/w w0 h1 f0 g0 d0 +0 -0 since 0 -\n"
                                 "a/x w1 h0 f1 g0 d1 +1001 -1003 since 1002 two\n"
                                 "b/y w1 h0 f0 g0 d1 +1005 -1004 since 0 three\n"
                                 "c/z w0 h0 f0 g1 d0 +0 -0 since 0 -\n");
}

static enum err put_alarm(void *arg, const struct alarm *alarm)
{
    buf_put(arg, alarm->kind);
    buf_put_char(arg, '/');
    buf_put(arg, alarm->form);
    buf_put_char(arg, '/');
    buf_put(arg, alarm->name);
    buf_put_char(arg, ' ');
    buf_put(arg, alarm->text);
    buf_printf(arg, "@%d ", (int)(alarm->since_ms - T0));
    return ERR_OK;
}

static void an_alarm_is_there_once_until_it_is_taken_back(void **state)
{
    struct fixture *fix = *state;
    CLEANUP(buf_done) struct buf got = buf_new(1000);
    const struct alarm disk = {.kind = STR("disk"), .since_ms = T0 + 1, .text = STR("full")};
    const struct alarm dead = {.kind = STR("destination"),
                               .form = STR("a"),
                               .name = STR("x"),
                               .since_ms = T0 + 2,
                               .text = STR("dead")};

    begin(fix);
    assert_ok(store_alarm_add(fix->store, &disk));
    assert_ok(store_alarm_add(fix->store, &dead));
    assert_err(store_alarm_add(fix->store, &disk), ERR_EXISTS);
    commit(fix);
    assert_ok(store_alarm_list(fix->store, put_alarm, &got));
    begin(fix);
    assert_ok(store_alarm_delete(fix->store, STR("disk"), (struct str){0}, (struct str){0}));
    assert_err(store_alarm_delete(fix->store, STR("disk"), STR(""), STR("")), ERR_NOT_FOUND);
    commit(fix);
    assert_ok(store_alarm_list(fix->store, put_alarm, &got));
    buf_put_char(&got, '\0');
    assert_string_equal(got.ptr, "destination/a/x dead@2 disk// full@1 destination/a/x dead@2 ");
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE(a_delivery_is_kept_as_it_was_made),
        CASE(ids_go_on_behind_the_deliveries),
        CASE(a_claim_is_for_one_and_counts),
        CASE(an_outcome_is_kept_and_ends_the_lease),
        CASE(what_a_visitor_mistyped_is_no_failure_of_the_destination),
        CASE(what_became_spam_while_it_was_tried_is_held_unless_it_arrived),
        CASE(a_form_that_is_removed_withdraws_what_is_open),
        CASE(leases_of_a_former_run_are_released),
        CASE(what_was_under_way_at_three_ends_in_a_row_waits),
        CASE(an_end_between_two_others_that_went_well_is_forgotten),
        CASE(the_last_attempts_are_kept_newest_first),
        CASE(what_was_given_up_starts_again),
        CASE(what_waits_starts_again_together_with_its_digest),
        CASE(what_has_waited_follows_when_its_destination_is_back),
        CASE(what_failed_beside_others_that_arrived_keeps_its_time),
        CASE(every_destination_that_waits_has_a_queue),
        CASE(what_has_waited_for_too_long_is_found),
        CASE(a_list_shows_what_is_asked_for_and_nothing_else),
        CASE(deliveries_go_with_their_message),
        CASE(replies_are_counted_by_form_address_and_time),
        CASE(replies_are_counted_by_whose_settings_they_go_by),
        CASE(a_destination_knows_how_it_does),
        CASE(an_alarm_is_there_once_until_it_is_taken_back),
    };
    int failed = 0;

    for (const struct store_ops *const *ops = STORE_BACKENDS; *ops; ops++) {
        backend = *ops;
        failed += cmocka_run_group_tests_name(backend->name, CASES, NULL, NULL);
    }
    return failed;
}
