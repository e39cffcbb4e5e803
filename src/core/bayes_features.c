/* SPDX-License-Identifier: MIT */
/*
 * What a filter looks at: the words of the message in lower case and pairs of
 * neighbours, pairs of characters where a script writes no blanks, the hosts that it links to, the
 * domain of the address, and the words of short fields together with the field's name. Kinds are
 * hashed apart, so that a host never meets a word.
 */
#include "core/bayes_features.h"

#include "base/utf8.h"
#include "core/links.h"
#include "core/script.h"
#include "core/texts.h"

enum {
    WORD_MIN = 2,         /* code points */
    WORD_MAX = 24,        /* the rest of a longer word is not looked at */
    SHORT_FIELD_MAX = 64, /* bytes */
    FIELD_TEXT_MAX = 1024 /* bytes of a longer field; it is read like the message */
};

enum kind { KIND_WORD = 1, KIND_HOST, KIND_EMAIL, KIND_FIELD };

struct reader {
    struct bayes_features *features;
    uint64_t start; /* the hash that a word of this kind starts with */
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static void add(struct bayes_features *features, uint64_t hash)
{
    const uint16_t bucket = (uint16_t)(mix(hash, 0) >> 40 & (BAYES_BUCKETS - 1));
    uint64_t *seen = &features->seen[bucket / 64];

    if (*seen >> bucket % 64 & 1 || features->count == BAYES_FEATURES_MAX)
        return;
    *seen |= UINT64_C(1) << bucket % 64;
    features->list[features->count++] = bucket;
}

static uint64_t hash_text(uint64_t hash, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        hash = mix(hash, (uint64_t)script_fold((unsigned char)text.ptr[i]));
    return hash;
}

/* Scripts that set no blanks between words. */
static const uint32_t UNSPACED = SCRIPT_BIT(SCRIPT_HAN) | SCRIPT_BIT(SCRIPT_KANA) |
                                 SCRIPT_BIT(SCRIPT_THAI) | SCRIPT_BIT(SCRIPT_LAO) |
                                 SCRIPT_BIT(SCRIPT_KHMER) | SCRIPT_BIT(SCRIPT_MYANMAR);

/* How a code point takes part in words. */
enum place { PLACE_BETWEEN, PLACE_IN, PLACE_ALONE };

static enum place place_of(int32_t point)
{
    const enum script script = script_of(point);

    if (script == SCRIPT_NONE)
        return point >= '0' && point <= '9' ? PLACE_IN : PLACE_BETWEEN;
    return UNSPACED & SCRIPT_BIT(script) ? PLACE_ALONE : PLACE_IN;
}

struct word {
    uint64_t hash;
    size_t len;
    int32_t last;    /* the character before, where they pair up; 0: none */
    uint64_t before; /* the hash of the word before; 0: none */
};

static void end_word(const struct reader *reader, struct word *word)
{
    if (word->len >= WORD_MIN)
        add(reader->features, word->hash);
    if (word->len && word->before)
        add(reader->features, mix(word->before, word->hash));
    if (word->len)
        word->before = word->hash;
    word->len = 0;
    word->hash = reader->start;
}

static void take_point(const struct reader *reader, struct word *word, int32_t point)
{
    const enum place place = place_of(point);

    if (place != PLACE_IN)
        end_word(reader, word);
    if (place == PLACE_IN && word->len++ < WORD_MAX)
        word->hash = mix(word->hash, (uint64_t)script_fold(point));
    if (place == PLACE_ALONE && word->last)
        add(reader->features, mix(mix(reader->start, (uint64_t)word->last), (uint64_t)point));
    word->last = place == PLACE_ALONE ? point : 0;
}

static void read_words(const struct reader *reader, struct str text)
{
    struct word word = {.hash = reader->start};

    while (text.len) {
        int32_t point = utf8_next(&text);
        if (point < 0)
            break;
        take_point(reader, &word, point);
    }
    end_word(reader, &word);
}

static struct str cut(struct str text, size_t max)
{
    return (struct str){text.ptr, text.len < max ? text.len : max};
}

/* Links are no words: of them only the host counts, their number is another rule's business. */
static void read_long(struct bayes_features *features, uint64_t seed, struct str text)
{
    const struct reader words = {features, mix(seed, KIND_WORD)};
    struct link_scan scan = {.text = text};
    struct link link;
    size_t from = 0;

    if (!text.len)
        return; /* and maybe no pointer either */
    while (link_next(&scan, &link)) {
        const size_t at = (size_t)(link.whole.ptr - text.ptr);
        read_words(&words, (struct str){text.ptr + from, at - from});
        from = at + link.whole.len;
        if (link.host.len)
            add(features, hash_text(mix(seed, KIND_HOST), link.host));
    }
    read_words(&words, (struct str){text.ptr + from, text.len - from});
}

struct field_reader {
    struct bayes_features *features;
    uint64_t seed;
    struct str name;
};

static void read_field(void *arg, struct str text)
{
    const struct field_reader *field = arg;
    const struct reader words = {field->features,
                                 hash_text(mix(field->seed, KIND_FIELD), field->name)};

    if (text.len <= SHORT_FIELD_MAX)
        read_words(&words, text);
    else
        read_long(field->features, field->seed, cut(text, FIELD_TEXT_MAX));
}

static bool is_passed_over(struct str name)
{
    return str_equal(name, STR("name")) || str_equal(name, STR("email")) ||
           str_equal(name, STR("message"));
}

void bayes_read(const struct bayes_text *text, uint64_t seed, struct bayes_features *ret_features)
{
    struct str domain = text->email;

    memset(ret_features, 0, sizeof *ret_features);
    str_cut(&domain, '@');
    if (domain.len)
        add(ret_features, hash_text(mix(seed, KIND_EMAIL), domain));
    read_long(ret_features, seed, cut(text->message, BAYES_TEXT_MAX));
    for (size_t i = 0; text->fields && i < text->fields->count; i++) {
        const struct field *field = &text->fields->list[i];
        struct field_reader reader = {ret_features, seed, field->name};
        if (!is_passed_over(field->name))
            texts_walk(field, read_field, &reader);
    }
}
