/* SPDX-License-Identifier: MIT */
/*
 * A proof of work. The first byte says what the rest is: a payload, the JSON in
 * one, or edits of a genuine one. No bytes are genuine that we have not signed,
 * and an edited payload is either what it was or not fine.
 */
#include <assert.h>
#include <sodium.h>

#include "core/altcha.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1000000, JSON_ROOM = 1400 };

/* Solved by altcha-lib; expires in 2027, signed with the key of the secret of zeros. */
static const char *const GENUINE[] = {
    "{\"algorithm\":\"SHA-256\",\"challenge\":"
    "\"d8da54b7feed19803b33cb212f2ebb86171bf9b39ccada82418bad91d78715fb\",\"number\":698,"
    "\"salt\":\"38310cd32d4cf7b243f5167b?expires=1800000000&form=shop&\",\"signature\":"
    "\"788959f6e341e49bdf651e45df5e9e03112fc293a36ec52bc58dc4aaf665bf86\",\"took\":58}",
    "{\"challenge\":{\"parameters\":{\"algorithm\":\"PBKDF2/SHA-256\",\"cost\":50,\"data\":{"
    "\"form\":\"shop\"},\"expiresAt\":1800000000,\"keyLength\":32,\"keyPrefix\":\"00\","
    "\"nonce\":\"4b44549c44e6a756632a8c115c74b5ad\","
    "\"salt\":\"c178692e358b116c9ec096b31e1975e4\"},\"signature\":"
    "\"5a251a673ae7bb09a8da0e0de78949783b65cdad9e975d0607690a48c63911b1\"},\"solution\":{"
    "\"counter\":269,\"derivedKey\":"
    "\"004bba3a9074a0fcbc49f777ce56de49400bff9ab75dd4815cd12259f355e821\",\"time\":22.3}}",
};

static struct altcha_proof check(struct str text)
{
    static const uint8_t SECRET[DIGEST_KEY_BYTES];
    struct altcha_key key;
    struct altcha_proof proof;

    altcha_key_derive(SECRET, &key);
    assert(altcha_read(&key, STR("shop"), text, NOW, &proof) == ERR_OK);
    proof.verdict = altcha_verify(&proof);
    return proof;
}

static struct altcha_proof check_json(struct str json)
{
    char text[2 * ALTCHA_TEXT_MAX];

    sodium_bin2base64(text, sizeof text, (const unsigned char *)json.ptr, json.len,
                      sodium_base64_VARIANT_ORIGINAL);
    return check(str_of(text));
}

/* Each three bytes are an edit: where, whether to insert, replace or remove, and what. */
static struct str edit(const char *json, struct str edits, char room[JSON_ROOM])
{
    size_t len = strlen(json);

    memcpy(room, json, len);
    for (; edits.len >= 3 && len > 1 && len < JSON_ROOM - 1; edits.ptr += 3, edits.len -= 3) {
        uint8_t low = (uint8_t)edits.ptr[0], kind = (uint8_t)edits.ptr[1];
        size_t at = (low | (size_t)(kind & 3) << 8) % len;
        if (kind >> 6 == 0) {
            memmove(room + at, room + at + 1, --len - at);
        } else if (kind >> 6 == 1) {
            memmove(room + at + 1, room + at, len++ - at);
            room[at] = edits.ptr[2];
        } else {
            room[at] = edits.ptr[2];
        }
    }
    return (struct str){room, len};
}

static void check_edited(const char *json, struct str edits)
{
    char room[JSON_ROOM];
    struct altcha_proof original = check_json(str_of(json));
    struct altcha_proof edited = check_json(edit(json, edits, room));

    assert(original.verdict == VERDICT_FINE);
    if (edited.verdict != VERDICT_FINE)
        return;
    assert(edited.version == original.version && edited.cost == original.cost);
    assert(edited.expires_at_ms == original.expires_at_ms);
    assert(digest_equal(&edited.digest, &original.digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str rest = {(const char *)data + 1, size - 1};
    if (data[0] % 4 >= 2)
        check_edited(GENUINE[data[0] % 2], rest);
    else if (data[0] % 4 == 1 && rest.len <= ALTCHA_TEXT_MAX)
        (void)check_json(rest);
    else
        (void)check(rest);
    return 0;
}
