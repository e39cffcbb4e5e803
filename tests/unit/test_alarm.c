/* SPDX-License-Identifier: MIT */
#include "core/alarm.h"

#include "base/clock.h"
#include "check.h"

static void a_destination_must_have_failed_for_an_hour(void **state)
{
    static const struct {
        const char *what;
        int64_t waiting, failed, since_ms;
        bool is_raised;
    } ROWS[] = {
        {"nothing ever failed", 5, 0, 0, false},
        {"just now", 5, 0, 9999999, false},
        {"nearly an hour", 5, 0, 10000000 - 3600000 + 1, false},
        {"an hour", 5, 0, 10000000 - 3600000, true},
        {"given up", 0, 1, 1, true},
        {"nothing is left of it", 0, 0, 1, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        const struct destination_tally tally = {.waiting = ROWS[i].waiting,
                                                .failed = ROWS[i].failed,
                                                .failing_since_ms = ROWS[i].since_ms};
        CHECK_ROW(alarm_destination(&tally, 10000000) == ROWS[i].is_raised, ROWS[i].what);
    }
}

static void a_destination_is_told_with_its_numbers_and_no_full_stop(void **state)
{
    static const struct {
        const char *form, *error, *text;
    } ROWS[] = {
        {"shop", NULL,
         "crm of the form shop has not been reached since 2026-11-21T13:30:00.000Z; 12 wait, 3 "
         "were "
         "given up"},
        {"", "451 not now. ",
         "crm has not been reached since 2026-11-21T13:30:00.000Z; 12 wait, 3 were given up. The "
         "last answer: 451 not now"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        const struct destination_tally tally = {.form = str_of(ROWS[i].form),
                                                .name = STR("crm"),
                                                .waiting = 12,
                                                .failed = 3,
                                                .failing_since_ms = 1795267800000,
                                                .error = str_of(ROWS[i].error)};
        CLEANUP(buf_done) struct buf text = buf_new(ALARM_TEXT_MAX);
        alarm_destination_render(&tally, &text);
        CHECK_ROW(str_equal(buf_str(&text), str_of(ROWS[i].text)), ROWS[i].text);
    }
    CLEANUP(buf_done) struct buf name = buf_new(100);
    alarm_destination_name(STR("shop"), STR("webhook:crm"), &name);
    assert_true(str_equal(buf_str(&name), STR("webhook:crm of shop")));
}

/* "2..5": two messages today, five three days ago; what follows repeats to the end. */
static struct alarm_history history(const char *days, bool is_repeated)
{
    struct alarm_history made = {{0}};
    size_t len = strlen(days);

    for (size_t i = 0; i < ALARM_HISTORY_DAYS && (is_repeated || i < len); i++)
        if (days[i % len] != '.')
            made.days[i] = (uint32_t)(days[i % len] - '0');
    return made;
}

static void silence_is_measured_by_the_forms_own_history(void **state)
{
    static const struct {
        const char *days;
        bool is_repeated;
        uint32_t days_silent;
        bool is_raised;
    } ROWS[] = {
        {"11111111111", false, 0, false},
        {"..11111111111", false, 2, false},  /* under three days */
        {"...11111111111", false, 3, false}, /* 4 times a day is more */
        {"....11111111111", false, 4, true},
        {"....1.1.1.1.1.5", false, 4, false}, /* 4 times 2 */
        {"........1.1.1.1.1.5", false, 8, true},
        {"....9", false, 4, false}, /* fewer than ten */
        {"...91", false, 3, false},
        {"....91", false, 4, true},
        {".", false, 90, false},
        {"......1", true, 6, false}, /* weekly */
        {"...9", false, 3, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct alarm_history made = history(ROWS[i].days, ROWS[i].is_repeated);
        uint32_t days = 999;
        CHECK_ROW(alarm_silence(&made, &days) == ROWS[i].is_raised, ROWS[i].days);
        CHECK_ROW(days == ROWS[i].days_silent, ROWS[i].days);
    }
}

static void a_disk_is_nearly_full_by_share_or_by_size(void **state)
{
    static const uint64_t MB = 1024 * 1024, GB = 1024 * MB;

    (void)state;
    assert_false(alarm_disk(6 * GB, 100 * GB, false));
    assert_true(alarm_disk(4 * GB, 100 * GB, false));
    assert_true(alarm_disk(255 * MB, 1 * GB, false));
    assert_false(alarm_disk(257 * MB, 1 * GB, false));
    assert_true(alarm_disk(257 * MB, 1 * GB, true));
    assert_false(alarm_disk(330 * MB, 1 * GB, true));
    assert_true(alarm_disk(5900 * MB, 100 * GB, true));
    assert_true(alarm_disk(0, 1, false));
    assert_false(alarm_disk(0, 0, false)); /* not known */
}

static void a_certificate_is_told_of_two_weeks_before_its_end(void **state)
{
    static const int64_t DAY = 24 * 3600 * 1000, NOW = 1795000000000;
    static const struct {
        int64_t left_ms;
        enum certificate_state state;
        const char *text, *remedy;
    } ROWS[] = {
        {90 * DAY, CERTIFICATE_FINE, " is good until ", ""},
        {14 * DAY + 1, CERTIFICATE_FINE, " is good until ", ""},
        {14 * DAY, CERTIFICATE_NEAR, " ends at ", "see why that did not happen by itself"},
        {3 * DAY + 1, CERTIFICATE_NEAR, " ends at ", "see why that did not happen by itself"},
        {3 * DAY, CERTIFICATE_URGENT, " ends in less than three days, at ", "renew it now"},
        {1, CERTIFICATE_URGENT, " ends in less than three days, at ", "renew it now"},
        {0, CERTIFICATE_OVER, " has ended at ", "renew it now"},
        {-400 * DAY, CERTIFICATE_OVER, " has ended at ", "renew it now"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct buf text = buf_new(ALARM_TEXT_MAX), remedy = buf_new(ALARM_TEXT_MAX);
        char ends[CLOCK_TEXT_LEN + 1];
        clock_format(NOW + ROWS[i].left_ms, ends);
        alarm_certificate_render(STR("forms.example"), NOW + ROWS[i].left_ms, NOW, &text, &remedy);
        CHECK_ROW(alarm_certificate(NOW + ROWS[i].left_ms, NOW) == ROWS[i].state, ROWS[i].text);
        buf_put_char(&text, '\0');
        buf_put_char(&remedy, '\0');
        CHECK_ROW(strstr(remedy.ptr, ROWS[i].remedy), ROWS[i].text);
        CHECK_ROW((remedy.len == 1) == (ROWS[i].state == CERTIFICATE_FINE), ROWS[i].text);
        CHECK_ROW(!strstr(text.ptr, "renew"), ROWS[i].text);
        CHECK_ROW(strstr(text.ptr, ROWS[i].text) && strstr(text.ptr, ends), ROWS[i].text);
        CHECK_ROW(strstr(text.ptr, "the certificate of forms.example ") == text.ptr, ROWS[i].text);
        buf_done(&remedy);
        buf_done(&text);
    }
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        cmocka_unit_test(a_destination_must_have_failed_for_an_hour),
        cmocka_unit_test(a_destination_is_told_with_its_numbers_and_no_full_stop),
        cmocka_unit_test(silence_is_measured_by_the_forms_own_history),
        cmocka_unit_test(a_disk_is_nearly_full_by_share_or_by_size),
        cmocka_unit_test(a_certificate_is_told_of_two_weeks_before_its_end),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
