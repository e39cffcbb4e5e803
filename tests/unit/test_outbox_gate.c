/* SPDX-License-Identifier: MIT */
#include "service/outbox_gate.h"

#include "check.h"

enum { MAX = 4, NOW_MS = 1000000, DAY_MS = 24 * 60 * 60 * 1000 };

static void name(struct gate_names *names, const char *host, const char *origin,
                 const char *address)
{
    const char *const texts[] = {host, origin, address};

    for (int kind = 0; kind < GATE_COUNT; kind++) {
        names->of[kind] = buf_new(100);
        buf_put(&names->of[kind], str_of(texts[kind]));
    }
}

static void names_done(struct gate_names *names)
{
    for (int kind = 0; kind < GATE_COUNT; kind++)
        buf_done(&names->of[kind]);
}

static void fail_often(struct gates *gates, const struct gate_names *names, enum gate_kind kind)
{
    struct passage passage;

    for (int i = 0; i < BREAKER_FAILURES; i++) {
        assert_int_equal(gates_enter(gates, names, &passage), ERR_OK);
        gates_tell(gates, &passage, kind, NOW_MS, 0, "it answered 503");
        gates_leave(gates, &passage);
    }
}

static int room(struct gates *gates, const struct gate_names *names, int64_t now_ms)
{
    struct passage passage;

    assert_int_equal(gates_enter(gates, names, &passage), ERR_OK);
    int found = gates_look(gates, &passage, now_ms, MAX).room;
    gates_leave(gates, &passage);
    return found;
}

static void an_address_that_refuses_stands_alone_and_an_origin_for_all_its_addresses(void **state)
{
    CLEANUP(names_done) struct gate_names one, neighbour, port;
    struct gates gates;

    (void)state;
    gates_init(&gates);
    name(&one, "a.example", "https://a.example", "1");
    name(&neighbour, "a.example", "https://a.example", "2");
    name(&port, "a.example", "https://a.example:8443", "3");
    fail_often(&gates, &one, GATE_ADDRESS);
    assert_int_equal(room(&gates, &one, NOW_MS), 0);
    assert_int_equal(room(&gates, &neighbour, NOW_MS), MAX);
    fail_often(&gates, &neighbour, GATE_ORIGIN);
    assert_int_equal(room(&gates, &neighbour, NOW_MS), 0);
    assert_int_equal(room(&gates, &port, NOW_MS), MAX);
    gates_hurry(&gates, &port);
    assert_int_equal(room(&gates, &neighbour, NOW_MS + 2000), 0);
    gates_hurry(&gates, &neighbour);
    assert_int_equal(room(&gates, &neighbour, NOW_MS + 1999), 0);
    assert_int_equal(room(&gates, &neighbour, NOW_MS + 2000), 1);
    assert_int_equal(room(&gates, &one, NOW_MS + 2000), 0); /* its address is not its neighbour's */
    gates_hurry_all(&gates);
    assert_int_equal(room(&gates, &one, NOW_MS + 2000), 1);
    gates_done(&gates);
}

static void places_are_the_host_s_whatever_the_port(void **state)
{
    CLEANUP(names_done) struct gate_names one, port;
    struct passage passages[MAX];
    struct gates gates;

    (void)state;
    gates_init(&gates);
    name(&one, "a.example", "https://a.example", "1");
    name(&port, "a.example", "https://a.example:8443", "2");
    for (int i = 0; i < MAX; i++) {
        assert_int_equal(room(&gates, &port, NOW_MS), MAX - i);
        assert_int_equal(gates_enter(&gates, &one, &passages[i]), ERR_OK);
    }
    assert_int_equal(room(&gates, &port, NOW_MS), 0);
    gates_enter_again(&gates, &passages[0]);
    gates_leave(&gates, &passages[1]);
    assert_int_equal(room(&gates, &port, NOW_MS), 0);
    gates_done(&gates);
}

static void a_pause_says_until_when_and_why(void **state)
{
    CLEANUP(names_done) struct gate_names one;
    struct delivery_pause pause = {.until_ms = -1};
    struct passage passage;
    struct gates gates;

    (void)state;
    gates_init(&gates);
    name(&one, "a.example", "https://a.example", "1");
    assert_false(gates_pause(&gates, &one, NOW_MS, NOW_MS, &pause));
    fail_often(&gates, &one, GATE_ADDRESS);
    assert_true(gates_pause(&gates, &one, NOW_MS, NOW_MS, &pause));
    assert_string_equal(pause.reason, "it answered 503");
    assert_in_range(pause.until_ms, NOW_MS + 1, NOW_MS + BREAKER_WAIT_MAX_MS);
    assert_false(gates_pause(&gates, &one, pause.until_ms + 1, NOW_MS, &pause)); /* its own time */
    assert_true(gates_pause(&gates, &one, NOW_MS, NOW_MS + DAY_MS, &pause));
    assert_int_equal(pause.until_ms, 0); /* that is under way */
    assert_int_equal(gates_enter(&gates, &one, &passage), ERR_OK);
    gates_tell(&gates, &passage, GATE_COUNT, NOW_MS, 0, "");
    gates_leave(&gates, &passage);
    assert_false(gates_pause(&gates, &one, NOW_MS, NOW_MS, &pause));
    gates_done(&gates);
}

static void what_nobody_has_tried_for_a_day_is_forgotten(void **state)
{
    CLEANUP(names_done) struct gate_names one;
    struct delivery_pause pause;
    struct gates gates;

    (void)state;
    gates_init(&gates);
    name(&one, "a.example", "https://a.example", "1");
    fail_often(&gates, &one, GATE_ORIGIN);
    gates_forget(&gates, NOW_MS + DAY_MS);
    assert_true(gates_pause(&gates, &one, NOW_MS, NOW_MS, &pause));
    gates_forget(&gates, NOW_MS + DAY_MS + 1);
    assert_false(gates_pause(&gates, &one, NOW_MS, NOW_MS, &pause));
    gates_done(&gates);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        cmocka_unit_test(an_address_that_refuses_stands_alone_and_an_origin_for_all_its_addresses),
        cmocka_unit_test(places_are_the_host_s_whatever_the_port),
        cmocka_unit_test(a_pause_says_until_when_and_why),
        cmocka_unit_test(what_nobody_has_tried_for_a_day_is_forgotten),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
