/* SPDX-License-Identifier: MIT */
/*
 * A submission as JSON. This is the inner loop of every list, so the keys are
 * literals that are copied rather than values that are escaped.
 */
#include "core/submission.h"

#include "base/clock.h"
#include "base/json.h"
#include "core/address.h"

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool form_name_is_valid(struct str name)
{
    if (name.len == 0 || name.len > FORM_NAME_MAX || !is_lower_or_digit(name.ptr[0]))
        return false;
    for (size_t i = 1; i < name.len; i++)
        if (!is_lower_or_digit(name.ptr[i]) && name.ptr[i] != '-' && name.ptr[i] != '_')
            return false;
    return true;
}

static const char *const STATES[] = {
#define STATE_AS_TEXT(id, text) [id] = text,
    SUBMISSION_STATE_LIST(STATE_AS_TEXT)
#undef STATE_AS_TEXT
};

const char *submission_state_text(enum submission_state state)
{
    return STATES[state];
}

bool submission_state_parse(struct str text, enum submission_state *ret_state)
{
    for (size_t i = 0; i < COUNTOF(STATES); i++) {
        if (!str_equal(text, str_of(STATES[i])))
            continue;
        *ret_state = (enum submission_state)i;
        return true;
    }
    return false;
}

struct content submission_content(const struct submission *submission,
                                  const uint8_t key[TABLE_KEY_BYTES], uint64_t ret_message[2])
{
    char room[ADDRESS_TEXT_LEN + 1];
    struct str parts[] = {submission->form,    submission->name,   submission->email,
                          submission->message, submission->fields, {NULL, 0}};
    uint64_t hashes[COUNTOF(parts)][2]; /* of fixed size, so that no text can pass for two */
    size_t count = COUNTOF(parts) - 1;
    struct content content;

    /* Without an address, two who say the same are told apart by where they are. */
    if (!submission->email.len)
        parts[count++] = address_source_text(submission->source, room);
    for (size_t i = 0; i < count; i++)
        table_hash(parts[i], key, hashes[i]);
    if (ret_message)
        memcpy(ret_message, hashes[3], sizeof hashes[3]);
    table_hash((struct str){(const char *)hashes, count * sizeof hashes[0]}, key, content.words);
    return content;
}

static void put_text(struct buf *out, struct str key, struct str value)
{
    buf_put(out, key);
    if (value.ptr)
        js_string(out, value);
    else
        buf_put(out, STR("null"));
}

void submission_render_open(struct buf *out, const struct submission *submission)
{
    char id[ID_TEXT_LEN + 1], time[CLOCK_TEXT_LEN + 1];
    struct str received = {time, CLOCK_TEXT_LEN};

    id_format(&submission->id, id);
    clock_format(id_wall_ms(&submission->id), time);
    buf_put(out, STR("{\"id\":\""));
    buf_put(out, (struct str){id, ID_TEXT_LEN});
    put_text(out, STR("\",\"form\":"), submission->form);
    buf_put(out, STR(",\"receivedAt\":\""));
    buf_put(out, received);
    buf_put(out, STR("\",\"createdAt\":\"")); /* the name that it had first */
    buf_put(out, received);
    put_text(out, STR("\",\"name\":"), submission->name);
    put_text(out, STR(",\"email\":"), submission->email);
    put_text(out, STR(",\"message\":"), submission->message);
    buf_put(out, STR(",\"fields\":"));
    buf_put(out, submission->fields.ptr ? submission->fields : STR("{}"));
    put_text(out, STR(",\"source\":"), submission->source);
    put_text(out, STR(",\"userAgent\":"), submission->user_agent);
    put_text(out, STR(",\"page\":"), submission->page);
    buf_put(out, STR(",\"state\":\""));
    buf_put(out, str_of(STATES[submission->state]));
    buf_put(out, submission->is_starred ? STR("\",\"starred\":true") : STR("\",\"starred\":false"));
    buf_put(out, STR(",\"spamScore\":"));
    buf_put_hundredths(out, submission->spam_score);
    buf_put(out, STR(",\"spamReasons\":"));
    buf_put(out, submission->spam_reasons.ptr ? submission->spam_reasons : STR("[]"));
}

void submission_render(struct buf *out, const struct submission *submission)
{
    submission_render_open(out, submission);
    buf_put_char(out, '}');
}

void note_render(struct buf *out, const struct submission_note *note)
{
    buf_put(out, STR("{\"id\":\""));
    buf_put_i64(out, note->id);
    put_text(out, STR("\",\"author\":"), note->author);
    put_text(out, STR(",\"text\":"), note->text);
    js_field_time(out, "createdAt", note->created_at_ms);
    buf_put_char(out, '}');
}

/* --- addresses ----------------------------------------------------------- */

/* Whether the quote at `rest.ptr` opens a text that is the address, and no member's name. */
static bool opens_address(struct str rest, struct str address)
{
    size_t end = 1 + address.len;

    return rest.len > end && rest.ptr[end] == '"' &&
           str_equal_nocase((struct str){rest.ptr + 1, address.len}, address) &&
           (rest.len == end + 1 || rest.ptr[end + 1] != ':');
}

/*
 * Our own JSON: nothing in an address is ever escaped there, and a quote
 * behind a backslash is either inside a text or closes one.
 */
static bool json_has_address(struct str json, struct str address)
{
    const char *end = json.ptr + json.len;

    for (const char *at = json.ptr; at < end; at++) {
        at = memchr(at, '"', (size_t)(end - at));
        if (!at)
            return false;
        if ((at == json.ptr || at[-1] != '\\') &&
            opens_address((struct str){at, (size_t)(end - at)}, address))
            return true;
    }
    return false;
}

bool submission_has_address(const struct submission *submission, struct str address)
{
    return str_equal_nocase(submission->email, address) ||
           (submission->fields.ptr && json_has_address(submission->fields, address));
}
