/* SPDX-License-Identifier: MIT */
/*
 * How a mail's text and its HTML are written side by side. Pure; any thread. Room-private.
 */
#ifndef CONTACTD_CORE_MAIL_PEN_H
#define CONTACTD_CORE_MAIL_PEN_H

#include "base/json.h"
#include "core/channel.h"
#include "core/mail_text.h"

enum { VALUE_BYTES_MAX = 8 << 20 /* of any value, before it is cut */ };

/* What is being written, and how much of a value is taken. */
struct pen {
    struct buf *text, *html;
    size_t points_max;
    enum language language;
};

/* --- texts --------------------------------------------------------------- */

struct str pen_say(const struct pen *pen, enum text text);

/* With the number in the place of '#'. */
void pen_put_count(struct buf *out, enum language language, enum text text, size_t count);

/* No further value is to be written. */
bool pen_is_full(const struct pen *pen);

/* What was put into `piece`: too much of it is cut, but a lack of memory is one of `out`. */
struct str pen_said(struct buf *out, const struct buf *piece);

/* As much of `text` as `points` characters; what is not UTF-8 counts byte by byte. */
struct str pen_cut(struct str text, size_t points);
struct str pen_without_last_break(struct str text);

/* The next line of `*rest`, however it ends. */
struct str pen_next_line(struct str *rest);

/* No break behind the last one. */
void pen_put_html_lines(struct buf *html, struct str text);
void pen_put_text_lines(struct buf *out, struct str text, struct str indent);

/* --- tables of values ---------------------------------------------------- */

void pen_open_table(const struct pen *pen);
void pen_close_table(const struct pen *pen);
void pen_put_value(const struct pen *pen, struct str label, struct str value);
/* Objects, and lists of more than texts and numbers, are taken apart. */
void pen_put_json(const struct pen *pen, struct str label, const json_t *value);
/* To a place of the panel; nothing if the server does not know its own address. */
void pen_put_link(const struct pen *pen, const struct channel_input *input, enum text text,
                  const char *place, struct str id);

/* --- the whole ----------------------------------------------------------- */

void pen_open_html(struct buf *html);
void pen_close_html(struct buf *html);
void pen_put_rule(const struct pen *pen);

/* Cleans and cuts. False: nothing was left of it. */
bool pen_put_subject(struct mail_text *text, const char *mark, struct str subject);

/* The answer to the visitor: core/mail_reply.c. */
void mail_reply_compose(const struct channel_input *input, struct mail_text *text);

#endif
