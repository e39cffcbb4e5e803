/* SPDX-License-Identifier: MIT */
/*
 * The lock file stands beside the database, because the database itself must
 * not be opened by us. It is never removed: who removes a lock file may remove
 * one that somebody else has just locked. It also refuses a second opening
 * inside this process. Its content, our pid, only serves the error message.
 */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/file.h"

enum { LOCK_PATH_MAX = 4096 + 8 };

static enum err refuse_owned(int fd, const char *path, struct err_detail *detail)
{
    char pid[24] = "unknown";
    ssize_t len = pread(fd, pid, sizeof pid - 1, 0);

    if (len > 0)
        pid[strcspn(pid, "\n")] = '\0';
    return err_set(detail, ERR_BUSY,
                   "cannot open %s: it is owned by another contactd (pid %s); stop it first, or "
                   "give this one a database of its own",
                   path, pid);
}

static void write_pid(int fd)
{
    char pid[24];
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());

    /* On a full disk the lock holds all the same; only the message would miss a number. */
    if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)len, 0) != len)
        return;
}

/* Not a device, and not a second name of something that we would write over. */
static bool is_plain(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1;
}

enum err lock_take(const char *path, int *ret_fd, struct err_detail *detail)
{
    CLEANUP(buf_done) struct buf name = buf_new(LOCK_PATH_MAX);

    buf_printf(&name, "%s.lock", path);
    buf_put_char(&name, '\0');
    TRY(buf_status(&name));
    int fd =
        open(name.ptr, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return file_refuse_errno(detail, errno, "lock", name.ptr);
    if (!is_plain(fd)) {
        close(fd);
        return file_refuse(detail, ERR_INVALID, "lock", name.ptr, "it is not a file of its own");
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        write_pid(fd);
        *ret_fd = fd;
        return ERR_OK;
    }
    enum err err = errno == EWOULDBLOCK ? refuse_owned(fd, path, detail)
                                        : file_refuse_errno(detail, errno, "lock", name.ptr);
    close(fd);
    return err;
}

void lock_release(int fd)
{
    if (fd >= 0)
        close(fd);
}
