/* SPDX-License-Identifier: MIT */
/*
 * Columns have roles. A column is looked up under the name that it has in the
 * file, in the rows of the service that the file comes from; the first column
 * with a role gets it, a second one stays a field. A CSV file of our own is a
 * service of its own here: core/export tells how its columns are called.
 */
#include "core/import.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "core/csv.h"
#include "core/export.h"

enum { TIME_TEXT_MAX = 64, ID_ROOM = 8, TEXT_MAX = 256 * 1024 };

enum role {
    ROLE_AT,
    ROLE_DATE, /* may be the visitor's: the same, if no column is surely the time */
    ROLE_ID,
    ROLE_FORM,
    ROLE_STATE,
    ROLE_NAME,
    ROLE_EMAIL,
    ROLE_MESSAGE,
    ROLE_SOURCE,
    ROLE_AGENT,
    ROLE_PAGE,
    ROLE_SCORE,
    ROLE_STARRED,
    ROLE_FIELDS,  /* an object of further columns */
    ROLE_SURPLUS, /* the same, as a text */
    ROLE_NONE,    /* the other service's own; of no use here */
    ROLE__COUNT
};

#define BIT(origin) (1u << (origin))
enum {
    OURS_JSON = BIT(ORIGIN_CONTACTD),
    OURS_CSV = BIT(ORIGIN_AUTO), /* which no service is */
    OURS = OURS_JSON | OURS_CSV,
    FORMSPREE = BIT(ORIGIN_FORMSPREE),
    NETLIFY = BIT(ORIGIN_NETLIFY),
    BASIN = BIT(ORIGIN_BASIN),
    GETFORM = BIT(ORIGIN_GETFORM),
    THEIRS = FORMSPREE | NETLIFY | BASIN | GETFORM,
    ALL = OURS | THEIRS,
};

/* Names compare without case. */
static const struct {
    const char *name;
    enum role role;
    unsigned origins;
} COLUMNS[] = {
    {"receivedAt", ROLE_AT, OURS},
    {"createdAt", ROLE_AT, OURS | BASIN | GETFORM},
    {"_date", ROLE_AT, FORMSPREE},
    {"created_at", ROLE_AT, THEIRS},
    {"created at", ROLE_AT, THEIRS},
    {"submitted_at", ROLE_AT, THEIRS},
    {"submittedAt", ROLE_AT, THEIRS},
    {"submitted at", ROLE_AT, THEIRS},
    {"submission_date", ROLE_AT, THEIRS},
    {"submissionDate", ROLE_AT, THEIRS},
    {"submission date", ROLE_AT, THEIRS},
    {"Date", ROLE_DATE, FORMSPREE | BASIN | GETFORM},
    {"Timestamp", ROLE_DATE, FORMSPREE | BASIN | GETFORM},
    {"id", ROLE_ID, OURS},
    {"form", ROLE_FORM, OURS},
    {"form_name", ROLE_FORM, NETLIFY},
    {"state", ROLE_STATE, OURS},
    {"name", ROLE_NAME, ALL},
    {"email", ROLE_EMAIL, ALL},
    {"_replyto", ROLE_EMAIL, THEIRS},
    {"message", ROLE_MESSAGE, ALL},
    {"source", ROLE_SOURCE, OURS},
    {"ip", ROLE_SOURCE, THEIRS},
    {"_ip", ROLE_SOURCE, THEIRS},
    {"ip_address", ROLE_SOURCE, THEIRS},
    {"ip address", ROLE_SOURCE, THEIRS},
    {"userAgent", ROLE_AGENT, OURS},
    {"user_agent", ROLE_AGENT, THEIRS},
    {"user agent", ROLE_AGENT, THEIRS},
    {"page", ROLE_PAGE, OURS},
    {"referrer", ROLE_PAGE, THEIRS},
    {"referer", ROLE_PAGE, THEIRS},
    {"spamScore", ROLE_SCORE, OURS},
    {"fields", ROLE_FIELDS, OURS_JSON},
    {"furtherFields", ROLE_SURPLUS, OURS_CSV},
    {"data", ROLE_FIELDS, NETLIFY | BASIN | GETFORM},
    {"spamReasons", ROLE_NONE, OURS_JSON},
    {"starred", ROLE_STARRED, OURS_JSON},
    {"notes", ROLE_NONE, OURS_JSON},
    {"_status", ROLE_NONE, FORMSPREE},
    {"_gotcha", ROLE_NONE, THEIRS},
    {"id", ROLE_NONE, NETLIFY | BASIN | GETFORM},
    {"_id", ROLE_NONE, THEIRS},
    {"number", ROLE_NONE, NETLIFY},
    {"summary", ROLE_NONE, NETLIFY},
    {"body", ROLE_NONE, NETLIFY},
    {"human_fields", ROLE_NONE, NETLIFY},
    {"ordered_human_fields", ROLE_NONE, NETLIFY},
    {"site_url", ROLE_NONE, NETLIFY},
    {"form_id", ROLE_NONE, THEIRS},
};

/* --- where it comes from ------------------------------------------------- */

static const char *const ORIGINS[] = {
#define ORIGIN_AS_TEXT(id, text) [id] = text,
    IMPORT_ORIGIN_LIST(ORIGIN_AS_TEXT)
#undef ORIGIN_AS_TEXT
};

bool import_origin_parse(struct str text, enum import_origin *ret_origin)
{
    for (size_t i = 0; i < COUNTOF(ORIGINS); i++) {
        if (!str_equal(text, str_of(ORIGINS[i])))
            continue;
        *ret_origin = (enum import_origin)i;
        return true;
    }
    return false;
}

static bool has(const json_t *record, const char *name)
{
    return json_object_get(record, name) != NULL;
}

static bool is_ours(const json_t *record, enum import_origin origin)
{
    if (origin != ORIGIN_AUTO)
        return origin == ORIGIN_CONTACTD;
    return has(record, "id") && has(record, "form") && has(record, "state") &&
           (has(record, "receivedAt") || has(record, "createdAt"));
}

/* The services whose columns are to be known, as bits. */
static unsigned origins_of(const json_t *record, enum import_origin origin, bool is_csv)
{
    if (is_ours(record, origin))
        return is_csv ? OURS_CSV : OURS_JSON;
    if (origin != ORIGIN_AUTO)
        return BIT(origin);
    if (has(record, "_date"))
        return FORMSPREE;
    if (has(record, "created_at") && (has(record, "site_url") || has(record, "form_name")))
        return NETLIFY;
    return THEIRS & ~NETLIFY;
}

/* --- times --------------------------------------------------------------- */

static bool is_digits(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return text.len > 0;
}

/* "2018-11-03 07:28:29.707632 +0000" as "2018-11-03T07:28:29.707632+00:00". */
static bool tidy_time(struct str text, char room[TIME_TEXT_MAX + 8])
{
    size_t len = 0;

    if (text.len < 16 || text.len > TIME_TEXT_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool is_t = i == 10 && (text.ptr[i] == ' ' || text.ptr[i] == 'T');
        if (is_t)
            room[len++] = 'T';
        else if (text.ptr[i] != ' ')
            room[len++] = text.ptr[i];
    }
    if (len > 3 && (memcmp(room + len - 3, "UTC", 3) == 0 || memcmp(room + len - 3, "GMT", 3) == 0))
        len -= 3;
    if (len == 16) { /* without seconds */
        memcpy(room + len, ":00", 3);
        len += 3;
    }
    bool has_offset = len > 5 && (room[len - 5] == '+' || room[len - 5] == '-') && len > 19;
    if (has_offset && is_digits((struct str){room + len - 4, 4})) {
        memmove(room + len - 1, room + len - 2, 2);
        room[len - 2] = ':';
        len++;
    }
    room[len] = '\0';
    bool has_zone = len > 19 && (strchr("Zz", room[len - 1]) || room[len - 3] == ':');
    if (!has_zone)
        memcpy(room + len, "Z", 2);
    return true;
}

bool import_time_parse(struct str text, int64_t *ret_wall_ms)
{
    char room[TIME_TEXT_MAX + 8];
    uint64_t number;

    text = str_trim(text);
    if (is_digits(text) && (text.len == 10 || text.len == 13) &&
        str_to_u64(text, INT64_MAX, &number)) {
        *ret_wall_ms = (int64_t)number * (text.len == 10 ? 1000 : 1);
        return true;
    }
    if (clock_parse(text, ret_wall_ms))
        return true;
    return tidy_time(text, room) && clock_parse(str_of(room), ret_wall_ms);
}

/* --- one record ---------------------------------------------------------- */

struct mapping {
    unsigned origins;
    bool is_csv;
    json_t *row, *fields;
    bool has_time; /* a column is surely the time */
    bool has[ROLE__COUNT];
    struct err_detail *detail;
};

static enum role role_of(const struct mapping *self, struct str name)
{
    for (size_t i = 0; i < COUNTOF(COLUMNS); i++)
        if (COLUMNS[i].origins & self->origins && str_equal_nocase(name, str_of(COLUMNS[i].name)))
            return COLUMNS[i].role;
    return ROLE__COUNT;
}

/* Any value as a text; what is not one as compact JSON. */
static json_t *as_text(const struct mapping *self, json_t *value)
{
    CLEANUP(buf_done) struct buf text = buf_new(TEXT_MAX);

    if (json_is_string(value) && self->origins != OURS_CSV)
        return json_incref(value);
    if (json_is_string(value)) {
        struct str plain =
            csv_unguard((struct str){json_string_value(value), json_string_length(value)});
        return json_stringn(plain.ptr, plain.len);
    }
    js_value(&text, value);
    return buf_status(&text) == ERR_OK ? json_stringn(text.ptr, text.len) : NULL;
}

/* A value that is written as this text and no other, the caller's; NULL: there is none. */
static json_t *parse_value(struct str text)
{
    CLEANUP(js_decref) json_t *object = NULL;
    CLEANUP(buf_done) struct buf body = buf_new(TEXT_MAX), again = buf_new(TEXT_MAX);

    /* As deep as it will stand in the row. */
    buf_put(&body, STR("{\"fields\":{\"\":"));
    buf_put(&body, text);
    buf_put(&body, STR("}}"));
    if (buf_status(&body) != ERR_OK || js_parse_object(buf_str(&body), &object, NULL) != ERR_OK)
        return NULL;
    json_t *value = json_object_get(json_object_get(object, "fields"), "");
    js_value(&again, value);
    bool is_same = buf_status(&again) == ERR_OK && str_equal(buf_str(&again), text);
    return is_same ? json_incref(value) : NULL;
}

/* Lists, objects and numbers below 0 have become texts in a CSV file of ours. */
static json_t *as_value(const struct mapping *self, json_t *value)
{
    struct str text = {json_string_value(value), json_string_length(value)};
    json_t *parsed = NULL;

    if (!text.ptr || self->origins != OURS_CSV)
        return json_incref(value);
    if (text.len && strchr("[{-", text.ptr[0]))
        parsed = parse_value(text);
    return parsed ? parsed : as_text(self, value);
}

static enum err set(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) ? ERR_MEMORY : ERR_OK;
}

static enum err set_time(struct mapping *self, const char *name, const json_t *value)
{
    struct str text = {json_string_value(value), json_string_length(value)};
    int64_t at_ms = json_integer_value(value);

    if (json_is_integer(value))
        at_ms *= at_ms < 100000000000 ? 1000 : 1;
    else if (!text.ptr || !import_time_parse(text, &at_ms))
        return err_set(self->detail, ERR_INVALID,
                       "'%.40s' is not a time; write %.40s like 2026-01-31T09:00:00Z",
                       text.ptr ? text.ptr : "this", name);
    return set(self->row, "at", json_integer(at_ms));
}

static enum err set_score(struct mapping *self, const json_t *value)
{
    double score =
        json_is_string(value) ? strtod(json_string_value(value), NULL) : json_number_value(value);

    if (!(score > -1000 && score < 1000))
        score = 0;
    return set(self->row, "spamScore",
               json_integer((json_int_t)(score * 100 + (score < 0 ? -0.5 : 0.5))));
}

static enum err add_field(struct mapping *self, const char *name, json_t *value)
{
    if (self->origins == OURS_CSV)
        name = export_name_of_column(str_of(name)).ptr;
    return set(self->fields, name, as_value(self, value));
}

static enum err map_value(struct mapping *self, const char *name, json_t *value);

static enum err map_fields(struct mapping *self, json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        /* What an API calls data is the visitor's fields, and ip and the like among them. */
        enum err err = self->origins & OURS ? set(self->fields, name, json_incref(value))
                                            : map_value(self, name, value);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* A field of this name, written before there was such a column, is no object. */
static enum err map_surplus(struct mapping *self, const char *name, json_t *value)
{
    CLEANUP(js_decref) json_t *object = NULL;
    CLEANUP(buf_done) struct buf body = buf_new(TEXT_MAX);
    struct str text = {json_string_value(value), json_string_length(value)};

    buf_put(&body, STR("{\"fields\":"));
    buf_put(&body, text);
    buf_put(&body, STR("}"));
    TRY(buf_status(&body));
    enum err err = js_parse_object(buf_str(&body), &object, NULL);
    if (err != ERR_OK && err != ERR_INVALID)
        return err;
    json_t *fields = json_object_get(object, "fields");
    bool is_object = json_is_object(fields) && json_object_size(object) == 1;
    return is_object ? map_fields(self, fields) : add_field(self, name, value);
}

static enum err map_role(struct mapping *self, enum role role, const char *name, json_t *value)
{
    static const char *const KEYS[ROLE__COUNT] = {
        [ROLE_ID] = "id",         [ROLE_FORM] = "form",       [ROLE_STATE] = "state",
        [ROLE_NAME] = "name",     [ROLE_EMAIL] = "email",     [ROLE_MESSAGE] = "message",
        [ROLE_SOURCE] = "source", [ROLE_AGENT] = "userAgent", [ROLE_PAGE] = "page"};

    self->has[role] = true;
    if (role == ROLE_AT)
        return set_time(self, name, value);
    if (role == ROLE_SCORE)
        return set_score(self, value);
    if (role == ROLE_STARRED)
        return set(self->row, "starred", json_boolean(json_is_true(value)));
    return KEYS[role] ? set(self->row, KEYS[role], as_text(self, value)) : ERR_OK;
}

/* No value at all: nobody but we says that a text is empty by putting it in quotes. */
static bool is_nothing(const struct mapping *self, enum role role, const json_t *value)
{
    bool is_told = self->origins == OURS_CSV && role == ROLE__COUNT;
    bool is_empty = json_is_string(value) && !json_string_length(value);

    return json_is_null(value) || (self->is_csv && is_empty && !is_told);
}

static enum err map_value(struct mapping *self, const char *name, json_t *value)
{
    enum role role = role_of(self, str_of(name));

    if (is_nothing(self, role, value))
        return ERR_OK;
    if (role == ROLE_FIELDS && json_is_object(value))
        return map_fields(self, value);
    if (role == ROLE_SURPLUS)
        return map_surplus(self, name, value);
    if (role == ROLE_DATE)
        role = self->has_time ? ROLE__COUNT : ROLE_AT;
    /* Our own JSON says the time twice, under its old name too. */
    bool is_old_name = role == ROLE_AT && self->has[ROLE_AT] && self->origins == OURS_JSON;
    if (role == ROLE_NONE || is_old_name)
        return ERR_OK;
    if (role == ROLE__COUNT || role == ROLE_FIELDS || self->has[role])
        return add_field(self, name, value);
    return map_role(self, role, name, value);
}

/* Whether a column is surely the time. */
static bool has_time(const struct mapping *self, const json_t *record)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)record, name, value)
    {
        if (role_of(self, str_of(name)) == ROLE_AT && !is_nothing(self, ROLE_AT, value))
            return true;
    }
    return false;
}

/* `data` says more than what a service has picked out of it, so it goes first. */
static enum err map_record(struct mapping *self, const json_t *record)
{
    const char *name;
    json_t *value, *data = json_object_get(record, "data");
    bool has_data = !(self->origins & OURS) && json_is_object(data) &&
                    role_of(self, STR("data")) == ROLE_FIELDS;

    self->has_time = true; /* a date among the visitor's fields is another one */
    if (has_data)
        TRY(map_fields(self, data));
    self->has_time = self->has[ROLE_AT] || has_time(self, record);
    json_object_foreach((json_t *)(uintptr_t)record, name, value)
    {
        enum role role = role_of(self, str_of(name));
        bool is_repeated = has_data && (value == data || role == ROLE__COUNT || self->has[role]);
        if (!is_repeated)
            TRY(map_value(self, name, value));
    }
    return ERR_OK;
}

static enum err check_state(struct mapping *self)
{
    enum submission_state state;
    struct str text = js_get_string(self->row, "state");

    if (!text.ptr) /* history is not news */
        return set(self->row, "state", json_string(submission_state_text(STATE_READ)));
    if (!submission_state_parse(text, &state))
        return err_set(self->detail, ERR_INVALID, "'%.20s' is not a state", text.ptr);
    return ERR_OK;
}

static enum err check_form(struct mapping *self, struct str form)
{
    if (form.ptr)
        TRY(set(self->row, "form", json_stringn(form.ptr, form.len)));
    form = js_get_string(self->row, "form");
    if (!form.ptr)
        return err_set(self->detail, ERR_INVALID, "it does not say its form; give --form NAME");
    if (!form_name_is_valid(form))
        return err_set(self->detail, ERR_INVALID,
                       "'%.64s' is not a form's name here; give --form NAME", form.ptr);
    return ERR_OK;
}

/* With the columns that would have said it. */
static enum err refuse_timeless(const struct mapping *self)
{
    CLEANUP(buf_done) struct buf known = buf_new(sizeof self->detail->text);

    for (size_t i = 0; i < COUNTOF(COLUMNS); i++)
        if (COLUMNS[i].origins & self->origins && COLUMNS[i].role <= ROLE_DATE)
            buf_printf(&known, "%s%s", known.len ? ", " : "", COLUMNS[i].name);
    return err_set(self->detail, ERR_INVALID,
                   "it does not say when it arrived; columns that would: %.*s", (int)known.len,
                   known.len ? known.ptr : "");
}

static enum err finish(struct mapping *self, struct str form)
{
    if (!self->has[ROLE_AT])
        return refuse_timeless(self);
    TRY(check_form(self, form));
    TRY(check_state(self));
    if (!self->has[ROLE_NAME] && !self->has[ROLE_EMAIL] && !self->has[ROLE_MESSAGE] &&
        !json_object_size(self->fields))
        return err_set(self->detail, ERR_INVALID, "it says nothing");
    return json_object_set(self->row, "fields", self->fields) ? ERR_MEMORY : ERR_OK;
}

enum err import_record(const json_t *record, enum import_origin origin, bool is_csv,
                       struct str form, json_t **ret_row, struct err_detail *detail)
{
    CLEANUP(js_decref) json_t *row = json_object();
    CLEANUP(js_decref) json_t *fields = json_object();
    struct mapping self = {.origins = origins_of(record, origin, is_csv),
                           .is_csv = is_csv,
                           .row = row,
                           .fields = fields,
                           .detail = detail};

    if (!row || !fields)
        return ERR_MEMORY;
    TRY(map_record(&self, record));
    TRY(finish(&self, form));
    *ret_row = json_incref(row);
    return ERR_OK;
}

/* --- ids ----------------------------------------------------------------- */

struct id import_id(int64_t at_ms, struct str content, unsigned attempt)
{
    enum { COUNTERS = 1 << 15 };
    struct digest digest = digest_of(content, NULL);
    unsigned counter = (unsigned)(digest.bytes[0] << 8 | digest.bytes[1]) + attempt;
    struct id_source source = {.last_seq = (id_seq_at(at_ms) | (counter % COUNTERS)) - 1};

    return id_next(&source, at_ms, digest.bytes + 2);
}
