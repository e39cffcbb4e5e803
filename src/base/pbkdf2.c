/* SPDX-License-Identifier: MIT */
/*
 * libsodium has HMAC-SHA-256 but not this derivation from it. The keyed state
 * is made once and copied for each round, which saves half of the hashing.
 */
#include "base/pbkdf2.h"

#include <assert.h>
#include <sodium.h>

enum { BLOCK = crypto_auth_hmacsha256_BYTES };

/* The first round's value: over the salt and the block's number from 1. */
static void first_round(crypto_auth_hmacsha256_state state, struct str salt, uint32_t number,
                        uint8_t ret_block[BLOCK])
{
    const uint8_t tail[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
                             (uint8_t)(number >> 8), (uint8_t)number};

    crypto_auth_hmacsha256_update(&state, (const unsigned char *)salt.ptr, salt.len);
    crypto_auth_hmacsha256_update(&state, tail, sizeof tail);
    crypto_auth_hmacsha256_final(&state, ret_block);
}

static void derive_block(const crypto_auth_hmacsha256_state *keyed, struct str salt,
                         uint32_t number, uint32_t iterations, uint8_t ret_block[BLOCK])
{
    uint8_t round[BLOCK];

    first_round(*keyed, salt, number, round);
    memcpy(ret_block, round, BLOCK);
    for (uint32_t i = 1; i < iterations; i++) {
        crypto_auth_hmacsha256_state state = *keyed;
        crypto_auth_hmacsha256_update(&state, round, BLOCK);
        crypto_auth_hmacsha256_final(&state, round);
        for (int k = 0; k < BLOCK; k++)
            ret_block[k] ^= round[k];
    }
}

void pbkdf2_sha256(struct str password, struct str salt, uint32_t iterations, uint8_t *ret_key,
                   size_t len)
{
    crypto_auth_hmacsha256_state keyed;
    uint8_t block[BLOCK];

    assert(iterations);
    crypto_auth_hmacsha256_init(&keyed, (const unsigned char *)password.ptr, password.len);
    for (uint32_t number = 1; len; number++) {
        size_t piece = len < BLOCK ? len : BLOCK;
        derive_block(&keyed, salt, number, iterations, block);
        memcpy(ret_key, block, piece);
        ret_key += piece;
        len -= piece;
    }
    sodium_memzero(&keyed, sizeof keyed);
    sodium_memzero(block, sizeof block);
}
