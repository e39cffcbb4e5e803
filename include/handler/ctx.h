/* SPDX-License-Identifier: MIT */
/* What the steps of a route work with: the services, and who asks. */
#ifndef CONTACTD_HANDLER_CTX_H
#define CONTACTD_HANDLER_CTX_H

#include <stdatomic.h>

#include "core/address.h"
#include "handler/description.h"
#include "handler/secrets.h"
#include "http/server.h"
#include "service/cache.h"
#include "service/canary.h"
#include "service/captcha.h"
#include "service/commit.h"
#include "service/echo.h"
#include "service/events.h"
#include "service/forms.h"
#include "service/limiter.h"
#include "service/outbox.h"
#include "service/quota.h"
#include "service/recent.h"
#include "service/signin.h"
#include "service/worker.h"

/* Set by a guard; lives in the exchange's arena. */
struct principal {
    struct identity identity;
    char actor[ACCOUNT_NAME_MAX + 8]; /* for the audit log: "ada", "token:ci" */
};

enum { SEARCHES_EACH_MAX = 4, SEARCH_RETRY_MS = 2000 };

/*
 * Filled by app before the server starts and constant from then on, but for
 * the atomics. Everything is borrowed.
 */
struct app_ctx {
    struct commit *commit;
    struct worker *readers;
    struct worker *searchers; /* for what may take long: searches, files, scans, counts */
    struct signin *signin;
    struct captcha *captcha;
    struct canary *canary; /* NULL: there is none */
    struct forms *forms;
    struct recent *recent;   /* the committer's thread only */
    struct limiter *limiter; /* of posts; NULL: there is no limit */
    const struct secrets *secrets;
    struct limiter *census; /* counts visits, for the spam score */
    struct cache *cache;    /* of lists that were just read */
    struct echo *echo;      /* and the forms that a text came to */
    const struct cidr *trusted_proxies;
    size_t trusted_proxy_count;

    _Atomic(struct description *) description; /* NULL until somebody has asked for it */

    /* Signs of a proxy that nobody has told us about; see handler/rate. */
    atomic_flag has_warned_forwarded, has_warned_one_source, has_warned_handshakes;
    atomic_uint_least64_t last_source; /* a hash */
    atomic_uint posts_of_last_source;

    /* The last proof that the database can be written; see handler/ops. */
    _Atomic int64_t ready_checked_ms; /* monotonic */
    atomic_bool is_ready;

    struct events *events;
    struct outbox *outbox;

    struct quota streams;
    unsigned streams_each; /* that one account may have */
    struct quota searches; /* per account, of what the searchers do */
};

#endif
