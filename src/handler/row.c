/* SPDX-License-Identifier: MIT */
/*
 * From fields and headers to the row that is stored: what is kept is what was
 * sent, headers only as far as they are text. HTTP threads.
 */
#include "base/utf8.h"
#include "core/email.h"
#include "page_origin.h"
#include "post.h"

enum {
    USER_AGENT_MAX = 512,
    PAGE_MAX = 1024,
    KEY_MAX = 128,
    FURTHER_MAX =
        8 * 1024 * 1024, /* any body as JSON: whether it is too much is the schema's word */
};

/* What a browser says is kept only as far as it is text, and no longer than `max` bytes. */
static struct str as_text(struct str text, size_t max)
{
    size_t points;

    if (text.len > max)
        text.len = max;
    if (!text.ptr || !utf8_length(text, &points))
        return (struct str){0};
    return text;
}

/* The address to answer to: the field of that name, else what the dialect has, or names. */
static struct str email_of(const struct post *post)
{
    struct str email = fields_text(post->fields, STR("email"));
    struct str reply_to = post->special[SPECIAL_REPLY_TO];

    if (email.len)
        return email;
    if (!email_is_valid(reply_to))
        reply_to = fields_text(post->fields, reply_to);
    return email_is_valid(reply_to) ? reply_to : email;
}

/* draft-ietf-httpapi-idempotency-key-header: a quoted string; many send it bare. */
static struct str idempotency_key(struct exchange *x)
{
    struct str key = x->headers[HEADER_IDEMPOTENCY_KEY];

    if (key.len >= 2 && key.ptr[0] == '"' && key.ptr[key.len - 1] == '"')
        key = (struct str){key.ptr + 1, key.len - 2};
    return key.len && key.len <= KEY_MAX && str_is_visible_ascii(key) ? key : (struct str){0};
}

/* With so many of the fields about the visit, which stand behind the visitor's own. */
static enum err collect_further(const struct post *post, size_t visits, struct buf *further,
                                struct field_errors *errors)
{
    post->fields->count += visits;
    post->fields->total += visits;
    enum err err = validate_collect_further(&SCHEMA_CONTACT, post->fields, further, errors);
    post->fields->count -= visits;
    post->fields->total -= visits;
    return err;
}

/* No message is refused for what a script has added to it. */
static enum err keep_further(struct post *post, struct field_errors *errors)
{
    CLEANUP(buf_done) struct buf further = buf_new(FURTHER_MAX);
    struct field_errors ignored NOT_CLEARED;

    ignored.count = 0;
    enum err err = collect_further(post, post->visits, &further, &ignored);
    if (err == ERR_INVALID)
        err = collect_further(post, 0, &further, errors);
    TRY(err);
    post->row.fields = (struct str){0};
    return further.len ? arena_keep(&post->x->arena, buf_str(&further), &post->row.fields) : ERR_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct str trim(struct str text)
{
    while (text.len && is_blank(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

/* Phones put a blank behind an address that they complete. */
static void trim_emails(struct post *post)
{
    for (size_t i = 0; i < post->fields->count; i++) {
        struct field *field = &post->fields->list[i];
        struct str text = field->text;
        if (!text.len || !(is_blank(text.ptr[0]) || is_blank(text.ptr[text.len - 1])))
            continue;
        if (str_equal(field->name, STR("email")) ||
            schema_wants_email(post->form->schema, field->name))
            field->text = trim(text);
    }
}

/*
 * Many pages write "Email": it is the email, unless there is one that is spelled so, or
 * the form's own rules know the other spelling.
 */
static void settle_names(struct post *post)
{
    static const struct str NAMES[] = {{"name", 4}, {"email", 5}, {"message", 7}};

    for (size_t n = 0; n < COUNTOF(NAMES); n++) {
        bool is_there = fields_find(post->fields, NAMES[n]) != NULL;
        for (size_t i = 0; i < post->fields->count && !is_there; i++) {
            struct field *field = &post->fields->list[i];
            is_there = field->text.ptr && str_equal_nocase(field->name, NAMES[n]) &&
                       !schema_has_field(post->form->schema, field->name);
            if (is_there)
                field->name = NAMES[n];
        }
    }
}

enum err post_make_row(struct post *post, struct field_errors *errors)
{
    struct exchange *x = post->x;
    struct submission *row = &post->row;

    settle_names(post);
    trim_emails(post);
    TRY(validate_fields(post->form->schema, post->fields, errors));
    TRY(keep_further(post, errors));
    row->name = fields_text(post->fields, STR("name"));
    row->email = email_of(post);
    row->message = fields_text(post->fields, STR("message"));
    row->source = x->source;
    row->idempotency_key = idempotency_key(x);
    row->user_agent = as_text(x->headers[HEADER_USER_AGENT], USER_AGENT_MAX);
    struct str page = page_url(x, post->special[SPECIAL_PAGE]);
    row->page = as_text(page.ptr ? page : page_origin(x), PAGE_MAX);
    post->content = submission_content(row, post->ctx->secrets->token, post->message_hash);
    echo_expect(post->ctx->echo, post->message_hash[0]);
    recent_expect(post->ctx->recent, &post->content);
    return ERR_OK;
}
