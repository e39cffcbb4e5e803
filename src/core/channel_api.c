/* SPDX-License-Identifier: MIT */
/*
 * The same mail by the HTTP APIs of mail services, as their documentation has them:
 *
 *   Postmark  JSON, X-Postmark-Server-Token; no key against sending twice, but our Message-ID
 *             is kept if X-PM-KeepID says so
 *             https://postmarkapp.com/developer/user-guide/send-email-with-api
 *   Resend    JSON, Bearer token, Idempotency-Key (24 hours; another body under a key
 *             that was used is refused, so the key has the body's hash in it)
 *             https://resend.com/docs/api-reference/emails/send-email
 *             https://resend.com/docs/dashboard/emails/idempotency-keys
 *   Mailgun   our own MIME as a file, HTTP Basic with the user "api"
 *             https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages
 *
 * Amazon SES and everybody else take SMTP. How their parsers read names is their own affair, so a
 * visitor's name is no part of Reply-To here: the address alone is.
 */
#include "base/encode.h"
#include "base/json.h"
#include "base/secret.h"
#include "channel_parts.h"

enum {
    SECRET_BYTES_MAX = 1024,
    BASIC_BYTES_MAX = SECRET_BYTES_MAX + 8,
    ID_BYTES_MAX = 1024,
};

static void put_header(struct buf *headers, const char *name, struct str value)
{
    buf_put(headers, str_of(name));
    buf_put(headers, STR(": "));
    buf_put(headers, value);
    buf_put_char(headers, '\n');
}

static void put_mailbox(struct buf *out, const char *key, const struct mailbox *mailbox)
{
    CLEANUP(buf_done) struct buf text = buf_new(4096);

    mail_put_mailbox(&text, mailbox);
    js_field_string(out, key, buf_str(&text));
}

/* The members of a mail as JSON, as a service calls them. */
struct mail_names {
    const char *from, *to, *reply_to, *subject, *text, *html, *headers;
    bool has_list; /* headers are a list of objects, not one object */
    bool keeps_id; /* Postmark's: of two mails under one id programs show one */
};

/* {"Name": ..., "Value": ...} in a list, or members of one object. */
static void put_mark(struct buf *out, bool is_list, struct str name, struct str value)
{
    js_comma(out);
    if (!is_list) {
        js_string(out, name);
        buf_put_char(out, ':');
        js_string(out, value);
        return;
    }
    js_open(out, '{');
    js_field_string(out, "Name", name);
    js_field_string(out, "Value", value);
    js_close(out, '}');
}

static void put_kept_id(struct buf *out, bool is_list, const struct mail *mail)
{
    CLEANUP(buf_done) struct buf id = buf_new(ID_BYTES_MAX);

    mail_put_id(&id, mail);
    put_mark(out, is_list, STR("Message-ID"), buf_str(&id));
    put_mark(out, is_list, STR("X-PM-KeepID"), STR("true"));
}

static void put_marks(struct buf *out, const struct mail_names *names, const struct mail *mail)
{
    bool is_list = names->has_list;
    size_t count;
    const struct mail_mark *marks = mail_marks(mail->kind, &count);

    js_key(out, names->headers);
    js_open(out, is_list ? '[' : '{');
    if (names->keeps_id)
        put_kept_id(out, is_list, mail);
    for (size_t i = 0; i < count; i++)
        put_mark(out, is_list, marks[i].name, marks[i].value);
    if (mail_has_form(mail))
        put_mark(out, is_list, STR(MAIL_FORM_HEADER), mail->form);
    js_close(out, is_list ? ']' : '}');
}

static void put_mail(struct buf *out, const struct mail_names *names, const struct mail *mail)
{
    js_open(out, '{');
    put_mailbox(out, names->from, &mail->from);
    js_field_string(out, names->to, mail->to.address);
    if (mail->reply_to.address.ptr)
        js_field_string(out, names->reply_to, mail->reply_to.address);
    js_field_string(out, names->subject, mail->subject);
    js_field_string(out, names->text, mail->text);
    if (mail->html.ptr)
        js_field_string(out, names->html, mail->html);
    put_marks(out, names, mail);
    js_close(out, '}');
}

/* --- one function per service -------------------------------------------- */

static enum err compose_postmark(const struct mail_sender *sender, const struct mail *mail,
                                 struct outgoing *out, struct err_detail *detail)
{
    static const struct mail_names NAMES = {"From",     "To",      "ReplyTo", "Subject", "TextBody",
                                            "HtmlBody", "Headers", true,      true};

    (void)detail;
    put_mail(&out->body, &NAMES, mail);
    put_header(&out->headers, "X-Postmark-Server-Token", sender->secret);
    put_header(&out->headers, "Accept", STR("application/json"));
    put_header(&out->headers, "Content-Type", STR("application/json"));
    return ERR_OK;
}

static void put_key(struct buf *headers, struct str id, struct str body)
{
    char key[200];
    struct digest digest = digest_of(body, NULL);

    snprintf(key, sizeof key, "%.*s/%02x%02x%02x%02x%02x%02x%02x%02x",
             (int)(id.len < 128 ? id.len : 128), id.ptr, digest.bytes[0], digest.bytes[1],
             digest.bytes[2], digest.bytes[3], digest.bytes[4], digest.bytes[5], digest.bytes[6],
             digest.bytes[7]);
    put_header(headers, "Idempotency-Key", str_of(key));
}

static enum err compose_resend(const struct mail_sender *sender, const struct mail *mail,
                               struct outgoing *out, struct err_detail *detail)
{
    static const struct mail_names NAMES = {"from", "to",      "reply_to", "subject", "text",
                                            "html", "headers", false,      false};

    (void)detail;
    put_mail(&out->body, &NAMES, mail);
    buf_put(&out->headers, STR("Authorization: Bearer "));
    buf_put(&out->headers, sender->secret);
    buf_put_char(&out->headers, '\n');
    put_header(&out->headers, "Content-Type", STR("application/json"));
    put_key(&out->headers, mail->id, buf_str(&out->body));
    return ERR_OK;
}

static void put_basic(struct buf *headers, struct str secret)
{
    char plain[BASIC_BYTES_MAX], text[BASE64_LEN(BASIC_BYTES_MAX) + 1];

    memcpy(plain, "api:", 4);
    memcpy(plain + 4, secret.ptr, secret.len);
    base64_encode(plain, 4 + secret.len, text);
    buf_put(headers, STR("Authorization: Basic "));
    buf_put(headers, str_of(text));
    buf_put_char(headers, '\n');
    secret_wipe(plain, sizeof plain);
    secret_wipe(text, sizeof text);
}

/* No line of the mail begins with this: its own boundary begins with "=_", its body is base64. */
#define FRAME "contactd-mime"

static enum err compose_mailgun(const struct mail_sender *sender, const struct mail *mail,
                                struct outgoing *out, struct err_detail *detail)
{
    struct buf *body = &out->body;

    if (str_ends_with(sender->url, STR("/messages")))
        buf_put(&out->url, STR(".mime"));
    buf_put(body, STR("--" FRAME "\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\n"));
    buf_put(body, mail->to.address);
    buf_put(body, STR("\r\n--" FRAME "\r\nContent-Disposition: form-data; name=\"message\"; "
                      "filename=\"message.eml\"\r\nContent-Type: message/rfc822\r\n\r\n"));
    TRY(mail_render(body, mail, detail));
    buf_put(body, STR("\r\n--" FRAME "--\r\n"));
    put_basic(&out->headers, sender->secret);
    put_header(&out->headers, "Content-Type", STR("multipart/form-data; boundary=" FRAME));
    return ERR_OK;
}

static bool is_header_text(struct str text)
{
    return text.len && text.len <= SECRET_BYTES_MAX && str_is_visible_ascii(text);
}

enum err channel_api(const struct mail_sender *sender, const struct mail *mail,
                     struct outgoing *out, struct err_detail *detail)
{
    static enum err (*const COMPOSE[])(const struct mail_sender *, const struct mail *,
                                       struct outgoing *, struct err_detail *) = {
        [MAIL_POSTMARK] = compose_postmark,
        [MAIL_RESEND] = compose_resend,
        [MAIL_MAILGUN] = compose_mailgun,
    };

    if ((size_t)sender->service >= COUNTOF(COMPOSE) || !COMPOSE[sender->service])
        return err_set(detail, ERR_INVALID, "this mail service has no API here");
    if (!is_header_text(sender->secret))
        return err_set(detail, ERR_INVALID, "the mail service's API key is missing or malformed");
    out->is_smtp = false;
    buf_put(&out->url, sender->url);
    return COMPOSE[sender->service](sender, mail, out, detail);
}
