/* SPDX-License-Identifier: MIT */
/*
 * Closing without losing the last words (RFC 9112, section 9.6). When a reply
 * goes out before the body has come in, close(2) would meet unread bytes, TCP
 * would reset the connection, and the client might never see the reply. So a
 * second descriptor of the socket is kept for a moment, and what still comes
 * is read and thrown away. Loop's thread only.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

enum { LINGER_MS = 2000, PIECE_BYTES = 16 * 1024, PIECES_MAX = 64 };

void linger_start(struct loop *loop, int fd)
{
    if (loop->linger_count == LINGER_MAX)
        return; /* under such a flood a reset is fair */
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        return;
    loop->lingering[loop->linger_count++] =
        (struct lingering){.fd = copy, .until_ms = loop->now_ms + LINGER_MS};
}

/* False when the client has closed or has had its time. */
static bool still_comes(struct lingering *linger, int64_t now_ms)
{
    char piece[PIECE_BYTES];
    ssize_t got = 1;

    /* With TLS the library leaves this to close(2), which our descriptor puts off. */
    (void)shutdown(linger->fd, SHUT_WR);
    for (int i = 0; i < PIECES_MAX && got > 0; i++)
        got = recv(linger->fd, piece, sizeof piece, MSG_DONTWAIT);
    return got != 0 && now_ms < linger->until_ms;
}

void linger_sweep(struct loop *loop)
{
    size_t kept = 0;

    for (size_t i = 0; i < loop->linger_count; i++) {
        if (still_comes(&loop->lingering[i], loop->now_ms))
            loop->lingering[kept++] = loop->lingering[i];
        else
            close(loop->lingering[i].fd);
    }
    loop->linger_count = kept;
}

void linger_end(struct loop *loop)
{
    while (loop->linger_count > 0)
        close(loop->lingering[--loop->linger_count].fd);
}
