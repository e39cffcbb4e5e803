/* SPDX-License-Identifier: MIT */
/*
 * The narrow door to argon2id. A stored hash says itself what verifying it
 * costs, and a database may have been restored from anywhere: so its cost is
 * read and bounded here before libsodium is given it.
 */
#include "core/password.h"

#include <sodium.h>

#include "base/secret.h"
#include "core/account.h"

enum { COST_KIB = 19456, COST_PASSES = 2 };
enum { COST_KIB_MIN = 8, COST_KIB_MAX = 64 * 1024, COST_PASSES_MAX = 10, COST_LANES_MAX = 1 };
enum { HASH_BYTES = 32 };

_Static_assert((size_t)PASSWORD_HASH_LEN == crypto_pwhash_STRBYTES, "libsodium's room");

enum err password_hash(struct str password, char ret_text[PASSWORD_HASH_LEN])
{
    if (password.len < PASSWORD_MIN || password.len > PASSWORD_MAX)
        return ERR_INVALID;
    if (crypto_pwhash_str_alg(ret_text, password.ptr, password.len, COST_PASSES,
                              (size_t)COST_KIB * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return ERR_MEMORY;
    return ERR_OK;
}

/* A hash as it is stored. */
struct stored {
    uint64_t kib, passes;
    uint8_t salt[crypto_pwhash_SALTBYTES];
    uint8_t hash[HASH_BYTES];
};

/* "m=19456", with a value from `min` to `max`. */
static bool parse_parameter(struct str text, char name, uint64_t min, uint64_t max,
                            uint64_t *ret_value)
{
    struct str rest = text;
    struct str found = str_cut(&rest, '=');

    return found.len == 1 && found.ptr[0] == name && str_to_u64(rest, max, ret_value) &&
           *ret_value >= min;
}

static bool parse_cost(struct str text, struct stored *ret_stored)
{
    struct str memory = str_cut(&text, ',');
    struct str passes = str_cut(&text, ',');
    uint64_t lanes;

    return parse_parameter(memory, 'm', COST_KIB_MIN, COST_KIB_MAX, &ret_stored->kib) &&
           parse_parameter(passes, 't', 1, COST_PASSES_MAX, &ret_stored->passes) &&
           parse_parameter(text, 'p', 1, COST_LANES_MAX, &lanes);
}

/* Exactly `len` bytes from base64 without padding. */
static bool parse_bytes(struct str text, uint8_t *ret_bytes, size_t len)
{
    const char *end = NULL;
    size_t found;

    return sodium_base642bin(ret_bytes, len, text.ptr, text.len, NULL, &found, &end,
                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
           found == len && end == text.ptr + text.len;
}

static bool parse(struct str text, struct stored *ret_stored)
{
    struct str before = str_cut(&text, '$');
    struct str algorithm = str_cut(&text, '$');
    struct str version = str_cut(&text, '$');
    struct str cost = str_cut(&text, '$');
    struct str salt = str_cut(&text, '$');

    return before.len == 0 && str_equal(algorithm, STR("argon2id")) &&
           str_equal(version, STR("v=19")) && parse_cost(cost, ret_stored) &&
           parse_bytes(salt, ret_stored->salt, sizeof ret_stored->salt) &&
           parse_bytes(text, ret_stored->hash, sizeof ret_stored->hash);
}

/* Not crypto_pwhash_str_verify(): that one takes want of memory for a wrong password. */
enum err password_verify(struct str password, struct str hash)
{
    struct stored stored;
    uint8_t computed[HASH_BYTES];

    if (!str_is_visible_ascii(hash) || !parse(hash, &stored))
        return ERR_INVALID;
    if (password.len > PASSWORD_MAX)
        return ERR_DENIED;
    if (crypto_pwhash(computed, sizeof computed, password.len ? password.ptr : "", password.len,
                      stored.salt, stored.passes, (size_t)stored.kib * 1024,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        return ERR_MEMORY;
    bool is_equal = secret_equal(computed, stored.hash, sizeof computed);
    secret_wipe(computed, sizeof computed);
    return is_equal ? ERR_OK : ERR_DENIED;
}

struct str password_dummy_hash(void)
{
    return STR("$argon2id$v=19$m=19456,t=2,p=1$"
               "UruQlO5AnV0NnoAz7dqL5Q$4uYT+Ooq7nAiwZarlTCKK7Pw4gakxV7+sPyqkuFEbZ4");
}

void password_generate(const uint8_t random[16], char ret_text[PASSWORD_GENERATED_LEN + 1])
{
    static const char ALPHABET[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* Crockford's: no i l o u */
    char *at = ret_text;
    unsigned pool = 0, bits = 0;

    for (int i = 0; i < 25; i++) {
        if (bits < 5) {
            pool = pool << 8 | *random++;
            bits += 8;
        }
        bits -= 5;
        if (i && i % 5 == 0)
            *at++ = '-';
        *at++ = ALPHABET[pool >> bits & 31];
    }
    *at = '\0';
}
