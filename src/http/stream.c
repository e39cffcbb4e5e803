/* SPDX-License-Identifier: MIT */
/*
 * Replies in pieces. The library asks for bytes whenever the client has taken
 * the ones before; then `more` is called, so that never more than one piece is
 * in memory, however slow the reader. While a stream waits for a service, its
 * connection is suspended like that of any other request.
 *
 * Every piece has reply_timeout_ms to be taken, and the kernel is told the
 * same: bytes that the other side does not confirm for so long end the
 * connection. A stream that waits has no deadline; whether somebody is still
 * there is looked at by the loop's sweeps. Loop's thread only.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

enum {
    OLD_PIECE_BYTES = 4096 /* for HTTP/1.0; others get what is left of the connection's memory */
};

/* Whether there is something to give now; else *ret_end says what the library is told. */
static bool go_on(struct exchange *x, ssize_t *ret_end)
{
    struct http_state *http = x->http;
    step_fn step;

    for (;;) {
        if (http->is_deserted || buf_status(&x->reply.body) != ERR_OK) {
            /* A stream without an end may end anywhere; others are told to be cut short. */
            *ret_end = x->hurry && http->is_deserted ? MHD_CONTENT_READER_END_OF_STREAM
                                                     : MHD_CONTENT_READER_END_WITH_ERROR;
            return false;
        }
        if (x->reply.body.len > http->taken)
            return true;
        if (http->is_over) {
            *ret_end = MHD_CONTENT_READER_END_OF_STREAM;
            return false;
        }
        buf_done(&x->reply.body);
        http->taken = 0;
        step = http->woken ? http->woken : x->reply.more;
        http->woken = NULL;
        switch (step(http->loop->server->options.ctx, x)) {
        case FLOW_NEXT:
            break;
        case FLOW_DONE:
            http->is_over = true;
            break;
        case FLOW_WAIT:
            *ret_end = 0; /* suspended; the library asks again when it is resumed */
            return false;
        }
    }
}

/*
 * The library has written, and cleared, all of a connection's memory by now. What
 * it offers for the next piece is ours to write, and to lose: its whole
 * pages are given back to the system while thousands of streams wait.
 */
static void give_back(const char *room, size_t room_bytes)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)room + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)room + room_bytes) & ~(page - 1);

    if (first < end)
        (void)madvise((char *)(uintptr_t)room + (first - (uintptr_t)room), end - first,
                      MADV_DONTNEED);
}

static ssize_t read_piece(void *arg, uint64_t position, char *room, size_t room_bytes)
{
    struct exchange *x = arg;
    struct http_state *http = x->http;
    ssize_t end;

    (void)position;
    if (!go_on(x, &end)) {
        if (end == 0 && x->hurry && !http->is_old)
            give_back(room, room_bytes);
        return end;
    }
    size_t len = x->reply.body.len - http->taken;
    if (len > room_bytes)
        len = room_bytes;
    memcpy(room, x->reply.body.ptr + http->taken, len);
    http->taken += len;
    http->streamed += len;
    http->connection->deadline_ms =
        http->loop->now_ms + http->loop->server->options.reply_timeout_ms;
    return (ssize_t)len;
}

/* Fails for a unix socket, whose other side cannot vanish without a word. */
static void limit_silence(const struct connection *connection, int64_t ms)
{
    unsigned limit_ms = (unsigned)ms;

    (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof limit_ms);
}

struct MHD_Response *stream_response(struct exchange *x)
{
    struct http_state *http = x->http;

    limit_silence(http->connection, http->loop->server->options.reply_timeout_ms);
    http->connection->stream = x;
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, http->is_old ? OLD_PIECE_BYTES : 1,
                                             read_piece, x, NULL);
}

void stream_desert(struct exchange *x)
{
    x->http->is_deserted = true;
    if (x->http->is_waiting && x->hurry)
        x->hurry(x);
}
