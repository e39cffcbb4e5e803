/* SPDX-License-Identifier: MIT */
/*
 * How far a request through the server's own public address came, and in words what
 * happened and what mends it. Pure; any thread.
 */
#ifndef CONTACTD_CORE_REACH_H
#define CONTACTD_CORE_REACH_H

#include "base/buf.h"

enum reach {
    REACH_ANSWERED,
    REACH_NO_NAME,       /* there is no address for it */
    REACH_NO_CONNECTION, /* nobody listens there */
    REACH_NO_TRUST,      /* its certificate is refused */
    REACH_TOO_LATE,
    REACH_BROKEN, /* there was a connection, but no answer of HTTP */
};

struct reach_answer {
    enum reach reach;
    struct str error; /* the transport's own words, where no answer came */
    int status;
    struct str body; /* its beginning, anybody's bytes; of a 3xx: where it leads */
};

/*
 * What an answer means that is not the right one. Appends what happened and what mends it, both
 * without a full stop; but for `error` in the same words each time.
 */
void reach_explain(const struct reach_answer *answer, struct buf *text, struct buf *remedy);

#endif
