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
    int64_t now_ms;               /* wall */
};

/*
 * All that wait, but for what is under way, and that were given up. ERR_NOT_FOUND: the form
 * has no such destination, and never had deliveries to it.
 */
MUST_CHECK enum err retry_all(struct store *writer, const struct retry *retry, int64_t *ret_count,
                              struct err_detail *detail);

#endif
