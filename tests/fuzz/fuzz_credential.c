/* SPDX-License-Identifier: MIT */
/* An Authorization header: what is taken is bounded, clean, and the only way to write it. */
#include <assert.h>
#include <sodium.h>

#include "core/credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_view(struct str view, const char *scratch, size_t max)
{
    assert(view.len <= max);
    assert(view.ptr >= scratch && view.ptr + view.len <= scratch + CREDENTIAL_ROOM);
    for (size_t i = 0; i < view.len; i++)
        assert((unsigned char)view.ptr[i] >= 0x20 && view.ptr[i] != 0x7f);
}

/* "user:password" in base64 must be the end of what was sent. */
static void check_basic(struct str sent, const struct credential *credential)
{
    char plain[CREDENTIAL_ROOM], encoded[2 * CREDENTIAL_ROOM];
    size_t len = credential->user.len;

    memcpy(plain, credential->user.ptr, len);
    plain[len++] = ':';
    memcpy(plain + len, credential->secret.ptr, credential->secret.len);
    len += credential->secret.len;
    sodium_bin2base64(encoded, sizeof encoded, (const unsigned char *)plain, len,
                      sodium_base64_VARIANT_ORIGINAL);
    sent = str_trim(sent);
    assert(sent.len >= strlen(encoded));
    assert(memcmp(sent.ptr + sent.len - strlen(encoded), encoded, strlen(encoded)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str value = {(const char *)data, size};
    struct credential credential;
    char scratch[CREDENTIAL_ROOM];

    if (!credential_parse(value, scratch, &credential))
        return 0;
    check_view(credential.secret, scratch, PASSWORD_MAX);
    if (credential.kind == CREDENTIAL_BASIC) {
        check_view(credential.user, scratch, ACCOUNT_NAME_MAX);
        assert(!memchr(credential.user.ptr, ':', credential.user.len));
        check_basic(value, &credential);
    } else {
        assert(!credential.user.ptr && credential.secret.len);
        assert(str_is_visible_ascii(credential.secret));
    }
    return 0;
}
