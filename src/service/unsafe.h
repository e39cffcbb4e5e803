/* SPDX-License-Identifier: MIT */
/*
 * The committer with its promise broken on purpose: in a build made with
 * -DCONTACTD_TEST_UNSAFE, CONTACTD_TEST_ANSWER=early leaves transactions open
 * over many batches, so that jobs are told "on disk" when they are not. The
 * kill tests run against it once, to prove that they can fail. In every other
 * build this file is nothing.
 */
#ifndef CONTACTD_SERVICE_UNSAFE_H
#define CONTACTD_SERVICE_UNSAFE_H

#ifdef CONTACTD_TEST_UNSAFE

#include <stdlib.h>

#include "store/store.h"

enum { UNSAFE_BATCHES = 64 };

/* Owner: the committer's thread. */
static inline unsigned unsafe_batch(bool is_next)
{
    static unsigned batch;

    if (!getenv("CONTACTD_TEST_ANSWER"))
        return 0;
    batch = (batch + is_next) % UNSAFE_BATCHES;
    return batch;
}

static inline enum err unsafe_begin(struct store *store)
{
    return unsafe_batch(false) ? ERR_OK : store_begin(store);
}

static inline enum err unsafe_commit(struct store *store)
{
    return unsafe_batch(true) ? ERR_OK : store_commit(store);
}

#define store_begin  unsafe_begin
#define store_commit unsafe_commit

#endif
#endif
