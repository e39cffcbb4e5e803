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
    GATE_NAME_MAX = 1100,
    ADDRESS_BYTES_MAX = 8 * 1024,
    RETRY_AFTER_MAX_MS = 6 * 60 * 60 * 1000,
    MESSAGES_MAX = 32 * 1024 * 1024, /* bytes of the messages of one digest in memory */
};

/* --- where it goes ------------------------------------------------------- */

/* Forms that nobody has registered take messages like the default one. */
struct route_out route_find(struct forms *forms, struct str form, struct str destination)
{
    struct route_out route = {.entry = forms_find_or_default(forms, form)};

    route.notice = forms_notice(forms, route.entry, form);
    if (route.notice)
        route.destination = notice_find(route.notice, destination);
    return route;
}

/*
 * A row is for one form's destination, and another form's may have the same name: that of the
 * default one when the form is gone, or of a new form of this name. A mailbox is what it is called.
 */
static bool is_for(const struct route_out *route, const struct delivery *row)
{
    if (!row->via.ptr || !route->entry || route->destination->channel == CHANNEL_MAIL)
        return true;
    return str_equal(row->via, route->entry->name);
}

struct route_out route_of(struct forms *forms, const struct delivery *row)
{
    struct route_out route = route_find(forms, row->form, row->destination);

    if (route.destination && !is_for(&route, row))
        route.destination = NULL;
    return route;
}

static bool is_mail(const struct destination *destination)
{
    return destination->channel == CHANNEL_MAIL || destination->channel == CHANNEL_REPLY;
}

struct str route_place(const struct destination *destination, const struct mail_sender *sender)
{
    struct str url = is_mail(destination) ? sender->url : destination->address;
    struct str origin = web_url_origin(url);

    if (origin.len || is_mail(destination))
        return origin.len ? origin : url;
    return str_of(channel_text(destination->channel));
}

/* Two tokens, or chats, of one address are two receivers. Only a hash is kept of them. */
static void put_address(const struct destination *destination, struct buf *out)
{
    const struct str parts[] = {destination->address, destination->secret, destination->chat};
    CLEANUP(buf_done) struct buf all = buf_new(ADDRESS_BYTES_MAX);

    for (size_t i = 0; i < COUNTOF(parts); i++) {
        buf_put(&all, parts[i]);
        buf_put_char(&all, '\n');
    }
    struct digest hash = digest_of(buf_str(&all), NULL);
    for (size_t i = 0; i < sizeof hash.bytes; i++)
        buf_printf(out, "%02x", hash.bytes[i]);
}

enum err route_gates(const struct destination *destination, const struct mail_sender *sender,
                     struct gate_names *ret_names)
{
    struct str place = route_place(destination, sender);
    struct str host = web_url_host(destination->address);
    struct buf *names = ret_names->of;

    for (int kind = 0; kind < GATE_COUNT; kind++)
        names[kind] = buf_new(GATE_NAME_MAX);
    if (is_mail(destination)) {
        for (int kind = 0; kind < GATE_COUNT; kind++)
            buf_printf(&names[kind], "mail %.*s", (int)sender->url.len, sender->url.ptr);
    } else {
        buf_put(&names[GATE_HOST], host.len ? host : place);
        buf_put(&names[GATE_ORIGIN], place);
        put_address(destination, &names[GATE_ADDRESS]);
    }
    for (int kind = 0; kind < GATE_COUNT; kind++)
        TRY(buf_status(&names[kind]));
    return ERR_OK;
}

void gate_names_done(struct gate_names *names)
{
    for (int kind = 0; kind < GATE_COUNT; kind++)
        buf_done(&names->of[kind]);
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
    if (route->destination)
        load->channel = route->destination->channel;
    load->is_digest = rows_max > 1;
    load->has_batch = !id_is_none(&first->batch);
    load->id = first->submission;
    if (load->has_batch)
        load->id = first->batch;
    else if (id_is_none(&first->submission))
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

    if (load->is_digest && !load->has_batch)
        load->id = store_next_id(writer, now_ms);
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
static void fail(struct load *load, enum err err, const struct outbox_options *options,
                 const struct err_detail *detail)
{
    load->is_hopeless = err == ERR_INVALID || err == ERR_FULL;
    load->is_visitors = err == ERR_INVALID && load->channel == CHANNEL_REPLY &&
                        options->sender.service != MAIL_NONE;
    load->parcel.result = load->is_hopeless ? PARCEL_REFUSED : PARCEL_LATER;
    load->parcel.status = 0;
    snprintf(load->parcel.error, sizeof load->parcel.error, "%.*s",
             (int)sizeof load->parcel.error - 1, detail->text[0] ? detail->text : err_text(err));
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
        fail(load, err, options, &detail);
    return err;
}

/* --- how it went --------------------------------------------------------- */

static bool is_for_good(const struct load *load)
{
    return load->is_hopeless || (load->parcel.result == PARCEL_REFUSED && load->parcel.is_gone);
}

/* What it says may be too much for somebody: of a mail by SMTP anything, else what says so. */
static bool is_content_refused(const struct load *load)
{
    const struct parcel *parcel = &load->parcel;
    bool may_be =
        parcel->is_smtp || parcel->status == 400 || parcel->status == 413 || parcel->status == 422;

    return parcel->result == PARCEL_REFUSED && !parcel->is_gone && may_be;
}

/*
 * One message must not take the others of a digest along: what is refused for what it says goes
 * in halves, which are asked about soon, until what is refused stands alone.
 */
static bool must_split(const struct load *load)
{
    return load->is_digest && load->count > 1 && (load->is_hopeless || is_content_refused(load));
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
    if (load->split_at)
        wait_ms = delivery_wait_ms(1, chance);
    row->state = wait_ms < 0 ? DELIVERY_FAILED : DELIVERY_WAITING;
    row->due_at_ms = now_ms + (wait_ms < asked_ms ? asked_ms : wait_ms);
}

/* One chance for all: the rows of a digest must be due again at the same time. */
void load_judge(struct load *load, int64_t now_ms)
{
    uint64_t chance;

    secret_random(&chance, sizeof chance);
    load->took_ms = now_ms > load->began_ms ? now_ms - load->began_ms : 0;
    load->split_at = must_split(load) ? load->count / 2 : 0;
    for (size_t i = 0; i < load->count; i++)
        judge_row(load, &load->rows[i], now_ms, chance);
}

enum gate_kind load_blames(const struct load *load)
{
    const struct parcel *parcel = &load->parcel;
    bool is_unwilling = parcel->status == 0 || parcel->status == 429 || parcel->status >= 500;

    if (parcel->result == PARCEL_DELIVERED)
        return GATE_COUNT;
    if (parcel->end == PARCEL_AT_DOOR)
        return GATE_ORIGIN;
    return !parcel->is_smtp && is_unwilling ? GATE_ADDRESS : GATE_COUNT;
}

/* 550 to 553 are about a mailbox, whichever command they answer; other services say 400 or 422. */
static bool is_about_mailbox(const struct parcel *parcel)
{
    if (!parcel->is_smtp)
        return parcel->status == 400 || parcel->status == 422;
    return parcel->end == PARCEL_AT_RECIPIENT ||
           (parcel->result == PARCEL_REFUSED && parcel->status >= 550 && parcel->status <= 553);
}

/* Its address was not taken or refused, but the connection ended, or nothing more came. */
static bool ends_at_recipient(const struct parcel *parcel)
{
    enum { CLOSING = 421 };

    return parcel->end == PARCEL_AT_RECIPIENT &&
           (parcel->status < 400 || parcel->status == CLOSING);
}

/* One visitor's mistyped address says nothing ill of the autoresponder. */
enum delivery_sign load_sign(const struct load *load)
{
    const struct parcel *parcel = &load->parcel;

    if (load->is_visitors)
        return SIGN_NONE;
    bool is_reply = load->channel == CHANNEL_REPLY && !load->is_hopeless;
    if (!is_reply || parcel->result == PARCEL_DELIVERED || !is_about_mailbox(parcel))
        return SIGN_OF_ATTEMPT;
    return ends_at_recipient(parcel) ? SIGN_NONE : SIGN_REACHED;
}

enum err load_settle(const struct load *load, struct store *writer)
{
    bool is_delivered = load->parcel.result == PARCEL_DELIVERED;
    struct delivery_outcome outcome = {
        .form = load->form,
        .destination = load->destination,
        .sign = load_sign(load),
        .attempt = {.at_ms = load->began_ms,
                    .took_ms = load->took_ms,
                    .status = load->parcel.status,
                    .error = is_delivered ? (struct str){0} : str_of(load->parcel.error)}};

    for (size_t i = 0; i < load->count; i++) {
        if (load->split_at && (i == 0 || i == load->split_at))
            outcome.batch = store_next_id(writer, load->began_ms);
        outcome.id = load->rows[i].id;
        outcome.state = load->rows[i].state;
        outcome.due_at_ms = load->rows[i].due_at_ms;
        enum err err = store_delivery_settle(writer, &outcome);
        if (err != ERR_NOT_FOUND)
            TRY(err);
    }
    return ERR_OK;
}
