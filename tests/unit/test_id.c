/* SPDX-License-Identifier: MIT */
#include "base/id.h"

#include "check.h"

static const uint8_t RANDOM[8] = {0xff, 1, 2, 3, 4, 5, 6, 7};
static const int64_t NOW = 1795253400123;

static void an_id_is_a_uuid_of_version_7(void **state)
{
    struct id_source source = {0};
    struct id id = id_next(&source, NOW, RANDOM);
    char text[ID_TEXT_LEN + 1];

    (void)state;
    id_format(&id, text);
    assert_string_equal(text, "01a1fd70-f23b-7000-8701-020304050607");
    assert_int_equal(id_wall_ms(&id), NOW);
    assert_int_equal(id_seq(&id), NOW << 15);
}

static void ids_grow_while_the_clock_stands(void **state)
{
    struct id_source source = {0};
    int64_t last = 0;
    struct id id = {{0}};

    (void)state;
    for (int i = 0; i < 100000; i++) { /* three times around the counter */
        id = id_next(&source, NOW, RANDOM);
        assert_true(id_seq(&id) > last);
        last = id_seq(&id);
    }
    assert_int_equal(id_wall_ms(&id), NOW + 3);
}

static void ids_grow_when_the_clock_goes_back(void **state)
{
    struct id_source source = {0};
    struct id before = id_next(&source, NOW, RANDOM);
    struct id after = id_next(&source, NOW - 86400000, RANDOM);

    (void)state;
    assert_true(id_seq(&after) == id_seq(&before) + 1);
    after = id_next(&source, NOW + 1, RANDOM);
    assert_int_equal(id_wall_ms(&after), NOW + 1);
}

static void bytes_sort_like_numbers(void **state)
{
    struct id_source source = {0};
    struct id last = id_next(&source, NOW, RANDOM);

    (void)state;
    for (int i = 0; i < 40000; i++) {
        struct id id = id_next(&source, NOW + i / 7, RANDOM);
        assert_true(memcmp(last.bytes, id.bytes, 16) < 0);
        last = id;
    }
}

static void the_smallest_number_of_a_time_is_not_above_its_ids(void **state)
{
    struct id_source source = {0};
    struct id id = id_next(&source, NOW, RANDOM);

    (void)state;
    assert_true(id_seq_at(NOW) <= id_seq(&id));
    assert_true(id_seq_at(NOW + 1) > id_seq(&id));
    assert_int_equal(id_seq_at(-5), 0);
    assert_int_equal(id_seq_at(INT64_MAX), ((INT64_C(1) << 48) - 1) << 15);
}

static void randomness_fills_the_rest(void **state)
{
    static const uint8_t ZERO[8], ONES[8] = {255, 255, 255, 255, 255, 255, 255, 255};
    struct id_source a = {0}, b = {0};
    struct id zero = id_next(&a, NOW, ZERO), ones = id_next(&b, NOW, ONES);
    int differing = 0;

    (void)state;
    for (int i = 0; i < 16; i++)
        differing += __builtin_popcount((unsigned)(zero.bytes[i] ^ ones.bytes[i]));
    assert_int_equal(differing, 59);
    assert_int_equal(id_seq(&zero), id_seq(&ones));
}

static void text_is_read_back_in_any_case(void **state)
{
    struct id_source source = {0};
    struct id id = id_next(&source, NOW, RANDOM), read;
    char text[ID_TEXT_LEN + 1];

    (void)state;
    id_format(&id, text);
    assert_true(id_parse(str_of(text), &read));
    assert_memory_equal(id.bytes, read.bytes, 16);
    assert_true(id_parse(STR("019FD15D-6A7B-7000-8701-02030405060F"), &read));
}

static void other_texts_are_refused(void **state)
{
    static const char *const ROWS[] = {
        "",
        "019fd15d6a7b70008701020304050607",
        "019fd15d-6a7b-7000-8701-02030405060",
        "019fd15d-6a7b-7000-8701-0203040506077",
        "019fd15d-6a7b-4000-8701-020304050607", /* version 4 */
        "019fd15d-6a7b-7000-c701-020304050607", /* another variant */
        "019fd15d-6a7b-7000-0701-020304050607",
        "019fd15g-6a7b-7000-8701-020304050607",
        "019fd15d_6a7b-7000-8701-020304050607",
        "{19fd15d-6a7b-7000-8701-02030405060}",
        "019fd15d-6a7b-7000-8701-02030405060 ",
        "019fd15d6-a7b-7000-8701-020304050607",
    };
    struct id id;

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(!id_parse(str_of(ROWS[i]), &id), ROWS[i]);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("an id is a UUID of version 7", an_id_is_a_uuid_of_version_7),
        CASE("ids grow while the clock stands", ids_grow_while_the_clock_stands),
        CASE("ids grow when the clock goes back", ids_grow_when_the_clock_goes_back),
        CASE("bytes sort like numbers", bytes_sort_like_numbers),
        CASE("the smallest number of a time is not above its ids",
             the_smallest_number_of_a_time_is_not_above_its_ids),
        CASE("randomness fills the rest", randomness_fills_the_rest),
        CASE("text is read back in any case", text_is_read_back_in_any_case),
        CASE("other texts are refused", other_texts_are_refused),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
