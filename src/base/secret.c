/* SPDX-License-Identifier: MIT */
/* The narrow door to libsodium's memory, randomness and hashing. */
#include "base/secret.h"

#include <sodium.h>

_Static_assert(DIGEST_KEY_BYTES >= crypto_generichash_KEYBYTES_MIN, "BLAKE2b takes this key");

enum err secret_start(void)
{
    return sodium_init() < 0 ? ERR_IO : ERR_OK;
}

enum err secret_set(struct secret *secret, struct str text)
{
    if (text.len > SECRET_MAX)
        return ERR_FULL;
    if (text.len)
        memcpy(secret->text, text.ptr, text.len);
    secret->text[text.len] = '\0';
    secret->len = text.len;
    return ERR_OK;
}

void secret_done(struct secret *secret)
{
    sodium_memzero(secret, sizeof *secret);
}

void secret_wipe(void *bytes, size_t len)
{
    sodium_memzero(bytes, len);
}

void secret_random(void *ret_bytes, size_t len)
{
    randombytes_buf(ret_bytes, len);
}

bool secret_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

struct digest digest_of(struct str text, const uint8_t *key)
{
    struct digest digest;

    crypto_generichash(digest.bytes, sizeof digest.bytes, (const unsigned char *)text.ptr, text.len,
                       key, key ? DIGEST_KEY_BYTES : 0);
    return digest;
}

_Static_assert(DIGEST_BYTES == crypto_auth_hmacsha256_BYTES, "SHA-256 gives as many");

struct digest hmac_sha256(struct str key, const struct str *parts, size_t count)
{
    crypto_auth_hmacsha256_state state;
    struct digest digest;

    crypto_auth_hmacsha256_init(&state, (const unsigned char *)key.ptr, key.len);
    for (size_t i = 0; i < count; i++)
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)parts[i].ptr, parts[i].len);
    crypto_auth_hmacsha256_final(&state, digest.bytes);
    sodium_memzero(&state, sizeof state);
    return digest;
}

_Static_assert(TABLE_KEY_BYTES == crypto_shorthash_siphashx24_KEYBYTES, "SipHash takes this key");

void table_hash(struct str text, const uint8_t key[TABLE_KEY_BYTES], uint64_t ret_words[2])
{
    unsigned char bytes[crypto_shorthash_siphashx24_BYTES];

    crypto_shorthash_siphashx24(bytes, (const unsigned char *)text.ptr, text.len, key);
    memcpy(ret_words, bytes, sizeof bytes);
}

enum { NONCE_BYTES = crypto_aead_chacha20poly1305_ietf_NPUBBYTES };

_Static_assert(SEAL_KEY_BYTES == crypto_aead_chacha20poly1305_ietf_KEYBYTES &&
                   SEAL_BYTES ==
                       NONCE_BYTES + sizeof(uint64_t) + crypto_aead_chacha20poly1305_ietf_ABYTES,
               "a seal is nonce, number and proof");

void seal_number(uint64_t number, const uint8_t key[SEAL_KEY_BYTES], uint8_t ret_seal[SEAL_BYTES])
{
    randombytes_buf(ret_seal, NONCE_BYTES);
    crypto_aead_chacha20poly1305_ietf_encrypt(ret_seal + NONCE_BYTES, NULL,
                                              (const unsigned char *)&number, sizeof number, NULL,
                                              0, NULL, ret_seal, key);
}

bool seal_open(const uint8_t seal[SEAL_BYTES], const uint8_t key[SEAL_KEY_BYTES],
               uint64_t *ret_number)
{
    unsigned char bytes[sizeof *ret_number];

    if (crypto_aead_chacha20poly1305_ietf_decrypt(bytes, NULL, NULL, seal + NONCE_BYTES,
                                                  SEAL_BYTES - NONCE_BYTES, NULL, 0, seal, key))
        return false;
    memcpy(ret_number, bytes, sizeof bytes);
    return true;
}
