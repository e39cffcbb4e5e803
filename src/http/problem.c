/* SPDX-License-Identifier: MIT */
/* The table of errors, and nothing else. */
#include "http/problem.h"

struct problem_row {
    const char *code, *text;
    unsigned status;
};

#define PROBLEM_AS_ROW(name, code_, status_, text_)                                                \
    [PROBLEM_##name] = {.code = code_, .text = text_, .status = status_},
static const struct problem_row ROWS[PROBLEM__COUNT] = {PROBLEM_LIST(PROBLEM_AS_ROW)};
#undef PROBLEM_AS_ROW

const char *problem_code(enum problem problem)
{
    return ROWS[problem].code;
}

unsigned problem_status(enum problem problem)
{
    return ROWS[problem].status;
}

const char *problem_text(enum problem problem)
{
    return ROWS[problem].text;
}
