/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "core/delivery.h"

#include "check.h"

static const int64_t HOUR = 60 * 60 * 1000;

static void waits_grow_and_last_for_more_than_a_day(void **state)
{
    static const uint64_t CHANCES[] = {0, 1, UINT64_MAX, UINT64_C(0x123456789abcdef)};

    (void)state;
    for (size_t i = 0; i < COUNTOF(CHANCES); i++) {
        int64_t all_ms = 0, last_ms = 0;
        for (int attempt = 1; attempt < DELIVERY_ATTEMPTS_MAX; attempt++) {
            int64_t wait_ms = delivery_wait_ms(attempt, CHANCES[i]);
            assert_true(wait_ms >= last_ms * 3 / 4);
            all_ms += last_ms = wait_ms;
        }
        assert_true(all_ms >= 28 * HOUR && all_ms < 40 * HOUR);
        assert_int_equal(delivery_wait_ms(DELIVERY_ATTEMPTS_MAX, CHANCES[i]), -1);
        assert_int_equal(delivery_wait_ms(DELIVERY_ATTEMPTS_MAX + 1, CHANCES[i]), -1);
        assert_int_equal(delivery_wait_ms(0, CHANCES[i]), -1);
    }
    assert_int_equal(delivery_wait_ms(1, 0), 10000);
    assert_true(delivery_wait_ms(1, 777) != delivery_wait_ms(1, 778));
}

static void a_digest_is_due_at_its_turn(void **state)
{
    static const struct {
        enum rhythm rhythm;
        const char *now, *due;
    } ROWS[] = {
        {RHYTHM_AT_ONCE, "2026-11-21T09:30:00.123Z", "2026-11-21T09:30:00.123Z"},
        {RHYTHM_HOURLY, "2026-11-21T09:30:00.123Z", "2026-11-21T10:00:00.000Z"},
        {RHYTHM_HOURLY, "2026-11-21T09:00:00.000Z", "2026-11-21T10:00:00.000Z"},
        {RHYTHM_HOURLY, "2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00.000Z"},
        {RHYTHM_DAILY, "2026-11-21T09:30:00.123Z", "2026-11-22T06:00:00.000Z"},
        {RHYTHM_DAILY, "2026-11-21T05:59:59.999Z", "2026-11-21T06:00:00.000Z"},
        {RHYTHM_DAILY, "2026-11-21T06:00:00.000Z", "2026-11-22T06:00:00.000Z"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        int64_t now_ms, due_ms;
        assert_true(clock_parse(str_of(ROWS[i].now), &now_ms));
        assert_true(clock_parse(str_of(ROWS[i].due), &due_ms));
        CHECK_ROW(delivery_due_ms(ROWS[i].rhythm, now_ms) == due_ms, ROWS[i].now);
    }
}

static void an_address_is_counted_however_it_is_spelt(void **state)
{
    static const struct {
        const char *email, *counted; /* NULL: it is none */
    } ROWS[] = {
        {"ada@example.com", "ada@example.com"},
        {"Ada@EXAMPLE.com", "ada@example.com"},
        {"ada+a+b@example.com", "ada@example.com"},
        {"+ada@example.com", "+ada@example.com"},
        {"A.d.a+x@Gmail.com", "ada@gmail.com"},
        {"ad.a@googlemail.com", "ada@gmail.com"},
        {"a.da@example.com", "a.da@example.com"},
        {"ada@notgmail.com", "ada@notgmail.com"},
        {"...@gmail.com", "@gmail.com"},
        {"not an address", NULL},
        {"", NULL},
        {"@", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(buf_done) struct buf out = buf_new(400);
        enum err err = delivery_address(str_of(ROWS[i].email), &out);
        CHECK_ROW(err == (ROWS[i].counted ? ERR_OK : ERR_INVALID), ROWS[i].email);
        CHECK_ROW(err != ERR_OK || str_equal(buf_str(&out), str_of(ROWS[i].counted)),
                  ROWS[i].email);
    }
}

static void states_have_words(void **state)
{
    static const char *const WORDS[] = {"waiting", "held", "delivered", "failed", "withdrawn"};
    enum delivery_state got;

    (void)state;
    for (size_t i = 0; i < COUNTOF(WORDS); i++) {
        assert_string_equal(delivery_state_text((enum delivery_state)i), WORDS[i]);
        assert_true(delivery_state_parse(str_of(WORDS[i]), &got));
        assert_int_equal(got, i);
    }
    assert_false(delivery_state_parse(STR("done"), &got));
    assert_false(delivery_state_parse(STR(""), &got));
}

static void a_delivery_shows_what_is_known_of_it(void **state)
{
    CLEANUP(buf_done) struct buf out = buf_new(2000);
    struct delivery row = {.form = STR("shop"),
                           .destination = STR("webhook:crm"),
                           .state = DELIVERY_WAITING,
                           .attempts = 2,
                           .due_at_ms = 2000,
                           .changed_at_ms = 1000,
                           .error = STR("no \"answer\"")};
    const struct delivery_pause pause = {"https://crm.example", 3000, "it answered 503"};
    static const char PAUSED[] = "\"pausedBy\":{\"host\":\"https://crm.example\",\"until\":"
                                 "\"1970-01-01T00:00:03.000Z\",\"reason\":\"it answered 503\"}";
    struct delivery_attempt attempts[] = {{.at_ms = 1000, .took_ms = 7, .status = 250},
                                          {.at_ms = 1000, .took_ms = -7, .error = STR("no")}};

    (void)state;
    assert_true(id_parse(STR("00000000-03e8-7000-8000-000000000001"), &row.id));
    delivery_render_open(&out, &row, NULL);
    check_str(buf_str(&out),
              "{\"id\":\"00000000-03e8-7000-8000-000000000001\",\"submission\":null,"
              "\"form\":\"shop\",\"destination\":\"webhook:crm\",\"state\":\"waiting\","
              "\"attempts\":2,\"createdAt\":\"1970-01-01T00:00:01.000Z\","
              "\"changedAt\":\"1970-01-01T00:00:01.000Z\","
              "\"nextAttemptAt\":\"1970-01-01T00:00:02.000Z\",\"pausedBy\":null,\"inFlight\":false,"
              "\"error\":\"no \\\"answer\\\"\",\"text\":null");
    out.len = 0;
    delivery_render_open(&out, &row, &pause);
    assert_non_null(memmem(out.ptr, out.len, PAUSED, sizeof PAUSED - 1));
    out.len = 0;
    for (size_t i = 0; i < COUNTOF(attempts); i++)
        delivery_attempt_render(&out, &attempts[i]);
    check_str(buf_str(&out),
              "{\"at\":\"1970-01-01T00:00:01.000Z\",\"ms\":7,\"status\":250,\"error\":null}"
              "{\"at\":\"1970-01-01T00:00:01.000Z\",\"ms\":0,\"status\":null,\"error\":\"no\"}");
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        cmocka_unit_test(waits_grow_and_last_for_more_than_a_day),
        cmocka_unit_test(a_digest_is_due_at_its_turn),
        cmocka_unit_test(an_address_is_counted_however_it_is_spelt),
        cmocka_unit_test(states_have_words),
        cmocka_unit_test(a_delivery_shows_what_is_known_of_it),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
