/* SPDX-License-Identifier: MIT */
/*
 * Field rules from anywhere against values from anywhere: a document and an
 * instance, parted by the first NUL. What compiles must judge every value
 * without a crash, the same twice, and forget everything afterwards.
 */
#include <assert.h>

#include "core/form.h"
#include "core/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct schema *schema, const json_t *value)
{
    struct field_errors errors = {.count = 0};
    struct fields fields = {.count = 0};
    const char *name;
    json_t *member;

    assert(validate_is_valid(schema, value) == validate_is_valid(schema, value));
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        if (fields.total++ >= FIELDS_MAX)
            continue;
        struct field *field = &fields.list[fields.count++];
        *field = (struct field){.name = str_of(name), .json = member};
        if (json_is_string(member))
            field->text = (struct str){json_string_value(member), json_string_length(member)};
    }
    for (int i = 0; i < 2; i++) {
        fields.is_untyped = i;
        enum err err = validate_fields(schema, &fields, &errors);
        assert((err == ERR_OK) == (errors.count == 0));
    }
}

/* Rules that were written down are rules again. */
static void check_rendering(const struct schema *schema)
{
    CLEANUP(buf_done) struct buf text = buf_new(1024 * 1024);
    struct schema *again = NULL;

    schema_render(&text, schema);
    if (buf_status(&text) != ERR_OK)
        return;
    json_t *document = json_loadb(text.ptr, text.len, JSON_DECODE_ANY, NULL);
    assert(document && schema_compile(document, &again, NULL) == ERR_OK);
    schema_free(again);
    json_decref(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *cut = size ? memchr(data, 0, size) : NULL;
    size_t len = cut ? (size_t)(cut - data) : size;
    json_t *document = json_loadb((const char *)data, len, JSON_DECODE_ANY, NULL);
    json_t *value = cut ? json_loadb((const char *)cut + 1, size - len - 1,
                                     JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL)
                        : NULL;
    struct form_rules *rules = NULL;
    struct schema *schema = NULL;

    if (document && schema_compile(document, &schema, NULL) == ERR_OK && value)
        judge(schema, value);
    if (schema)
        check_rendering(schema);
    if (document && form_compile(document, &rules, NULL) == ERR_OK && json_is_string(value)) {
        struct str text = {json_string_value(value), json_string_length(value)};
        (void)form_origin_is_allowed(rules, text);
        (void)form_redirect_is_allowed(rules, text);
    }
    schema_free(schema);
    form_rules_free(rules);
    json_decref(document);
    json_decref(value);
    return 0;
}
