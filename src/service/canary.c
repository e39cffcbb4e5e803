/* SPDX-License-Identifier: MIT */
/*
 * Each try opens a transport and closes it again: names are looked up anew, no connection is
 * kept, and no memory either. Private addresses are not refused, nor is plain HTTP: the
 * operator has named the address.
 *
 * `lock` guards what other threads ask about (`out`, `transport`, `is_over`); all else belongs to
 * the thread that tries.
 */
#include "service/canary.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/secret.h"
#include "base/utf8.h"
#include "notify/transport.h"

enum {
    TRY_MS = 10 * 1000,
    POLL_MS = 1000,
    RETRY_MS = 60 * 1000,
    LOOK_MS = 12 * 60 * 60 * 1000, /* at the certificate alone */
    LOOK_AGAIN_MS = 60 * 60 * 1000,
    FAILURES = 2, /* in a row: one may be a restart of the proxy */
    TOKEN_BYTES = 32,
    URL_BYTES = 600,
    BODY_BYTES = 1024,
    REPLY_BYTES = 4096,
};

_Static_assert(CANARY_TOKEN_LEN == BASE64URL_LEN(TOKEN_BYTES), "as base64url");

/* A message that is under way. */
struct out {
    bool is_awaited; /* its token has not come yet */
    char token[CANARY_TOKEN_LEN + 1], proof[CANARY_TOKEN_LEN + 1];
};

struct canary {
    struct canary_options options;
    char url[URL_BYTES];
    struct form_rules *rules;
    struct form_entry form;
    pthread_mutex_t lock;
    struct out out;
    struct transport *transport; /* NULL: no try is under way */
    bool is_over;
    int64_t due_ms;
    unsigned failures;  /* in a row */
    enum reach failure; /* the one that the news' reason is about */
    struct canary_news news;
};

/* One try. */
struct trip {
    struct parcel parcel;
    struct out out; /* as it was sent */
    struct buf body, reply;
    bool is_done, was_taken;
};

/* --- what is known ------------------------------------------------------- */

int64_t canary_due_ms(const struct canary *canary)
{
    return canary->due_ms;
}

const struct canary_news *canary_news(const struct canary *canary)
{
    return &canary->news;
}

bool canary_has_messages(const struct canary *canary)
{
    return canary->options.every_ms > 0;
}

struct str canary_url(const struct canary *canary)
{
    return str_of(canary->options.public_url);
}

const struct form_entry *canary_form(const struct canary *canary)
{
    return &canary->form;
}

bool canary_take(struct canary *canary, struct str token, char ret_proof[CANARY_TOKEN_LEN + 1])
{
    if (!canary || token.len != CANARY_TOKEN_LEN)
        return false;
    pthread_mutex_lock(&canary->lock);
    bool is_ours =
        canary->out.is_awaited && secret_equal(canary->out.token, token.ptr, CANARY_TOKEN_LEN);
    if (is_ours) {
        memcpy(ret_proof, canary->out.proof, sizeof canary->out.proof);
        canary->out.is_awaited = false;
    }
    pthread_mutex_unlock(&canary->lock);
    return is_ours;
}

void canary_break_off(struct canary *canary)
{
    if (!canary)
        return;
    pthread_mutex_lock(&canary->lock);
    canary->is_over = true;
    if (canary->transport)
        transport_wake(canary->transport);
    pthread_mutex_unlock(&canary->lock);
}

static bool is_over(struct canary *canary)
{
    pthread_mutex_lock(&canary->lock);
    bool is_over = canary->is_over;
    pthread_mutex_unlock(&canary->lock);
    return is_over;
}

/* --- there and back ------------------------------------------------------ */

static void draw(char ret_text[CANARY_TOKEN_LEN + 1])
{
    uint8_t bytes[TOKEN_BYTES];

    secret_random(bytes, sizeof bytes);
    base64url_encode(bytes, sizeof bytes, ret_text);
}

static void write_message(struct trip *trip)
{
    struct buf *body = &trip->body;

    draw(trip->out.token);
    draw(trip->out.proof);
    trip->out.is_awaited = true;
    js_open(body, '{');
    js_field_string(body, "name", STR("contactd"));
    js_field_string(body, "email", STR("canary@contactd.invalid"));
    js_field_string(body, "message", STR("The server's own test message; see canary-every."));
    js_field_string(body, "_canary", str_of(trip->out.token));
    js_close(body, '}');
}

static void came_back(struct parcel *parcel)
{
    CONTAINER_OF(parcel, struct trip, parcel)->is_done = true;
}

static void set_out(struct canary *canary, const struct out *out, struct transport *transport)
{
    pthread_mutex_lock(&canary->lock);
    canary->out = *out;
    canary->transport = transport;
    pthread_mutex_unlock(&canary->lock);
}

/* From now on the token is worth nothing. */
static void recall(struct canary *canary, struct trip *trip)
{
    pthread_mutex_lock(&canary->lock);
    trip->was_taken = trip->out.is_awaited && !canary->out.is_awaited;
    secret_wipe(&canary->out, sizeof canary->out);
    canary->transport = NULL;
    pthread_mutex_unlock(&canary->lock);
}

static enum err travel(struct canary *canary, struct trip *trip)
{
    const struct transport_options options = {.ca_file = canary->options.ca_file};
    struct transport *transport = NULL;

    TRY(buf_status(&trip->body));
    TRY(transport_open(&options, &transport, NULL));
    set_out(canary, &trip->out, transport);
    transport_send(transport, &trip->parcel);
    while (!trip->is_done && !is_over(canary))
        transport_poll(transport, POLL_MS);
    recall(canary, trip);
    transport_close(transport);
    return ERR_OK;
}

/* --- what it means ------------------------------------------------------- */

static bool has_proof(const struct trip *trip)
{
    CLEANUP(js_decref) json_t *reply = NULL;

    if (trip->parcel.status != 200 ||
        js_parse_object(buf_str(&trip->reply), &reply, NULL) != ERR_OK)
        return false;
    struct str proof = js_get_string(reply, "proof");
    return proof.len == CANARY_TOKEN_LEN &&
           secret_equal(proof.ptr, trip->out.proof, CANARY_TOKEN_LEN);
}

static void explain(const struct trip *trip, struct buf *text)
{
    const struct parcel *parcel = &trip->parcel;
    const struct reach_answer answer = {.reach = parcel->reach,
                                        .error = str_of(parcel->error),
                                        .status = parcel->status,
                                        .body = buf_str(&trip->reply)};
    CLEANUP(buf_done) struct buf remedy = buf_new(CANARY_REASON_MAX);

    reach_explain(&answer, text, &remedy);
    if (trip->was_taken && parcel->status != 503)
        buf_put(text, STR(" (the message has arrived, so it is the answer that gets lost)"));
    buf_put(text, STR("; "));
    buf_put(text, buf_str(&remedy));
}

static void write_reason(struct canary *canary, struct str text)
{
    struct str reason = utf8_fit(text, CANARY_REASON_MAX);

    snprintf(canary->news.reason, sizeof canary->news.reason, "%.*s", (int)reason.len,
             reason.len ? reason.ptr : "");
}

/* The transport's words for one and the same failure differ in how many milliseconds it took. */
static bool is_known(const struct canary *canary, enum reach reach)
{
    return canary->news.message == CANARY_FAILING && reach != REACH_ANSWERED &&
           reach == canary->failure;
}

static void succeed(struct canary *canary)
{
    canary->failures = 0;
    canary->news.message = CANARY_FINE;
    canary->news.reason[0] = '\0';
    metric_set(METRIC_CANARY_AT, clock_wall_ms() / 1000);
}

static void fail(struct canary *canary, const struct trip *trip)
{
    CLEANUP(buf_done) struct buf text = buf_new(2 * CANARY_REASON_MAX);

    explain(trip, &text);
    metric_add(METRIC_CANARY_FAILED, 1);
    LOG(LOG_WARN, "canary_failed", LOG_STR("url", canary_url(canary)),
        LOG_STR("reason", buf_str(&text)));
    if (++canary->failures < FAILURES || is_known(canary, trip->parcel.reach))
        return;
    canary->news.message = CANARY_FAILING;
    canary->failure = trip->parcel.reach;
    write_reason(canary, buf_str(&text));
}

static int64_t rest_ms(const struct canary *canary)
{
    int64_t every_ms = canary->options.every_ms;

    if (!every_ms)
        return canary->news.certificate_ends_ms ? LOOK_MS : LOOK_AGAIN_MS;
    return canary->failures && every_ms > RETRY_MS ? RETRY_MS : every_ms;
}

static void judge(struct canary *canary, const struct trip *trip)
{
    if (trip->parcel.certificate_ends_ms)
        canary->news.certificate_ends_ms = trip->parcel.certificate_ends_ms;
    if (!canary_has_messages(canary))
        return;
    if (has_proof(trip))
        succeed(canary);
    else
        fail(canary, trip);
}

static bool is_other(const struct canary_news *a, const struct canary_news *b)
{
    return a->message != b->message || strcmp(a->reason, b->reason) != 0 ||
           a->certificate_ends_ms != b->certificate_ends_ms;
}

bool canary_try(struct canary *canary)
{
    const struct canary_news before = canary->news;
    struct trip trip = {.body = buf_new(BODY_BYTES), .reply = buf_new(REPLY_BYTES)};
    bool is_get = !canary_has_messages(canary);

    if (!is_get)
        write_message(&trip);
    trip.parcel = (struct parcel){.url = canary->url,
                                  .may_be_plain = !canary->news.has_certificate,
                                  .headers = is_get ? "" : "Content-Type: application/json\n",
                                  .body = buf_str(&trip.body),
                                  .is_get = is_get,
                                  .reply = &trip.reply,
                                  .timeout_ms = TRY_MS,
                                  .done = came_back};
    enum err err = travel(canary, &trip);
    if (err != ERR_OK)
        LOG(LOG_WARN, "canary_not_sent", LOG_TEXT("reason", err_text(err)));
    else if (!is_over(canary))
        judge(canary, &trip);
    canary->due_ms = clock_mono_ms() + rest_ms(canary);
    secret_wipe(&trip.out, sizeof trip.out);
    buf_done(&trip.body);
    buf_done(&trip.reply);
    return is_other(&before, &canary->news);
}

/* --- up and down --------------------------------------------------------- */

/* The default form's rules as they are without settings, so that none of them is in the way. */
static enum err make_form(struct canary *canary, struct err_detail *detail)
{
    CLEANUP(js_decref) json_t *settings = json_object();

    if (!settings)
        return ERR_MEMORY;
    TRY(form_compile(settings, &canary->rules, detail));
    canary->form = (struct form_entry){
        .name = STR(FORM_DEFAULT), .rules = canary->rules, .schema = &SCHEMA_CONTACT};
    return ERR_OK;
}

enum err canary_new(const struct canary_options *options, struct canary **ret_canary,
                    struct err_detail *detail)
{
    struct canary *canary = calloc(1, sizeof *canary);

    if (!canary)
        return ERR_MEMORY;
    *canary = (struct canary){.options = *options,
                              .due_ms = clock_mono_ms() + options->first_ms,
                              .news.has_certificate =
                                  str_starts_with(str_of(options->public_url), STR("https://"))};
    snprintf(canary->url, sizeof canary->url, "%s%s", options->public_url,
             options->every_ms ? CANARY_PATH : "/healthz");
    enum err err = make_form(canary, detail);
    if (err == ERR_OK && pthread_mutex_init(&canary->lock, NULL))
        err = ERR_MEMORY;
    if (err == ERR_OK) {
        *ret_canary = canary;
        return ERR_OK;
    }
    form_rules_free(canary->rules);
    free(canary);
    return err;
}

void canary_free(struct canary *canary)
{
    if (!canary)
        return;
    form_rules_free(canary->rules);
    pthread_mutex_destroy(&canary->lock);
    free(canary);
}
