/* SPDX-License-Identifier: MIT */
/* Deliveries on the command line: what became of them, and once more. */
#include "resend.h"

#include <stdio.h>

#include "base/clock.h"
#include "control.h"
#include "verbs.h"

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
    js_field_string(out, "error", row->error);
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

static enum err start_again(struct store *writer, struct str text, bool is_replay,
                            struct buf *result, struct err_detail *detail)
{
    struct seen seen = {.state = DELIVERY_WAITING};
    struct id id;

    enum err err =
        id_parse(text, &id) ? store_delivery_get(writer, &id, see, &seen) : ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND)
        return err_set(detail, err, "there is no delivery %.80s; see: contactd delivery list",
                       text.ptr ? text.ptr : "");
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

enum err resend_retry(struct store *writer, const json_t *args, struct buf *result,
                      struct err_detail *detail)
{
    struct str name = js_get_string(args, "name"), form = js_get_string(args, "form");
    int64_t count;

    if (!form.ptr)
        return start_again(writer, name, false, result, detail);
    TRY(store_delivery_restart_failed(writer, form, name, clock_wall_ms(), &count));
    return put_count(result, count);
}

enum err resend_replay(struct store *writer, const json_t *args, struct buf *result,
                       struct err_detail *detail)
{
    return start_again(writer, js_get_string(args, "name"), true, result, detail);
}

/* --- verbs --------------------------------------------------------------- */

enum exit_code verb_delivery_list(struct cli *cli)
{
    return verb_list_of(cli, json_pack("{ss* ss*}", "form", cli->form, "state", cli->state));
}

enum exit_code verb_delivery_again(struct cli *cli)
{
    CLEANUP(buf_done) struct buf result = buf_new(CONTROL_MESSAGE_MAX);
    enum exit_code code = cli_command(
        cli, json_pack("{ss ss*}", "name", cli->config.args[0], "form", cli->form), &result);

    if (code == EXIT_OK)
        printf("%.*s\n", (int)result.len, result.ptr);
    return code;
}
