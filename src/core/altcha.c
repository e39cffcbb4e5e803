/* SPDX-License-Identifier: MIT */
/*
 * Proof of work: the key, the price, and the way from a payload to a verdict.
 * What is particular to one protocol is in altcha_v1.c and altcha_v2.c. Nothing
 * that a client says is believed before its signature was; nothing costly is
 * done before everything cheap was.
 */
#include "core/altcha.h"

#include <assert.h>
#include <sodium.h>

#include "altcha_parts.h"
#include "base/encode.h"
#include "core/submission.h"

_Static_assert(ALTCHA_KEY_LEN == 2 * DIGEST_BYTES, "the key is a digest in hexadecimal");
_Static_assert(HEX_LEN == 2 * crypto_auth_hmacsha256_BYTES, "so is a signature");

void altcha_key_derive(const uint8_t secret[DIGEST_KEY_BYTES], struct altcha_key *ret_key)
{
    struct digest digest = digest_of(STR("contactd altcha hmac key"), secret);

    sodium_bin2hex(ret_key->text, sizeof ret_key->text, digest.bytes, DIGEST_BYTES);
    secret_wipe(&digest, sizeof digest);
}

uint32_t altcha_effort(const struct altcha_load *load)
{
    const uint64_t factors[] = {load->multiplier ? load->multiplier : 1,
                                (uint64_t)load->by_source + 1, 1 + load->by_all / 60};
    uint64_t effort = ALTCHA_EFFORT_MIN;

    for (size_t i = 0; i < COUNTOF(factors); i++) {
        effort *= factors[i]; /* below 2^20 * 2^33 */
        if (effort > ALTCHA_EFFORT_MAX)
            effort = ALTCHA_EFFORT_MAX;
    }
    return (uint32_t)effort;
}

struct mac altcha_sign(const struct altcha_key *key, struct str text)
{
    crypto_auth_hmacsha256_state state;
    uint8_t bytes[crypto_auth_hmacsha256_BYTES];
    struct mac mac;

    crypto_auth_hmacsha256_init(&state, (const unsigned char *)key->text, ALTCHA_KEY_LEN);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)text.ptr, text.len);
    crypto_auth_hmacsha256_final(&state, bytes);
    sodium_bin2hex(mac.hex, sizeof mac.hex, bytes, sizeof bytes);
    secret_wipe(&state, sizeof state);
    return mac;
}

bool altcha_hex_equal(const char hex[HEX_LEN + 1], struct str text)
{
    return text.len == HEX_LEN && secret_equal(hex, text.ptr, HEX_LEN);
}

struct digest altcha_spent_digest(const struct mac *mac)
{
    return digest_of((struct str){mac->hex, HEX_LEN}, NULL);
}

void altcha_issue(struct buf *out, const struct altcha_key *key, const struct altcha_order *order)
{
    assert(form_name_is_valid(order->form) && order->expires_at_ms >= 0);
    assert(order->effort >= ALTCHA_EFFORT_LEAST && order->effort <= ALTCHA_EFFORT_MAX);
    if (order->version == ALTCHA_V1)
        altcha_issue_v1(out, key, order);
    else
        altcha_issue_v2(out, key, order);
}

static enum verdict judge(const struct claim *claim, struct str form, int64_t now_ms)
{
    if (!str_equal(claim->form, form))
        return VERDICT_OTHER_FORM;
    return claim->expires_at_s * 1000 < now_ms ? VERDICT_EXPIRED : VERDICT_FINE;
}

static enum err read_object(const struct altcha_key *key, struct str form, struct str json,
                            int64_t now_ms, struct altcha_proof *proof)
{
    CLEANUP(js_decref) json_t *payload = NULL;
    struct claim claim;
    enum err err = js_parse_object(json, &payload, NULL);

    if (err == ERR_INVALID)
        return ERR_OK;
    TRY(err);
    if (json_is_object(json_object_get(payload, "challenge")))
        TRY(altcha_read_v2(key, payload, proof, &claim));
    else
        proof->verdict = altcha_read_v1(key, payload, proof, &claim);
    if (proof->verdict == VERDICT_FINE) {
        proof->verdict = judge(&claim, form, now_ms);
        proof->expires_at_ms = claim.expires_at_s * 1000;
    }
    return ERR_OK;
}

enum err altcha_read(const struct altcha_key *key, struct str form, struct str text, int64_t now_ms,
                     struct altcha_proof *ret_proof)
{
    char json[ALTCHA_TEXT_MAX];
    size_t len;
    struct altcha_proof proof = {.verdict = text.len ? VERDICT_MALFORMED : VERDICT_ABSENT};

    if (text.len <= ALTCHA_TEXT_MAX && base64_decode(text, json, sizeof json, &len))
        TRY(read_object(key, form, (struct str){json, len}, now_ms, &proof));
    *ret_proof = proof;
    return ERR_OK;
}
