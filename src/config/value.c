/* SPDX-License-Identifier: MIT */
/*
 * From text to value, by kind. Reading is pure and bounds everything; storing
 * copies. A text that is not exactly right is refused with the remedy, since a
 * setting that is guessed at start is an outage later.
 */
#include "config/value.h"

#include "base/buf.h"
#include "base/secret.h"

struct scale {
    const char *suffix;
    uint64_t factor;
};

/* The largest first, as they are tried when a number is written. */
static const struct scale SIZES[] = {{"m", 1024 * 1024}, {"k", 1024}, {"", 1}};
static const struct scale DURATIONS[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const struct scale ONES[] = {{"", 1}};

struct number_kind {
    const struct scale *scales;
    size_t count;
    const char *remedy;
};

static const struct number_kind *number_kind(enum option_kind kind)
{
    static const struct number_kind KINDS[] = {
        [OPTION_U32] = {ONES, COUNTOF(ONES), "not a number; use digits alone"},
        [OPTION_SIZE] = {SIZES, COUNTOF(SIZES),
                         "not a size; use a number of bytes such as 65536 or 64k"},
        [OPTION_DURATION] = {DURATIONS, COUNTOF(DURATIONS),
                             "not a time; use a number with its unit such as 500ms, 10s or 5m"},
    };

    return &KINDS[kind];
}

void value_format(const struct option *option, uint64_t number, char ret_text[VALUE_TEXT_LEN + 1])
{
    const struct scale *scale = number_kind(option->kind)->scales;

    while (number % scale->factor)
        scale++;
    snprintf(ret_text, VALUE_TEXT_LEN + 1, "%llu%s", (unsigned long long)(number / scale->factor),
             scale->suffix);
}

static enum err check_range(const struct option *option, uint64_t number, struct err_detail *reason)
{
    char min[VALUE_TEXT_LEN + 1], max[VALUE_TEXT_LEN + 1];

    if (number >= option->min && number <= option->max)
        return ERR_OK;
    value_format(option, option->min, min);
    value_format(option, option->max, max);
    return err_set(reason, ERR_INVALID, "out of range; use %s to %s", min, max);
}

static enum err parse_number(const struct option *option, struct str text, uint64_t *ret_number,
                             struct err_detail *reason)
{
    const struct number_kind *kind = number_kind(option->kind);
    struct str digits = text;

    digits.len = 0;
    while (digits.len < text.len && text.ptr[digits.len] >= '0' && text.ptr[digits.len] <= '9')
        digits.len++;
    struct str suffix = {text.ptr + digits.len, text.len - digits.len};
    for (size_t i = 0; digits.len && i < kind->count; i++) {
        const struct scale *scale = &kind->scales[i];
        if (!str_equal_nocase(suffix, str_of(scale->suffix)))
            continue;
        uint64_t number = UINT64_MAX; /* more digits than that are out of any range */
        if (str_to_u64(digits, UINT64_MAX / scale->factor, &number))
            number *= scale->factor;
        *ret_number = number;
        return check_range(option, number, reason);
    }
    return err_set(reason, ERR_INVALID, "%s", kind->remedy);
}

/* "debug|info|warn" to "debug, info or warn". */
static void words_to_prose(const char *words, struct buf *ret_prose)
{
    struct str rest = str_of(words);

    while (rest.ptr) {
        struct str word = str_cut(&rest, '|');
        if (ret_prose->len)
            buf_put(ret_prose, rest.ptr ? STR(", ") : STR(" or "));
        buf_put(ret_prose, word);
    }
    buf_put_char(ret_prose, '\0');
}

static enum err parse_word(const struct option *option, struct str text, uint64_t *ret_index,
                           struct err_detail *reason)
{
    struct str rest = str_of(option->unit);

    for (uint64_t i = 0; rest.ptr; i++)
        if (str_equal(str_cut(&rest, '|'), text)) {
            *ret_index = i;
            return ERR_OK;
        }
    CLEANUP(buf_done) struct buf prose = buf_new(sizeof reason->text);
    words_to_prose(option->unit, &prose);
    TRY(buf_status(&prose));
    return err_set(reason, ERR_INVALID, "not one of the words; use %s", prose.ptr);
}

static enum err parse_string(const struct option *option, struct str text,
                             struct err_detail *reason)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return err_set(reason, ERR_INVALID, "it contains a control character; remove it");
    if (text.len < option->min)
        return err_set(reason, ERR_INVALID, "too short; give %s", option->unit);
    if (text.len > option->max)
        return err_set(reason, ERR_INVALID, "too long; use at most %llu bytes",
                       (unsigned long long)option->max);
    return ERR_OK;
}

static enum err parse_by_kind(const struct option *option, struct value *value,
                              struct err_detail *reason)
{
    switch (option->kind) {
    case OPTION_U32:
    case OPTION_SIZE:
    case OPTION_DURATION:
        return parse_number(option, value->text, &value->number, reason);
    case OPTION_ENUM:
        return parse_word(option, value->text, &value->number, reason);
    case OPTION_BOOL:
        TRY(parse_word(option, value->text, &value->number, reason));
        value->number = value->number == 0; /* on|off */
        return ERR_OK;
    case OPTION_STRING:
    case OPTION_LIST:
        return parse_string(option, value->text, reason);
    }
    return ERR_INVALID;
}

enum err value_parse(const struct option *option, struct str text, struct value *ret_value,
                     struct err_detail *reason)
{
    struct value value = {.text = text};

    TRY(parse_by_kind(option, &value, reason));
    const char *complaint = option->check ? option->check(text) : NULL;
    if (complaint)
        return err_set(reason, ERR_INVALID, "%s", complaint);
    *ret_value = value;
    return ERR_OK;
}

/* The next item of a list separated by commas or blanks; ptr NULL when there is none. */
static struct str take_item(struct str *rest)
{
    while (rest->len && strchr(", \t", *rest->ptr)) {
        rest->ptr++;
        rest->len--;
    }
    struct str item = {rest->len ? rest->ptr : NULL, 0};
    while (rest->len && !strchr(", \t", *rest->ptr)) {
        rest->ptr++;
        rest->len--;
        item.len++;
    }
    return item;
}

static enum err store_list(struct str text, struct arena *arena, struct config_list *ret_list)
{
    struct str rest = text;
    size_t count = 0;

    while (take_item(&rest).ptr)
        count++;
    const char **items = arena_alloc(arena, (count + 1) * sizeof *items);
    if (!items)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        items[i] = arena_copy(arena, take_item(&text));
        if (!items[i])
            return ERR_MEMORY;
    }
    items[count] = NULL;
    *ret_list = (struct config_list){items, count};
    return ERR_OK;
}

static enum err store_string(struct str text, struct arena *arena, const char **ret_text)
{
    *ret_text = arena_copy(arena, text);
    return *ret_text ? ERR_OK : ERR_MEMORY;
}

enum err value_store(const struct option *option, const struct value *value, struct arena *arena,
                     void *config)
{
    void *member = (char *)config + option->offset;

    if (option->is_secret)
        return secret_set(member, value->text);
    switch (option->kind) {
    case OPTION_STRING:
        return store_string(value->text, arena, member);
    case OPTION_LIST:
        return store_list(value->text, arena, member);
    case OPTION_U32:
        *(uint32_t *)member = (uint32_t)value->number;
        return ERR_OK;
    case OPTION_ENUM:
        *(unsigned *)member = (unsigned)value->number;
        return ERR_OK;
    case OPTION_SIZE:
        *(size_t *)member = (size_t)value->number;
        return ERR_OK;
    case OPTION_DURATION:
        *(int64_t *)member = (int64_t)value->number;
        return ERR_OK;
    case OPTION_BOOL:
        *(bool *)member = value->number != 0;
        return ERR_OK;
    }
    return ERR_INVALID;
}
