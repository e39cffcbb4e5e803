/* SPDX-License-Identifier: MIT */
/* How many messages are taken: per source, per form, and all together. */
#ifndef CONTACTD_HANDLER_RATE_H
#define CONTACTD_HANDLER_RATE_H

#include "handler/ctx.h"

/* A post that breaks its form's rules costs its sender nothing: people correct their mistakes. */
void rate_give_back(struct app_ctx *ctx, struct exchange *x);

/* The form's own limit. 0, or the milliseconds to wait; `x` then has the reply. */
int64_t rate_take_form(struct app_ctx *ctx, struct exchange *x, const struct form_entry *form,
                       struct str name);

#endif
