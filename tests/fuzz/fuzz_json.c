/* SPDX-License-Identifier: MIT */
/*
 * A body from the wire: parsed, validated, its further fields collected. What
 * is written is JSON again and says the same.
 */
#include <assert.h>

#include "core/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_written_value_is_equal(const json_t *object)
{
    CLEANUP(buf_done) struct buf out = buf_new(1 << 20);
    CLEANUP(js_decref) json_t *again = NULL;

    js_value(&out, object);
    assert(buf_status(&out) == ERR_OK);
    assert(js_parse_object(buf_str(&out), &again, NULL) == ERR_OK);
    assert(json_equal(object, again));
}

static void check_errors_are_json(const struct field_errors *errors)
{
    CLEANUP(buf_done) struct buf out = buf_new(1 << 20);
    CLEANUP(js_decref) json_t *object = NULL;

    assert(errors->count <= FIELD_ERRORS_MAX);
    js_open(&out, '{');
    js_key(&out, "errors");
    field_errors_render(&out, errors, field_code_text);
    js_close(&out, '}');
    assert(js_parse_object(buf_str(&out), &object, NULL) == ERR_OK);
    assert(json_array_size(json_object_get(object, "errors")) == errors->count);
}

static void check_further_fields_are_the_rest(const struct fields *fields, json_t *object)
{
    CLEANUP(buf_done) struct buf out = buf_new(1 << 20);
    CLEANUP(js_decref) json_t *further = NULL;
    struct field_errors errors = {0};

    enum err err = validate_collect_further(&SCHEMA_CONTACT, fields, &out, &errors);
    assert(err == ERR_OK || (err == ERR_INVALID && errors.count == 1 && out.len == 0));
    static const char *const COLUMNS[] = {"name", "email", "message"};
    for (size_t i = 0; i < COUNTOF(COLUMNS); i++)
        if (json_is_string(json_object_get(object, COLUMNS[i])))
            json_object_del(object, COLUMNS[i]);
    if (out.len) {
        assert(js_parse_object(buf_str(&out), &further, NULL) == ERR_OK);
        assert(json_equal(object, further));
    } else {
        assert(err == ERR_INVALID || json_object_size(object) == 0);
    }
}

static void check_fields(const struct fields *fields, json_t *object)
{
    struct field_errors errors;

    enum err err = validate_fields(&SCHEMA_CONTACT, fields, &errors);
    assert((err == ERR_OK) == (errors.count == 0));
    check_errors_are_json(&errors);
    if (fields->total == fields->count)
        check_further_fields_are_the_rest(fields, object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(js_decref) json_t *object = NULL;
    struct str body = {(const char *)data, size};
    struct err_detail detail = {""};
    struct fields fields;
    struct arena arena;

    enum err err = js_parse_object(body, &object, &detail);
    assert((err == ERR_OK) == (object != NULL));
    assert((err == ERR_OK) == (detail.text[0] == '\0'));
    if (err)
        return 0;
    check_written_value_is_equal(object);
    arena_init(&arena, 1 << 20, NULL, 0);
    assert(fields_from_json(body, &arena, &fields, NULL) == ERR_OK);
    check_fields(&fields, object);
    fields_done(&fields);
    arena_done(&arena);
    return 0;
}
