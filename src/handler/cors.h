/* SPDX-License-Identifier: MIT */
/* Cross-origin headers on the doors of forms. */
#ifndef CONTACTD_HANDLER_CORS_H
#define CONTACTD_HANDLER_CORS_H

#include "http/exchange.h"

/*
 * Lets the page that asked read the reply, whatever it is (Fetch Standard,
 * section 3.2): an error that a page cannot read is "CORS error" to its author,
 * and no credentials are at stake. Whether its message is taken is decided by
 * the form's origins, and answered in words. For reply_style.dress.
 */
void cors_dress(struct app_ctx *ctx, struct exchange *x);

#endif
