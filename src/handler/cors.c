/* SPDX-License-Identifier: MIT */
/*
 * CORS as wire.md c.8 asks: preflights answer with whatever headers were asked
 * for, since each service's client brings its own, and Origin is reflected
 * rather than '*', so that a proxy's cache keeps pages apart.
 */
#include "cors.h"

#include "http/reply.h"

enum { REQUEST_HEADERS_MAX = 1024 };

static void dress_preflight(struct exchange *x)
{
    struct str wanted = x->headers[HEADER_ACCESS_CONTROL_REQUEST_HEADERS];

    reply_header(x, "Access-Control-Allow-Methods", "POST, OPTIONS");
    reply_header(x, "Access-Control-Max-Age", "86400");
    if (wanted.len && wanted.len <= REQUEST_HEADERS_MAX)
        reply_header(x, "Access-Control-Allow-Headers", arena_copy(&x->arena, wanted));
}

void cors_dress(struct app_ctx *ctx, struct exchange *x)
{
    struct str origin = x->headers[HEADER_ORIGIN];

    (void)ctx;
    if (!origin.ptr)
        return;
    reply_header(x, "Access-Control-Allow-Origin", arena_copy(&x->arena, origin));
    reply_header(x, "Vary", "Origin");
    if (str_equal(x->method, STR("OPTIONS")))
        dress_preflight(x);
    else
        reply_header(x, "Access-Control-Expose-Headers",
                     "Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Location");
}
