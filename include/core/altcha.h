/* SPDX-License-Identifier: MIT */
/*
 * Proof of work as ALTCHA's widgets and libraries speak it (altcha.org), in
 * both protocols: v1 is what widgets 1 and 2 know, v2 came with widget 3, which
 * knows both. Challenges are signed, bound to a form and expire; nothing is
 * kept until one is solved. That each counts once is the caller's business.
 * Pure; any thread.
 */
#ifndef CONTACTD_CORE_ALTCHA_H
#define CONTACTD_CORE_ALTCHA_H

#include "base/buf.h"
#include "base/secret.h"
#include "core/verdict.h"

enum {
    ALTCHA_KEY_LEN = 64,
    ALTCHA_RANDOM_BYTES = 32,
    ALTCHA_TEXT_MAX = 2048, /* bytes of a payload; real ones have 300 to 800 */
    ALTCHA_LIFE_MS = 20 * 60000,
    ALTCHA_EFFORT_LEAST = 16,    /* that can be told apart from none; for tests */
    ALTCHA_EFFORT_MIN = 50000,   /* that visitors are asked for */
    ALTCHA_EFFORT_MAX = 1000000, /* the most that old widgets try unless told */
};

/* Signs challenges. A text, because the libraries take the bytes of a text for their HMAC key. */
struct altcha_key {
    char text[ALTCHA_KEY_LEN + 1];
};

/* From the server's secret. Wipe it. */
void altcha_key_derive(const uint8_t secret[DIGEST_KEY_BYTES], struct altcha_key *ret_key);

struct altcha_load {
    uint32_t by_source;  /* posts of this source within the last hour */
    uint32_t by_all;     /* posts of everybody within the last minute */
    uint32_t multiplier; /* the form's own; 0 is 1 */
};

/*
 * How hard the next challenge is: EFFORT_MIN times the multiplier, the posts of
 * the source plus one, and the minutes' posts in sixties plus one; EFFORT_MAX at
 * most. Never less for more. See altcha_issue() for what it means.
 */
uint32_t altcha_effort(const struct altcha_load *load);

enum altcha_version { ALTCHA_V1 = 1, ALTCHA_V2 = 2 };

struct altcha_order {
    enum altcha_version version;
    struct str form; /* a valid form name */
    /*
     * v1: at most so many SHA-256, half of them on average. v2: sixteen times as
     * many rounds of PBKDF2 on average, of which checking one proof costs one
     * 256th or 4096th, so that it never costs more than 10,000.
     */
    uint32_t effort;       /* ALTCHA_EFFORT_LEAST to _MAX */
    int64_t expires_at_ms; /* wall time; whole seconds count */
    const uint8_t *random; /* ALTCHA_RANDOM_BYTES */
};

/* Appends the challenge as a JSON object: what the widget gets. */
void altcha_issue(struct buf *out, const struct altcha_key *key, const struct altcha_order *order);

/* What was read of a payload. */
struct altcha_proof {
    enum verdict verdict;

    /* Set when the verdict is FINE, OTHER_FORM or EXPIRED: then all of it is what we signed. */
    enum altcha_version version;
    int64_t expires_at_ms;
    struct digest digest; /* of the challenge, for the list of what is spent */

    /* What is left to be checked of a v2 proof. */
    uint32_t cost, counter;
    uint8_t nonce[16], salt[16], derived_key[32];
};

/*
 * Reads a payload and does all that is cheap, in the order of its cost. The
 * verdict is ABSENT (empty), MALFORMED, FORGED, WRONG, OTHER_FORM, EXPIRED, or
 * FINE, which means: ask the list of what is spent, then altcha_verify().
 * ERR_MEMORY is the only error.
 */
MUST_CHECK enum err altcha_read(const struct altcha_key *key, struct str form, struct str text,
                                int64_t now_ms, struct altcha_proof *ret_proof);

/*
 * The costly rest, for v2: derives the key once, at the price that we signed.
 * FINE or WRONG; what was not FINE before stays as it was.
 */
MUST_CHECK enum verdict altcha_verify(const struct altcha_proof *proof);

#endif
