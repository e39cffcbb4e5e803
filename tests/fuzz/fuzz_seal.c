/* SPDX-License-Identifier: MIT */
/* What comes back as Last-Event-ID: our own seals are opened, whole, and nothing else is. */
#include <assert.h>
#include <string.h>

#include "base/encode.h"
#include "base/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t KEY[SEAL_KEY_BYTES] = {7};
    uint8_t seal[SEAL_BYTES];
    uint64_t number = 0, found = 0;
    size_t len;

    if (base64url_decode((struct str){(const char *)data, size}, seal, sizeof seal, &len) &&
        len == sizeof seal)
        assert(!seal_open(seal, KEY, &found) && found == 0);
    memcpy(&number, data, size < sizeof number ? size : sizeof number);
    seal_number(number, KEY, seal);
    assert(seal_open(seal, KEY, &found) && found == number);
    seal[size % sizeof seal] ^= 0x10;
    assert(!seal_open(seal, KEY, &found));
    return 0;
}
