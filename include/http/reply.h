/* SPDX-License-Identifier: MIT */
/* Ready-made replies. All return FLOW_DONE; owner of the exchange only. */
#ifndef CONTACTD_HTTP_REPLY_H
#define CONTACTD_HTTP_REPLY_H

#include "http/exchange.h"
#include "http/problem.h"

enum { REPLY_BODY_MAX = 8 * 1024 * 1024 };

/* A JSON reply whose body the caller goes on to write into x->reply.body. */
enum flow reply_json(struct exchange *x, unsigned status);

/* Plain text in UTF-8, likewise. */
enum flow reply_text(struct exchange *x, unsigned status);

/* 204: done, and there is nothing to say. */
enum flow reply_nothing(struct exchange *x);

/*
 * The error as the route's style has it, or else as application/problem+json
 * (RFC 9457); `message` (may be NULL) tells this case to a person.
 */
enum flow reply_problem(struct exchange *x, enum problem problem, const char *message);

/* The same with "errors", a rendered JSON array. */
enum flow reply_problem_errors(struct exchange *x, enum problem problem, const char *message,
                               struct str errors);

/* A problem with Retry-After in whole seconds, at least 1. */
enum flow reply_retry_later(struct exchange *x, enum problem problem, int64_t wait_ms);

/*
 * A reply whose body comes in pieces, with x->reply.status (0: 200) and
 * content_type as the caller has set them. `more` is called whenever the
 * client has taken what there was: it puts bytes into x->reply.body, which is
 * empty, and returns FLOW_NEXT; or waits like any step, and goes on where
 * exchange_wait() says; or returns FLOW_DONE at the end, when what is in the body is
 * the last of it. A body whose status is not ERR_OK cuts the connection, so that
 * the client sees that something is missing; reply_cut() does so on purpose.
 * When the client leaves, or stalls for reply_timeout_ms, or the server stops,
 * `more` is not called again. Not called at all for HEAD. See exchange's hurry.
 */
enum flow reply_stream(struct exchange *x, step_fn more);

/* What `more` returns when it cannot go on. */
enum flow reply_cut(struct exchange *x);

/* Adds a header; `value` is static or in the exchange's arena. Beyond REPLY_HEADERS_MAX: ignored.
 */
void reply_header(struct exchange *x, const char *name, const char *value);

/* Forgets what was written so far. */
void reply_reset(struct exchange *x);

#endif
