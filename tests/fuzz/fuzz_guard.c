/* SPDX-License-Identifier: MIT */
/*
 * The header guard over any head: lines of "name: value" behind a request line.
 * What it lets through has one reading: checked here by a second, dumb reader.
 */
#include <assert.h>

#include "http/guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool starts_like_framing(struct str name)
{
    return str_starts_with_nocase(name, STR("content-length")) ||
           str_starts_with_nocase(name, STR("transfer-encoding"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct str line = str_cut(&rest, '\n');
    struct str method = str_cut(&line, ' '), target = str_cut(&line, ' '), version = line;
    struct guard guard = {0};
    enum problem problem = PROBLEM__COUNT;
    unsigned framing = 0;

    while (rest.ptr) {
        struct str value = str_cut(&rest, '\n');
        struct str name = str_cut(&value, ':');
        guard_header(&guard, name, value);
        framing += starts_like_framing(name);
    }
    enum verdict verdict = guard_verdict(&guard, method, version, target, &problem);
    if (verdict == VERDICT_REFUSE) {
        assert(problem < PROBLEM__COUNT);
        return 0;
    }
    assert(framing <= 1);
    assert(target.len && target.ptr[0] == '/');
    assert(guard.content_length <= 9999999999);
    assert((verdict == VERDICT_CLOSE) ==
           (guard.counts[HEADER_TRANSFER_ENCODING] == 1 || guard.has_no_framing));
    assert(!guard.has_no_framing || framing == 0);
    return 0;
}
