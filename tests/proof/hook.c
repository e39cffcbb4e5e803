/* SPDX-License-Identifier: MIT */
/*
 * core/channel_hook on a pipe, for tests in other languages. A line in: the form's setting
 * `notify` with one webhook, and under "now" the time, under "message" what a visitor has
 * written. A line out: {"url", "headers", "body"}, or {"error"}.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "core/channel.h"

static void put_outgoing(struct buf *line, const struct outgoing *out)
{
    js_field_string(line, "url", buf_str(&out->url));
    js_field_string(line, "headers", buf_str(&out->headers));
    js_field_string(line, "body", buf_str(&out->body));
}

static enum err compose(const json_t *asked, const struct notice *notice, struct outgoing *out,
                        struct err_detail *detail)
{
    struct submission row = {.form = STR("shop"),
                             .name = STR("Ada"),
                             .email = STR("ada@example.org"),
                             .message = js_get_string(asked, "message")};
    const struct channel_input input = {.destination = &notice->destinations[0],
                                        .notice = notice,
                                        .form = STR("shop"),
                                        .rows = &row,
                                        .row_count = 1,
                                        .id = STR("0191f8a0-0000-7000-8000-000000000001"),
                                        .now_ms =
                                            json_integer_value(json_object_get(asked, "now"))};

    if (!id_parse(input.id, &row.id))
        return ERR_INVALID;
    return channel_compose(&input, out, detail);
}

static void answer(const json_t *asked)
{
    CLEANUP(buf_done) struct buf line = buf_new(1024 * 1024);
    struct err_detail detail = {""};
    struct outgoing out;
    struct notice notice;

    outgoing_init(&out);
    js_open(&line, '{');
    enum err err = notice_compile(json_object_get(asked, "notify"), &notice, &detail);
    if (err == ERR_OK)
        err = compose(asked, &notice, &out, &detail);
    if (err == ERR_OK)
        put_outgoing(&line, &out);
    else
        js_field_string(&line, "error", str_of(detail.text));
    js_close(&line, '}');
    printf("%.*s\n", (int)line.len, line.ptr);
    fflush(stdout);
    notice_done(&notice);
    outgoing_done(&out);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;

    if (sodium_init() < 0)
        return 1;
    while (getline(&line, &room, stdin) > 0) {
        CLEANUP(js_decref) json_t *asked = json_loads(line, 0, NULL);
        if (!asked)
            return 1;
        answer(asked);
    }
    free(line);
    return 0;
}
