/* SPDX-License-Identifier: MIT */
/*
 * application/x-www-form-urlencoded, as browsers and everybody else write it
 * (URL Standard, section 5.1). A '%' that begins no escape stands for itself,
 * since "100 % sure" is what people write into scripts; bytes that are no
 * UTF-8 are windows-1252, where the standard would put U+FFFD into somebody's message.
 */
#include "base/encode.h"
#include "fields_form.h"

/* A text without escapes stays where it is. */
static enum err decode(struct arena *arena, struct str *text)
{
    if (!text->len || (!memchr(text->ptr, '%', text->len) && !memchr(text->ptr, '+', text->len)))
        return ERR_OK;
    char *room = arena_alloc(arena, text->len);
    if (!room)
        return ERR_MEMORY;
    *text = (struct str){room, percent_decode_form(*text, room)};
    return ERR_OK;
}

static enum err read_pairs(struct str body, struct arena *arena, struct fields *fields,
                           struct err_detail *detail)
{
    while (body.len) {
        struct str text = str_cut(&body, '&');
        if (!text.len)
            continue;
        struct str name = str_cut(&text, '=');
        TRY(decode(arena, &name));
        TRY(decode(arena, &text));
        TRY(fields_add(fields, name, text, arena, detail));
    }
    return ERR_OK;
}

enum err fields_from_urlencoded(struct str body, struct arena *arena, struct fields *ret_fields,
                                struct err_detail *detail)
{
    fields_begin(ret_fields);
    return fields_end(ret_fields, read_pairs(body, arena, ret_fields, detail));
}
