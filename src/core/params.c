/* SPDX-License-Identifier: MIT */
/*
 * Parameters, read so that two readers cannot understand them differently: a
 * name that comes twice, an open quote or a word behind a quote is an error. In
 * quotes a backslash escapes a quote or a backslash and is itself before
 * anything else, because browsers write it bare and other clients do not.
 */
#include "params.h"

static void skip(struct str *text, size_t bytes)
{
    text->ptr += bytes;
    text->len -= bytes;
}

static bool is_escape(struct str text)
{
    return text.len > 1 && text.ptr[0] == '\\' && (text.ptr[1] == '"' || text.ptr[1] == '\\');
}

/* Takes a quoted value, whose opening quote is taken, and its closing quote. */
static bool take_quoted(struct str *rest, struct str *ret_value)
{
    struct str at = *rest;

    while (at.len && at.ptr[0] != '"')
        skip(&at, is_escape(at) ? 2 : 1);
    if (!at.len)
        return false;
    *ret_value = (struct str){rest->ptr, rest->len - at.len};
    skip(&at, 1);
    *rest = at;
    return true;
}

/* What stands before the next ';', or everything. */
static struct str take_bare(struct str *rest)
{
    const char *end = rest->len ? memchr(rest->ptr, ';', rest->len) : NULL;
    struct str value = {rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len};

    skip(rest, value.len);
    return str_trim(value);
}

static bool take_value(struct str *rest, struct str *ret_value)
{
    *rest = str_trim(*rest);
    if (rest->len && rest->ptr[0] == '"') {
        skip(rest, 1);
        if (!take_quoted(rest, ret_value))
            return false;
        *rest = str_trim(*rest);
        return !rest->len || rest->ptr[0] == ';';
    }
    *ret_value = take_bare(rest);
    return ret_value->len && !memchr(ret_value->ptr, '"', ret_value->len);
}

static struct param *find(struct param *list, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal_nocase(name, str_of(list[i].name)))
            return &list[i];
    return NULL;
}

bool params_read(struct str text, struct param *list, size_t count)
{
    for (;;) {
        while (text.len && (text.ptr[0] == ';' || text.ptr[0] == ' ' || text.ptr[0] == '\t'))
            skip(&text, 1);
        if (!text.len)
            return true;
        struct str name = str_trim(str_cut(&text, '=')), value;
        if (!name.len || memchr(name.ptr, ';', name.len) || !text.ptr || !take_value(&text, &value))
            return false;
        struct param *param = find(list, count, name);
        if (param && param->value.ptr)
            return false;
        if (param)
            param->value = value;
    }
}
