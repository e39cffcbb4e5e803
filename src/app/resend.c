/* SPDX-License-Identifier: MIT */
/* Deliveries on the command line: what became of them, and once more. */
#include "resend.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "control.h"
#include "service/forms.h"
#include "service/retry.h"
#include "verbs.h"

enum { PAUSE_TEXT_MAX = 1000 };

/* --- commands ------------------------------------------------------------ */

static enum err render(void *arg, const struct delivery *row)
{
    struct buf *out = arg;
    char id[ID_TEXT_LEN + 1];

    id_format(&row->id, id);
    js_comma(out);
    js_open(out, '{');
    js_field_string(out, "id", str_of(id));
    js_field_time(out, "createdAt", id_wall_ms(&row->id));
    js_field_string(out, "form", row->form);
    js_field_string(out, "state", str_of(delivery_state_text(row->state)));
    js_field_string(out, "destination", row->destination);
    js_field_time(out, "nextAttemptAt",
                  row->state == DELIVERY_WAITING && !row->is_leased ? row->due_at_ms : 0);
    js_field_string(out, "error", row->error);
    js_field_string(out, "pausedBy", (struct str){0}); /* resend_add_pauses() */
    js_close(out, '}');
    return buf_status(out);
}

enum err resend_list(struct store *writer, const json_t *args, struct buf *result,
                     struct err_detail *detail)
{
    struct delivery_filter filter = {.form = js_get_string(args, "form"),
                                     .limit = DELIVERY_LIST_MAX};
    struct str word = js_get_string(args, "state");
    enum delivery_state state;

    if (word.ptr && !delivery_state_parse(word, &state))
        return err_set(detail, ERR_INVALID,
                       "--state %.32s: not a state; use waiting, held, delivered, failed or "
                       "withdrawn",
                       word.ptr);
    if (word.ptr)
        filter.states = 1u << state;
    js_open(result, '[');
    TRY(store_delivery_list(writer, &filter, render, result));
    js_close(result, ']');
    return buf_status(result);
}

static enum err add_pause(struct outbox *outbox, json_t *row)
{
    const char *due = json_string_value(json_object_get(row, "nextAttemptAt"));
    struct delivery delivery = {.form = js_get_string(row, "form"),
                                .destination = js_get_string(row, "destination"),
                                .state = DELIVERY_WAITING};
    struct delivery_pause pause;
    CLEANUP(buf_done) struct buf text = buf_new(PAUSE_TEXT_MAX);
    char until[CLOCK_TEXT_LEN + 1];

    if (!due || !clock_parse(str_of(due), &delivery.due_at_ms) ||
        !outbox_pause(outbox, &delivery, &pause))
        return ERR_OK;
    buf_put(&text, str_of(pause.place));
    if (pause.until_ms) {
        clock_format(pause.until_ms, until);
        buf_printf(&text, " until %s", until);
    }
    buf_printf(&text, ": %s", pause.reason);
    TRY(buf_status(&text));
    json_t *value = json_stringn(text.ptr, text.len);
    return json_object_set_new(row, "pausedBy", value) == 0 ? ERR_OK : ERR_MEMORY;
}

enum err resend_add_pauses(struct outbox *outbox, struct buf *list)
{
    CLEANUP(js_decref) json_t *rows = json_loadb(list->ptr, list->len, 0, NULL);
    json_t *row;
    size_t index;

    json_array_foreach(rows, index, row) TRY(add_pause(outbox, row));
    char *text = json_dumps(rows, JSON_COMPACT);
    if (!text)
        return ERR_MEMORY;
    list->len = 0;
    buf_put(list, str_of(text));
    free(text);
    return buf_status(list);
}

static enum err put_count(struct buf *result, int64_t count)
{
    js_open(result, '{');
    js_field_u64(result, "count", (uint64_t)count);
    js_close(result, '}');
    return buf_status(result);
}

struct seen {
    enum delivery_state state;
    bool is_reply;     /* to a visitor */
    bool is_of_digest; /* it went with one */
};

static enum err see(void *arg, const struct delivery *row)
{
    *(struct seen *)arg = (struct seen){.state = row->state,
                                        .is_reply = row->address.ptr != NULL,
                                        .is_of_digest = !id_is_none(&row->batch)};
    return ERR_OK;
}

static enum err no_delivery(struct str text, struct err_detail *detail)
{
    return err_set(detail, ERR_NOT_FOUND,
                   "there is no delivery %.80s; see: contactd delivery list (a destination's name "
                   "needs --form NAME)",
                   text.ptr ? text.ptr : "");
}

static enum err start_again(struct store *writer, struct str text, bool is_replay,
                            struct buf *result, struct err_detail *detail)
{
    struct seen seen = {.state = DELIVERY_WAITING};
    struct id id;

    enum err err =
        id_parse(text, &id) ? store_delivery_get(writer, &id, see, &seen) : ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND)
        return no_delivery(text, detail);
    TRY(err);
    if (is_replay && seen.is_reply)
        return err_set(detail, ERR_INVALID, DELIVERY_NOT_REPLAYED);
    if (seen.state == DELIVERY_HELD)
        return err_set(detail, ERR_INVALID,
                       "its message is spam or in the trash; move it to the inbox first");
    if (is_replay != (seen.state == DELIVERY_DONE))
        return err_set(detail, ERR_INVALID,
                       is_replay ? "it has not arrived; use: contactd delivery retry"
                                 : "it has arrived; use: contactd delivery replay");
    const struct id alone = store_next_id(writer, clock_wall_ms());
    bool is_alone = is_replay && seen.is_of_digest;
    TRY(store_delivery_restart(writer, &id, clock_wall_ms(), is_alone ? &alone : NULL));
    return put_count(result, 1);
}

/* --- of a destination ---------------------------------------------------- */

/* Who hears of a form, as its settings say now. */
struct hearers {
    json_t *settings, *notify; /* which the notice points into */
    struct notice notice;
    struct str via;   /* whose settings they are */
    int64_t since_ms; /* wall; when that form was made */
};

static void hearers_done(struct hearers *hearers)
{
    notice_done(&hearers->notice);
    json_decref(hearers->notify);
    json_decref(hearers->settings);
}

static enum err keep_settings(void *arg, const struct form *form)
{
    struct hearers *hearers = arg;

    hearers->since_ms = form->created_at_ms;
    return js_parse_object(form->settings, &hearers->settings, NULL);
}

/* As service/forms: one that is not registered lives by the default form's. */
static enum err read_settings(struct store *writer, struct str form, struct hearers *hearers,
                              bool *ret_is_default)
{
    *ret_is_default = str_equal(form, STR(FORM_DEFAULT));
    hearers->via = form;
    enum err err = store_form_get(writer, form, keep_settings, hearers);
    if (err == ERR_NOT_FOUND && !*ret_is_default) {
        *ret_is_default = true;
        hearers->via = STR(FORM_DEFAULT);
        err = store_form_get(writer, STR(FORM_DEFAULT), keep_settings, hearers);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err read_hearers(struct store *writer, const json_t *args, struct str form,
                             struct hearers *hearers, struct err_detail *detail)
{
    json_t *mails = json_object_get(args, "notifyTo");
    bool is_default;

    TRY(read_settings(writer, form, hearers, &is_default));
    hearers->notify = json_incref(json_object_get(hearers->settings, "notify"));
    if (!hearers->notify && is_default && json_array_size(mails))
        hearers->notify = json_pack("{sO}", "mail", mails);
    return notice_compile(hearers->notify, &hearers->notice, detail);
}

static struct retry retry_of(struct str form, struct str destination, const struct hearers *hearers)
{
    return (struct retry){.form = form,
                          .destination = destination,
                          .notice = &hearers->notice,
                          .via = hearers->via,
                          .via_since_ms = hearers->since_ms,
                          .now_ms = clock_wall_ms()};
}

static enum err retry_destination(struct store *writer, const json_t *args, struct buf *result,
                                  struct err_detail *detail)
{
    struct str name = js_get_string(args, "name"), form = js_get_string(args, "form");
    struct str to = js_get_string(args, "to");
    CLEANUP(hearers_done) struct hearers hearers = {NULL};
    int64_t count;

    TRY(read_hearers(writer, args, form, &hearers, detail));
    const struct retry retry = retry_of(form, name, &hearers);
    TRY(to.ptr ? retry_all_elsewhere(writer, &retry, to, &count, detail)
               : retry_all(writer, &retry, &count, detail));
    return put_count(result, count);
}

struct origin {
    char form[FORM_NAME_MAX + 1], destination[DESTINATION_NAME_MAX + 1];
};

static enum err see_origin(void *arg, const struct delivery *row)
{
    struct origin *origin = arg;

    snprintf(origin->form, sizeof origin->form, "%.*s", (int)row->form.len, row->form.ptr);
    snprintf(origin->destination, sizeof origin->destination, "%.*s", (int)row->destination.len,
             row->destination.ptr);
    return ERR_OK;
}

static enum err send_elsewhere(struct store *writer, const json_t *args, struct buf *result,
                               struct err_detail *detail)
{
    struct str name = js_get_string(args, "name");
    CLEANUP(hearers_done) struct hearers hearers = {NULL};
    struct origin origin = {"", ""};
    struct id id, there;

    enum err err =
        id_parse(name, &id) ? store_delivery_get(writer, &id, see_origin, &origin) : ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND)
        return no_delivery(name, detail);
    TRY(err);
    TRY(read_hearers(writer, args, str_of(origin.form), &hearers, detail));
    const struct retry retry = retry_of(str_of(origin.form), str_of(origin.destination), &hearers);
    TRY(retry_elsewhere(writer, &retry, &id, js_get_string(args, "to"), &there, detail));
    return put_count(result, 1);
}

enum err resend_retry(struct store *writer, const json_t *args, struct buf *result,
                      struct err_detail *detail)
{
    struct str name = js_get_string(args, "name"), form = js_get_string(args, "form");
    struct id id;

    if (!form.ptr && js_get_string(args, "to").ptr)
        return send_elsewhere(writer, args, result, detail);
    if (!form.ptr)
        return start_again(writer, name, false, result, detail);
    if (id_parse(name, &id))
        return err_set(detail, ERR_INVALID,
                       "%.*s is one delivery's id; leave --form out, or name a destination",
                       (int)name.len, name.ptr);
    return retry_destination(writer, args, result, detail);
}

enum err resend_replay(struct store *writer, const json_t *args, struct buf *result,
                       struct err_detail *detail)
{
    if (js_get_string(args, "to").ptr)
        return err_set(detail, ERR_INVALID, "to send it to another: contactd delivery retry --to");
    return start_again(writer, js_get_string(args, "name"), true, result, detail);
}

/* --- verbs --------------------------------------------------------------- */

enum exit_code verb_delivery_list(struct cli *cli)
{
    return verb_list_of(cli, json_pack("{ss* ss*}", "form", cli->form, "state", cli->state));
}

static json_t *notify_to(const struct config *config)
{
    json_t *mails = json_array();

    for (size_t i = 0; i < config->notify_to.count; i++)
        json_array_append_new(mails, json_string(config->notify_to.items[i]));
    return mails;
}

enum exit_code verb_delivery_again(struct cli *cli)
{
    CLEANUP(buf_done) struct buf result = buf_new(CONTROL_MESSAGE_MAX);
    json_t *args = json_pack("{ss ss* ss* so*}", "name", cli->config.args[0], "form", cli->form,
                             "to", cli->to, "notifyTo", notify_to(&cli->config));
    enum exit_code code = cli_command(cli, args, &result);

    if (code == EXIT_OK)
        printf("%.*s\n", (int)result.len, result.ptr);
    return code;
}
