/* SPDX-License-Identifier: MIT */
#include "core/texts.h"

#include "check.h"

static void append(void *arg, struct str text)
{
    buf_put(arg, text);
    buf_put_char(arg, ';');
}

static void check_texts(const char *json, const char *expected)
{
    CLEANUP(buf_done) struct buf found = buf_new(4096);
    CLEANUP(arena_done) struct arena arena;
    struct fields fields;

    arena_init(&arena, 1 << 16, NULL, 0);
    CHECK_ROW(fields_from_json(str_of(json), &arena, &fields, NULL) == ERR_OK, json);
    for (size_t i = 0; i < fields.count; i++)
        texts_walk(&fields.list[i], append, &found);
    CHECK_ROW(str_equal(buf_str(&found), str_of(expected)), json);
    fields_done(&fields);
}

static void texts_are_found_at_any_depth(void **state)
{
    (void)state;
    check_texts("{}", "");
    check_texts("{\"a\":\"x\",\"b\":\"\"}", "x;;");
    check_texts("{\"a\":[\"x\",1,null,[\"y\"],{\"k\":\"z\"}],\"b\":true}", "x;y;z;");
    check_texts("{\"a\":{\"k\":[{\"l\":[\"deep\"]}]}}", "deep;");
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("texts are found at any depth", texts_are_found_at_any_depth),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
