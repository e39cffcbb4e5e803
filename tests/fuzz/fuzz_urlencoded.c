/* SPDX-License-Identifier: MIT */
/*
 * Whatever is taken is text, no longer than what was sent, and under names that
 * are unique; a list without trees reads the same when it is written out again.
 */
#include <assert.h>

#include "form_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_escaped(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        buf_printf(out, "%%%02x", (unsigned char)text.ptr[i]);
}

static void write_list(struct buf *out, const struct fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        put_escaped(out, fields->list[i].name);
        buf_put_char(out, '=');
        put_escaped(out, fields->list[i].text);
        buf_put_char(out, '&');
    }
    assert(buf_status(out) == ERR_OK);
}

static void check_written_again(const struct fields *fields, struct arena *arena)
{
    CLEANUP(buf_done) struct buf body = buf_new(1 << 18);
    struct fields again;

    write_list(&body, fields);
    assert(fields_from_urlencoded(buf_str(&body), arena, &again, NULL) == ERR_OK);
    check_same_texts(fields, &again);
    fields_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = {(const char *)data, size};
    struct err_detail detail = {""};
    struct fields fields;
    struct arena arena;

    arena_init(&arena, 1 << 20, NULL, 0);
    enum err err = fields_from_urlencoded(body, &arena, &fields, &detail);
    assert(err == ERR_OK || err == ERR_INVALID);
    assert((err == ERR_OK) == (detail.text[0] == '\0'));
    check_detail(&detail);
    if (err == ERR_OK) {
        check_list(&fields, size);
        if (!fields.tree && fields.total == fields.count)
            check_written_again(&fields, &arena);
        fields_done(&fields);
    }
    arena_done(&arena);
    return 0;
}
