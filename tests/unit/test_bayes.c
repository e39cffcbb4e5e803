/* SPDX-License-Identifier: MIT */
#include "core/bayes.h"

#include <stdlib.h>

#include "check.h"
#include "core/bayes_features.h"

static struct bayes_text text_of(const char *message)
{
    return (struct bayes_text){.message = str_of(message)};
}

static struct bayes *model_new(void **state)
{
    struct bayes *model = *state;

    bayes_start(model, 42);
    return model;
}

static void teach(struct bayes *model, const char *message, bool is_spam, int times)
{
    struct bayes_text text = text_of(message);

    for (int i = 0; i < times; i++)
        bayes_teach(model, &text, is_spam);
}

static int odds(const struct bayes *model, const char *message)
{
    struct bayes_text text = text_of(message);

    return bayes_log_odds(model, &text);
}

#define SPAM "We offer backlinks and first page ranking at a cheap price"
#define GOOD "Is the oak table still available, and may I see it on Friday"

static void nothing_is_said_before_enough_was_taught(void **state)
{
    struct bayes *model = model_new(state);

    teach(model, SPAM, true, BAYES_TAUGHT_MIN);
    teach(model, GOOD, false, BAYES_TAUGHT_MIN - 1);
    assert_false(bayes_is_trained(model));
    assert_int_equal(odds(model, SPAM), 0);
    teach(model, GOOD, false, 1);
    assert_true(bayes_is_trained(model));
    assert_true(odds(model, SPAM) > 1000);
    assert_true(odds(model, GOOD) < -1000);
    assert_int_equal(odds(model, "Qwertz uiop"), 0);
    assert_int_equal(odds(model, ""), 0);
}

static void what_is_taught_can_be_taken_back(void **state)
{
    struct bayes *model = model_new(state);
    struct bayes *before = malloc(sizeof *before);
    struct bayes_text text = text_of(SPAM);

    assert_non_null(before);
    teach(model, SPAM, true, 9);
    teach(model, GOOD, false, 9);
    *before = *model;
    bayes_teach(model, &text, false);
    assert_memory_not_equal(model, before, sizeof *model);
    bayes_unteach(model, &text, false);
    assert_memory_equal(model, before, sizeof *model);
    free(before);
}

static void taking_back_what_was_never_taught_stops_at_zero(void **state)
{
    struct bayes *model = model_new(state);
    struct bayes_text text = text_of(SPAM);

    bayes_unteach(model, &text, true);
    assert_int_equal(model->spam_total, 0);
    for (size_t i = 0; i < BAYES_BUCKETS; i++)
        assert_int_equal(model->buckets[i].spam, 0);
}

static void the_old_fades(void **state)
{
    struct bayes *model = model_new(state);

    teach(model, SPAM, true, 10 * BAYES_TAUGHT_MAX);
    teach(model, GOOD, false, 20);
    assert_true(model->spam_total < BAYES_TAUGHT_MAX && model->good_total == 20);
    for (size_t i = 0; i < BAYES_BUCKETS; i++)
        assert_true(model->buckets[i].spam <= model->spam_total);
    assert_true(odds(model, SPAM) > 1000);
    assert_true(odds(model, GOOD) < -1000);
}

static void log_odds_are_bounded(void **state)
{
    struct bayes *model = model_new(state);

    teach(model, SPAM, true, 200);
    teach(model, GOOD, false, 200);
    assert_int_equal(odds(model, SPAM), BAYES_LOG_ODDS_MAX);
    assert_int_equal(odds(model, GOOD), -BAYES_LOG_ODDS_MAX);
    assert_true(odds(model, SPAM " " GOOD) < 0);
}

static size_t shared(struct bayes_text a, struct bayes_text b)
{
    struct bayes_features left, right;
    size_t count = 0;

    bayes_read(&a, 7, &left);
    bayes_read(&b, 7, &right);
    for (size_t i = 0; i < left.count; i++)
        count += right.seen[left.list[i] / 64] >> left.list[i] % 64 & 1;
    return count;
}

static size_t count_of(struct bayes_text text)
{
    struct bayes_features features;

    bayes_read(&text, 7, &features);
    return features.count;
}

static void words_become_features(void **state)
{
    static const struct {
        const char *text;
        size_t count;
    } ROWS[] = {
        {"", 0},
        {"a", 0},
        {"word", 1},
        {"word word word", 2}, /* the word and the pair */
        {"two words", 3},
        {"it's", 2},     /* "it" and the pair with "s" */
        {"漢字仮名", 3}, /* pairs of characters */
        {"https://a.example/b/c/d", 1},
        {"see https://a.example/b", 2},
        {"\xff\xfe", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        CHECK_ROW(count_of(text_of(ROWS[i].text)) == ROWS[i].count, ROWS[i].text);
}

static void nothing_at_all_has_no_features(void **state)
{
    struct bayes *model = model_new(state);
    const struct bayes_text nothing = {.fields = NULL};

    assert_int_equal(count_of(nothing), 0);
    bayes_teach(model, &nothing, true);
    assert_int_equal(model->spam_total, 1);
}

static void features_ignore_case_and_keep_kinds_apart(void **state)
{
    struct bayes_text host = text_of("http://shop.example"), word = text_of("shop.example");
    struct bayes_text email = {.email = STR("ann@shop.example"), .message = STR("")};
    struct bayes_text other = {.email = STR("bob@SHOP.example"), .message = STR("")};

    (void)state;
    assert_int_equal(shared(text_of("Größe ΣΟΦΌΣ Ещё"), text_of("GRÖßE σοφός ЕЩЁ")), 5);
    assert_int_equal(shared(email, other), 1);
    assert_int_equal(shared(host, email), 0);
    assert_int_equal(shared(host, word), 0);
}

static void fields_are_read_but_names_are_not(void **state)
{
    struct fields fields = {.count = 3,
                            .list = {{STR("name"), STR("Ann Example"), NULL},
                                     {STR("topic"), STR("prices"), NULL},
                                     {STR("message"), STR("ignored here"), NULL}}};
    struct fields other = fields;
    struct bayes_text text = {.message = STR("hello"), .fields = &fields};
    struct bayes_text renamed = {.message = STR("hello"), .fields = &other};

    (void)state;
    assert_int_equal(count_of(text), 2);
    other.list[0].text = STR("Bob Sample");
    assert_int_equal(shared(text, renamed), 2);
    other.list[1].name = STR("subject"); /* the same word in another field is another feature */
    assert_int_equal(shared(text, renamed), 1);
}

static void features_are_bounded(void **state)
{
    static char message[64 * 1024];
    struct bayes_text text = {.message = {message, sizeof message}};

    (void)state;
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = i % 4 == 3 ? ' ' : (char)('a' + i * 7 / 4 % 26);
    assert_true(count_of(text) <= BAYES_FEATURES_MAX);
}

static void a_model_survives_packing(void **state)
{
    static uint8_t bytes[BAYES_PACKED_BYTES];
    struct bayes *model = model_new(state);
    struct bayes *copy = malloc(sizeof *copy);

    assert_non_null(copy);
    teach(model, SPAM, true, 77);
    teach(model, GOOD, false, 13);
    bayes_pack(model, bytes);
    assert_int_equal(bayes_unpack((struct str){(char *)bytes, sizeof bytes}, copy), ERR_OK);
    assert_memory_equal(copy, model, sizeof *model);
    free(copy);
}

static void damage_is_noticed(void **state)
{
    static uint8_t bytes[BAYES_PACKED_BYTES];
    struct bayes *model = model_new(state);
    struct str text = {(char *)bytes, sizeof bytes};

    bayes_pack(model, bytes);
    for (size_t i = 0; i < sizeof bytes; i += i < 40 ? 1 : 997) {
        bytes[i] ^= 0x10;
        enum err expected = i >= 4 && i < 8 ? ERR_NEWER : ERR_CORRUPT;
        assert_int_equal(bayes_unpack(text, model), expected);
        bytes[i] ^= 0x10;
    }
    assert_int_equal(bayes_unpack((struct str){text.ptr, text.len - 1}, model), ERR_CORRUPT);
    assert_int_equal(bayes_unpack(STR(""), model), ERR_CORRUPT);
    assert_int_equal(bayes_unpack(text, model), ERR_OK);
}

static int allocate(void **state)
{
    *state = malloc(sizeof(struct bayes));
    return *state ? 0 : -1;
}

static int release(void **state)
{
    free(*state);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("nothing is said before enough was taught", nothing_is_said_before_enough_was_taught),
        CASE("what is taught can be taken back", what_is_taught_can_be_taken_back),
        CASE("taking back what was never taught stops at zero",
             taking_back_what_was_never_taught_stops_at_zero),
        CASE("the old fades", the_old_fades),
        CASE("log-odds are bounded", log_odds_are_bounded),
        CASE("words become features", words_become_features),
        CASE("nothing at all has no features", nothing_at_all_has_no_features),
        CASE("features ignore case and keep kinds apart",
             features_ignore_case_and_keep_kinds_apart),
        CASE("fields are read but names are not", fields_are_read_but_names_are_not),
        CASE("features are bounded", features_are_bounded),
        CASE("a model survives packing", a_model_survives_packing),
        CASE("damage is noticed", damage_is_noticed),
    };

    return cmocka_run_group_tests(CASES, allocate, release);
}
