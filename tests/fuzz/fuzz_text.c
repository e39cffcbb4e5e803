/* SPDX-License-Identifier: MIT */
/* Whatever a browser says of its languages, one of ours is spoken, and only one that was named. */
#include <assert.h>
#include <string.h>

#include "core/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_named(struct str list, enum language language)
{
    while (list.ptr) {
        struct str tag = str_cut(&list, ',');
        enum language named;
        if (language_parse(str_trim(str_cut(&tag, ';')), &named) && named == language)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str header = {(const char *)data, size};
    enum language language = language_negotiate(header);

    assert(language < LANGUAGE__COUNT);
    assert(language == LANGUAGE_EN || is_named(header, language));
    return 0;
}
