/* SPDX-License-Identifier: MIT */
/*
 * Who somebody is: verifies passwords and tokens off the HTTP threads, one
 * password at a time, remembers for a while what it has verified, and slows
 * down guessing without ever locking an owner out.
 */
#ifndef CONTACTD_SERVICE_SIGNIN_H
#define CONTACTD_SERVICE_SIGNIN_H

#include "base/job.h"
#include "core/credential.h"
#include "core/password.h"
#include "core/scope.h"
#include "core/session.h"
#include "service/commit.h"
#include "service/events.h"
#include "service/worker.h"

struct signin;

/* When a credential was found good, and whose it is: see signin_stands(). */
struct standing {
    uint64_t since;   /* on signin's own count of changes */
    uint16_t account; /* one of SIGNIN_ACCOUNTS places; two accounts may meet in one */
};

struct identity {
    char name[ACCOUNT_NAME_MAX + 1]; /* of the user or the token */
    enum access access;
    struct scope scope;
    bool is_token;
    enum role role;        /* of a user */
    int64_t expires_at_ms; /* wall; when it ends if it is not used: token or session; 0: never */
    struct standing standing;
    struct digest password; /* of the hash that the password was held against, else zero */

    bool is_session; /* it came with a cookie; then the next two are set */
    struct digest session;
    char csrf[SESSION_TEXT_LEN + 1];
};

struct signin_options {
    bool has_rate_limit;
    struct worker *readers; /* looks tokens and sessions up; borrowed */
    struct commit *commit;  /* notes when something was used; borrowed; NULL: nothing is noted */
    struct events *events;  /* whose watchers are recalled; borrowed; NULL: there are none */
};

/* Starts the hashing thread. `writer` as in worker_start(). */
MUST_CHECK enum err signin_start(struct store *writer, const struct signin_options *options,
                                 struct signin **ret_signin, struct err_detail *detail);
void signin_stop(struct signin *signin); /* NULL is allowed */

enum { SIGNIN_ACCOUNTS = 1024 };

/* False: the account was changed since, and who has it should be asked for it anew. Any thread. */
bool signin_stands(struct signin *signin, const struct standing *standing);

/*
 * One attempt. Lives in the caller's memory until done(); then job.result is
 * ERR_OK (identity is set), ERR_DENIED (wrong, whatever the reason), or another
 * error (not known).
 */
struct signin_attempt {
    struct job job; /* the caller sets job.done */
    struct identity identity;

    struct signin *signin;                    /* from here on signin's own */
    void (*told)(struct job *job, bool more); /* the caller's done() */
    struct credential credential;
    struct digest key;
    uint64_t since;      /* how many changes there were before the database was asked */
    bool is_for_session; /* not remembered: the caller makes a session of it */
    bool is_news;        /* and tells the audit log, if it was not told of the like just now */
    char scratch[CREDENTIAL_ROOM];
    char source[64];
};

enum signin_verdict {
    SIGNIN_KNOWN,     /* attempt->identity is set; nothing was started */
    SIGNIN_REFUSED,   /* not a credential at all; nothing was started */
    SIGNIN_THROTTLED, /* too many attempts; nothing was started, see *ret_wait_ms */
    SIGNIN_STARTABLE  /* call signin_verify() next */
};

/*
 * Looks at an Authorization header's value from `source` (an address as text).
 * Cheap; any thread. Times: `now_ms` monotonic.
 */
enum signin_verdict signin_begin(struct signin *signin, struct str authorization, struct str source,
                                 int64_t now_ms, struct signin_attempt *attempt,
                                 int64_t *ret_wait_ms);

/* The same for who makes a session; never SIGNIN_KNOWN: the password is always held against. */
enum signin_verdict signin_begin_password(struct signin *signin, struct str user,
                                          struct str password, struct str source, int64_t now_ms,
                                          struct signin_attempt *attempt, int64_t *ret_wait_ms);

/* The same for a session's secret as session_of_cookies() found it; never throttled. */
enum signin_verdict signin_begin_session(struct signin *signin, struct str value, int64_t now_ms,
                                         struct signin_attempt *attempt);

/* The brake of a source alone, for other doors than these. 0, or the milliseconds to wait. */
MUST_CHECK int64_t signin_throttle(struct signin *signin, struct str source, int64_t now_ms);

/* Gives the attempt away; attempt->job.done() follows exactly once. */
void signin_verify(struct signin_attempt *attempt);

/*
 * Forgets what was verified of an account, and recalls its watchers: call when it, or one of its
 * sessions, has changed. Any thread.
 */
void signin_forget(struct signin *signin, bool is_token, struct str name);

/* A new password on its way to its hash, which job.result being ERR_OK says is there. */
struct signin_hashing {
    struct job job;      /* the caller sets job.done */
    struct str password; /* borrowed until then */
    char hash[PASSWORD_HASH_LEN];
};

/* One at a time, in turn with those who sign in. done() follows exactly once. */
void signin_hash(struct signin *signin, struct signin_hashing *hashing);

#endif
