/* SPDX-License-Identifier: MIT */
/* Guards: the first steps of a route. FLOW_NEXT lets the request pass. */
#ifndef CONTACTD_HANDLER_GUARDS_H
#define CONTACTD_HANDLER_GUARDS_H

#include "handler/ctx.h"

/* Anybody may. Written into the row, so that a forgotten guard is noticed. */
enum flow guard_open(struct app_ctx *ctx, struct exchange *x);

/* Whoever has not posted too much: by source, and all together. */
enum flow guard_rate(struct app_ctx *ctx, struct exchange *x);

/* The same for what pages fetch before they post. */
enum flow guard_rate_reads(struct app_ctx *ctx, struct exchange *x);

/* The server's own message to itself; anybody else as guard_rate(). See canary.c. */
enum flow guard_canary(struct app_ctx *ctx, struct exchange *x);

/* A user or token that may read; sets x->principal. */
enum flow guard_read(struct app_ctx *ctx, struct exchange *x);

/* The same for who may change messages, and who may change everything. */
enum flow guard_write(struct app_ctx *ctx, struct exchange *x);
enum flow guard_manage(struct app_ctx *ctx, struct exchange *x);

/* For accounts and the audit log: who may change everything, on all forms. */
enum flow guard_owner(struct app_ctx *ctx, struct exchange *x);

/* For routes without query parameters: whoever sends one expects what is not there. */
enum flow guard_no_query(struct app_ctx *ctx, struct exchange *x);

/* 401, with the browser's own dialog only where a person has asked for a page. */
enum flow guard_sign_in(struct exchange *x);

/*
 * Each of these also holds the query against the route's table of parameters,
 * once it is known who asks: what is not in it is an error. Only rows that say
 * nothing of their replies are let off, since they are not described yet.
 */

/* What the guards of a route ask for; for the description. */
struct demand {
    enum access access; /* ACCESS_NONE: anybody may */
    bool is_rated;      /* not too often */
    bool takes_no_query;
    bool may_be_local; /* from this machine without a credential */
};

struct demand guards_demand(const struct route *route);

/* Whether the table that this is read from has the guard; a new one must be there. */
bool guards_know(step_fn guard);

/*
 * Whether who asks may know of this form and its messages. What one may not see
 * does not exist: the answer is 404, as for a wrong id. After one of the guards above.
 */
bool principal_sees(const struct exchange *x, struct str form);

/* Whoever is on this machine and not behind a proxy; else who may read all forms. */
enum flow guard_local_or_read(struct app_ctx *ctx, struct exchange *x);

#endif
