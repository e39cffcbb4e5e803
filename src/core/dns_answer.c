/* SPDX-License-Identifier: MIT */
/*
 * Only what `doctor` looks at. Names are skipped and never followed, so there are no
 * compression loops; every length is held against what is there.
 */
#include "core/dns_answer.h"

enum { CLASS_IN = 1 };

struct reader {
    const uint8_t *at;
    size_t left;
    bool is_broken;
};

static const uint8_t *take(struct reader *in, size_t count)
{
    const uint8_t *at = in->at;

    if (in->left < count) {
        in->is_broken = true;
        return NULL;
    }
    in->at += count;
    in->left -= count;
    return at;
}

static unsigned take_u16(struct reader *in)
{
    const uint8_t *bytes = take(in, 2);

    return bytes ? (unsigned)bytes[0] << 8 | bytes[1] : 0;
}

/* Labels up to the empty one, or up to a pointer to elsewhere. */
static void skip_name(struct reader *in)
{
    for (;;) {
        const uint8_t *len = take(in, 1);
        if (!len || *len == 0)
            return;
        if (*len >= 0xc0) {
            take(in, 1);
            return;
        }
        take(in, *len);
    }
}

static void put_text(struct reader *data, struct buf *out)
{
    while (data->left > 0 && !data->is_broken) {
        size_t len = *take(data, 1);
        const uint8_t *bytes = take(data, len);
        for (size_t i = 0; bytes && i < len; i++)
            buf_put_char(out, bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '?');
    }
    buf_put_char(out, '\n');
}

static void put_record(struct reader *data, enum dns_type type, struct buf *out)
{
    if (type == DNS_TXT) {
        put_text(data, out);
        return;
    }
    buf_put_u64(out, take_u16(data));
    buf_put_char(out, '\n');
}

/* 1 if the next record is one of those that are wanted. */
static int take_record(struct reader *in, enum dns_type type, struct buf *out)
{
    skip_name(in);
    unsigned found = take_u16(in), class = take_u16(in);
    take(in, 4); /* how long it may be kept */
    size_t len = take_u16(in);
    struct reader data = {take(in, len), len, in->is_broken};
    if (data.is_broken || found != type || class != CLASS_IN)
        return 0;
    put_record(&data, type, out);
    in->is_broken = data.is_broken;
    return 1;
}

int dns_answer_read(struct str answer, enum dns_type type, struct buf *out)
{
    struct reader in = {(const uint8_t *)answer.ptr, answer.len, false};
    int count = 0;

    take(&in, 2);
    bool is_cut = take_u16(&in) & 0x0200;
    unsigned questions = take_u16(&in), records = take_u16(&in);
    take(&in, 4);
    for (unsigned i = 0; i < questions && !in.is_broken; i++) {
        skip_name(&in);
        take(&in, 4);
    }
    for (unsigned i = 0; i < records && !in.is_broken; i++)
        count += take_record(&in, type, out);
    return in.is_broken && !is_cut ? -1 : count;
}
