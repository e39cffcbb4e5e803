/* SPDX-License-Identifier: MIT */
/*
 * What admins do to submissions, one function per change: they run in the
 * committer's jobs, ask whether the one who asks may see the row, and are the
 * places where everything that follows from a change belongs.
 */
#ifndef CONTACTD_HANDLER_CHANGE_H
#define CONTACTD_HANDLER_CHANGE_H

#include "base/json.h"
#include "lesson.h"

struct change {
    bool has_state, has_star;
    enum submission_state state;
    bool is_starred;
};

/*
 * Reads "state" and "starred", of which one must be there, and nothing else; with
 * `is_bulk` there may be "ids". ERR_INVALID with a detail.
 */
MUST_CHECK enum err change_read(const json_t *object, bool is_bulk, struct change *ret_change,
                                struct err_detail *detail);

/*
 * Makes the change, and renders the submission as it is then into `out` (NULL: it is not
 * shown), and whose form it is. ERR_NOT_FOUND: there is none that `x` may see.
 */
MUST_CHECK enum err change_submission(struct lessons *lessons, const struct exchange *x,
                                      const struct id *id, const struct change *change,
                                      struct buf *out, char ret_form[FORM_NAME_MAX + 1]);

/* Deletes it for good. ERR_NOT_FOUND as above. */
MUST_CHECK enum err change_delete(struct app_ctx *ctx, struct store *writer,
                                  const struct exchange *x, const struct id *id);

#endif
