/* SPDX-License-Identifier: MIT */
/*
 * Chats and push services. One text is written for all of them, from which each takes as much as
 * it is documented to hold, escaped for it: nothing that a visitor writes becomes markup or
 * calls anybody. Lengths are counted behind the escaping and in UTF-16 units, which are never fewer
 * than characters, or in bytes where bytes are meant. To add a service: a function here, a row
 * in channel.c, a section in notice.c.
 *
 *   Slack     text of 4,000 characters; & < > are its only specials, and so mentions go, too
 *             https://docs.slack.dev/messaging/formatting-message-text
 *   Discord   an embed with 256 + 4,096 characters; mentions are off, Markdown is escaped
 *             https://docs.discord.com/developers/resources/message#embed-object-embed-limits
 *   Telegram  4,096 characters without parse_mode; "@name" is parted, as it would call somebody
 *             https://core.telegram.org/bots/api#sendmessage
 *   Teams     an adaptive card in 28 KB; text runs know no Markdown, text blocks do
 *             https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/
 *             https://adaptivecards.io/explorer/TextRun.html
 *   ntfy      JSON to the server's root, 4,096 bytes of message (more becomes an attachment)
 *             https://docs.ntfy.sh/publish/#publish-as-json
 *   Gotify    no limit is documented; shown as plain text
 *             https://gotify.net/docs/msgextras
 */
#include "base/json.h"
#include "base/utf8.h"
#include "channel_parts.h"
#include "core/point.h"
#include "core/target.h"
#include "template.h"

enum {
    TEXT_MAX = 128 * 1024, /* bytes that are written at most; no service takes as many */
    VALUE_MAX = 1000,      /* code points of one field */
    TITLE_MAX = 200,       /* units */
    SLACK_MAX = 3700,
    DISCORD_MAX = 3900,
    TELEGRAM_MAX = 3900,
    TEAMS_MAX = 6000, /* of at most 3 bytes each */
    NTFY_MAX = 3800,  /* bytes */
    GOTIFY_MAX = 10000,
    URL_ROOM = 4096,
};

#define ELLIPSIS "\xe2\x80\xa6"

/* --- the text that all are told ------------------------------------------ */

struct told_text {
    struct buf title, text, url;
};

static void told_text_done(struct told_text *told)
{
    buf_done(&told->title);
    buf_done(&told->text);
    buf_done(&told->url);
}

void channel_put_link(struct buf *out, const struct channel_input *input)
{
    struct str base = input->public_url;
    char id[ID_TEXT_LEN + 1] = "";

    if (!base.len)
        return;
    while (base.len && base.ptr[base.len - 1] == '/')
        base.len--;
    buf_put(out, base);
    buf_put(out, input->row_count ? STR("/admin/#message/") : STR("/admin/"));
    if (input->row_count)
        id_format(&input->rows[0].id, id);
    buf_put(out, str_of(id));
}

bool channel_put_cut(struct buf *out, struct str text, size_t max)
{
    struct str rest = text;

    while (rest.len && max > 0 && utf8_next(&rest) >= 0)
        max--;
    buf_put(out, (struct str){text.ptr, text.len - rest.len});
    return rest.len == 0;
}

/*
 * What people see of a text: no control characters, nothing that turns the writing around.
 * The text is ours or checked UTF-8. `margin` stands behind every line break, so that no value
 * can look like another one.
 */
static void put_clean(struct buf *out, struct str text, size_t max, struct str margin)
{
    while (text.len && max-- > 0) {
        struct str before = text;
        int32_t point = utf8_next(&text);
        if (point < 0)
            return;
        if (point == '\n') {
            buf_put_char(out, '\n');
            buf_put(out, margin);
        } else if (point == '\t') {
            buf_put_char(out, ' ');
        } else if (!point_is_control(point) && !point_is_bidi_control(point)) {
            buf_put(out, (struct str){before.ptr, before.len - text.len});
        }
    }
    if (text.len)
        buf_put(out, STR(ELLIPSIS));
}

static void put_value(struct buf *out, struct str label, struct str value)
{
    if (!value.len || out->len > TEXT_MAX / 2)
        return;
    put_clean(out, label, 100, STR(" "));
    buf_put(out, STR(": "));
    put_clean(out, value, VALUE_MAX, STR("    "));
    buf_put_char(out, '\n');
}

static void put_fields(struct buf *out, const struct told *told)
{
    const char *name;
    json_t *value;

    json_object_foreach(told->fields, name, value)
    {
        CLEANUP(buf_done) struct buf text = buf_new(TEXT_MAX);
        struct str plain = {json_string_value(value), json_string_length(value)};
        if (!plain.ptr)
            template_put_json(&text, value);
        put_value(out, str_of(name), plain.ptr ? plain : buf_str(&text));
    }
}

static void tell_message(struct told_text *told, const struct channel_input *input)
{
    const struct submission *row = &input->rows[0];
    struct told fields = told_open(input, row);

    buf_put(&told->title, row->state == STATE_SPAM ? STR("Spam: ") : STR("New message: "));
    put_clean(&told->title, told_title(input), TITLE_MAX, STR(""));
    put_value(&told->text, STR("Name"), row->name);
    put_value(&told->text, STR("Email"), row->email);
    put_fields(&told->text, &fields);
    put_value(&told->text, STR("Page"), row->page);
    if (row->message.len)
        buf_put_char(&told->text, '\n');
    put_clean(&told->text, row->message, GOTIFY_MAX, STR(""));
    told_done(&fields);
}

static void tell_alarm(struct told_text *told, const struct channel_input *input)
{
    buf_put(&told->title, STR("Alarm"));
    if (input->form.ptr) {
        buf_put(&told->title, STR(": "));
        put_clean(&told->title, told_title(input), TITLE_MAX, STR(""));
    }
    put_clean(&told->text, input->text, GOTIFY_MAX, STR(""));
}

/* The text is never empty: services refuse that. */
static struct told_text tell(const struct channel_input *input)
{
    struct told_text told = {buf_new(TEXT_MAX), buf_new(TEXT_MAX), buf_new(URL_ROOM)};

    channel_put_link(&told.url, input);
    if (input->row_count)
        tell_message(&told, input);
    else
        tell_alarm(&told, input);
    while (told.text.len && told.text.ptr[told.text.len - 1] == '\n')
        told.text.len--;
    if (!told.text.len)
        buf_put(&told.text, STR("(no text)"));
    return told;
}

static enum err told_status(const struct told_text *told)
{
    TRY(buf_status(&told->title));
    TRY(buf_status(&told->text));
    return buf_status(&told->url);
}

/* --- escaping and cutting ------------------------------------------------ */

/* How a service wants a code point; `before` is the one in front of it, 0 at the start. */
typedef void escape_fn(struct buf *out, int32_t point, int32_t before, struct str bytes);

static void escape_nothing(struct buf *out, int32_t point, int32_t before, struct str bytes)
{
    (void)point;
    (void)before;
    buf_put(out, bytes);
}

static void escape_slack(struct buf *out, int32_t point, int32_t before, struct str bytes)
{
    (void)before;
    buf_put(out, point == '&'   ? STR("&amp;")
                 : point == '<' ? STR("&lt;")
                 : point == '>' ? STR("&gt;")
                                : bytes);
}

/* A backslash takes the meaning from any ASCII punctuation, and stays unseen. */
static void escape_markdown(struct buf *out, int32_t point, int32_t before, struct str bytes)
{
    (void)before;
    if (point < 0x80 && strchr("\\*_~`|><#[]()-+@:!", point))
        buf_put_char(out, '\\');
    buf_put(out, bytes);
}

/* U+2060, a joiner that is not seen, behind an '@' that begins a word. */
static void escape_mentions(struct buf *out, int32_t point, int32_t before, struct str bytes)
{
    bool is_in_word = (before >= '0' && before <= '9') || (before >= 'A' && before <= 'Z') ||
                      (before >= 'a' && before <= 'z');

    buf_put(out, bytes);
    if (point == '@' && !is_in_word)
        buf_put(out, STR("\xe2\x81\xa0"));
}

static size_t utf16_units(struct str text)
{
    size_t units = 0;

    while (text.len) {
        int32_t point = utf8_next(&text);
        if (point < 0)
            break;
        units += point > 0xffff ? 2 : 1;
    }
    return units;
}

static size_t byte_units(struct str text)
{
    return text.len;
}

/* As much of `text` as `max` units hold once it is escaped. */
static void put_escaped(struct buf *out, struct str text, escape_fn *escape,
                        size_t (*units)(struct str), size_t max)
{
    int32_t before = 0;

    while (text.len) {
        struct str rest = text;
        size_t start = out->len;
        int32_t point = utf8_next(&rest);
        if (point < 0)
            return;
        escape(out, point, before, (struct str){text.ptr, text.len - rest.len});
        if (buf_status(out) != ERR_OK)
            return;
        size_t cost = units((struct str){out->ptr + start, out->len - start});
        if (cost > max) {
            out->len = start;
            buf_put(out, STR(ELLIPSIS)); /* every maximum has room for it */
            return;
        }
        max -= cost;
        before = point;
        text = rest;
    }
}

static void put_json(struct buf *out, const char *key, struct str text, escape_fn *escape,
                     size_t max)
{
    CLEANUP(buf_done) struct buf escaped = buf_new(TEXT_MAX * 2);

    put_escaped(&escaped, text, escape, utf16_units, max);
    js_field_string(out, key, buf_str(&escaped));
}

static void put_link(struct buf *out, const char *key, const struct told_text *told)
{
    if (told->url.len)
        js_field_string(out, key, buf_str(&told->url));
}

/* Title, text and link in one, for services that have no place for each. */
static void put_whole(struct buf *out, const struct told_text *told, escape_fn *escape, size_t max)
{
    put_escaped(out, buf_str(&told->title), escape, utf16_units, TITLE_MAX);
    buf_put_char(out, '\n');
    put_escaped(out, buf_str(&told->text), escape, utf16_units, max - TITLE_MAX);
}

/* --- services ------------------------------------------------------------ */

enum err channel_slack(const struct channel_input *input, struct outgoing *out,
                       struct err_detail *detail)
{
    CLEANUP(told_text_done) struct told_text told = tell(input);
    CLEANUP(buf_done) struct buf text = buf_new(TEXT_MAX * 2);

    (void)detail;
    channel_open_post(out);
    buf_put(&out->url, input->destination->address);
    put_whole(&text, &told, escape_slack, SLACK_MAX);
    if (told.url.len) {
        buf_put_char(&text, '\n');
        put_escaped(&text, buf_str(&told.url), escape_slack, utf16_units, TITLE_MAX);
    }
    js_open(&out->body, '{');
    js_field_string(&out->body, "text", buf_str(&text));
    js_field_bool(&out->body, "mrkdwn", false);
    js_field_bool(&out->body, "unfurl_links", false);
    js_field_bool(&out->body, "unfurl_media", false);
    js_close(&out->body, '}');
    TRY(buf_status(&text));
    return told_status(&told);
}

enum err channel_discord(const struct channel_input *input, struct outgoing *out,
                         struct err_detail *detail)
{
    CLEANUP(told_text_done) struct told_text told = tell(input);

    (void)detail;
    channel_open_post(out);
    buf_put(&out->url, input->destination->address);
    buf_put(&out->body, STR("{\"allowed_mentions\":{\"parse\":[]},\"embeds\":[{"));
    put_json(&out->body, "title", buf_str(&told.title), escape_markdown, TITLE_MAX);
    put_json(&out->body, "description", buf_str(&told.text), escape_markdown, DISCORD_MAX);
    put_link(&out->body, "url", &told);
    buf_put(&out->body, STR("}]}"));
    return told_status(&told);
}

enum err channel_telegram(const struct channel_input *input, struct outgoing *out,
                          struct err_detail *detail)
{
    CLEANUP(told_text_done) struct told_text told = tell(input);
    CLEANUP(buf_done) struct buf text = buf_new(TEXT_MAX * 2);
    struct str server = input->destination->address;

    (void)detail;
    channel_open_post(out);
    while (server.len && server.ptr[server.len - 1] == '/')
        server.len--;
    buf_put(&out->url, server.len ? server : STR("https://api.telegram.org"));
    buf_put(&out->url, STR("/bot"));
    buf_put(&out->url, input->destination->secret);
    buf_put(&out->url, STR("/sendMessage"));
    put_whole(&text, &told, escape_mentions, TELEGRAM_MAX);
    if (told.url.len && told.url.len < TITLE_MAX - 10) {
        buf_put_char(&text, '\n');
        buf_put(&text, buf_str(&told.url));
    }
    js_open(&out->body, '{');
    js_field_string(&out->body, "chat_id", input->destination->chat);
    js_field_string(&out->body, "text", buf_str(&text));
    buf_put(&out->body, STR(",\"link_preview_options\":{\"is_disabled\":true}}"));
    TRY(buf_status(&text));
    return told_status(&told);
}

static void put_run(struct buf *out, struct str text, bool is_bold)
{
    js_comma(out);
    buf_put(out, STR("{\"type\":\"RichTextBlock\",\"inlines\":[{\"type\":\"TextRun\""));
    js_field_string(out, "text", text.len ? text : STR(" "));
    if (is_bold)
        js_field_string(out, "weight", STR("Bolder"));
    buf_put(out, STR("}]}"));
}

/* A block for each paragraph; more of them than anybody reads go into the last. */
static void put_card(struct buf *out, const struct told_text *told)
{
    enum { BLOCKS_MAX = 60 };
    CLEANUP(buf_done) struct buf text = buf_new(TEXT_MAX);

    put_escaped(&text, buf_str(&told->text), escape_nothing, utf16_units, TEAMS_MAX);
    struct str rest = buf_str(&text);
    put_run(out, buf_str(&told->title), true);
    for (int i = 0; rest.ptr && i < BLOCKS_MAX; i++) {
        struct str line = str_cut(&rest, '\n');
        put_run(out, line, false);
    }
    if (rest.ptr)
        put_run(out, rest, false);
}

enum err channel_teams(const struct channel_input *input, struct outgoing *out,
                       struct err_detail *detail)
{
    CLEANUP(told_text_done) struct told_text told = tell(input);

    (void)detail;
    channel_open_post(out);
    buf_put(&out->url, input->destination->address);
    buf_put(&out->body,
            STR("{\"type\":\"message\",\"attachments\":[{"
                "\"contentType\":\"application/vnd.microsoft.card.adaptive\",\"contentUrl\":null,"
                "\"content\":{\"$schema\":\"http://adaptivecards.io/schemas/adaptive-card.json\","
                "\"type\":\"AdaptiveCard\",\"version\":\"1.4\",\"body\":["));
    put_card(&out->body, &told);
    buf_put(&out->body, STR("]"));
    if (told.url.len) {
        buf_put(&out->body, STR(",\"actions\":[{\"type\":\"Action.OpenUrl\",\"title\":\"Open\""));
        put_link(&out->body, "url", &told);
        buf_put(&out->body, STR("}]"));
    }
    buf_put(&out->body, STR("}}]}"));
    return told_status(&told);
}

enum err channel_ntfy(const struct channel_input *input, struct outgoing *out,
                      struct err_detail *detail)
{
    const struct destination *to = input->destination;
    CLEANUP(told_text_done) struct told_text told = tell(input);
    CLEANUP(buf_done) struct buf text = buf_new(TEXT_MAX);
    struct str path = target_url_path(to->address);

    (void)detail;
    channel_open_post(out);
    buf_put(&out->url, (struct str){to->address.ptr, to->address.len - path.len});
    buf_put_char(&out->url, '/');
    if (to->secret.ptr) {
        buf_put(&out->headers, STR("Authorization: Bearer "));
        buf_put(&out->headers, to->secret);
        buf_put_char(&out->headers, '\n');
    }
    put_escaped(&text, buf_str(&told.text), escape_nothing, byte_units, NTFY_MAX);
    js_open(&out->body, '{');
    js_field_string(&out->body, "topic",
                    to->chat.ptr ? to->chat : (struct str){path.ptr + 1, path.len - 1});
    put_json(&out->body, "title", buf_str(&told.title), escape_nothing, TITLE_MAX);
    js_field_string(&out->body, "message", buf_str(&text));
    put_link(&out->body, "click", &told);
    js_close(&out->body, '}');
    TRY(buf_status(&text));
    return told_status(&told);
}

enum err channel_gotify(const struct channel_input *input, struct outgoing *out,
                        struct err_detail *detail)
{
    const struct destination *to = input->destination;
    CLEANUP(told_text_done) struct told_text told = tell(input);
    struct str server = to->address;

    (void)detail;
    channel_open_post(out);
    while (server.ptr[server.len - 1] == '/')
        server.len--;
    buf_put(&out->url, server);
    buf_put(&out->url, STR("/message"));
    buf_put(&out->headers, STR("X-Gotify-Key: "));
    buf_put(&out->headers, to->secret);
    buf_put_char(&out->headers, '\n');
    js_open(&out->body, '{');
    put_json(&out->body, "title", buf_str(&told.title), escape_nothing, TITLE_MAX);
    put_json(&out->body, "message", buf_str(&told.text), escape_nothing, GOTIFY_MAX);
    buf_put(&out->body, STR(",\"priority\":5,\"extras\":{\"client::display\":"
                            "{\"contentType\":\"text/plain\"}"));
    if (told.url.len) {
        buf_put(&out->body, STR(",\"client::notification\":{\"click\":{"));
        put_link(&out->body, "url", &told);
        buf_put(&out->body, STR("}}"));
    }
    buf_put(&out->body, STR("}}"));
    return told_status(&told);
}
