/* SPDX-License-Identifier: MIT */
/* The session's cookie among others, and when a session ends. */
#include "core/session.h"

#include "check.h"

#define VALUE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define OTHER "_-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define OURS  SESSION_COOKIE "="

static void the_cookie_is_found_among_others_or_not_at_all(void **state)
{
    static const struct {
        const char *header, *value; /* NULL: none */
    } ROWS[] = {
        {OURS VALUE, VALUE},
        {OURS OTHER, OTHER},
        {" " OURS VALUE " ", VALUE},
        {"a=b; " OURS VALUE "; c=d", VALUE},
        {"a;" OURS VALUE ";;", VALUE},
        {"a=" OURS VALUE, NULL},
        {"", NULL},
        {"a=b", NULL},
        {OURS, NULL},
        {SESSION_COOKIE, NULL},
        {OURS VALUE "; " OURS VALUE, NULL},
        {OURS VALUE "; " OURS OTHER, NULL},
        {OURS VALUE "; " OURS, NULL},
        {SESSION_COOKIE "; " OURS VALUE, NULL},
        {OURS VALUE "A", NULL},
        {OURS "\"" VALUE "\"", NULL},
        {OURS "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL},
        {OURS "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", NULL}, /* stray bits */
        {OURS "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", NULL},
        {OURS "AAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAA", NULL},
        {"__host-contactd=" VALUE, NULL},
        {"x=1," OURS VALUE, NULL},
        {OURS VALUE "," OURS VALUE, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct str found = session_of_cookies(str_of(ROWS[i].header));
        CHECK_ROW(!found.ptr == !ROWS[i].value, ROWS[i].header);
        CHECK_ROW(str_equal(found, str_of(ROWS[i].value)), ROWS[i].header);
    }
    assert_null(session_of_cookies((struct str){0}).ptr);
}

static void a_text_is_what_256_bits_make(void **state)
{
    uint8_t random[SESSION_RANDOM_BYTES];
    char text[SESSION_TEXT_LEN + 1];

    (void)state;
    memset(random, 0xff, sizeof random);
    session_text_format(random, text);
    assert_int_equal(strlen(text), SESSION_TEXT_LEN);
    assert_true(session_text_is_well_formed(str_of(text)));
    assert_false(session_text_is_well_formed((struct str){text, SESSION_TEXT_LEN - 1}));
}

static void an_id_tells_hashes_apart(void **state)
{
    struct digest one = {{1}}, two = {{2}};
    char first[SESSION_ID_LEN + 1], second[SESSION_ID_LEN + 1];

    (void)state;
    session_id_format(&one, first);
    session_id_format(&two, second);
    assert_int_equal(strlen(first), SESSION_ID_LEN);
    assert_string_not_equal(first, second);
}

static void a_session_ends_idle_or_old(void **state)
{
    const int64_t day_ms = 86400000;
    struct session session = {.created_at_ms = 0, .seen_at_ms = 0, .expires_at_ms = 30 * day_ms};

    (void)state;
    assert_int_equal(session_ends_at_ms(&session), day_ms);
    session.seen_at_ms = 29 * day_ms - 1;
    assert_int_equal(session_ends_at_ms(&session), 30 * day_ms - 1);
    session.seen_at_ms = 29 * day_ms + 1;
    assert_int_equal(session_ends_at_ms(&session), 30 * day_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cookie_is_found_among_others_or_not_at_all),
        cmocka_unit_test(a_text_is_what_256_bits_make),
        cmocka_unit_test(an_id_tells_hashes_apart),
        cmocka_unit_test(a_session_ends_idle_or_old),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
