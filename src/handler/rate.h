/* SPDX-License-Identifier: MIT */
/* How many messages are taken: per source, per form, and all together; and how many handshakes. */
#ifndef CONTACTD_HANDLER_RATE_H
#define CONTACTD_HANDLER_RATE_H

#include "handler/ctx.h"

/*
 * A post that breaks its form's rules costs nobody anything: people correct their
 * mistakes, and who makes many must not close the form for others. After
 * guard_rate() and rate_take_form() of the form `name`.
 */
void rate_give_back(struct app_ctx *ctx, struct exchange *x, struct str name);

/* Only what rate_take_form() took: nothing was stored. */
void rate_give_back_form(struct app_ctx *ctx, struct str name);

/* The form's own limit. 0, or the milliseconds to wait; `x` then has the reply. */
int64_t rate_take_form(struct app_ctx *ctx, struct exchange *x, const struct form_entry *form,
                       struct str name);

/* Takes one handshake of TLS of `source`, an address; false: it has begun too many. */
bool rate_take_shake(struct app_ctx *ctx, struct str source);

#endif
