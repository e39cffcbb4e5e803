/* SPDX-License-Identifier: MIT */
/*
 * A message of any text by every channel that posts: what goes out is JSON in UTF-8 under its
 * ceiling, its headers have no lines but their own, and the webhook's has the message unchanged.
 */
#include <assert.h>

#include "base/json.h"
#include "base/utf8.h"
#include "core/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char SETTINGS[] =
    "{\"webhooks\":[{\"url\":\"https://crm.example/in\",\"secret\":\"0123456789abcdef\","
    "\"signature\":\"formspree\"}],\"slack\":[{\"url\":\"https://hooks.example/x\"}],"
    "\"discord\":[{\"url\":\"https://discord.example/x\"}],"
    "\"telegram\":[{\"token\":\"123:ab\",\"chat\":\"@c\"}],"
    "\"teams\":[{\"url\":\"https://teams.example/x\"}],"
    "\"ntfy\":[{\"url\":\"https://ntfy.example/topic\",\"token\":\"tk_1\"}],"
    "\"gotify\":[{\"url\":\"https://push.example\",\"token\":\"A1\"}]}";

static size_t count_lines(const struct buf *text)
{
    size_t lines = 0;

    for (size_t i = 0; i < text->len; i++)
        lines += text->ptr[i] == '\n';
    return lines;
}

static void check(const struct channel_input *input, const struct outgoing *out)
{
    CLEANUP(js_decref)
    json_t *body = json_loadb(out->body.ptr, out->body.len, JSON_REJECT_DUPLICATES, NULL);
    struct str message = input->rows[0].message;

    assert(json_is_object(body));
    assert(out->body.len <= 256 * 1024);
    assert(count_lines(&out->headers) <= 6 && !strchr(out->headers.ptr, '\r'));
    if (input->destination->channel == CHANNEL_WEBHOOK)
        assert(str_equal(js_get_string(json_object_get(body, "data"), "message"), message));
}

/* Up to the next NUL; what is no UTF-8 never reached the store. */
static struct str next_text(struct str *rest)
{
    struct str text = str_cut(rest, '\0');
    size_t length;

    if (!rest->ptr)
        *rest = (struct str){"", 0};
    return utf8_length(text, &length) ? text : STR("");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    CLEANUP(js_decref) json_t *settings = json_loads(SETTINGS, 0, NULL);
    CLEANUP(js_decref) json_t *fields = NULL;
    CLEANUP(notice_done) struct notice notice;
    struct submission row = {.form = STR("shop"),
                             .message = next_text(&rest),
                             .name = next_text(&rest),
                             .email = next_text(&rest),
                             .page = next_text(&rest)};
    struct str title = next_text(&rest), further = next_text(&rest);
    struct channel_input input = {.notice = &notice,
                                  .form = STR("shop"),
                                  .form_title = title,
                                  .rows = &row,
                                  .row_count = 1,
                                  .id = STR("0191f8a0-0000-7000-8000-000000000001"),
                                  .now_ms = 1774000000000};

    if (js_parse_object(further, &fields, NULL) == ERR_OK)
        row.fields = further;
    assert(notice_compile(settings, &notice, NULL) == ERR_OK);
    for (size_t i = 0; i < notice.count; i++) {
        struct outgoing out;
        outgoing_init(&out);
        input.destination = &notice.destinations[i];
        assert(channel_compose(&input, &out, NULL) == ERR_OK);
        check(&input, &out);
        outgoing_done(&out);
    }
    return 0;
}
