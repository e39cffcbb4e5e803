/* SPDX-License-Identifier: MIT */
/* What went wrong on the way to ourselves, in words. */
#include "core/reach.h"

#include "check.h"

struct row {
    struct reach_answer answer;
    const char *text, *remedy; /* parts of them */
};

#define ANSWER(status_, body_)                                                                     \
    {                                                                                              \
        .status = (status_), .body = {(body_), sizeof(body_) - 1 }                                 \
    }
#define SILENCE(reach_, error_)                                                                    \
    {                                                                                              \
        .reach = (reach_), .error = {(error_), sizeof(error_) - 1 }                                \
    }

static void each_is_named_with_what_mends_it(void **state)
{
    static const struct row ROWS[] = {
        {SILENCE(REACH_NO_NAME, "no such host"), "its name leads nowhere: no such host",
         "DNS record"},
        {SILENCE(REACH_NO_CONNECTION, "refused"), "no connection comes about: refused",
         "see that the proxy runs"},
        {SILENCE(REACH_NO_TRUST, "expired"), "its certificate is refused: expired", "ca-file"},
        {SILENCE(REACH_TOO_LATE, "10 s"), "no answer came in time: 10 s", "firewall"},
        {SILENCE(REACH_BROKEN, "empty"), "no answer came: empty", "log"},
        {ANSWER(301, "https://www.example/"), "it leads elsewhere (301), to https://www.example/",
         "set public-url"},
        {ANSWER(307, "https://x\r\n\x1b[2J\xff"), "to https://x???[2J?", "set public-url"},
        {ANSWER(302, ""), "it leads elsewhere (302)", "set public-url"},
        {ANSWER(401, ""), "something before contactd refuses it (401)", "/contact"},
        {ANSWER(403, "<html>"), "something before contactd refuses it (403)", "/contact"},
        {ANSWER(429, "{}"), "something before contactd refuses it (429)", "/contact"},
        {ANSWER(502, "<html>"), "a proxy answers 502 and does not reach contactd", "listens on"},
        {ANSWER(503, ""), "a proxy answers 503 and does not reach contactd", "listens on"},
        {ANSWER(504, ""), "a proxy answers 504 and does not reach contactd", "listens on"},
        {ANSWER(522, "error"), "a proxy answers 522 and does not reach contactd", "listens on"},
        {ANSWER(200, "<html>"), "something else than contactd answers (200)", "public-url"},
        {ANSWER(200, "{\"status\":\"ok\"}"), "something else than contactd answers (200)",
         "public-url"},
        {ANSWER(404, "not here"), "something else than contactd answers (404)", "/contact on"},
        {ANSWER(404, "{\"code\":\"not_found\"}"), "something else than contactd answers (404)",
         "/contact on"},
        {ANSWER(404, "{\"code\":404,\"reason\":\"form_not_found\",\"requestId\":\"1\"}"),
         "another contactd answers there", "old machine"},
        {ANSWER(404, "{\"code\":\"not_found\",\"requestId\":\"1\"}"), "another path", "unchanged"},
        {ANSWER(503, "{\"code\":503,\"reason\":\"unavailable\",\"requestId\":\"1\"}"),
         "contactd cannot store it (503)", "disk"},
        {ANSWER(500, "{\"code\":\"internal\",\"requestId\":\"1\"}"), "contactd cannot answer it",
         "log"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct buf text = buf_new(1000), remedy = buf_new(1000);
        reach_explain(&ROWS[i].answer, &text, &remedy);
        CHECK_ROW(buf_status(&text) == ERR_OK && buf_status(&remedy) == ERR_OK, ROWS[i].text);
        CHECK_ROW(memmem(text.ptr, text.len, ROWS[i].text, strlen(ROWS[i].text)), ROWS[i].text);
        CHECK_ROW(memmem(remedy.ptr, remedy.len, ROWS[i].remedy, strlen(ROWS[i].remedy)),
                  ROWS[i].text);
        buf_done(&text);
        buf_done(&remedy);
    }
}

static void what_differs_each_time_is_left_out(void **state)
{
    const struct reach_answer answer = {.status = 302, .body = STR("https://sso.example/?state=1")};
    struct buf text = buf_new(1000), remedy = buf_new(1000);

    (void)state;
    reach_explain(&answer, &text, &remedy);
    check_str(buf_str(&text), "it leads elsewhere (302), to https://sso.example/");
    buf_done(&text);
    buf_done(&remedy);
}

static void a_long_target_is_cut(void **state)
{
    static const char LONG[5000];
    const struct reach_answer answer = {.status = 301, .body = {LONG, sizeof LONG}};
    struct buf text = buf_new(1000), remedy = buf_new(1000);

    (void)state;
    reach_explain(&answer, &text, &remedy);
    assert_int_equal(buf_status(&text), ERR_OK);
    assert_true(text.len < 300);
    buf_done(&text);
    buf_done(&remedy);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("each is named with what mends it", each_is_named_with_what_mends_it),
        CASE("a long target is cut", a_long_target_is_cut),
        CASE("what differs each time is left out", what_differs_each_time_is_left_out),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
