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

/* Adds a header; `value` is static or in the exchange's arena. Beyond REPLY_HEADERS_MAX: ignored.
 */
void reply_header(struct exchange *x, const char *name, const char *value);

/* Forgets what was written so far. */
void reply_reset(struct exchange *x);

#endif
