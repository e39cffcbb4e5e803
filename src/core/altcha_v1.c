/* SPDX-License-Identifier: MIT */
/*
 * ALTCHA v1. The challenge is the SHA-256 of a salt and a number, which is to be
 * found; only the challenge is signed. What the salt says (expiry, form) is
 * therefore genuine only once salt and number have given the challenge, and
 * only because the salt ends in '&': else digits could wander from the number
 * into the expiry and the sum would be the same.
 */
#include <sodium.h>

#include "altcha_parts.h"
#include "core/submission.h"

enum {
    SALT_RANDOM_BYTES = 12,
    SALT_HEX_LEN = 2 * SALT_RANDOM_BYTES,
    SALT_MAX = SALT_HEX_LEN + sizeof "?expires=18446744073709551615&form=&" + FORM_NAME_MAX,
};

#define ALGORITHM "SHA-256"

/* The hash that widgets compute: of the salt and the number in decimal. */
static void hash(struct str salt, uint64_t number, char ret_hex[HEX_LEN + 1])
{
    crypto_hash_sha256_state state;
    uint8_t bytes[crypto_hash_sha256_BYTES];
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)salt.ptr, salt.len);
    crypto_hash_sha256_update(&state, (const unsigned char *)digits, (unsigned long long)len);
    crypto_hash_sha256_final(&state, bytes);
    sodium_bin2hex(ret_hex, HEX_LEN + 1, bytes, sizeof bytes);
}

static struct str make_salt(const struct altcha_order *order, char room[SALT_MAX])
{
    char hex[SALT_HEX_LEN + 1];

    sodium_bin2hex(hex, sizeof hex, order->random, SALT_RANDOM_BYTES);
    snprintf(room, SALT_MAX, "%s?expires=%llu&form=%.*s&", hex,
             (unsigned long long)(order->expires_at_ms / 1000), (int)order->form.len,
             order->form.ptr);
    return str_of(room);
}

/* 1 to the effort. Of 64 bits the remainder's bias is nothing. */
static uint64_t pick_number(const struct altcha_order *order)
{
    uint64_t chance;

    memcpy(&chance, order->random + SALT_RANDOM_BYTES, sizeof chance);
    return 1 + chance % order->effort;
}

void altcha_issue_v1(struct buf *out, const struct altcha_key *key,
                     const struct altcha_order *order)
{
    char room[SALT_MAX], challenge[HEX_LEN + 1];

    struct str salt = make_salt(order, room);
    hash(salt, pick_number(order), challenge);
    struct mac mac = altcha_sign(key, str_of(challenge));
    js_open(out, '{');
    js_field_string(out, "algorithm", STR(ALGORITHM));
    js_field_string(out, "challenge", str_of(challenge));
    js_field_u64(out, "maxnumber", order->effort);
    js_field_string(out, "salt", salt);
    js_field_string(out, "signature", str_of(mac.hex));
    js_close(out, '}');
}

/* Takes `prefix` off `text`; false when it does not begin so. */
static bool take(struct str *text, struct str prefix)
{
    if (!str_starts_with(*text, prefix))
        return false;
    text->ptr += prefix.len;
    text->len -= prefix.len;
    return true;
}

/* Only what make_salt() writes. */
static bool read_salt(struct str salt, struct claim *ret_claim)
{
    uint64_t expires;

    if (salt.len < SALT_HEX_LEN)
        return false;
    struct str rest = {salt.ptr + SALT_HEX_LEN, salt.len - SALT_HEX_LEN};
    if (!take(&rest, STR("?expires=")) ||
        !str_to_u64(str_cut(&rest, '&'), INT64_MAX / 1000, &expires) || !rest.ptr ||
        !take(&rest, STR("form=")))
        return false;
    *ret_claim = (struct claim){str_cut(&rest, '&'), (int64_t)expires};
    return rest.ptr && rest.len == 0;
}

enum verdict altcha_read_v1(const struct altcha_key *key, const json_t *payload,
                            struct altcha_proof *proof, struct claim *ret_claim)
{
    const json_t *number = json_object_get(payload, "number");
    struct str challenge = js_get_string(payload, "challenge");
    struct str salt = js_get_string(payload, "salt");
    struct str signature = js_get_string(payload, "signature");
    char hex[HEX_LEN + 1];
    struct claim claim;

    if (!str_equal(js_get_string(payload, "algorithm"), STR(ALGORITHM)) ||
        !json_is_integer(number) || json_integer_value(number) < 0 || challenge.len != HEX_LEN ||
        signature.len != HEX_LEN || !read_salt(salt, &claim))
        return VERDICT_MALFORMED;
    struct mac mac = altcha_sign(key, challenge);
    if (!altcha_hex_equal(mac.hex, signature))
        return VERDICT_FORGED;
    hash(salt, (uint64_t)json_integer_value(number), hex);
    if (!altcha_hex_equal(hex, challenge))
        return VERDICT_WRONG;
    proof->version = ALTCHA_V1;
    proof->digest = altcha_spent_digest(&mac);
    *ret_claim = claim;
    return VERDICT_FINE;
}
