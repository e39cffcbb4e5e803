/* SPDX-License-Identifier: MIT */
/* One page of a list, row by row into a reply, and the cursor of the next. Any thread. */
#ifndef CONTACTD_HANDLER_LISTING_H
#define CONTACTD_HANDLER_LISTING_H

#include "base/buf.h"

struct listing {
    struct buf *out;
    int max, rows; /* that the page may hold, and that it holds */
    size_t row_at; /* where the row begins that is being written */
    int64_t last;  /* what the cursor continues from: the last row's place in the list */
    bool has_more; /* than this page; then the walk through the rows ended early */
};

/* Before a row is rendered. ERR_FULL: the page has as many as it may; ends the walk. */
MUST_CHECK enum err listing_open_row(struct listing *self);

/*
 * Behind it; `place` is the row's own. ERR_FULL as above: rather than grow beyond what a
 * reply may hold, the page ends before the row, unless it is the only one.
 */
MUST_CHECK enum err listing_close_row(struct listing *self, int64_t place);

/* "next": the cursor, or null behind the last page. */
void listing_put_next(const struct listing *self);

#endif
