/* SPDX-License-Identifier: MIT */
/*
 * One row per scheme. A URL is read by hand: it must come apart in one way only,
 * and passwords with '@', '/' or ':' in them are better understood than refused, so the
 * last '@' ends them.
 */
#include "core/mail_sender.h"

#include "base/encode.h"
#include "base/utf8.h"
#include "core/email.h"
#include "core/mail.h"

enum { URL_MAX = 1024, NAME_MAX_BYTES = 128 };

#define EXAMPLES                                                                                   \
    "use smtp://USER:PASSWORD@HOST:587, smtps://USER:PASSWORD@HOST:465, postmark://TOKEN, "        \
    "resend://KEY or mailgun://KEY@DOMAIN"

static const struct scheme {
    const char *prefix;
    enum mail_service service;
    uint16_t port;                 /* SMTP's, when none is given */
    const char *endpoint, *behind; /* of an API: with the domain in between */
    bool has_domain;
} SCHEMES[] = {
    {"smtp://", MAIL_SMTP, 587, NULL, NULL, false},
    {"smtps://", MAIL_SMTP, 465, NULL, NULL, false},
    {"postmark://", MAIL_POSTMARK, 0, "https://api.postmarkapp.com/email", "", false},
    {"resend://", MAIL_RESEND, 0, "https://api.resend.com/emails", "", false},
    {"mailgun://", MAIL_MAILGUN, 0, "https://api.mailgun.net/v3/", "/messages", true},
    {"mailgun-eu://", MAIL_MAILGUN, 0, "https://api.eu.mailgun.net/v3/", "/messages", true},
};

/* --- pieces -------------------------------------------------------------- */

static enum err keep_decoded(struct arena *arena, struct str text, struct str *ret_text,
                             struct err_detail *detail)
{
    char decoded[URL_MAX];
    size_t len;

    if (!percent_decode(text, false, decoded, &len))
        return err_set(detail, ERR_INVALID,
                       "smtp-url: a '%%' in its user, password or key must be followed by two "
                       "hexadecimal digits; write %%25 for the sign itself");
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)decoded[i] < 0x20 || decoded[i] == 0x7f)
            return err_set(detail, ERR_INVALID,
                           "smtp-url: a control character in its user, password or key; remove it");
    return arena_keep(arena, (struct str){decoded, len}, ret_text);
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

static bool is_host(struct str text)
{
    bool has_brackets = text.len > 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']';

    for (size_t i = has_brackets; i < text.len - has_brackets; i++)
        if (!is_host_char(text.ptr[i]) && !(has_brackets && text.ptr[i] == ':'))
            return false;
    return text.len > 0 && text.len <= EMAIL_DOMAIN_MAX;
}

/* What stands in front of the last `separator`, and behind it in `*rest`; ptr NULL: none is there.
 */
static struct str cut_at_last(struct str *rest, char separator)
{
    const char *at = rest->len ? memrchr(rest->ptr, separator, rest->len) : NULL;

    if (!at)
        return (struct str){NULL, 0};
    struct str head = {rest->ptr, (size_t)(at - rest->ptr)};
    *rest = (struct str){at + 1, rest->len - head.len - 1};
    return head;
}

/* --- SMTP ---------------------------------------------------------------- */

/* "host", "host:port", "[v6]:port", all perhaps with a '/' behind. */
static bool split_host(struct str text, const struct scheme *scheme, struct str *ret_host,
                       uint64_t *ret_port)
{
    if (text.len && text.ptr[text.len - 1] == '/')
        text.len--;
    *ret_port = scheme->port;
    *ret_host = text;
    const char *colon = text.len ? memrchr(text.ptr, ':', text.len) : NULL;
    if (colon && text.ptr[text.len - 1] != ']') {
        ret_host->len = (size_t)(colon - text.ptr);
        struct str port = {colon + 1, text.len - ret_host->len - 1};
        if (!str_to_u64(port, 65535, ret_port) || *ret_port == 0)
            return false;
    }
    return is_host(*ret_host);
}

static enum err parse_smtp(const struct scheme *scheme, struct str rest, struct arena *arena,
                           struct mail_sender *sender, struct err_detail *detail)
{
    CLEANUP(buf_done) struct buf url = buf_new(URL_MAX);
    struct str password = cut_at_last(&rest, '@'), host;
    uint64_t port;

    if (password.ptr) {
        struct str user = str_cut(&password, ':');
        TRY(keep_decoded(arena, user, &sender->user, detail));
        if (password.ptr)
            TRY(keep_decoded(arena, password, &sender->secret, detail));
    }
    if (!split_host(rest, scheme, &host, &port))
        return err_set(detail, ERR_INVALID,
                       "smtp-url: no host, or no port from 1 to 65535, stands in it; " EXAMPLES);
    buf_put(&url, str_of(scheme->prefix));
    buf_put(&url, host);
    buf_put_char(&url, ':');
    buf_put_u64(&url, port);
    TRY(buf_status(&url));
    return arena_keep(arena, buf_str(&url), &sender->url);
}

/* --- HTTP APIs ----------------------------------------------------------- */

static enum err put_endpoint(const struct scheme *scheme, struct str domain, struct str endpoint,
                             struct buf *out, struct err_detail *detail)
{
    if (!endpoint.ptr) {
        buf_printf(out, "%s%.*s%s", scheme->endpoint, (int)domain.len, domain.len ? domain.ptr : "",
                   scheme->behind);
        return buf_status(out);
    }
    bool has_scheme =
        str_starts_with(endpoint, STR("https://")) || str_starts_with(endpoint, STR("http://"));
    if (!has_scheme || !str_is_visible_ascii(endpoint))
        return err_set(detail, ERR_INVALID,
                       "smtp-url: what follows ?endpoint= is no address; use https://...");
    buf_put(out, endpoint);
    return buf_status(out);
}

static enum err parse_api(const struct scheme *scheme, struct str rest, struct arena *arena,
                          struct mail_sender *sender, struct err_detail *detail)
{
    CLEANUP(buf_done) struct buf url = buf_new(URL_MAX);
    struct str domain = {NULL, 0}, endpoint = rest;

    struct str key = str_cut(&endpoint, '?');
    if (endpoint.ptr && !str_starts_with(endpoint, STR("endpoint=")))
        return err_set(detail, ERR_INVALID,
                       "smtp-url: behind the '?' only endpoint=https://... is known");
    if (endpoint.ptr)
        endpoint = (struct str){endpoint.ptr + 9, endpoint.len - 9};
    if (key.len && key.ptr[key.len - 1] == '/')
        key.len--;
    if (scheme->has_domain) {
        domain = key;
        key = cut_at_last(&domain, '@');
    }
    if (key.len == 0 || (scheme->has_domain && !is_host(domain)))
        return err_set(detail, ERR_INVALID, "smtp-url: the service's key%s is missing; " EXAMPLES,
                       scheme->has_domain ? " or domain" : "");
    TRY(keep_decoded(arena, key, &sender->secret, detail));
    TRY(put_endpoint(scheme, domain, endpoint, &url, detail));
    return arena_keep(arena, buf_str(&url), &sender->url);
}

/* --- From ---------------------------------------------------------------- */

static bool is_name(struct str text)
{
    size_t length;

    if (text.len > NAME_MAX_BYTES || !utf8_length(text, &length))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || strchr("\x7f<>\"", text.ptr[i]))
            return false;
    return true;
}

static struct str without_quotes(struct str text)
{
    if (text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"')
        text = (struct str){text.ptr + 1, text.len - 2};
    return str_trim(text);
}

bool mailbox_parse(struct str text, struct str *ret_name, struct str *ret_address)
{
    struct str address = str_trim(text), name = {NULL, 0};

    if (address.len && address.ptr[address.len - 1] == '>') {
        address.len--;
        name = without_quotes(str_trim(str_cut(&address, '<')));
        if (!address.ptr || !is_name(name))
            return false;
    }
    if (!mail_address_is_usable(address))
        return false;
    *ret_name = name.len ? name : (struct str){NULL, 0};
    *ret_address = address;
    return true;
}

static enum err parse_from(struct str from, struct arena *arena, struct mail_sender *sender,
                           struct err_detail *detail)
{
    struct str name, address;

    if (str_trim(from).len == 0)
        return err_set(detail, ERR_INVALID,
                       "smtp-url is set, but not whom mails come from; set smtp-from to an address "
                       "that the mail server lets you send as, such as Forms <forms@example.org>");
    if (!mailbox_parse(from, &name, &address))
        return err_set(detail, ERR_INVALID,
                       "smtp-from: not an address; use forms@example.org or Forms "
                       "<forms@example.org>");
    TRY(arena_keep(arena, address, &sender->address));
    return name.ptr ? arena_keep(arena, name, &sender->name) : ERR_OK;
}

/* --- the door ------------------------------------------------------------ */

static enum err parse_url(struct str url, struct arena *arena, struct mail_sender *sender,
                          struct err_detail *detail)
{
    for (size_t i = 0; i < COUNTOF(SCHEMES); i++) {
        const struct scheme *scheme = &SCHEMES[i];
        struct str prefix = str_of(scheme->prefix);
        if (!str_starts_with_nocase(url, prefix))
            continue;
        struct str rest = {url.ptr + prefix.len, url.len - prefix.len};
        sender->service = scheme->service;
        return scheme->service == MAIL_SMTP ? parse_smtp(scheme, rest, arena, sender, detail)
                                            : parse_api(scheme, rest, arena, sender, detail);
    }
    return err_set(detail, ERR_INVALID, "smtp-url: not a mail server or service; " EXAMPLES);
}

enum err mail_sender_parse(struct str url, struct str from, struct arena *arena,
                           struct mail_sender *ret_sender, struct err_detail *detail)
{
    struct mail_sender sender = {.service = MAIL_NONE};

    url = str_trim(url);
    if (url.len == 0 && str_trim(from).len)
        return err_set(detail, ERR_INVALID,
                       "smtp-from is set, but not how mails leave; set smtp-url, such as "
                       "smtp://USER:PASSWORD@HOST:587");
    if (url.len >= URL_MAX)
        return err_set(detail, ERR_INVALID, "smtp-url: longer than %d bytes", URL_MAX - 1);
    if (url.len) {
        TRY(parse_url(url, arena, &sender, detail));
        TRY(parse_from(from, arena, &sender, detail));
    }
    *ret_sender = sender;
    return ERR_OK;
}
