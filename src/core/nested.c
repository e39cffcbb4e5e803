/* SPDX-License-Identifier: MIT */
/*
 * While a tree grows, an array is an object too: its members are called by
 * the index that the page wrote, or "[n" for an element without one, neither of
 * which is a member's name elsewhere. So car[7].color finds the element that
 * car[7].make began, a huge index costs nothing, and the order of arrival is
 * kept. Settling turns these into arrays. A text where an array is wanted is
 * its first element; one where an object is wanted becomes its member "".
 */
#include "nested.h"

#include <stdio.h>

enum { LABEL_MAX = 24 };

/* --- names --------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || (c & 0x80);
}

/* How much of `text` is a word: letters, digits and '-', beginning with a letter. */
static size_t word_length(struct str text)
{
    size_t len = 0;

    while (len < text.len &&
           (is_letter(text.ptr[len]) || (len && (is_digit(text.ptr[len]) || text.ptr[len] == '-'))))
        len++;
    return len;
}

static size_t digits_length(struct str text)
{
    size_t len = 0;

    while (len < text.len && is_digit(text.ptr[len]))
        len++;
    return len;
}

static bool take_step(struct str *rest, struct str *ret_step)
{
    bool has_bracket = rest->ptr[0] == '[';
    struct str text = {rest->ptr + 1, rest->len - 1};
    size_t len = word_length(text);

    if (has_bracket && !len)
        len = digits_length(text);
    if (has_bracket ? len == text.len || text.ptr[len] != ']' : rest->ptr[0] != '.' || !len)
        return false;
    *ret_step = (struct str){text.ptr, len};
    *rest = (struct str){text.ptr + len + has_bracket, text.len - len - has_bracket};
    return true;
}

bool nested_split(struct str name, struct nested_name *ret_name)
{
    struct nested_name found = {.root = {name.ptr, word_length(name)}};
    struct str rest = {name.ptr + found.root.len, name.len - found.root.len};

    /* Names with '_' in front belong to the dialects, dots and all. */
    if (!found.root.len || !rest.len || name.ptr[0] == '_')
        return false;
    while (rest.len)
        if (found.depth == FIELDS_DEPTH_MAX || !take_step(&rest, &found.steps[found.depth++]))
            return false;
    *ret_name = found;
    return true;
}

static bool is_list_step(struct str step)
{
    return step.len == 0 || is_digit(step.ptr[0]);
}

bool nested_is_list(const struct nested_name *name)
{
    return is_list_step(name->steps[0]);
}

/* --- growing ------------------------------------------------------------- */

/* Whether an object stands for an array: its first member tells. */
static bool is_list(json_t *group)
{
    const char *first = json_object_iter_key(json_object_iter(group));

    return first && (is_digit(*first) || *first == '[');
}

static struct str next_label(const json_t *list, char room[LABEL_MAX])
{
    snprintf(room, LABEL_MAX, "[%zu", json_object_size(list));
    return str_of(room);
}

static enum err put_member(json_t *group, struct str key, json_t *value)
{
    return json_object_setn_new_nocheck(group, key.ptr, key.len, value) == 0 ? ERR_OK : ERR_MEMORY;
}

/* Puts a new group in the place of `first`, which becomes its first element; NULL: it is empty. */
static enum err make_group(json_t *parent, struct str key, json_t *first, json_t **ret_group)
{
    char room[LABEL_MAX];
    json_t *group = json_object();

    if (group && first && put_member(group, next_label(group, room), json_incref(first)) != ERR_OK)
        js_decref(&group);
    TRY(put_member(parent, key, group));
    *ret_group = group;
    return ERR_OK;
}

/* Goes from `*group` on to its member `key`, which must take `step`. */
static enum err enter(json_t **group, struct str key, struct str step)
{
    json_t *member = json_object_getn(*group, key.ptr, key.len);

    if (json_is_object(member)) {
        *group = member;
        return is_list(member) == is_list_step(step) ? ERR_OK : ERR_EXISTS;
    }
    if (member && !is_list_step(step))
        return ERR_EXISTS;
    return make_group(*group, key, member, group);
}

static enum err put_text(json_t *group, struct str key, struct str text)
{
    char room[LABEL_MAX];
    json_t *member = json_object_getn(group, key.ptr, key.len);

    if (json_is_object(member) && !is_list(member)) {
        group = member;
        key = STR("");
        member = json_object_getn(group, key.ptr, key.len);
    }
    if (member) {
        if (json_is_object(member))
            group = member;
        else
            TRY(make_group(group, key, member, &group));
        key = next_label(group, room);
    }
    return put_member(group, key, json_stringn_nocheck(text.ptr, text.len));
}

enum err nested_put(json_t *tree, const struct nested_name *name, struct str text)
{
    char room[LABEL_MAX];
    json_t *group = tree;
    struct str key = name->root;

    for (size_t i = 0; i < name->depth; i++) {
        TRY(enter(&group, key, name->steps[i]));
        key = name->steps[i].len ? name->steps[i] : next_label(group, room);
    }
    return put_text(group, key, text);
}

/* --- settling ------------------------------------------------------------ */

static json_t *settle(json_t *value);

static json_t *settle_list(json_t *list)
{
    json_t *array = json_array(), *value;
    const char *key;

    json_object_foreach(list, key, value)
    {
        if (json_array_append_new(array, settle(value)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* A new reference, or NULL. Recursion ends with FIELDS_DEPTH_MAX. */
static json_t *settle(json_t *value)
{
    if (json_is_object(value) && is_list(value))
        return settle_list(value);
    if (json_is_object(value) && nested_settle(value) != ERR_OK)
        return NULL;
    return json_incref(value);
}

enum err nested_settle(json_t *tree)
{
    const char *key;
    json_t *value;

    json_object_foreach(tree, key, value)
    {
        if (json_object_iter_set_new(tree, json_object_key_to_iter(key), settle(value)) != 0)
            return ERR_MEMORY;
    }
    return ERR_OK;
}
