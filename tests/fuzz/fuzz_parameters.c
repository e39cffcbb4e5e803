/* SPDX-License-Identifier: MIT */
/* Queries by a table: what is taken keeps the rules, and is read the same leniently. */
#include <stdlib.h>

#include "core/submission.h"
#include "http/exchange.h"

static const char *const WORDS[] = {"new", "read", "all", NULL};

static const struct parameter FIRST[] = {
    {"limit", PARAMETER_NUMBER, .min = 1, .max = 200, .fallback = 50},
    {"state", PARAMETER_WORD, .words = WORDS},
    {0},
};

static const struct parameter SECOND[] = {
    {"form", PARAMETER_TEXT, .fits = form_name_is_valid, .expected = "a form's name"},
    {"starred", PARAMETER_BOOLEAN, .help = ""},
    {"since", PARAMETER_TIME, .help = ""},
    {"q", PARAMETER_TEXT, .help = ""},
    {0},
};

static const struct parameters MORE = {SECOND, NULL};
static const struct parameters TABLE = {FIRST, &MORE};
static const struct route ROUTE = {.name = "fuzz", .query = &TABLE};

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_rules(const struct exchange *x)
{
    int64_t limit = parameter_number(x, "limit"), state = parameter_number(x, "state");
    struct str form = parameter_text(x, "form");

    check(limit >= 1 && limit <= 200);
    check(state >= 0 && state <= 2);
    check(!form.ptr || form_name_is_valid(form));
    check((parameter_number(x, "starred") | 1) == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct exchange strict = {.route = &ROUTE, .query = {(const char *)data, size}};
    struct exchange lenient = strict;

    arena_init(&strict.arena, 64 * 1024, NULL, 0);
    arena_init(&lenient.arena, 64 * 1024, NULL, 0);
    const char *wrong = parameters_read(&strict);
    parameters_read_leniently(&lenient);
    check_rules(&lenient);
    if (!wrong) {
        check_rules(&strict);
        check(parameter_number(&strict, "since") == parameter_number(&lenient, "since"));
        check(str_equal(parameter_text(&strict, "q"), parameter_text(&lenient, "q")));
    }
    arena_done(&strict.arena);
    arena_done(&lenient.arena);
    return 0;
}
