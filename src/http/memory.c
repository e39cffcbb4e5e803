/* SPDX-License-Identifier: MIT */
/*
 * What the requests of a loop hold, together: bodies, what is made of them,
 * and replies that are on their way. Nobody may take more than a part of what
 * is left, so large ones are refused while there is still room for many small
 * ones, and whoever sends large ones cannot crowd the others out.
 * Loop's thread.
 */
#include "base/metrics.h"
#include "internal.h"

enum {
    ROOM_BYTES = 4096, /* for what every request has beside its body, a small reply for one */
    BODY_COPIES = 4,   /* of the body, in the arena: decoded, as a row, as its words */
    BODY_PARTS = 64,   /* a body takes at most this part of what is left */
    REPLY_PARTS = 4,
    SCARCE_PARTS = 8,
};

static size_t memory_max(const struct loop *loop)
{
    return loop->server->options.request_memory / loop->server->options.threads;
}

static size_t left(const struct loop *loop)
{
    size_t max = memory_max(loop);

    return loop->held < max ? max - loop->held : 0;
}

static bool take(struct exchange *x, size_t bytes, size_t parts)
{
    struct loop *loop = x->http->loop;

    if (bytes > left(loop) / parts) {
        metric_add(METRIC_MEMORY_REFUSED, 1);
        return false;
    }
    loop->held += bytes;
    x->http->held += bytes;
    return true;
}

bool memory_take_body(struct exchange *x, uint64_t length)
{
    return take(x, ROOM_BYTES + (size_t)length * (1 + BODY_COPIES), BODY_PARTS);
}

bool memory_take_reply(struct exchange *x)
{
    return x->reply.body.room <= ROOM_BYTES || take(x, x->reply.body.room, REPLY_PARTS);
}

void memory_give_back(struct exchange *x)
{
    x->http->loop->held -= x->http->held;
    x->http->held = 0;
}

bool memory_is_scarce(const struct loop *loop)
{
    return left(loop) < memory_max(loop) / SCARCE_PARTS;
}
