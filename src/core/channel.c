/* SPDX-License-Identifier: MIT */
/* The table of channels: what each is called, and who composes for it. */
#include "core/channel.h"

#include "core/channel_parts.h"

static const struct {
    const char *text;
    channel_fn *compose;
} CHANNELS[] = {
    [CHANNEL_MAIL] = {"mail", channel_mail},
    [CHANNEL_REPLY] = {"reply", channel_reply},
    [CHANNEL_WEBHOOK] = {"webhook", channel_hook},
    [CHANNEL_SLACK] = {"slack", channel_slack},
    [CHANNEL_DISCORD] = {"discord", channel_discord},
    [CHANNEL_TELEGRAM] = {"telegram", channel_telegram},
    [CHANNEL_TEAMS] = {"teams", channel_teams},
    [CHANNEL_NTFY] = {"ntfy", channel_ntfy},
    [CHANNEL_GOTIFY] = {"gotify", channel_gotify},
};

_Static_assert(COUNTOF(CHANNELS) == CHANNEL_COUNT, "every channel has a row");

enum {
    URL_MAX = 4096,
    MAILBOX_MAX = 320,
    HEADERS_MAX = 4096,
    BODY_MAX = 1024 * 1024,
};

const char *channel_text(enum channel channel)
{
    return CHANNELS[channel].text;
}

void outgoing_init(struct outgoing *out)
{
    *out = (struct outgoing){
        .url = buf_new(URL_MAX),
        .from = buf_new(MAILBOX_MAX),
        .to = buf_new(MAILBOX_MAX),
        .headers = buf_new(HEADERS_MAX),
        .body = buf_new(BODY_MAX),
    };
}

void outgoing_done(struct outgoing *out)
{
    buf_done(&out->url);
    buf_done(&out->from);
    buf_done(&out->to);
    buf_done(&out->headers);
    buf_done(&out->body);
}

/* A NUL behind the text, which does not count. */
static void end_text(struct buf *text)
{
    buf_put_char(text, '\0');
    text->len -= text->err == ERR_OK;
}

enum err channel_compose(const struct channel_input *input, struct outgoing *out,
                         struct err_detail *detail)
{
    struct buf *const texts[] = {&out->url, &out->from, &out->to, &out->headers, &out->body};

    TRY(CHANNELS[input->destination->channel].compose(input, out, detail));
    for (size_t i = 0; i < COUNTOF(texts); i++) {
        end_text(texts[i]);
        TRY(buf_status(texts[i]));
    }
    return ERR_OK;
}
