/* SPDX-License-Identifier: MIT */
/*
 * Bytes that must not leak: wiped when done, compared in constant time, never
 * logged. Randomness and keyed hashing come from libsodium.
 */
#ifndef CONTACTD_BASE_SECRET_H
#define CONTACTD_BASE_SECRET_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* Must succeed once, before anything else here, on the main thread. */
MUST_CHECK enum err secret_start(void);

enum { SECRET_MAX = 1024 };

/* A secret text of at most SECRET_MAX bytes, always NUL-terminated. Wipe with secret_done(). */
struct secret {
    char text[SECRET_MAX + 1];
    size_t len;
};

/* ERR_FULL when `text` is longer than SECRET_MAX. */
MUST_CHECK enum err secret_set(struct secret *secret, struct str text);
void secret_done(struct secret *secret);

/* Overwrites memory in a way that the compiler does not remove. */
void secret_wipe(void *bytes, size_t len);

/* Cryptographically strong random bytes. Any thread. */
void secret_random(void *ret_bytes, size_t len);

/* Constant time in the content; equal lengths are the caller's business. */
bool secret_equal(const void *a, const void *b, size_t len);

enum { DIGEST_BYTES = 32, DIGEST_KEY_BYTES = 32 };

struct digest {
    uint8_t bytes[DIGEST_BYTES];
};

/*
 * BLAKE2b-256 (RFC 7693) of `text`, keyed when `key` is not NULL
 * (DIGEST_KEY_BYTES long). Any thread.
 */
struct digest digest_of(struct str text, const uint8_t *key);

/* HMAC-SHA-256 (RFC 2104) of the parts, one behind the other. Any thread. */
struct digest hmac_sha256(struct str key, const struct str *parts, size_t count);

/* A quick keyed hash for tables that strangers fill (SipHash-2-4, 128 bits); not for secrets. */
enum { TABLE_KEY_BYTES = 16 };
void table_hash(struct str text, const uint8_t key[TABLE_KEY_BYTES], uint64_t ret_words[2]);

/*
 * A number that only we can read: SEAL_BYTES that are others each time
 * (ChaCha20-Poly1305 under a random nonce). Nobody learns anything from
 * them, not even whether two are of the same number. Any thread.
 */
enum { SEAL_BYTES = 36, SEAL_KEY_BYTES = 32 };
void seal_number(uint64_t number, const uint8_t key[SEAL_KEY_BYTES], uint8_t ret_seal[SEAL_BYTES]);

/* False: it was not sealed with this key. */
MUST_CHECK bool seal_open(const uint8_t seal[SEAL_BYTES], const uint8_t key[SEAL_KEY_BYTES],
                          uint64_t *ret_number);

static inline bool digest_equal(const struct digest *a, const struct digest *b)
{
    return secret_equal(a->bytes, b->bytes, DIGEST_BYTES);
}

#endif
