/* SPDX-License-Identifier: MIT */
/*
 * From fields and headers to the row that is stored: what is kept is what was
 * sent, headers only as far as they are text. HTTP threads.
 */
#include "base/utf8.h"
#include "core/email.h"
#include "post.h"

enum { USER_AGENT_MAX = 512, PAGE_MAX = 1024, KEY_MAX = 128 };

/* What a header says is kept only as far as it is text, and no longer than `max` bytes. */
static struct str header_text(struct exchange *x, enum header header, size_t max)
{
    struct str text = x->headers[header];
    size_t points;

    if (text.len > max)
        text.len = max;
    if (!text.ptr || !utf8_length(text, &points))
        return (struct str){0};
    return text;
}

/* The address to answer to: the field of that name, or what the dialect has for it. */
static struct str email_of(const struct post *post)
{
    struct str email = fields_text(post->fields, STR("email"));
    struct str reply_to = post->special[SPECIAL_REPLY_TO];

    if (email.len || !email_is_valid(reply_to))
        return email;
    return reply_to;
}

/* draft-ietf-httpapi-idempotency-key-header: a quoted string; many send it bare. */
static struct str idempotency_key(struct exchange *x)
{
    struct str key = x->headers[HEADER_IDEMPOTENCY_KEY];

    if (key.len >= 2 && key.ptr[0] == '"' && key.ptr[key.len - 1] == '"')
        key = (struct str){key.ptr + 1, key.len - 2};
    return key.len && key.len <= KEY_MAX && str_is_visible_ascii(key) ? key : (struct str){0};
}

static enum err keep_further(struct post *post, struct field_errors *errors)
{
    CLEANUP(buf_done) struct buf further = buf_new(SCHEMA_CONTACT.further_bytes_max);

    TRY(validate_collect_further(&SCHEMA_CONTACT, post->fields, &further, errors));
    post->row.fields = (struct str){0};
    return further.len ? arena_keep(&post->x->arena, buf_str(&further), &post->row.fields) : ERR_OK;
}

enum err post_make_row(struct post *post, struct field_errors *errors)
{
    struct exchange *x = post->x;
    struct submission *row = &post->row;

    TRY(validate_fields(post->form->schema, post->fields, errors));
    TRY(keep_further(post, errors));
    row->name = fields_text(post->fields, STR("name"));
    row->email = email_of(post);
    row->message = fields_text(post->fields, STR("message"));
    row->source = x->source;
    row->idempotency_key = idempotency_key(x);
    row->user_agent = header_text(x, HEADER_USER_AGENT, USER_AGENT_MAX);
    row->page =
        header_text(x, x->headers[HEADER_REFERER].ptr ? HEADER_REFERER : HEADER_ORIGIN, PAGE_MAX);
    post->content = submission_content(row, post->ctx->secrets->token);
    return ERR_OK;
}
