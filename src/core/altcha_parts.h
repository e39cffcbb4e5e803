/* SPDX-License-Identifier: MIT */
/* What the two protocols of core/altcha share. Private to it. */
#ifndef CONTACTD_CORE_ALTCHA_PARTS_H
#define CONTACTD_CORE_ALTCHA_PARTS_H

#include "base/json.h"
#include "core/altcha.h"

enum { HEX_LEN = 64 }; /* of a SHA-256 or HMAC, lower-case */

/* What a genuine challenge says; texts borrow from the payload. */
struct claim {
    struct str form;
    int64_t expires_at_s;
};

struct mac {
    char hex[HEX_LEN + 1];
};

/* HMAC-SHA-256 (RFC 2104) in hexadecimal. */
struct mac altcha_sign(const struct altcha_key *key, struct str text);

/* Constant time in the content. */
bool altcha_hex_equal(const char hex[HEX_LEN + 1], struct str text);

/* The digest by which a challenge is remembered: of its genuine signature. */
struct digest altcha_spent_digest(const struct mac *mac);

void altcha_issue_v1(struct buf *out, const struct altcha_key *key,
                     const struct altcha_order *order);
void altcha_issue_v2(struct buf *out, const struct altcha_key *key,
                     const struct altcha_order *order);

/*
 * The verdict MALFORMED, FORGED, WRONG or, with the proof and claim filled in,
 * FINE. A v1 proof is then fully checked; it costs one SHA-256.
 */
enum verdict altcha_read_v1(const struct altcha_key *key, const json_t *payload,
                            struct altcha_proof *proof, struct claim *ret_claim);
MUST_CHECK enum err altcha_read_v2(const struct altcha_key *key, const json_t *payload,
                                   struct altcha_proof *proof, struct claim *ret_claim);

#endif
