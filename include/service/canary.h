/* SPDX-License-Identifier: MIT */
/*
 * The canary: every so often the server posts a message to itself, all the way round through
 * its public address, as a visitor's browser would, and looks whether the answer is its own.
 * Without that it only looks, twice a day, when the certificate there ends.
 *
 * A message is known by its token: random, never twice the same, good for one post
 * while this process waits for its answer. So nobody gains anything by having seen one,
 * and another contactd does not know it.
 */
#ifndef CONTACTD_SERVICE_CANARY_H
#define CONTACTD_SERVICE_CANARY_H

#include "base/buf.h"
#include "service/forms.h"

struct canary;

/* Where its messages are posted to, behind the public address. No form can have the name. */
#define CANARY_PATH "/contact/~canary"

enum { CANARY_TOKEN_LEN = 43, CANARY_REASON_MAX = 700 };

struct canary_options {
    const char *public_url; /* borrowed, as the other one */
    const char *ca_file;    /* NULL: the system's certificates alone */
    int64_t every_ms;       /* 0: no messages, the certificate alone */
    int64_t first_ms;       /* how soon */
};

/* What is known of the way through the public address. */
struct canary_news {
    enum { CANARY_UNKNOWN, CANARY_FINE, CANARY_FAILING } message;
    char reason[CANARY_REASON_MAX + 1]; /* of FAILING: what happens; what mends it */
    bool has_certificate;               /* it is an https address */
    int64_t certificate_ends_ms;        /* wall; 0: not known yet */
};

MUST_CHECK enum err canary_new(const struct canary_options *options, struct canary **ret_canary,
                               struct err_detail *detail);
void canary_free(struct canary *canary); /* NULL is allowed */

/* --- the thread of the watch; NULL is not allowed ------------------------- */

/* When the next try is due (mono). */
int64_t canary_due_ms(const struct canary *canary);
/* Tries, for ten seconds at most; whether there is other news than before. Failing is news when it
   happened twice in a row. */
bool canary_try(struct canary *canary);
const struct canary_news *canary_news(const struct canary *canary);
bool canary_has_messages(const struct canary *canary);
struct str canary_url(const struct canary *canary);

/* --- any thread ----------------------------------------------------------- */

/* Ends a try that is under way, and every further one at once; they say nothing. NULL is allowed.
 */
void canary_break_off(struct canary *canary);

/*
 * Whether this is the token of the message that is under way; it is used up by that. Then the
 * answer must have `ret_proof`. NULL: there is none.
 */
MUST_CHECK bool canary_take(struct canary *canary, struct str token,
                            char ret_proof[CANARY_TOKEN_LEN + 1]);

/* The rules that its messages are held against: the built-in ones, whatever forms there are. */
const struct form_entry *canary_form(const struct canary *canary);

#endif
