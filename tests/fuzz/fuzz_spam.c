/* SPDX-License-Identifier: MIT */
/* A post of any shape: the parts add up, none comes twice, and what is rendered is JSON. */
#include <assert.h>

#include "core/bayes.h"
#include "core/spam.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool knows_short_names(const void *form, struct str name)
{
    (void)form;
    return name.len < 8;
}

static void check_rendered(const struct spam_result *result)
{
    CLEANUP(buf_done) struct buf out = buf_new(64 * 1024);

    buf_put(&out, STR("{\"parts\":"));
    spam_render(&out, result);
    buf_put_char(&out, '}');
    CLEANUP(js_decref) json_t *object = NULL;
    assert(buf_status(&out) == ERR_OK);
    assert(js_parse_object(buf_str(&out), &object, NULL) == ERR_OK);
    assert(json_array_size(json_object_get(object, "parts")) == result->count);
}

static void check_sum(const struct spam_result *result)
{
    uint32_t seen = 0;
    int sum = 0;

    for (size_t i = 0; i < result->count; i++) {
        assert(!(seen >> result->hits[i].part & 1));
        seen |= UINT32_C(1) << result->hits[i].part;
        sum += result->hits[i].points;
    }
    assert(sum == result->score);
}

static void score(const struct fields *fields, unsigned choice)
{
    const struct str languages[] = {STR("en"), STR("de")};
    struct spam_input input = {
        .fields = fields,
        .dialect = choice & 1 ? DIALECT_FORMSPREE : DIALECT_WEB3FORMS,
        .name = fields_text(fields, STR("name")),
        .email = fields_text(fields, STR("email")),
        .message = fields_text(fields, STR("message")),
        .honeypot = choice & 2 ? STR("trap") : STR(""),
        .knows = choice & 4 ? knows_short_names : NULL,
        .page_host = STR("example.org"),
        .is_from_page = choice & 8,
        .token = choice % VERDICT__COUNT,
    };
    struct spam_result result;

    spam_expect(languages, choice & 16 ? COUNTOF(languages) : 0, &input.expected);
    spam_score(&input, &result);
    spam_set_verdict(&result, SPAM_PROOF, choice / 3 % VERDICT__COUNT);
    check_sum(&result);
    check_rendered(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fields fields;
    struct arena arena;

    if (!size)
        return 0;
    arena_init(&arena, 1 << 20, NULL, 0);
    if (fields_from_json((struct str){(const char *)data + 1, size - 1}, &arena, &fields, NULL) ==
        ERR_OK) {
        score(&fields, data[0]);
        fields_done(&fields);
    }
    arena_done(&arena);
    return 0;
}
