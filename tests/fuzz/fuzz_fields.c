/* SPDX-License-Identifier: MIT */
/* The quick reader against jansson: whoever reads a body, it says the same, in the same order. */
#include <assert.h>

#include "core/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct fields *fields, json_t *object)
{
    const char *name;
    json_t *value;
    size_t i = 0;

    assert(fields->total == json_object_size(object));
    json_object_foreach(object, name, value)
    {
        if (i == FIELDS_MAX)
            break;
        const struct field *field = &fields->list[i++];
        assert(str_equal(field->name, str_of(name)));
        assert((field->text.ptr != NULL) == json_is_string(value));
        if (field->text.ptr)
            assert(str_equal(field->text,
                             (struct str){json_string_value(value), json_string_length(value)}));
        else
            assert(json_equal(field->json, value));
    }
    assert(i == fields->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(js_decref) json_t *object = NULL;
    struct str body = {(const char *)data, size};
    struct err_detail detail = {""};
    struct fields fields;
    struct arena arena;

    arena_init(&arena, 1 << 20, NULL, 0);
    enum err expected = js_parse_object(body, &object, NULL);
    enum err err = fields_from_json(body, &arena, &fields, &detail);
    assert(err == expected);
    assert((err == ERR_OK) == (detail.text[0] == '\0'));
    if (err == ERR_OK) {
        check_same(&fields, object);
        fields_done(&fields);
    }
    arena_done(&arena);
    return 0;
}
