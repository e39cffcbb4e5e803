/* SPDX-License-Identifier: MIT */
/*
 * Identifiers of submissions and other rows. RFC 9562 leaves 12 + 62 bits
 * beside the time; the first 15 of them are a counter (section 6.2, method 1),
 * the remaining 59 are random, so that an id cannot be guessed from another.
 */
#include "base/id.h"

#include <string.h>

enum { COUNTER_BITS = 15 };

static const int64_t COUNTER_MASK = (1 << COUNTER_BITS) - 1;

int64_t id_seq_at(int64_t wall_ms)
{
    const int64_t max_ms = (INT64_C(1) << 48) - 1;

    wall_ms = wall_ms < 0 ? 0 : wall_ms > max_ms ? max_ms : wall_ms;
    return wall_ms << COUNTER_BITS;
}

struct id id_next(struct id_source *source, int64_t wall_ms, const uint8_t random[8])
{
    struct id id;
    int64_t seq = id_seq_at(wall_ms);

    if (seq <= source->last_seq)
        seq = source->last_seq + 1; /* a full counter borrows from the next millisecond */
    source->last_seq = seq;

    uint64_t ms = (uint64_t)seq >> COUNTER_BITS;
    unsigned counter = (unsigned)(seq & COUNTER_MASK);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70 | counter >> 11);
    id.bytes[7] = (uint8_t)(counter >> 3);
    memcpy(id.bytes + 8, random, 8);
    id.bytes[8] = (uint8_t)(0x80 | (counter & 7) << 3 | (random[0] & 7));
    return id;
}

int64_t id_seq(const struct id *id)
{
    int64_t counter = (id->bytes[6] & 0x0f) << 11 | id->bytes[7] << 3 | (id->bytes[8] >> 3 & 7);

    return id_seq_at(id_wall_ms(id)) | counter;
}

int64_t id_wall_ms(const struct id *id)
{
    int64_t ms = 0;

    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id->bytes[i];
    return ms;
}

void id_format(const struct id *id, char ret_text[ID_TEXT_LEN + 1])
{
    static const char HEX[] = "0123456789abcdef";
    char *at = ret_text;

    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = HEX[id->bytes[i] >> 4];
        *at++ = HEX[id->bytes[i] & 15];
    }
    *at = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool id_parse(struct str text, struct id *ret_id)
{
    struct id id;
    const char *at = text.ptr;

    if (text.len != ID_TEXT_LEN)
        return false;
    for (int i = 0; i < 16; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *at++ != '-')
            return false;
        int high = hex_digit(at[0]), low = hex_digit(at[1]);
        if (high < 0 || low < 0)
            return false;
        id.bytes[i] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    if ((id.bytes[6] & 0xf0) != 0x70 || (id.bytes[8] & 0xc0) != 0x80)
        return false;
    *ret_id = id;
    return true;
}
