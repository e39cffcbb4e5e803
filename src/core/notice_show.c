/* SPDX-License-Identifier: MIT */
/* The tables of `notify` as a JSON Schema, and its secrets as they are shown. */
#include "core/email.h"
#include "core/notice_table.h"

/* --- as a schema --------------------------------------------------------- */

static const char *type_of(enum notice_kind kind)
{
    if (kind == NOTICE_NUMBER)
        return "integer";
    return kind == NOTICE_FLAG ? "boolean" : "string";
}

static void put_words(struct buf *out, const char *const *words)
{
    js_key(out, "enum");
    js_open(out, '[');
    for (size_t i = 0; words[i]; i++) {
        js_comma(out);
        js_string(out, str_of(words[i]));
    }
    buf_put(out, STR(",null]"));
}

static void put_limits(struct buf *out, const struct notice_member *row)
{
    if (row->kind == NOTICE_NUMBER) {
        js_field_u64(out, "minimum", row->min);
        js_field_u64(out, "maximum", row->max);
    } else if (row->kind == NOTICE_WORD) {
        put_words(out, row->words);
    } else if (row->kind != NOTICE_FLAG) {
        js_field_u64(out, "minLength", 1);
        js_field_u64(out, "maxLength", row->max);
    }
}

static void put_member(struct buf *out, const struct notice_member *row)
{
    js_key(out, row->name);
    buf_printf(out, row->is_required ? "{\"type\":\"%s\"" : "{\"type\":[\"%s\",\"null\"]",
               type_of(row->kind));
    js_field_string(out, "description", str_of(row->help));
    put_limits(out, row);
    js_close(out, '}');
}

static void put_members(struct buf *out, const struct notice_member *rows)
{
    for (; rows->name; rows++)
        put_member(out, rows);
}

static void put_required(struct buf *out, const struct notice_member *rows)
{
    js_key(out, "required");
    js_open(out, '[');
    for (; rows->name; rows++) {
        if (!rows->is_required)
            continue;
        js_comma(out);
        js_string(out, str_of(rows->name));
    }
    js_close(out, ']');
}

/* Behind the type. */
static void put_object(struct buf *out, const struct notice_member *rows)
{
    buf_put(out, STR(",\"additionalProperties\":false"));
    put_required(out, rows);
    js_key(out, "properties");
    js_open(out, '{');
    put_members(out, rows);
    js_close(out, '}');
}

static void put_section(struct buf *out, const struct notice_section *section)
{
    bool is_mail = section->channel == CHANNEL_MAIL;

    js_key(out, section->name);
    buf_put(out, STR("{\"type\":[\"array\",\"null\"]"));
    js_field_string(out, "description", str_of(section->help));
    js_field_u64(out, "maxItems", DESTINATIONS_MAX);
    js_key(out, "items");
    js_open(out, '{');
    if (is_mail)
        buf_printf(out, "\"anyOf\":[{\"type\":\"string\",\"maxLength\":%d},{", EMAIL_MAX);
    buf_put(out, STR("\"type\":\"object\""));
    put_object(out, section->members);
    buf_put(out, is_mail ? STR("}]}}") : STR("}}"));
}

void notice_render_schema(struct buf *out)
{
    buf_put(out, STR(",\"additionalProperties\":false,\"properties\":{"));
    for (const struct notice_section *section = notice_sections(); section->name; section++)
        put_section(out, section);
    put_members(out, notice_members());
    js_key(out, "autoreply");
    buf_put(out, STR("{\"type\":[\"object\",\"null\"]"));
    js_field_string(out, "description", STR("a mail to the visitor, as soon as the message is in"));
    put_object(out, notice_reply_members());
    buf_put(out, STR("}}"));
}
