/* SPDX-License-Identifier: MIT */
/*
 * The tables of `notify` and the reader that walks them. A section is a list of
 * destinations of one channel; its members are rows, as are those that concern the whole
 * notice. To add a member: a row; to add a channel: a section, and a row in channel.c.
 * Null is the same as nothing; what is not in a table is an error.
 */
#include "core/notice.h"

#include "base/encode.h"
#include "base/utf8.h"
#include "core/email.h"
#include "core/mail.h"
#include "core/notice_table.h"
#include "core/point.h"
#include "core/target.h"

static const char *const RHYTHMS[] = {"off", "hourly", "daily", NULL};
static const char *const SIGNATURES[] = {"standard", "formspree", NULL};

#define AT(member) offsetof(struct destination, member)
#define IN(member) offsetof(struct notice, member)

#define NAME                                                                                       \
    {                                                                                              \
        "name", "of its deliveries; else the channel's word, once", NOTICE_NAME, AT(name),         \
            .max = 64                                                                              \
    }
#define SPAM                                                                                       \
    {                                                                                              \
        "spam", "whether it hears of spam, too", NOTICE_FLAG, .offset = AT(wants_spam)             \
    }
#define ALARMS                                                                                     \
    {                                                                                              \
        "alarms", "whether it hears of alarms; true unless told", NOTICE_FLAG,                     \
            .offset = AT(wants_alarms)                                                             \
    }
#define URL(text)                                                                                  \
    {                                                                                              \
        "url", text, NOTICE_URL, AT(address), .max = TARGET_URL_MAX, .is_required = true           \
    }
/* Who knows such a URL may post. */
#define SECRET_URL(text)                                                                           \
    {                                                                                              \
        "url", text, NOTICE_URL, AT(address), .max = TARGET_URL_MAX, .is_required = true,          \
                                              .is_secret = true                                    \
    }

static const struct notice_member MAIL_MEMBERS[] = {
    {"to", "a mailbox", NOTICE_MAILBOX, AT(address), .max = EMAIL_MAX, .is_required = true},
    {"digest", "gathers messages into one mail: off, hourly, daily", NOTICE_WORD, AT(rhythm),
     .words = RHYTHMS},
    SPAM,
    ALARMS,
    {.name = NULL},
};

static const struct notice_member WEBHOOK_MEMBERS[] = {
    NAME,
    URL("where messages are posted to as JSON"),
    {"secret",
     "signs: whsec_ and base64 of 24 to 64 random bytes; with the signature formspree any 16 to "
     "128 "
     "visible characters; none: unsigned",
     NOTICE_SECRET, AT(secret), .max = 128, .is_secret = true},
    {"signature",
     "standard (Standard Webhooks), or formspree: Formspree-Signature beside the standard's",
     NOTICE_WORD, AT(signature), .words = SIGNATURES},
    SPAM,
    ALARMS,
    {.name = NULL},
};

static const struct notice_member SLACK_MEMBERS[] = {
    NAME,
    SECRET_URL("an incoming webhook, https://hooks.slack.com/services/..."),
    SPAM,
    ALARMS,
    {.name = NULL}};

static const struct notice_member DISCORD_MEMBERS[] = {
    NAME,
    SECRET_URL("a channel's webhook, https://discord.com/api/webhooks/..."),
    SPAM,
    ALARMS,
    {.name = NULL}};

static const struct notice_member TEAMS_MEMBERS[] = {
    NAME,
    SECRET_URL("of a workflow that posts to a channel when a webhook comes"),
    SPAM,
    ALARMS,
    {.name = NULL}};

static const struct notice_member TELEGRAM_MEMBERS[] = {
    NAME,
    {"token", "the bot's, 123456:ABC-DEF", NOTICE_BOT, AT(secret), .max = 128, .is_required = true,
     .is_secret = true},
    {"chat", "the chat's number or @channel", NOTICE_CHAT, AT(chat), .max = 64,
     .is_required = true},
    {"url", "of a Bot API server of one's own; else https://api.telegram.org", NOTICE_URL,
     AT(address), .max = TARGET_URL_MAX},
    SPAM,
    ALARMS,
    {.name = NULL},
};

static const struct notice_member NTFY_MEMBERS[] = {
    NAME,
    URL("of the topic, https://ntfy.sh/topic; or of the server, with topic"),
    {"topic", "if the URL has none", NOTICE_NAME, AT(chat), .max = 64},
    {"token", "an access token", NOTICE_TOKEN, AT(secret), .max = 128, .is_secret = true},
    SPAM,
    ALARMS,
    {.name = NULL},
};

static const struct notice_member GOTIFY_MEMBERS[] = {
    NAME,
    URL("of the server"),
    {"token", "the application's", NOTICE_TOKEN, AT(secret), .max = 128, .is_required = true,
     .is_secret = true},
    SPAM,
    ALARMS,
    {.name = NULL},
};

static const struct notice_section SECTIONS[] = {
    {"mail", "mailboxes, as a text or as an object", CHANNEL_MAIL, MAIL_MEMBERS},
    {"webhooks", "posted to as JSON, signed", CHANNEL_WEBHOOK, WEBHOOK_MEMBERS},
    {"slack", "channels of Slack", CHANNEL_SLACK, SLACK_MEMBERS},
    {"discord", "channels of Discord", CHANNEL_DISCORD, DISCORD_MEMBERS},
    {"telegram", "chats of Telegram", CHANNEL_TELEGRAM, TELEGRAM_MEMBERS},
    {"teams", "channels of Microsoft Teams", CHANNEL_TEAMS, TEAMS_MEMBERS},
    {"ntfy", "topics of ntfy", CHANNEL_NTFY, NTFY_MEMBERS},
    {"gotify", "applications of Gotify", CHANNEL_GOTIFY, GOTIFY_MEMBERS},
    {.name = NULL},
};

static const struct notice_member NOTICE_MEMBERS[] = {
    {"subject", "of mails; {{name}} stands for a field", NOTICE_LINE, IN(subject), .max = 200},
    {"text", "of mails, in front of the fields", NOTICE_PROSE, IN(text), .max = 4000},
    {"silenceDays",
     "without a message, after which an alarm is given; 0: judged by the form's past",
     NOTICE_NUMBER, IN(silence_days), .max = 365},
    {.name = NULL},
};

static const struct notice_member REPLY_MEMBERS[] = {
    {"subject", "of the reply", NOTICE_LINE, IN(reply_subject), .max = 200},
    {"text", "of the reply; {{name}} stands for a field", NOTICE_PROSE, IN(reply_text), .max = 4000,
     .is_required = true},
    {"perDay",
     "replies to one address in 24 hours, 3 unless told; all forms together send 10, or as many",
     NOTICE_NUMBER, IN(reply_per_day), .max = 100, .min = 1},
    {.name = NULL},
};

enum { REPLY_PER_DAY = 3 };

static const char REPLY[] = "autoreply";

const struct notice_section *notice_sections(void)
{
    return SECTIONS;
}

const struct notice_member *notice_members(void)
{
    return NOTICE_MEMBERS;
}

const struct notice_member *notice_reply_members(void)
{
    return REPLY_MEMBERS;
}

/* --- values -------------------------------------------------------------- */

/* Where the reader is: "notify.webhooks[1]". */
struct place {
    char text[48];
    struct err_detail *detail;
};

static struct str text_of(const json_t *value)
{
    return (struct str){json_string_value(value), json_string_length(value)};
}

static bool is_text(struct str text, bool may_break)
{
    while (text.len) {
        int32_t point = utf8_next(&text);
        if (point < 0 || (point_is_control(point) && !(may_break && point == '\n')))
            return false;
    }
    return true;
}

static bool is_line(struct str text)
{
    return is_text(text, false);
}

static bool is_prose(struct str text)
{
    return is_text(text, true);
}

static bool is_name(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i], lower = (char)(c | 0x20);
        if (!((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return text.len > 0;
}

/* Letters that need no escape in a URL's path. */
static bool is_bot(struct str text)
{
    struct str rest = text;
    struct str number = str_cut(&rest, ':');
    uint64_t value;

    return rest.ptr && str_to_u64(number, UINT64_MAX, &value) && is_name(rest);
}

static bool is_chat(struct str text)
{
    uint64_t number;

    if (text.ptr[0] == '@')
        return is_name((struct str){text.ptr + 1, text.len - 1});
    if (text.ptr[0] == '-')
        text = (struct str){text.ptr + 1, text.len - 1};
    return str_to_u64(text, INT64_MAX, &number);
}

/* By kind: what a text must be, and how it is told. Secrets are judged with their neighbours. */
static const struct {
    bool (*fits)(struct str text);
    const char *expected;
} TEXTS[] = {
    [NOTICE_NAME] = {is_name, "letters, digits, '-' and '_'"},
    [NOTICE_MAILBOX] = {mail_address_is_usable,
                        "an address such as owner@example.org, of plain ASCII"},
    [NOTICE_URL] = {target_url_is_sound,
                    "an https URL without user name and fragment, its host a name or a plain "
                    "address"},
    [NOTICE_SECRET] = {str_is_visible_ascii, "visible ASCII characters"},
    [NOTICE_TOKEN] = {str_is_visible_ascii, "visible ASCII characters"},
    [NOTICE_BOT] = {is_bot, "a bot's token such as 123456:ABC-DEF"},
    [NOTICE_CHAT] = {is_chat, "a chat's number, or @channel"},
    [NOTICE_LINE] = {is_line, "one line without control characters"},
    [NOTICE_PROSE] = {is_prose, "text without control characters but line breaks"},
};

static enum err wrong(const struct place *at, const struct notice_member *row, struct str text)
{
    if (row->is_secret || text.len > 80 || !is_line(text))
        return err_set(at->detail, ERR_INVALID, "%s.%s is not valid; expected is %s", at->text,
                       row->name, TEXTS[row->kind].expected);
    return err_set(at->detail, ERR_INVALID, "%s.%s: '%.*s' is not valid; expected is %s", at->text,
                   row->name, (int)text.len, text.ptr, TEXTS[row->kind].expected);
}

static enum err read_text(const struct place *at, const struct notice_member *row,
                          const json_t *value, struct str *ret_text)
{
    struct str text = text_of(value);

    if (!text.ptr || text.len == 0 || text.len > row->max)
        return err_set(at->detail, ERR_INVALID, "%s.%s must be a text of 1 to %u bytes", at->text,
                       row->name, row->max);
    if (!TEXTS[row->kind].fits(text))
        return wrong(at, row, text);
    *ret_text = text;
    return ERR_OK;
}

static enum err read_number(const struct place *at, const struct notice_member *row,
                            const json_t *value, uint32_t *ret_number)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < row->min || number > row->max)
        return err_set(at->detail, ERR_INVALID, "%s.%s must be a whole number from %u to %u",
                       at->text, row->name, row->min, row->max);
    *ret_number = (uint32_t)number;
    return ERR_OK;
}

static enum err read_word(const struct place *at, const struct notice_member *row,
                          const json_t *value, int *ret_word)
{
    const char *text = json_string_value(value);

    for (int i = 0; text && row->words[i]; i++) {
        if (strcmp(text, row->words[i]) != 0)
            continue;
        *ret_word = i;
        return ERR_OK;
    }
    return err_set(at->detail, ERR_INVALID, "%s.%s must be one of %s, %s%s%s", at->text, row->name,
                   row->words[0], row->words[1], row->words[2] ? ", " : "",
                   row->words[2] ? row->words[2] : "");
}

_Static_assert(sizeof(enum rhythm) == sizeof(int) && sizeof(enum signature) == sizeof(int),
               "read_word() writes them");

static enum err read_flag(const struct place *at, const struct notice_member *row,
                          const json_t *value, bool *ret_flag)
{
    if (!json_is_boolean(value))
        return err_set(at->detail, ERR_INVALID, "%s.%s must be true or false", at->text, row->name);
    *ret_flag = json_is_true(value);
    return ERR_OK;
}

static enum err read_member(const struct place *at, const struct notice_member *row,
                            const json_t *value, void *target)
{
    void *member = (char *)target + row->offset;

    if (row->kind == NOTICE_NUMBER)
        return read_number(at, row, value, member);
    if (row->kind == NOTICE_WORD)
        return read_word(at, row, value, member);
    if (row->kind == NOTICE_FLAG)
        return read_flag(at, row, value, member);
    return read_text(at, row, value, member);
}

/* --- objects ------------------------------------------------------------- */

static const struct notice_member *find(const struct notice_member *rows, const char *name)
{
    for (; rows->name; rows++)
        if (strcmp(rows->name, name) == 0)
            return rows;
    return NULL;
}

static void put_known(struct buf *known, const char *name)
{
    buf_printf(known, "%s%s", known->len ? ", " : "", name);
}

static enum err unknown(const struct place *at, const char *name, const struct buf *known)
{
    return err_set(at->detail, ERR_INVALID, "%s has no member '%.64s'; known are %.*s", at->text,
                   name, (int)known->len, known->ptr ? known->ptr : "");
}

static enum err unknown_member(const struct place *at, const struct notice_member *rows,
                               const char *name)
{
    CLEANUP(buf_done) struct buf known = buf_new(512);

    for (; rows->name; rows++)
        put_known(&known, rows->name);
    return unknown(at, name, &known);
}

/* An object of which every member is a row. */
static enum err read_object(const struct place *at, const struct notice_member *rows,
                            const json_t *object, void *target)
{
    const char *name;
    json_t *value;

    if (!json_is_object(object))
        return err_set(at->detail, ERR_INVALID, "%s must be an object", at->text);
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const struct notice_member *row = find(rows, name);
        if (!row)
            return unknown_member(at, rows, name);
        if (!json_is_null(value))
            TRY(read_member(at, row, value, target));
    }
    for (; rows->name; rows++) {
        const json_t *member = json_object_get(object, rows->name);
        if (rows->is_required && (!member || json_is_null(member)))
            return err_set(at->detail, ERR_INVALID, "%s needs %s: %s", at->text, rows->name,
                           rows->help);
    }
    return ERR_OK;
}

/* --- destinations -------------------------------------------------------- */

/* Standard Webhooks: 24 to 64 bytes behind "whsec_". */
static bool is_standard_secret(struct str secret)
{
    const struct str prefix = STR("whsec_");
    uint8_t key[64];
    size_t len = 0;

    if (!str_starts_with(secret, prefix))
        return false;
    secret = (struct str){secret.ptr + prefix.len, secret.len - prefix.len};
    return base64_decode(secret, key, sizeof key, &len) && len >= 24;
}

static enum err check_webhook(const struct place *at, const struct destination *to)
{
    bool is_standard = to->signature == SIGNATURE_STANDARD;

    if (is_standard && to->secret.ptr && !is_standard_secret(to->secret))
        return err_set(at->detail, ERR_INVALID,
                       "%s.secret must be whsec_ and base64 of 24 to 64 random bytes, as "
                       "'echo whsec_$(openssl rand -base64 32)' makes it",
                       at->text);
    if (!is_standard && to->secret.len < 16)
        return err_set(at->detail, ERR_INVALID,
                       "%s.secret must be a text of 16 to 128 bytes, since signature is formspree",
                       at->text);
    return ERR_OK;
}

static enum err check_ntfy(const struct place *at, const struct destination *to)
{
    struct str topic = target_url_path(to->address);

    if (to->chat.ptr ? topic.len > 1
                     : topic.len < 2 || !is_name((struct str){topic.ptr + 1, topic.len - 1}))
        return err_set(at->detail, ERR_INVALID,
                       "%s.url must end with the topic, as https://ntfy.sh/topic, or have no path "
                       "beside the member topic",
                       at->text);
    return ERR_OK;
}

/* Something is put behind such a URL. */
static enum err check_server(const struct place *at, const struct destination *to)
{
    if (to->address.len && memchr(to->address.ptr, '?', to->address.len))
        return err_set(at->detail, ERR_INVALID, "%s.url must be the server's, without a query",
                       at->text);
    return ERR_OK;
}

static enum err check(const struct place *at, const struct destination *to)
{
    if (to->channel == CHANNEL_WEBHOOK)
        return check_webhook(at, to);
    if (to->channel == CHANNEL_NTFY)
        return check_ntfy(at, to);
    if (to->channel == CHANNEL_TELEGRAM || to->channel == CHANNEL_GOTIFY)
        return check_server(at, to);
    return ERR_OK;
}

/* "mail:owner@example.org", "webhook:crm", "webhook"; kept by the notice. */
static enum err give_name(const struct place *at, struct notice *notice, struct destination *to)
{
    struct str own = to->channel == CHANNEL_MAIL ? to->address : to->name;
    json_t *name = json_sprintf("%s%s%.*s", channel_text(to->channel), own.len ? ":" : "",
                                (int)own.len, own.len ? own.ptr : "");

    if (!name || json_array_append_new(notice->names, name) != 0)
        return ERR_MEMORY;
    to->name = text_of(name);
    for (size_t i = 0; i < notice->count; i++)
        if (str_equal_nocase(notice->destinations[i].name, to->name))
            return err_set(at->detail, ERR_INVALID, "%s: there is another '%.*s'; %s", at->text,
                           (int)to->name.len, to->name.ptr,
                           to->channel == CHANNEL_MAIL ? "one mail is enough"
                                                       : "give each a name of its own");
    return ERR_OK;
}

static enum err add(const struct place *at, struct notice *notice, struct destination *to)
{
    if (notice->count == DESTINATIONS_MAX)
        return err_set(at->detail, ERR_INVALID,
                       "notify has more than %d destinations, the automatic reply among them",
                       DESTINATIONS_MAX);
    TRY(check(at, to));
    TRY(give_name(at, notice, to));
    notice->destinations[notice->count++] = *to;
    return ERR_OK;
}

static enum err read_destination(const struct place *at, const struct notice_section *section,
                                 const json_t *value, struct notice *notice)
{
    struct destination to = {.channel = section->channel, .wants_alarms = true};

    if (section->channel == CHANNEL_MAIL && json_is_string(value))
        TRY(read_member(at, find(section->members, "to"), value, &to));
    else
        TRY(read_object(at, section->members, value, &to));
    return add(at, notice, &to);
}

static enum err read_section(const struct notice_section *section, const json_t *list,
                             struct notice *notice, struct err_detail *detail)
{
    size_t count = json_array_size(list);

    if (!json_is_array(list))
        return err_set(detail, ERR_INVALID, "notify.%s must be a list", section->name);
    for (size_t i = 0; i < count; i++) {
        struct place at = {.detail = detail};
        snprintf(at.text, sizeof at.text, "notify.%s[%zu]", section->name, i);
        TRY(read_destination(&at, section, json_array_get(list, i), notice));
    }
    return ERR_OK;
}

static enum err read_reply(const json_t *value, struct notice *notice, struct err_detail *detail)
{
    struct destination to = {.channel = CHANNEL_REPLY};
    struct place at = {.detail = detail};

    snprintf(at.text, sizeof at.text, "notify.%s", REPLY);
    notice->reply_per_day = REPLY_PER_DAY;
    TRY(read_object(&at, REPLY_MEMBERS, value, notice));
    return add(&at, notice, &to);
}

/* --- the whole ----------------------------------------------------------- */

static const struct notice_section *find_section(const char *name)
{
    for (const struct notice_section *section = SECTIONS; section->name; section++)
        if (strcmp(section->name, name) == 0)
            return section;
    return NULL;
}

static enum err unknown_section(const struct place *at, const char *name)
{
    CLEANUP(buf_done) struct buf known = buf_new(512);

    for (const struct notice_section *section = SECTIONS; section->name; section++)
        put_known(&known, section->name);
    for (const struct notice_member *row = NOTICE_MEMBERS; row->name; row++)
        put_known(&known, row->name);
    put_known(&known, REPLY);
    return unknown(at, name, &known);
}

static enum err read_named(const char *name, const json_t *value, struct notice *notice,
                           struct err_detail *detail)
{
    const struct notice_section *section = find_section(name);
    const struct notice_member *row = find(NOTICE_MEMBERS, name);
    struct place at = {.text = "notify", .detail = detail};

    if (!section && !row && strcmp(name, REPLY) != 0)
        return unknown_section(&at, name);
    if (json_is_null(value))
        return ERR_OK;
    if (section)
        return read_section(section, value, notice, detail);
    return row ? read_member(&at, row, value, notice) : ERR_OK;
}

static enum err read_all(const json_t *settings, struct notice *notice, struct err_detail *detail)
{
    const json_t *reply = json_object_get(settings, REPLY);
    const char *name;
    json_t *value;

    if (!notice->names)
        return ERR_MEMORY;
    if (!json_is_object(settings))
        return err_set(detail, ERR_INVALID,
                       "notify must be an object such as {\"mail\":[\"owner@example.org\"]}");
    json_object_foreach((json_t *)(uintptr_t)settings, name, value)
        TRY(read_named(name, value, notice, detail));
    if (!reply || json_is_null(reply))
        return ERR_OK;
    return read_reply(reply, notice, detail); /* the last, wherever it stands */
}

enum err notice_compile(const json_t *settings, struct notice *ret_notice,
                        struct err_detail *detail)
{
    *ret_notice = (struct notice){.count = 0};
    if (!settings || json_is_null(settings))
        return ERR_OK;
    ret_notice->names = json_array();
    enum err err = read_all(settings, ret_notice, detail);
    if (err != ERR_OK)
        notice_done(ret_notice);
    return err;
}

void notice_done(struct notice *notice)
{
    json_decref(notice->names);
    *notice = (struct notice){.count = 0};
}

const struct destination *notice_find(const struct notice *notice, struct str name)
{
    for (size_t i = 0; i < notice->count; i++)
        if (str_equal(notice->destinations[i].name, name))
            return &notice->destinations[i];
    return NULL;
}
