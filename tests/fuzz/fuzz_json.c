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
    field_errors_render(&out, errors);
    js_close(&out, '}');
    assert(js_parse_object(buf_str(&out), &object, NULL) == ERR_OK);
    assert(json_array_size(json_object_get(object, "errors")) == errors->count);
}

static void check_further_fields_are_the_rest(json_t *object)
{
    CLEANUP(buf_done) struct buf out = buf_new(1 << 20);
    CLEANUP(js_decref) json_t *further = NULL;
    struct field_errors errors = {0};

    enum err err = validate_collect_further(&SCHEMA_CONTACT, object, &out, &errors);
    assert(err == ERR_OK || (err == ERR_INVALID && errors.count == 1 && out.len == 0));
    for (size_t i = 0; i < SCHEMA_CONTACT.count; i++)
        json_object_del(object, SCHEMA_CONTACT.rules[i].key);
    if (out.len) {
        assert(js_parse_object(buf_str(&out), &further, NULL) == ERR_OK);
        assert(json_equal(object, further));
    } else {
        assert(err == ERR_INVALID || json_object_size(object) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(js_decref) json_t *object = NULL;
    struct err_detail detail = {""};
    struct field_errors errors;

    enum err err = js_parse_object((struct str){(const char *)data, size}, &object, &detail);
    assert((err == ERR_OK) == (object != NULL));
    assert((err == ERR_OK) == (detail.text[0] == '\0'));
    if (err)
        return 0;
    err = validate_object(&SCHEMA_CONTACT, object, &errors);
    assert((err == ERR_OK) == (errors.count == 0));
    check_errors_are_json(&errors);
    check_written_value_is_equal(object);
    check_further_fields_are_the_rest(object);
    return 0;
}
