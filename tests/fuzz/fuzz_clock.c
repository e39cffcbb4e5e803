/* SPDX-License-Identifier: MIT */
/* Times: what is read is written, and what is written is read. */
#include <assert.h>

#include "base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t LAST_MS = 253402300799999;

static void check_round_trip(int64_t ms)
{
    char text[CLOCK_TEXT_LEN + 1];
    int64_t read = -1;

    clock_format(ms, text);
    assert(strlen(text) == CLOCK_TEXT_LEN);
    assert(clock_parse(str_of(text), &read));
    assert(read == (ms < 0 ? 0 : ms > LAST_MS ? LAST_MS : ms));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t day_ms = 86400000;
    int64_t ms = 0;

    if (clock_parse((struct str){(const char *)data, size}, &ms)) {
        assert(ms > -day_ms && ms <= LAST_MS + 1 + day_ms);
        check_round_trip(ms);
    }
    memcpy(&ms, data, size < sizeof ms ? size : sizeof ms);
    check_round_trip(ms);
    check_round_trip(ms & ((INT64_C(1) << 48) - 1));
    return 0;
}
