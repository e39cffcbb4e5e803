/* SPDX-License-Identifier: MIT */
/*
 * Lists are asked for one row more than a page holds: whoever comes to that row
 * knows that there is another page, and ends the walk.
 */
#include "listing.h"

#include "base/json.h"
#include "core/cursor.h"

static enum err end_page(struct listing *self)
{
    self->has_more = true;
    return ERR_FULL;
}

enum err listing_open_row(struct listing *self)
{
    if (self->rows == self->max)
        return end_page(self);
    self->row_at = self->out->len;
    js_comma(self->out);
    return ERR_OK;
}

enum err listing_close_row(struct listing *self, int64_t place)
{
    if (buf_status(self->out) == ERR_FULL && self->rows > 0) {
        self->out->len = self->row_at;
        self->out->err = ERR_OK;
        return end_page(self);
    }
    self->rows++;
    self->last = place;
    return buf_status(self->out);
}

void listing_put_next(const struct listing *self)
{
    char next[CURSOR_TEXT_LEN + 1];

    if (self->has_more)
        cursor_format(self->last, next);
    js_field_string(self->out, "next", self->has_more ? str_of(next) : (struct str){0});
}
