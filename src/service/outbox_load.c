/* SPDX-License-Identifier: MIT */
/*
 * One load: what it consists of, what is sent, and what follows from how that went. What
 * is sent under an id is the same in every attempt: the rows of a digest stay together
 * once it was tried, since a receiver that knows the id may drop what comes later.
 */
#include "outbox_load.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "core/mail_text.h"
#include "core/web.h"

enum {
    TIMEOUT_MS = 45 * 1000,
    ID_BYTES_MAX = 64,
    RETRY_AFTER_MAX_MS = 6 * 60 * 60 * 1000,
    MESSAGES_MAX = 32 * 1024 * 1024, /* bytes of the messages of one digest in memory */
};

/* --- where it goes ------------------------------------------------------- */

/* Forms that nobody has registered take messages like the default one. */
struct route_out route_find(struct forms *forms, struct str form, struct str destination)
{
    struct route_out route = {.entry = forms_find(forms, form)};

    if (!route.entry)
        route.entry = forms_find(forms, STR(FORM_DEFAULT));
    if (route.entry && form.len)
        route.notice = route.entry->notice;
    else
        route.notice = forms_server_notice(forms);
    if (route.notice)
        route.destination = notice_find(route.notice, destination);
    return route;
}

void route_host(const struct route_out *route, const struct mail_sender *sender, struct buf *out)
{
    const struct destination *destination = route->destination;
    struct str host = web_url_host(destination->address);

    if (destination->channel == CHANNEL_MAIL || destination->channel == CHANNEL_REPLY) {
        buf_put(out, STR("mail "));
        host = sender->url;
    } else if (!host.len) {
        host = str_of(channel_text(destination->channel));
    }
    buf_put(out, host);
}

/* --- making -------------------------------------------------------------- */

static struct str put_text(char **at, struct str text)
{
    struct str kept = {*at, text.len};

    if (text.len)
        memcpy(*at, text.ptr, text.len);
    (*at)[text.len] = '\0';
    *at += text.len + 1;
    return kept;
}

static void put_texts(struct load *load, const struct delivery_queue *queue, struct str text)
{
    char *at = load->room;

    load->form = put_text(&at, queue->form);
    load->destination = put_text(&at, queue->destination);
    if (text.ptr)
        load->text = put_text(&at, text);
}

struct load *load_new(const struct route_out *route, const struct delivery_queue *queue,
                      const struct delivery *first, size_t rows_max)
{
    struct load *load = calloc(1, sizeof *load);

    if (!load)
        return NULL;
    outgoing_init(&load->out);
    load->rows = calloc(rows_max, sizeof *load->rows);
    load->room = malloc(queue->form.len + queue->destination.len + first->text.len + 3);
    if (!load->rows || !load->room) {
        load_free(load);
        return NULL;
    }
    put_texts(load, queue, first->text);
    load->route = *route;
    load->is_digest = rows_max > 1;
    load->has_batch = !id_is_none(&first->batch);
    load->id = first->submission;
    if (load->has_batch)
        load->id = first->batch;
    else if (load->is_digest || id_is_none(&first->submission))
        load->id = first->id;
    return load;
}

bool load_fits(const struct load *load, const struct delivery *row)
{
    if (!load->has_batch)
        return id_is_none(&row->batch);
    return memcmp(row->batch.bytes, load->id.bytes, sizeof load->id.bytes) == 0;
}

void load_add(struct load *load, const struct delivery *row)
{
    load->rows[load->count++] = (struct load_row){
        .id = row->id, .submission = row->submission, .attempts = row->attempts + 1};
}

void load_free(struct load *load)
{
    if (!load)
        return;
    outgoing_done(&load->out);
    form_entry_release(load->route.entry);
    free(load->rows);
    free(load->room);
    free(load);
}

enum err load_claim(struct load *load, struct store *writer, int64_t now_ms)
{
    const struct id *batch = load->is_digest ? &load->id : NULL;
    size_t kept = 0;

    for (size_t i = 0; i < load->count; i++) {
        enum err err = store_delivery_claim(writer, &load->rows[i].id, now_ms,
                                            now_ms + DELIVERY_LEASE_MS, batch);
        if (err == ERR_NOT_FOUND)
            continue;
        TRY(err);
        load->rows[kept++] = load->rows[i];
    }
    load->count = kept;
    return ERR_OK;
}

/* --- composing ----------------------------------------------------------- */

struct reading {
    struct arena arena;
    struct submission *rows;
    size_t count;
};

static enum err keep_text(struct reading *reading, struct str *text)
{
    return text->ptr ? arena_keep(&reading->arena, *text, text) : ERR_OK;
}

static enum err keep_row(void *arg, const struct submission *row)
{
    struct reading *reading = arg;
    struct submission *copy = &reading->rows[reading->count];
    struct str *texts[] = {&copy->form,           &copy->name,   &copy->email,
                           &copy->message,        &copy->fields, &copy->source,
                           &copy->user_agent,     &copy->page,   &copy->spam_reasons,
                           &copy->idempotency_key};

    *copy = *row;
    for (size_t i = 0; i < COUNTOF(texts); i++)
        TRY(keep_text(reading, texts[i]));
    reading->count++;
    return ERR_OK;
}

/* What was deleted meanwhile is left out: its delivery has gone with it. */
static enum err read_messages(const struct load *load, struct store *reader,
                              struct reading *reading)
{
    reading->rows = arena_alloc(&reading->arena, load->count * sizeof *reading->rows);
    if (!reading->rows)
        return ERR_MEMORY;
    for (size_t i = 0; i < load->count; i++) {
        enum err err = store_submission_get(reader, &load->rows[i].submission, keep_row, reading);
        if (err != ERR_NOT_FOUND)
            TRY(err);
    }
    return reading->count ? ERR_OK : ERR_NOT_FOUND;
}

/*
 * The same in every attempt; of mails, another one for each mailbox: who has two of
 * them should see both. Webhooks tell receivers apart by their URL.
 */
static void put_id(const struct load *load, struct buf *out)
{
    enum channel channel = load->route.destination->channel;
    char id[ID_TEXT_LEN + 1];

    id_format(&load->id, id);
    buf_put(out, str_of(id));
    if (channel != CHANNEL_MAIL && channel != CHANNEL_REPLY)
        return;
    struct digest hash = digest_of(load->destination, NULL);
    buf_put_char(out, '.');
    for (size_t i = 0; i < 4; i++)
        buf_printf(out, "%02x", hash.bytes[i]);
}

static enum language language_of(const struct form_rules *rules)
{
    enum language language;

    return rules && language_parse(rules->language, &language) ? language : LANGUAGE_EN;
}

static struct channel_input input_of(const struct load *load, const struct outbox_options *options,
                                     const struct submission *rows, size_t count)
{
    const struct form_rules *rules = load->route.entry ? load->route.entry->rules : NULL;

    return (struct channel_input){.destination = load->route.destination,
                                  .notice = load->route.notice,
                                  .sender = &options->sender,
                                  .form = load->form,
                                  .form_title = rules ? rules->title : (struct str){0},
                                  .language = language_of(rules),
                                  .rows = rows,
                                  .row_count = count,
                                  .text = load->text,
                                  .public_url = options->public_url,
                                  .now_ms = load->began_ms};
}

static enum err compose(struct load *load, const struct reading *reading,
                        const struct outbox_options *options, struct err_detail *detail)
{
    CLEANUP(buf_done) struct buf id = buf_new(ID_BYTES_MAX);
    struct channel_input input = input_of(load, options, reading->rows, reading->count);

    put_id(load, &id);
    TRY(buf_status(&id));
    input.id = buf_str(&id);
    return channel_compose(&input, &load->out, detail);
}

struct weighing {
    const struct load *load;
    const struct outbox_options *options;
    size_t bytes; /* so far */
};

static enum err weigh(void *arg, const struct submission *row)
{
    struct weighing *weighing = arg;
    const struct channel_input input = input_of(weighing->load, weighing->options, row, 1);

    weighing->bytes += mail_text_weigh(&input);
    return ERR_OK;
}

/* What was tried before stays together under its id, whatever it weighs. */
enum err load_trim(struct load *load, struct store *reader, const struct outbox_options *options)
{
    struct weighing weighing = {.load = load, .options = options};

    if (!load->is_digest || load->has_batch)
        return ERR_OK;
    for (size_t i = 0; i < load->count; i++) {
        enum err err = store_submission_get(reader, &load->rows[i].submission, weigh, &weighing);
        if (err != ERR_NOT_FOUND)
            TRY(err);
        if (i && weighing.bytes > MAIL_DIGEST_MAX) {
            load->count = i;
            break;
        }
    }
    return ERR_OK;
}

static void fill_parcel(struct load *load, const struct outbox_options *options)
{
    const struct outgoing *out = &load->out;
    bool has_login = out->is_smtp && options->sender.user.ptr;

    load->parcel.is_smtp = out->is_smtp;
    load->parcel.url = out->url.ptr;
    load->parcel.user = has_login ? options->sender.user.ptr : NULL;
    load->parcel.password = has_login ? options->sender.secret.ptr : NULL;
    load->parcel.may_be_plain = options->may_be_plain;
    load->parcel.from = out->from.ptr;
    load->parcel.to = out->to.ptr;
    load->parcel.headers = out->headers.ptr ? out->headers.ptr : "";
    load->parcel.body = buf_str(&out->body);
    load->parcel.timeout_ms = TIMEOUT_MS;
}

/* What cannot be composed will not be composed tomorrow either, unless memory was short. */
static void fail(struct load *load, enum err err, const struct err_detail *detail)
{
    load->is_hopeless = err == ERR_INVALID || err == ERR_FULL;
    load->parcel.result = load->is_hopeless ? PARCEL_REFUSED : PARCEL_LATER;
    load->parcel.status = 0;
    snprintf(load->parcel.error, sizeof load->parcel.error, "%s",
             detail->text[0] ? detail->text : err_text(err));
}

enum err load_compose(struct load *load, struct store *reader, const struct outbox_options *options)
{
    struct reading reading = {.count = 0};
    struct err_detail detail = {""};
    enum err err = ERR_OK;

    arena_init(&reading.arena, MESSAGES_MAX, NULL, 0);
    load->began_ms = clock_wall_ms();
    if (!load->text.ptr)
        err = read_messages(load, reader, &reading);
    if (err == ERR_OK)
        err = compose(load, &reading, options, &detail);
    arena_done(&reading.arena);
    form_entry_release(load->route.entry);
    load->route = (struct route_out){0};
    if (err == ERR_OK)
        fill_parcel(load, options);
    else
        fail(load, err, &detail);
    return err;
}

/* --- how it went --------------------------------------------------------- */

/* The mailbox or the address is gone, and says so. */
static bool is_for_good(const struct load *load)
{
    const struct parcel *parcel = &load->parcel;

    if (load->is_hopeless || parcel->result != PARCEL_REFUSED)
        return load->is_hopeless;
    return parcel->is_smtp ? parcel->status >= 550 && parcel->status < 560 : parcel->status == 410;
}

static void judge_row(const struct load *load, struct load_row *row, int64_t now_ms,
                      uint64_t chance)
{
    const struct parcel *parcel = &load->parcel;
    int64_t asked_ms =
        parcel->retry_after_ms < RETRY_AFTER_MAX_MS ? parcel->retry_after_ms : RETRY_AFTER_MAX_MS;

    row->state = DELIVERY_DONE;
    row->due_at_ms = now_ms;
    if (parcel->result == PARCEL_DELIVERED)
        return;
    int64_t wait_ms = is_for_good(load) ? -1 : delivery_wait_ms(row->attempts, chance);
    row->state = wait_ms < 0 ? DELIVERY_FAILED : DELIVERY_WAITING;
    row->due_at_ms = now_ms + (wait_ms < asked_ms ? asked_ms : wait_ms);
}

/* One chance for all: the rows of a digest must be due again at the same time. */
void load_judge(struct load *load, int64_t now_ms)
{
    uint64_t chance;

    secret_random(&chance, sizeof chance);
    load->took_ms = now_ms > load->began_ms ? now_ms - load->began_ms : 0;
    for (size_t i = 0; i < load->count; i++)
        judge_row(load, &load->rows[i], now_ms, chance);
}

bool load_blames_host(const struct load *load)
{
    const struct parcel *parcel = &load->parcel;

    if (parcel->result == PARCEL_DELIVERED)
        return false;
    if (parcel->is_smtp)
        return parcel->status == 0 || parcel->status == 421 || parcel->status == 535;
    return parcel->status == 0 || parcel->status == 429 || parcel->status >= 500;
}

enum err load_settle(const struct load *load, struct store *writer)
{
    bool is_delivered = load->parcel.result == PARCEL_DELIVERED;
    struct delivery_outcome outcome = {
        .form = load->form,
        .destination = load->destination,
        .attempt = {.at_ms = load->began_ms,
                    .took_ms = load->took_ms,
                    .status = load->parcel.status,
                    .error = is_delivered ? (struct str){0} : str_of(load->parcel.error)}};

    for (size_t i = 0; i < load->count; i++) {
        outcome.id = load->rows[i].id;
        outcome.state = load->rows[i].state;
        outcome.due_at_ms = load->rows[i].due_at_ms;
        enum err err = store_delivery_settle(writer, &outcome);
        if (err != ERR_NOT_FOUND)
            TRY(err);
    }
    return ERR_OK;
}
