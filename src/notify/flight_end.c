/* SPDX-License-Identifier: MIT */
/*
 * What the end of a transfer means. Of a mail: refused is only what the server says of this
 * recipient or this message. What it says before, of us (the password, the sender,
 * a greeting that turns us away), is for the operator to mend, so the mail waits.
 * Of a post: once a status has come, it decides, however the body ended.
 */
#include <stdio.h>

#include "base/utf8.h"
#include "notify/flight.h"

enum { RETRY_AFTER_MAX_S = 6 * 3600 };

/* --- one line for people ------------------------------------------------- */

static bool is_harmless(int32_t point)
{
    return point >= 0x20 && point != 0x7f && !(point >= 0x80 && point < 0xa0) && point != 0x2028 &&
           point != 0x2029 && !(point >= 0x202a && point <= 0x202e) &&
           !(point >= 0x2066 && point <= 0x2069);
}

/* A stranger's bytes: valid UTF-8 without control characters is kept, '?' stands for the rest. */
static void put_clean(struct buf *out, struct str text)
{
    while (text.len) {
        const char *from = text.ptr;
        int32_t point = utf8_next(&text);
        if (point < 0)
            text = (struct str){text.ptr + 1, text.len - 1};
        if (is_harmless(point))
            buf_put(out, (struct str){from, (size_t)(text.ptr - from)});
        else
            buf_put_char(out, point == '\t' ? ' ' : '?');
    }
}

static void set_error(struct parcel *parcel, const struct buf *text)
{
    struct str error = utf8_fit(buf_str(text), sizeof parcel->error - 1);

    if (error.len)
        memcpy(parcel->error, error.ptr, error.len);
    parcel->error[error.len] = '\0';
}

/* "it answered 550: there is nobody of this name" */
static void put_answer(struct buf *out, const struct flight *flight)
{
    struct str said = str_trim((struct str){flight->said, flight->said_len});

    buf_printf(out, "it answered %d", flight->parcel->status);
    if (said.len == 0 || said.ptr[0] == '<') /* a page is for browsers */
        return;
    buf_put(out, STR(": "));
    put_clean(out, said);
}

static void put_forbidden(struct buf *out, const struct flight *flight)
{
    buf_printf(out, "%s is no address that may be reached; if it is meant, add it to webhook-allow",
               flight->forbidden);
}

/* libcurl says the same of an answer that is no HTTP. */
static bool is_other_scheme(const struct flight *flight, CURLcode code)
{
    return code == CURLE_UNSUPPORTED_PROTOCOL && !flight->is_tried;
}

/* libcurl tells what failed at our end of the line, not who let go of it. */
static bool is_hung_up(const struct flight *flight, CURLcode code)
{
    return flight->parcel->is_smtp && flight->code < 400 &&
           (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR);
}

static void put_hung_up(struct buf *out, const struct flight *flight)
{
    static const char *const WHEN[] = {
        [STEP_LOGIN] = "before it let us in",
        [STEP_MAIL] = "after MAIL FROM (the sender)",
        [STEP_RECIPIENT] = "after RCPT TO (the recipient)",
        [STEP_DATA] = "after DATA (the message)",
    };

    buf_printf(out, "the mail server closed the connection %s", WHEN[flight->step]);
}

static void put_reason(struct buf *out, const struct flight *flight, CURLcode code)
{
    if (is_other_scheme(flight, code))
        buf_put(out, STR("only https:// is allowed"));
    else if (curl_meter_is_over(&flight->meter))
        buf_put(out, STR("it says more than is listened to"));
    else if (is_hung_up(flight, code))
        put_hung_up(out, flight);
    else if (code == CURLE_USE_SSL_FAILED)
        buf_put(out, STR("the mail server offers no encryption (STARTTLS)"));
    else if (code == CURLE_COULDNT_RESOLVE_HOST || !flight->reason[0])
        buf_put(out, str_of(curl_lib_explain(code)));
    else
        put_clean(out, str_of(flight->reason));
    if (strstr(flight->reason, "unexpected TLS packet") ||
        strstr(flight->reason, "wrong version number"))
        buf_put(out, STR("; perhaps TLS to a port that speaks without it"));
    if (flight->parcel->is_smtp && flight->code >= 400) {
        buf_put(out, STR("; "));
        put_answer(out, flight);
    }
}

/* --- mail ---------------------------------------------------------------- */

/* "5.1.1 nobody": what it is about, and which case of that (RFC 3463). False: it does not say. */
static bool read_class(const struct flight *flight, uint64_t *ret_subject, uint64_t *ret_detail)
{
    struct str rest = {flight->said, flight->said_len};
    struct str word = str_cut(&rest, ' ');
    struct str class = str_cut(&word, '.'), subject = str_cut(&word, '.');

    return str_equal(class, STR("5")) && str_to_u64(subject, 999, ret_subject) &&
           str_to_u64(word, 999, ret_detail);
}

/* There is no such mailbox: what the server does not let through is another thing (5.7.x). */
static bool is_gone(const struct flight *flight)
{
    enum { NOT_TAKEN = 550, NOT_LOCAL = 551, NO_NAME = 553 };
    enum { ADDRESSING = 1, MAILBOX = 2, SENDER = 7, SENDER_SYSTEM = 8, DISABLED = 1 };
    uint64_t subject, detail;

    if (flight->step != STEP_RECIPIENT || flight->code < 500)
        return false;
    if (!read_class(flight, &subject, &detail))
        return flight->code == NOT_TAKEN || flight->code == NOT_LOCAL || flight->code == NO_NAME;
    if (subject == MAILBOX)
        return detail == DISABLED;
    return subject == ADDRESSING && detail != SENDER && detail != SENDER_SYSTEM;
}

/* Not this mail, but perhaps a smaller one, or one that says something else. */
static bool is_content_refused(const struct flight *flight)
{
    enum { TOO_LARGE = 552 };

    return flight->code >= 500 &&
           (flight->step == STEP_DATA || (flight->step == STEP_MAIL && flight->code == TOO_LARGE));
}

/* No more after that, that it closes, or that it does not know us: 530, 534, 535, 538. */
static bool shuts_us_out(int code)
{
    return code < 400 || code == 421 || (code >= 530 && code <= 539);
}

/* Who has taken the sender has let us in: what ends it then is of this recipient, or this mail. */
static enum parcel_end end_of_mail(const struct flight *flight)
{
    if (flight->step == STEP_LOGIN || (flight->step == STEP_MAIL && shuts_us_out(flight->code)))
        return PARCEL_AT_DOOR;
    return flight->step == STEP_RECIPIENT ? PARCEL_AT_RECIPIENT : PARCEL_AT_ANSWER;
}

static void judge_mail(struct flight *flight, CURLcode code, struct buf *error)
{
    struct parcel *parcel = flight->parcel;

    parcel->status = flight->code;
    parcel->end = end_of_mail(flight);
    if (code == CURLE_OK) {
        parcel->result = PARCEL_DELIVERED;
        return;
    }
    parcel->is_gone = is_gone(flight);
    parcel->result = parcel->is_gone || is_content_refused(flight) ? PARCEL_REFUSED : PARCEL_LATER;
    if (flight->code >= 400 && code != CURLE_LOGIN_DENIED && code != CURLE_USE_SSL_FAILED)
        put_answer(error, flight);
    else
        put_reason(error, flight, code);
}

/* --- posts --------------------------------------------------------------- */

static enum parcel_result result_of(int status)
{
    if (status >= 200 && status <= 299)
        return PARCEL_DELIVERED;
    return status == 408 || status == 425 || status == 429 || status >= 500 ? PARCEL_LATER
                                                                            : PARCEL_REFUSED;
}

static void judge_answer(struct flight *flight, struct buf *error)
{
    struct parcel *parcel = flight->parcel;
    curl_off_t after_s = 0;

    parcel->result = result_of(parcel->status);
    parcel->is_gone = parcel->status == 410;
    if (parcel->result == PARCEL_DELIVERED)
        return;
    flight->lib->easy_getinfo(flight->easy, CURLINFO_RETRY_AFTER, &after_s);
    if (after_s > 0)
        parcel->retry_after_ms =
            (after_s < RETRY_AFTER_MAX_S ? (int64_t)after_s : RETRY_AFTER_MAX_S) * 1000;
    put_answer(error, flight);
    if (parcel->status >= 300 && parcel->status <= 399)
        buf_put(error, STR(" (redirects are not followed; name the address that it leads to)"));
}

/* For who reads the reply; of a 3xx it is where it leads. */
static void see_reply(struct flight *flight)
{
    struct parcel *parcel = flight->parcel;

    if (!parcel->reply)
        return;
    parcel->certificate_ends_ms = curl_lib_expiry(flight->easy);
    if (parcel->status >= 300 && parcel->status <= 399)
        curl_lib_target(flight->easy, parcel->reply);
}

static void judge_post(struct flight *flight, CURLcode code, struct buf *error)
{
    struct parcel *parcel = flight->parcel;
    long status = 0;

    flight->lib->easy_getinfo(flight->easy, CURLINFO_RESPONSE_CODE, &status);
    parcel->status = status >= 200 ? (int)status : 0;
    parcel->end = parcel->status || flight->has_asked ? PARCEL_AT_ANSWER : PARCEL_AT_DOOR;
    parcel->reach = parcel->status ? REACH_ANSWERED : curl_lib_reach(code);
    if (parcel->reach == REACH_TOO_LATE && !flight->is_tried)
        parcel->reach = REACH_NO_NAME; /* it was still being looked up */
    see_reply(flight);
    if (parcel->status) {
        judge_answer(flight, error);
        return;
    }
    bool is_forbidden = flight->is_forbidden && !flight->is_tried;
    bool is_final = is_forbidden || code == CURLE_URL_MALFORMAT || is_other_scheme(flight, code);
    parcel->result = is_final ? PARCEL_REFUSED : PARCEL_LATER;
    if (is_forbidden)
        put_forbidden(error, flight);
    else
        put_reason(error, flight, code);
}

/* --- the end ------------------------------------------------------------- */

void flight_judge(struct flight *flight, CURLcode code)
{
    struct parcel *parcel = flight->parcel;
    CLEANUP(buf_done) struct buf error = buf_new(2048);

    parcel->retry_after_ms = 0;
    parcel->is_gone = false;
    if (parcel->is_smtp)
        judge_mail(flight, code, &error);
    else
        judge_post(flight, code, &error);
    set_error(parcel, &error);
}

void parcel_fail(struct parcel *parcel, const char *reason)
{
    parcel->result = PARCEL_LATER;
    parcel->is_gone = false;
    parcel->end = PARCEL_AT_DOOR;
    parcel->reach = REACH_BROKEN;
    parcel->status = 0;
    parcel->retry_after_ms = 0;
    parcel->certificate_ends_ms = 0;
    snprintf(parcel->error, sizeof parcel->error, "%s", reason);
}
