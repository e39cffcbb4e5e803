/* SPDX-License-Identifier: MIT */
/* What holds for every list that was made from a form body. */
#ifndef CONTACTD_TESTS_FORM_LIST_H
#define CONTACTD_TESTS_FORM_LIST_H

#include <assert.h>

#include "base/utf8.h"
#include "core/fields.h"

static inline void check_is_text(struct str text)
{
    size_t points;

    assert(utf8_length(text, &points));
    assert(!text.len || !memchr(text.ptr, '\0', text.len));
}

/* A reason may be cut inside a field's name, but never inside a code point. */
static inline void check_detail(const struct err_detail *detail)
{
    check_is_text(str_of(detail->text));
}

/* Bytes of text and the number of texts in a tree, which is made of strings, arrays and objects. */
static inline void measure_tree(json_t *value, int depth, size_t *bytes, size_t *texts)
{
    const char *key;
    json_t *member;
    size_t i;

    assert(depth <= FIELDS_DEPTH_MAX + 1);
    switch (json_typeof(value)) {
    case JSON_STRING:
        *bytes += json_string_length(value);
        ++*texts;
        return;
    case JSON_ARRAY:
        assert(json_array_size(value));
        json_array_foreach(value, i, member) measure_tree(member, depth + 1, bytes, texts);
        return;
    case JSON_OBJECT:
        assert(json_object_size(value));
        json_object_foreach(value, key, member)
        {
            assert(!strchr(key, '['));
            measure_tree(member, depth + 1, bytes, texts);
        }
        return;
    default:
        assert(!"a value of a kind that no form has");
    }
}

static inline void check_list(const struct fields *fields, size_t body_bytes)
{
    size_t bytes = 0, texts = 0;

    assert(fields->is_untyped && fields->count <= FIELDS_MAX && fields->total >= fields->count);
    assert(fields->values <= FIELDS_VALUES_MAX);
    for (size_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->list[i];
        check_is_text(field->name);
        assert(fields_find(fields, field->name) == field);
        assert((field->text.ptr != NULL) == (field->json == NULL));
        if (field->text.ptr) {
            check_is_text(field->text);
            bytes += field->text.len;
            texts++;
        } else {
            measure_tree((json_t *)(uintptr_t)field->json, 0, &bytes, &texts);
        }
    }
    assert(bytes <= 3 * body_bytes); /* a byte of windows-1252 becomes three at most */
    assert(texts <= fields->values);
    /* Nothing is lost while the list has room: each value that is no file is somewhere. */
    assert(fields->total > fields->count || fields->file.ptr || texts == fields->values);
}

static inline void check_same_texts(const struct fields *a, const struct fields *b)
{
    assert(a->count == b->count && a->total == b->total && !b->tree);
    for (size_t i = 0; i < a->count; i++) {
        assert(str_equal(a->list[i].name, b->list[i].name));
        assert(str_equal(a->list[i].text, b->list[i].text));
    }
}

#endif
