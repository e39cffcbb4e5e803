/* SPDX-License-Identifier: MIT */
/* Ids: texts come back, numbers and texts sort alike, and ids only ever grow. */
#include <assert.h>

#include "base/id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text_comes_back(struct str text)
{
    char written[ID_TEXT_LEN + 1];
    struct id id;

    if (!id_parse(text, &id))
        return;
    id_format(&id, written);
    assert(str_equal_nocase(str_of(written), text));
    assert(id_seq_at(id_wall_ms(&id)) <= id_seq(&id));
    assert(id_seq_at(id_wall_ms(&id) + 1) > id_seq(&id) ||
           id_wall_ms(&id) == (INT64_C(1) << 48) - 1);
}

/* Each 9 bytes: a step of the clock in either direction, and randomness. */
static void check_ids_grow(const uint8_t *data, size_t size)
{
    struct id_source source = {0};
    int64_t now = 1795253400123;
    struct id last = {{0}}, read;
    char text[ID_TEXT_LEN + 1], last_text[ID_TEXT_LEN + 1] = "";

    for (; size >= 9; data += 9, size -= 9) {
        now += (int8_t)data[0];
        struct id id = id_next(&source, now, data + 1);
        assert(id_seq(&id) > id_seq(&last) && id_seq(&id) >= id_seq_at(now));
        id_format(&id, text);
        assert(strcmp(text, last_text) > 0);
        assert(id_parse(str_of(text), &read) && memcmp(&read, &id, sizeof id) == 0);
        last = id;
        memcpy(last_text, text, sizeof text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_text_comes_back((struct str){(const char *)data, size});
    check_ids_grow(data, size);
    return 0;
}
