/* SPDX-License-Identifier: MIT */
/*
 * A webhook's post: the payload and the signature headers of Standard Webhooks 1.0
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md),
 * beside it Formspree's signature for receivers that were written for it
 * (https://help.formspree.io/articles/advanced-features/verify-webhook-signatures).
 * The payload says the same in every attempt; the timestamp that is signed is the attempt's.
 */
#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/secret.h"
#include "channel_parts.h"

enum {
    POST_MAX = 256 * 1024, /* bytes */
    /* Of a message that does not fit; code points, each at most six bytes as JSON. */
    CUT_MESSAGE = 30000,
    CUT_COLUMN = 1000,
    SIGNING_KEY_MAX = 64, /* bytes behind "whsec_" */
    NUMBER_ROOM = 24,
};

void channel_open_post(struct outgoing *out)
{
    out->body.max = POST_MAX;
    buf_put(&out->headers, STR("Content-Type: application/json\n"
                               "User-Agent: contactd/" CONTACTD_VERSION "\n"));
}

/* --- payload ------------------------------------------------------------- */

static void put_cut(struct buf *out, const char *key, struct str text, size_t max)
{
    CLEANUP(buf_done) struct buf cut = buf_new(max * 4);

    (void)channel_put_cut(&cut, text, max);
    js_field_string(out, key, text.ptr ? (struct str){cut.ptr ? cut.ptr : "", cut.len} : text);
}

static void put_place(struct buf *out, const struct channel_input *input)
{
    js_field_string(out, "form", input->form);
    js_field_string(out, "title", input->form_title.ptr ? input->form_title : input->form);
}

static void put_link(struct buf *out, const struct channel_input *input)
{
    CLEANUP(buf_done) struct buf url = buf_new(4096);

    channel_put_link(&url, input);
    js_field_string(out, "url", buf_str(&url));
}

static void put_row(struct buf *out, const struct channel_input *input, bool is_cut)
{
    const struct submission *row = &input->rows[0];
    size_t column = is_cut ? CUT_COLUMN : POST_MAX, message = is_cut ? CUT_MESSAGE : POST_MAX;
    char id[ID_TEXT_LEN + 1];

    id_format(&row->id, id);
    js_field_string(out, "id", str_of(id));
    put_place(out, input);
    js_field_time(out, "submittedAt", id_wall_ms(&row->id));
    put_cut(out, "name", row->name, column);
    put_cut(out, "email", row->email, column);
    put_cut(out, "message", row->message, message);
    js_key(out, "fields");
    buf_put(out, row->fields.ptr && !is_cut ? row->fields : STR("{}"));
    put_cut(out, "page", row->page, column);
    js_field_bool(out, "spam", row->state == STATE_SPAM);
    js_key(out, "spamScore");
    buf_put_hundredths(out, row->spam_score);
    put_link(out, input);
    js_field_bool(out, "truncated", is_cut);
}

static void put_alarm(struct buf *out, const struct channel_input *input)
{
    put_place(out, input);
    js_field_string(out, "text", input->text);
    put_link(out, input);
}

static void put_payload(struct buf *out, const struct channel_input *input, bool is_cut)
{
    bool is_alarm = input->row_count == 0;

    js_open(out, '{');
    js_field_string(out, "type", is_alarm ? STR("alarm") : STR("submission.created"));
    js_field_time(out, "timestamp", is_alarm ? input->now_ms : id_wall_ms(&input->rows[0].id));
    js_key(out, "data");
    js_open(out, '{');
    if (is_alarm)
        put_alarm(out, input);
    else
        put_row(out, input, is_cut);
    js_close(out, '}');
    js_close(out, '}');
}

/* --- signatures ---------------------------------------------------------- */

static void put_id(struct buf *out, const struct channel_input *input)
{
    buf_put(out, str_starts_with(input->id, STR("msg_")) ? STR("") : STR("msg_"));
    buf_put(out, input->id);
}

/* What is behind "whsec_", decoded; any other secret is its own bytes. */
static struct str signing_key(struct str secret, uint8_t room[SIGNING_KEY_MAX])
{
    const struct str prefix = STR("whsec_");
    size_t len = 0;

    if (str_starts_with(secret, prefix) &&
        base64_decode((struct str){secret.ptr + prefix.len, secret.len - prefix.len}, room,
                      SIGNING_KEY_MAX, &len))
        return (struct str){(const char *)room, len};
    return secret;
}

static void put_standard(struct outgoing *out, struct str id, struct str time, struct str secret)
{
    const struct str parts[] = {id, STR("."), time, STR("."), buf_str(&out->body)};
    char text[BASE64_LEN(DIGEST_BYTES) + 1];
    uint8_t room[SIGNING_KEY_MAX];

    struct digest digest = hmac_sha256(signing_key(secret, room), parts, COUNTOF(parts));
    base64_encode(digest.bytes, sizeof digest.bytes, text);
    buf_printf(&out->headers, "webhook-signature: v1,%s\n", text);
    secret_wipe(room, sizeof room);
}

static void put_formspree(struct outgoing *out, struct str time, struct str secret)
{
    const struct str parts[] = {time, STR("."), buf_str(&out->body)};
    struct digest digest = hmac_sha256(secret, parts, COUNTOF(parts));

    buf_printf(&out->headers, "Formspree-Signature: t=%.*s,v1=", (int)time.len, time.ptr);
    for (size_t i = 0; i < sizeof digest.bytes; i++)
        buf_printf(&out->headers, "%02x", digest.bytes[i]);
    buf_put_char(&out->headers, '\n');
}

static enum err put_headers(const struct channel_input *input, struct outgoing *out)
{
    const struct destination *to = input->destination;
    CLEANUP(buf_done) struct buf id = buf_new(512);
    CLEANUP(buf_done) struct buf time = buf_new(NUMBER_ROOM);

    put_id(&id, input);
    buf_put_i64(&time, input->now_ms / 1000);
    TRY(buf_status(&id));
    TRY(buf_status(&time));
    buf_printf(&out->headers, "webhook-id: %.*s\nwebhook-timestamp: %.*s\n", (int)id.len, id.ptr,
               (int)time.len, time.ptr);
    if (to->secret.ptr)
        put_standard(out, buf_str(&id), buf_str(&time), to->secret);
    if (to->secret.ptr && to->signature == SIGNATURE_FORMSPREE)
        put_formspree(out, buf_str(&time), to->secret);
    return buf_status(&out->headers);
}

enum err channel_hook(const struct channel_input *input, struct outgoing *out,
                      struct err_detail *detail)
{
    (void)detail;
    channel_open_post(out);
    buf_put(&out->url, input->destination->address);
    put_payload(&out->body, input, false);
    if (buf_status(&out->body) == ERR_FULL) {
        buf_done(&out->body); /* what does not fit is in the inbox */
        out->body = buf_new(POST_MAX);
        put_payload(&out->body, input, true);
    }
    TRY(buf_status(&out->body));
    return put_headers(input, out);
}
