/* SPDX-License-Identifier: MIT */
/*
 * Questions to the outside that `doctor` asks: what the name server knows, and what an address
 * answers to a GET. Both wait, for a bounded time whatever happens; any thread.
 */
#ifndef CONTACTD_NOTIFY_LOOKUP_H
#define CONTACTD_NOTIFY_LOOKUP_H

#include "core/dns_answer.h"
#include "core/reach.h"

/*
 * The records of one type at `name`, as dns_answer_read() writes them. ERR_NOT_FOUND:
 * there are none. ERR_IO: no name server answers; the detail says so.
 */
MUST_CHECK enum err lookup_records(const char *name, enum dns_type type, struct buf *out,
                                   struct err_detail *detail);

struct lookup_page {
    enum reach reach; /* known without an answer too */
    int status;
    int64_t date_ms;    /* what the other side's clock says, wall; 0: it does not */
    int64_t expires_ms; /* its certificate does, wall; 0: unknown */
    bool has_moved;     /* a 3xx: where to is in `body` */
};

/* ERR_IO: no answer; the detail says why. Bodies longer than `body` holds are cut. */
MUST_CHECK enum err lookup_get(const char *url, const char *ca_file, struct buf *body,
                               struct lookup_page *ret_page, struct err_detail *detail);

#endif
