/* SPDX-License-Identifier: MIT */
/*
 * ALTCHA v2. The parameters of a key derivation are signed as compact JSON with
 * sorted names; a counter is to be found whose key begins with given digits.
 * To check a signature, the few parameters that we issue are read and written
 * again by the writer that issued them, so that nothing else can be signed.
 */
#include <sodium.h>

#include "altcha_parts.h"
#include "base/pbkdf2.h"

enum {
    NONCE_BYTES = 16,
    KEY_BYTES = 32,
    COST_MAX = 10000,
    PARAMETER_COUNT = 8, /* what put_parameters() writes */
    ROUNDS_PER_EFFORT = 16,
};

#define ALGORITHM "PBKDF2/SHA-256"

_Static_assert(2 * NONCE_BYTES == ALTCHA_RANDOM_BYTES, "nonce and salt");
_Static_assert((uint64_t)ALTCHA_EFFORT_MAX *ROUNDS_PER_EFFORT / 4096 <= COST_MAX,
               "three digits are enough");

struct parameters {
    struct str form, key_prefix, nonce, salt;
    uint64_t cost, expires_at_s;
};

/* In the order of their names, as the signature wants it. */
static void put_parameters(struct buf *out, const struct parameters *parameters)
{
    js_open(out, '{');
    js_field_string(out, "algorithm", STR(ALGORITHM));
    js_field_u64(out, "cost", parameters->cost);
    js_key(out, "data");
    js_open(out, '{');
    js_field_string(out, "form", parameters->form);
    js_close(out, '}');
    js_field_u64(out, "expiresAt", parameters->expires_at_s);
    js_field_u64(out, "keyLength", KEY_BYTES);
    js_field_string(out, "keyPrefix", parameters->key_prefix);
    js_field_string(out, "nonce", parameters->nonce);
    js_field_string(out, "salt", parameters->salt);
    js_close(out, '}');
}

/*
 * Each digit of the prefix makes sixteen times as many tries. As few digits as
 * keep the price of one try, which is also that of checking, below its ceiling.
 */
static void set_price(struct parameters *parameters, uint32_t effort)
{
    uint64_t rounds = (uint64_t)effort * ROUNDS_PER_EFFORT;

    parameters->key_prefix = STR("00");
    parameters->cost = rounds / 256;
    if (parameters->cost > COST_MAX) {
        parameters->key_prefix = STR("000");
        parameters->cost = rounds / 4096;
    }
}

void altcha_issue_v2(struct buf *out, const struct altcha_key *key,
                     const struct altcha_order *order)
{
    char nonce[2 * NONCE_BYTES + 1], salt[2 * NONCE_BYTES + 1];
    struct parameters parameters = {
        .form = order->form,
        .nonce = {nonce, 2 * NONCE_BYTES},
        .salt = {salt, 2 * NONCE_BYTES},
        .expires_at_s = (uint64_t)order->expires_at_ms / 1000,
    };

    sodium_bin2hex(nonce, sizeof nonce, order->random, NONCE_BYTES);
    sodium_bin2hex(salt, sizeof salt, order->random + NONCE_BYTES, NONCE_BYTES);
    set_price(&parameters, order->effort);
    js_open(out, '{');
    js_key(out, "parameters");
    size_t start = out->len;
    put_parameters(out, &parameters);
    if (buf_status(out) != ERR_OK)
        return;
    struct mac mac = altcha_sign(key, (struct str){out->ptr + start, out->len - start});
    js_field_string(out, "signature", str_of(mac.hex));
    js_close(out, '}');
}

/* --- reading -------------------------------------------------------------- */

static bool get_u64(const json_t *object, const char *name, uint64_t max, uint64_t *ret_value)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        (uint64_t)json_integer_value(value) > max)
        return false;
    *ret_value = (uint64_t)json_integer_value(value);
    return true;
}

static bool from_hex(struct str hex, uint8_t *ret_bytes, size_t len)
{
    size_t found;

    return hex.len == 2 * len &&
           sodium_hex2bin(ret_bytes, len, hex.ptr, hex.len, NULL, &found, NULL) == 0 &&
           found == len;
}

/* Just the parameters that we issue; whether these values are ours is the signature's to say. */
static bool read_parameters(const json_t *object, struct parameters *ret_parameters)
{
    const json_t *data = json_object_get(object, "data");
    struct parameters parameters = {
        .form = js_get_string(data, "form"),
        .key_prefix = js_get_string(object, "keyPrefix"),
        .nonce = js_get_string(object, "nonce"),
        .salt = js_get_string(object, "salt"),
    };
    uint64_t key_length;

    if (json_object_size(object) != PARAMETER_COUNT || json_object_size(data) != 1 ||
        !str_equal(js_get_string(object, "algorithm"), STR(ALGORITHM)) ||
        !get_u64(object, "keyLength", KEY_BYTES, &key_length) || key_length != KEY_BYTES ||
        !get_u64(object, "cost", COST_MAX, &parameters.cost) || !parameters.cost ||
        !get_u64(object, "expiresAt", INT64_MAX / 1000, &parameters.expires_at_s) ||
        !parameters.form.ptr || !parameters.key_prefix.ptr)
        return false;
    *ret_parameters = parameters;
    return true;
}

static enum err sign_parameters(const struct altcha_key *key, const struct parameters *parameters,
                                struct mac *ret_mac)
{
    CLEANUP(buf_done) struct buf text = buf_new(2 * ALTCHA_TEXT_MAX);

    put_parameters(&text, parameters);
    TRY(buf_status(&text));
    *ret_mac = altcha_sign(key, buf_str(&text));
    return ERR_OK;
}

enum err altcha_read_v2(const struct altcha_key *key, const json_t *payload,
                        struct altcha_proof *proof, struct claim *ret_claim)
{
    const json_t *challenge = json_object_get(payload, "challenge");
    const json_t *solution = json_object_get(payload, "solution");
    struct str derived_key = js_get_string(solution, "derivedKey");
    struct parameters parameters;
    struct mac mac;
    uint64_t counter;

    proof->verdict = VERDICT_MALFORMED;
    if (!read_parameters(json_object_get(challenge, "parameters"), &parameters) ||
        !from_hex(parameters.nonce, proof->nonce, sizeof proof->nonce) ||
        !from_hex(parameters.salt, proof->salt, sizeof proof->salt) ||
        !from_hex(derived_key, proof->derived_key, sizeof proof->derived_key) ||
        !get_u64(solution, "counter", UINT32_MAX, &counter))
        return ERR_OK;
    TRY(sign_parameters(key, &parameters, &mac));
    proof->verdict = VERDICT_FORGED;
    if (!altcha_hex_equal(mac.hex, js_get_string(challenge, "signature")))
        return ERR_OK;
    proof->verdict = VERDICT_WRONG;
    if (!str_starts_with(derived_key, parameters.key_prefix))
        return ERR_OK;
    proof->verdict = VERDICT_FINE;
    proof->version = ALTCHA_V2;
    proof->digest = altcha_spent_digest(&mac);
    proof->cost = (uint32_t)parameters.cost;
    proof->counter = (uint32_t)counter;
    *ret_claim = (struct claim){parameters.form, (int64_t)parameters.expires_at_s};
    return ERR_OK;
}

enum verdict altcha_verify(const struct altcha_proof *proof)
{
    uint8_t password[NONCE_BYTES + 4], key[KEY_BYTES];

    if (proof->verdict != VERDICT_FINE || proof->version != ALTCHA_V2)
        return proof->verdict;
    memcpy(password, proof->nonce, NONCE_BYTES);
    for (int i = 0; i < 4; i++)
        password[NONCE_BYTES + i] = (uint8_t)(proof->counter >> (24 - 8 * i));
    pbkdf2_sha256((struct str){(const char *)password, sizeof password},
                  (struct str){(const char *)proof->salt, sizeof proof->salt}, proof->cost, key,
                  sizeof key);
    return secret_equal(key, proof->derived_key, sizeof key) ? VERDICT_FINE : VERDICT_WRONG;
}
