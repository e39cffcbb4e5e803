/* SPDX-License-Identifier: MIT */
/*
 * Deliveries that are started again by hand: all of a destination, there or at another one
 * of the same form. In the caller's transaction, with the writer; errors carry what is right.
 */
#ifndef CONTACTD_SERVICE_RETRY_H
#define CONTACTD_SERVICE_RETRY_H

#include "core/notice.h"
#include "store/store.h"

struct retry {
    struct str form, destination; /* form empty: the server's own alarms */
    const struct notice *notice;  /* who hears of the form now; NULL: nobody */
    struct str via;               /* whose settings say so: the form's, or the default one's */
    int64_t via_since_ms;         /* wall; when that form was made */
    int64_t now_ms;               /* wall */
};

/*
 * All that wait, but for what is under way, and that were given up. ERR_NOT_FOUND: the form
 * has no such destination, and never had deliveries to it.
 */
MUST_CHECK enum err retry_all(struct store *writer, const struct retry *retry, int64_t *ret_count,
                              struct err_detail *detail);

/*
 * The same, and what was withdrawn, to another destination of the form: under rows of their own
 * there. What stays behind is withdrawn, and says where it went; messages that have a delivery
 * there already get no other one, but if it is over, it starts again. At most RETRY_MOVED_MAX at
 * once. ERR_INVALID: this cannot be sent elsewhere, or not there. What a removed form had to tell
 * stays where it is; a form that is not registered has the default one's destinations only for
 * what went by that one's settings from the beginning, else it has none (ERR_NOT_FOUND).
 */
enum { RETRY_MOVED_MAX = 5000 };
MUST_CHECK enum err retry_all_elsewhere(struct store *writer, const struct retry *retry,
                                        struct str to, int64_t *ret_count,
                                        struct err_detail *detail);

/*
 * One delivery, whatever became of it, as long as its message is no spam; `retry` is of its form
 * and destination. `*ret_id`: its row there. ERR_EXISTS: it has arrived there, or is on its way, or
 * the form that was to tell it was removed. ERR_NOT_FOUND: as above.
 */
MUST_CHECK enum err retry_elsewhere(struct store *writer, const struct retry *retry,
                                    const struct id *id, struct str to, struct id *ret_id,
                                    struct err_detail *detail);

#endif
