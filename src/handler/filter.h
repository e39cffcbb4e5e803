/* SPDX-License-Identifier: MIT */
/* Query parameters that say which messages are meant, for lists and exports alike. */
#ifndef CONTACTD_HANDLER_FILTER_H
#define CONTACTD_HANDLER_FILTER_H

#include "handler/ctx.h"

extern const struct parameters FILTER_PARAMETERS;

/*
 * What was asked for, as far as the principal may see it. Texts point into the
 * exchange. Only for routes whose query table has the rows above. False: no memory.
 */
MUST_CHECK bool filter_read(struct exchange *x, struct submission_filter *ret_filter);

#endif
