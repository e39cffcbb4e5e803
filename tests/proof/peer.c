/* SPDX-License-Identifier: MIT */
/*
 * core/altcha on a pipe, for tests in other languages: a line of words in, a
 * line out. Time is told with each request, the key is the all-zero secret's.
 *
 *   key                            the HMAC key, as a text
 *   issue VERSION FORM EFFORT EXPIRES_MS
 *                                  the challenge as JSON
 *   check FORM NOW_MS PAYLOAD      the digest's first bytes and the verdict
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "core/altcha.h"
#include "core/spam.h"

enum { LINE_MAX_BYTES = 4096 };

static bool issue(const struct altcha_key *key, const char *line)
{
    uint8_t random[ALTCHA_RANDOM_BYTES];
    char form[65];
    unsigned version;
    struct altcha_order order = {.random = random};
    struct buf out = buf_new(LINE_MAX_BYTES);

    if (sscanf(line, "issue %u %64s %" SCNu32 " %" SCNd64, &version, form, &order.effort,
               &order.expires_at_ms) != 4)
        return false;
    order.version = version == 1 ? ALTCHA_V1 : ALTCHA_V2;
    order.form = str_of(form);
    secret_random(random, sizeof random);
    altcha_issue(&out, key, &order);
    bool is_ok = buf_status(&out) == ERR_OK;
    if (is_ok)
        printf("%.*s\n", (int)out.len, out.ptr);
    buf_done(&out);
    return is_ok;
}

static bool check(const struct altcha_key *key, const char *line)
{
    char form[65], payload[LINE_MAX_BYTES] = "", digest[17];
    int64_t now_ms;
    struct altcha_proof proof;

    if (sscanf(line, "check %64s %" SCNd64 " %4095s", form, &now_ms, payload) < 2 ||
        altcha_read(key, str_of(form), str_of(payload), now_ms, &proof) != ERR_OK)
        return false;
    sodium_bin2hex(digest, sizeof digest, proof.digest.bytes, 8);
    printf("%s %s\n", digest, verdict_text(altcha_verify(&proof)));
    return true;
}

int main(void)
{
    static const uint8_t SECRET[DIGEST_KEY_BYTES];
    char line[2 * LINE_MAX_BYTES];
    struct altcha_key key;

    if (secret_start() != ERR_OK)
        return 1;
    altcha_key_derive(SECRET, &key);
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin)) {
        if (strcmp(line, "key\n") == 0)
            puts(key.text);
        else if (!issue(&key, line) && !check(&key, line))
            return 2;
    }
    return 0;
}
