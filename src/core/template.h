/* SPDX-License-Identifier: MIT */
/* Names in braces and what they stand for. Any thread. */
#ifndef CONTACTD_CORE_TEMPLATE_H
#define CONTACTD_CORE_TEMPLATE_H

#include "base/json.h"
#include "core/channel.h"

/* One message that templates speak of. */
struct told {
    const struct channel_input *input;
    const struct submission *row;
    json_t *fields; /* the row's further fields; NULL: there are none, or they cannot be read */
};

/* Borrows from both; free with told_done(). */
struct told told_open(const struct channel_input *input, const struct submission *row);
void told_done(struct told *told);

/* A piece of a template that is either `literal` or, its ptr NULL, the value of `name`. */
struct piece {
    struct str literal, name;
};

/* Takes the first piece off `*rest`. False: there is none. */
bool template_next(struct str *rest, struct piece *ret_piece);

/* Appends what a name stands for; nothing if the message has none of it. */
void template_put_value(struct buf *out, const struct told *told, struct str name);

/* The template with every value as it is: for a line that is to be cleaned. */
void template_put(struct buf *out, const struct told *told, struct str template);

/* A value on one line or, where a text has more, on several: lists with commas between. */
void template_put_json(struct buf *out, const json_t *value);

/* "2026-11-21 09:30 UTC" */
void template_put_time(struct buf *out, int64_t wall_ms);

/* What the form is called. */
struct str told_title(const struct channel_input *input);

#endif
