/* SPDX-License-Identifier: MIT */
/*
 * One walk over the query string: each pair finds its row, and the row's kind
 * says how its value is read. The sentence of a refusal is made of the row, in
 * the exchange's arena. Pure but for that.
 */
#include "http/parameters.h"

#include <assert.h>

#include "base/clock.h"
#include "http/exchange.h"
#include "http/query_string.h"

enum { SENTENCE_MAX = 512, WORDS_MAX = 32 };

const struct parameter *parameter_next(struct parameter_walk *walk)
{
    while (walk->table && !walk->table->rows[walk->index].name) {
        walk->table = walk->table->more;
        walk->index = 0;
    }
    return walk->table ? &walk->table->rows[walk->index++] : NULL;
}

/* --- one value ----------------------------------------------------------- */

static bool read_word(const struct parameter *row, struct str text, int64_t *ret_number)
{
    for (int i = 0; i < WORDS_MAX && row->words[i]; i++) {
        if (!str_equal(text, str_of(row->words[i])))
            continue;
        *ret_number = i;
        return true;
    }
    return false;
}

static bool read_number(const struct parameter *row, struct str text, int64_t *ret_number)
{
    uint64_t number;

    if (!str_to_u64(text, (uint64_t)row->max, &number) || (int64_t)number < row->min)
        return false;
    *ret_number = (int64_t)number;
    return true;
}

static bool read_value(const struct parameter *row, struct parameter_value *value)
{
    value->number = 0;
    switch (row->kind) {
    case PARAMETER_TEXT:
        return !row->fits || row->fits(value->text);
    case PARAMETER_WORD:
        return read_word(row, value->text, &value->number);
    case PARAMETER_BOOLEAN:
        value->number = str_equal(value->text, STR("true"));
        return value->number || str_equal(value->text, STR("false"));
    case PARAMETER_NUMBER:
        return read_number(row, value->text, &value->number);
    case PARAMETER_TIME:
        return clock_parse(value->text, &value->number);
    }
    return false;
}

static void put_words(struct buf *out, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        buf_printf(out, "%s%s", !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
}

void parameter_rule(struct buf *out, const struct parameter *row)
{
    switch (row->kind) {
    case PARAMETER_TEXT:
        buf_put(out, str_of(row->expected ? row->expected : "a text"));
        return;
    case PARAMETER_WORD:
        put_words(out, row->words);
        return;
    case PARAMETER_BOOLEAN:
        buf_put(out, STR("true or false"));
        return;
    case PARAMETER_NUMBER:
        buf_printf(out, "a whole number from %lld to %lld", (long long)row->min,
                   (long long)row->max);
        return;
    case PARAMETER_TIME:
        buf_put(out, STR("an RFC 3339 time such as 2026-01-31T09:00:00Z or a date"));
        return;
    }
}

/* --- sentences ----------------------------------------------------------- */

static const char *keep(struct exchange *x, const struct buf *sentence)
{
    const char *kept =
        buf_status(sentence) == ERR_OK ? arena_copy(&x->arena, buf_str(sentence)) : NULL;

    return kept ? kept : "a parameter is not valid";
}

static const char *broken(struct exchange *x, const struct parameter *row)
{
    CLEANUP(buf_done) struct buf sentence = buf_new(SENTENCE_MAX);

    buf_printf(&sentence, "%s must be ", row->name);
    parameter_rule(&sentence, row);
    return keep(x, &sentence);
}

static const char *unknown(struct exchange *x)
{
    CLEANUP(buf_done) struct buf sentence = buf_new(SENTENCE_MAX);
    struct parameter_walk walk = {.table = x->route->query};
    const struct parameter *row = parameter_next(&walk);

    if (!row)
        return "this address takes no parameters";
    buf_put(&sentence, STR("unknown parameter; known are "));
    while (row) {
        const struct parameter *next = parameter_next(&walk);
        buf_printf(&sentence, "%s%s", row->name, next ? ", " : "");
        row = next;
    }
    return keep(x, &sentence);
}

/* --- the query ----------------------------------------------------------- */

/* The place of a row among all of the table, or PARAMETERS_MAX. */
static size_t find(const struct route *route, struct str name, const struct parameter **ret_row)
{
    struct parameter_walk walk = {.table = route->query};
    const struct parameter *row;

    for (size_t i = 0; i < PARAMETERS_MAX && (row = parameter_next(&walk)); i++) {
        if (!str_equal(name, str_of(row->name)))
            continue;
        *ret_row = row;
        return i;
    }
    return PARAMETERS_MAX;
}

static bool make_room(struct exchange *x)
{
    size_t bytes = PARAMETERS_MAX * sizeof *x->parameters;

    if (!x->route->query)
        return true;
    x->parameters = arena_alloc(&x->arena, bytes);
    if (x->parameters)
        memset(x->parameters, 0, bytes);
    return x->parameters;
}

static const char *take(struct exchange *x, struct str key, struct str text)
{
    const struct parameter *row;
    size_t place = find(x->route, key, &row);

    if (place == PARAMETERS_MAX)
        return unknown(x);
    if (x->parameters[place].text.ptr)
        return "a parameter was sent twice";
    x->parameters[place].text = text;
    return read_value(row, &x->parameters[place]) ? NULL : broken(x, row);
}

const char *parameters_read(struct exchange *x)
{
    struct query_string query = query_string_of(x->query);
    const char *wrong = NULL;
    struct str key, text;
    enum err err;

    if (!make_room(x))
        return "the query string is too long";
    while (!wrong && (err = query_string_next(&query, &x->arena, &key, &text)) != ERR_NOT_FOUND)
        wrong = err == ERR_OK ? take(x, key, text)
                              : "the query string is not valid percent-encoded UTF-8";
    return wrong;
}

void parameters_read_leniently(struct exchange *x)
{
    struct query_string query = query_string_of(x->query);
    const struct parameter *row;
    struct str key, text;

    if (!make_room(x))
        return;
    while (query_string_next(&query, &x->arena, &key, &text) == ERR_OK) {
        size_t place = find(x->route, key, &row);
        struct parameter_value value = {.text = text};
        if (place < PARAMETERS_MAX && read_value(row, &value))
            x->parameters[place] = value;
    }
}

struct str parameter_text(const struct exchange *x, const char *name)
{
    const struct parameter *row;
    size_t place = find(x->route, str_of(name), &row);

    assert(place < PARAMETERS_MAX);
    return x->parameters && place < PARAMETERS_MAX ? x->parameters[place].text : (struct str){0};
}

int64_t parameter_number(const struct exchange *x, const char *name)
{
    const struct parameter *row = NULL;
    size_t place = find(x->route, str_of(name), &row);

    assert(place < PARAMETERS_MAX);
    if (place == PARAMETERS_MAX)
        return 0;
    return x->parameters && x->parameters[place].text.ptr ? x->parameters[place].number
                                                          : row->fallback;
}
