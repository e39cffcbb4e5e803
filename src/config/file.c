/* SPDX-License-Identifier: MIT */
/* The only place in this room that opens a file. */
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/secret.h"

static enum err fail(const char *what, struct err_detail *reason)
{
    enum err err = errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND
                   : errno == EACCES || errno == EPERM ? ERR_DENIED
                                                       : ERR_IO;

    return err_set(reason, err, "%s: %s", what, strerror(errno));
}

static enum err read_all(int fd, struct buf *out, struct err_detail *reason)
{
    char *at = buf_reserve(out, out->max);

    if (!at)
        return buf_status(out);
    while (out->len < out->max) {
        ssize_t got = read(fd, at + out->len, out->max - out->len);
        if (got < 0)
            return fail("it cannot be read", reason);
        if (got == 0)
            return ERR_OK;
        out->len += (size_t)got;
    }
    return err_set(reason, ERR_FULL, "it is too large; at most %zu bytes are read", out->max - 1);
}

enum err file_read(const char *path, struct buf *out, struct err_detail *reason)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return fail("it cannot be opened", reason);
    enum err err = read_all(fd, out, reason);
    close(fd);
    return err;
}

void file_wipe(struct buf *buf)
{
    if (buf->ptr)
        secret_wipe(buf->ptr, buf->room);
    buf_done(buf);
}
