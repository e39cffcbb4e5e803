/* SPDX-License-Identifier: MIT */
/* What the tests of form bodies share: reading one out of memory of exactly its size, and showing
 * the list. */
#ifndef CONTACTD_TESTS_FORM_BODY_H
#define CONTACTD_TESTS_FORM_BODY_H

#include <stdlib.h>

#include "check.h"
#include "core/fields.h"

enum format { JSON, URLENCODED, MULTIPART, FORMAT_COUNT };

#define MULTIPART_TYPE "multipart/form-data; boundary=b"

/* ASan sees who reads past the end of `bytes`. */
struct form_body {
    char *bytes;
    size_t len;
    struct arena arena;
    struct fields fields;
    struct err_detail detail;
    enum err err;
};

static inline enum err form_body_parse(struct form_body *body, enum format format,
                                       const char *content_type)
{
    struct str text = {body->bytes, body->len};

    switch (format) {
    case URLENCODED:
        return fields_from_urlencoded(text, &body->arena, &body->fields, &body->detail);
    case MULTIPART:
        return fields_from_multipart(text, str_of(content_type), &body->arena, &body->fields,
                                     &body->detail);
    case JSON:
    case FORMAT_COUNT:
        break;
    }
    return fields_from_json(text, &body->arena, &body->fields, &body->detail);
}

static inline void form_body_read(struct form_body *body, enum format format, struct str text,
                                  const char *content_type, size_t arena_bytes)
{
    *body = (struct form_body){.bytes = malloc(text.len ? text.len : 1), .len = text.len};
    assert_non_null(body->bytes);
    if (text.len)
        memcpy(body->bytes, text.ptr, text.len);
    memset(&body->fields, 0xa5, sizeof body->fields); /* nobody clears it for the reader */
    arena_init(&body->arena, arena_bytes, NULL, 0);
    body->err = form_body_parse(body, format, content_type);
}

static inline void form_body_done(struct form_body *body)
{
    if (body->err == ERR_OK)
        fields_done(&body->fields);
    arena_done(&body->arena);
    free(body->bytes);
}

/* Names and texts as "name=text;", trees as JSON. */
static inline void form_body_show(const struct form_body *body, struct buf *out)
{
    for (size_t i = 0; i < body->fields.count; i++) {
        const struct field *field = &body->fields.list[i];
        buf_put(out, field->name);
        buf_put_char(out, '=');
        if (field->text.ptr)
            buf_put(out, field->text);
        else
            js_value(out, field->json);
        buf_put_char(out, ';');
    }
    assert_int_equal(buf_status(out), ERR_OK);
}

static inline void check_shown(const struct form_body *body, const char *shown, const char *row)
{
    CLEANUP(buf_done) struct buf found = buf_new(1 << 20);

    form_body_show(body, &found);
    if (!str_equal(buf_str(&found), str_of(shown)))
        fail_msg("got %.*s, expected %s, for the row \"%s\"", (int)found.len, found.ptr, shown,
                 row);
}

static inline void check_taken(enum format format, const char *text, const char *shown)
{
    CLEANUP(form_body_done) struct form_body body;

    form_body_read(&body, format, str_of(text), MULTIPART_TYPE, 1 << 20);
    if (body.err != ERR_OK)
        fail_msg("refused: %s, for the row \"%s\"", body.detail.text, text);
    CHECK_ROW(body.detail.text[0] == '\0', text);
    CHECK_ROW(body.fields.is_untyped == (format != JSON), text);
    check_shown(&body, shown, text);
}

/* `hint`: what the detail says among other things. */
static inline void check_refused(enum format format, struct str text, const char *content_type,
                                 const char *hint)
{
    CLEANUP(form_body_done) struct form_body body;

    form_body_read(&body, format, text, content_type, 1 << 20);
    if (body.err != ERR_INVALID || !strstr(body.detail.text, hint))
        fail_msg("error %d \"%s\", expected \"%s\", for the body \"%.*s\"", (int)body.err,
                 body.detail.text, hint, (int)text.len, text.ptr);
    CHECK_ROW(body.fields.tree == NULL, hint);
}

#endif
