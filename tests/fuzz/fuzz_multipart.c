/* SPDX-License-Identifier: MIT */
/*
 * The first line is the Content-Type, the rest the body. What is taken is text
 * and not much longer than what was sent; texts of UTF-8 lie in the body; no proper beginning
 * that stops before the last boundary is taken; and a list without trees is the
 * same when it comes as urlencoded.
 */
#include <assert.h>

#include "base/utf8.h"
#include "form_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_texts_lie_in(const struct fields *fields, struct str body)
{
    size_t points;

    if (!utf8_length(body, &points))
        return; /* what is windows-1252 was written anew */
    for (size_t i = 0; i < fields->count; i++) {
        struct str text = fields->list[i].text;
        assert(!text.len || (text.ptr >= body.ptr && text.ptr + text.len <= body.ptr + body.len));
    }
}

static void put_escaped(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        buf_printf(out, "%%%02X", (unsigned char)text.ptr[i]);
}

static void check_as_urlencoded(const struct fields *fields, struct arena *arena)
{
    CLEANUP(buf_done) struct buf body = buf_new(1 << 18);
    struct fields again;

    for (size_t i = 0; i < fields->count; i++) {
        put_escaped(&body, fields->list[i].name);
        buf_put_char(&body, '=');
        put_escaped(&body, fields->list[i].text);
        buf_put_char(&body, '&');
    }
    assert(buf_status(&body) == ERR_OK);
    assert(fields_from_urlencoded(buf_str(&body), arena, &again, NULL) == ERR_OK);
    check_same_texts(fields, &again);
    fields_done(&again);
}

/*
 * A beginning is taken only if it has the last boundary, and then it is the
 * whole message: as many values, no more and no fewer.
 */
static void check_beginnings(const struct fields *fields, struct str type, struct str body,
                             struct arena *arena)
{
    for (size_t len = body.len > 64 ? body.len - 64 : 0; len < body.len; len++) {
        struct fields shorter;
        struct str cut = {body.ptr, len};
        if (fields_from_multipart(cut, type, arena, &shorter, NULL) != ERR_OK)
            continue;
        assert(shorter.values == fields->values && shorter.count == fields->count);
        fields_done(&shorter);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = {(const char *)data, size};
    struct str type = str_cut(&body, '\n');
    struct err_detail detail = {""};
    struct fields fields;
    struct arena arena;

    arena_init(&arena, 1 << 24, NULL, 0);
    enum err err = fields_from_multipart(body, type, &arena, &fields, &detail);
    assert(err == ERR_OK || err == ERR_INVALID);
    assert((err == ERR_OK) == (detail.text[0] == '\0'));
    check_detail(&detail);
    if (err == ERR_OK) {
        check_list(&fields, body.len);
        check_texts_lie_in(&fields, body);
        check_beginnings(&fields, type, body, &arena);
        if (!fields.tree && fields.total == fields.count)
            check_as_urlencoded(&fields, &arena);
        fields_done(&fields);
    }
    arena_done(&arena);
    return 0;
}
