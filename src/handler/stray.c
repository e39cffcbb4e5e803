/* SPDX-License-Identifier: MIT */
/*
 * Posts from pages that have got the address wrong: a slip in `action` must not
 * end in raw JSON, and a script's author must be able to read what is wrong.
 * Everybody else, and whoever asks the admin API, is answered plainly.
 */
#include "cors.h"
#include "handler/routes.h"
#include "http/reply.h"
#include "post.h"

static bool is_from_page(const struct exchange *x)
{
    return x->headers[HEADER_ORIGIN].ptr && !str_starts_with(x->path, STR("/admin"));
}

static void stray_dress(struct app_ctx *ctx, struct exchange *x)
{
    if (is_from_page(x))
        cors_dress(ctx, x);
}

static enum flow stray_problem(struct exchange *x, enum problem problem, const char *message,
                               struct str errors)
{
    if (is_from_page(x))
        return answer_problem(x, problem, message, errors);
    x->style = NULL;
    return reply_problem_errors(x, problem, message, errors);
}

const struct reply_style STRAY_STYLE = {.dress = stray_dress, .problem = stray_problem};
