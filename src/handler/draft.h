/* SPDX-License-Identifier: MIT */
/* A message that was not taken, as a form with everything that was typed. */
#ifndef CONTACTD_HANDLER_DRAFT_H
#define CONTACTD_HANDLER_DRAFT_H

#include "base/buf.h"
#include "page.h"

/*
 * Appends the form, with a button if it `may_be_sent`. `about->posted` is there and
 * comes from a form's body: its values are texts, and arrays and objects of them.
 */
void draft_put(struct buf *out, const struct page_error *about, bool may_be_sent);

#endif
