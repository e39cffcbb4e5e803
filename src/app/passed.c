/* SPDX-License-Identifier: MIT */
/*
 * Sockets that systemd keeps while one process follows the other. It tells how many
 * there are, and what the unit of each calls it: the name "redirect" has a meaning, and every
 * other one means the main socket, so that who passes a single one may name it as he likes.
 */
#include "passed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

enum { FIRST_FD = 3, SOCKETS_MAX = 2 };

struct socket_list {
    size_t count;
    struct str names[SOCKETS_MAX]; /* as long as the environment stays */
};

static bool is_for_us(void)
{
    const char *pid = getenv("LISTEN_PID");
    uint64_t value;

    return pid && getenv("LISTEN_FDS") && str_to_u64(str_of(pid), INT32_MAX, &value) &&
           value == (uint64_t)getpid();
}

static enum err count(struct socket_list *list, struct err_detail *detail)
{
    const char *text = getenv("LISTEN_FDS");
    uint64_t value;

    if (!str_to_u64(str_of(text), UINT16_MAX, &value) || value == 0)
        return err_set(detail, ERR_INVALID, "LISTEN_FDS=%s: not a number of sockets", text);
    if (value > SOCKETS_MAX)
        return err_set(detail, ERR_INVALID,
                       "LISTEN_FDS=%s: more than two sockets; pass the main one, and one that "
                       "sends on to https, whose unit says FileDescriptorName=redirect",
                       text);
    list->count = value;
    return ERR_OK;
}

/* Without names each is "unknown", as systemd calls it. */
static enum err read_names(struct socket_list *list, struct err_detail *detail)
{
    const char *text = getenv("LISTEN_FDNAMES");
    struct str rest = str_of(text);
    size_t count = 0;

    for (size_t i = 0; i < SOCKETS_MAX; i++)
        list->names[i] = STR("unknown");
    if (!text)
        return ERR_OK;
    for (; rest.ptr; count++) {
        struct str name = str_cut(&rest, ':');
        if (count < list->count)
            list->names[count] = name;
    }
    if (count != list->count)
        return err_set(detail, ERR_INVALID,
                       "LISTEN_FDNAMES=%s: as many names as LISTEN_FDS=%zu says are wanted, with "
                       "':' between them",
                       text, list->count);
    return ERR_OK;
}

/* As systemd passes it, it blocks, and children would inherit it. */
static enum err set_up(int fd, struct err_detail *detail)
{
    int is_listening = 0;
    socklen_t len = sizeof is_listening;

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) || !is_listening)
        return err_set(detail, ERR_INVALID, "LISTEN_FDS: fd %d is not a listening socket", fd);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
        return err_set(detail, ERR_IO, "LISTEN_FDS: fd %d cannot be set up: %s", fd,
                       strerror(errno));
    return ERR_OK;
}

static enum err refuse_twins(const struct socket_list *list, bool is_redirect,
                             struct err_detail *detail)
{
    if (is_redirect)
        return err_set(detail, ERR_INVALID,
                       "LISTEN_FDS: two sockets are named \"redirect\"; give their unit one "
                       "ListenStream= alone");
    return err_set(detail, ERR_INVALID,
                   "LISTEN_FDS: two main sockets, \"%.*s\" and \"%.*s\"; give their unit one "
                   "ListenStream= alone, and one that sends on to https a unit of its own with "
                   "FileDescriptorName=redirect",
                   (int)list->names[0].len, list->names[0].ptr, (int)list->names[1].len,
                   list->names[1].ptr);
}

static enum err sort(const struct socket_list *list, struct passed *passed,
                     struct err_detail *detail)
{
    for (size_t i = 0; i < list->count; i++) {
        bool is_redirect = str_equal(list->names[i], STR("redirect"));
        int *place = is_redirect ? &passed->redirect_fd : &passed->main_fd;
        if (*place >= 0)
            return refuse_twins(list, is_redirect, detail);
        *place = FIRST_FD + (int)i;
        TRY(set_up(*place, detail));
    }
    return ERR_OK;
}

enum err passed_take(struct passed *ret_passed, struct err_detail *detail)
{
    struct passed passed = {.main_fd = -1, .redirect_fd = -1};
    struct socket_list list = {.count = 0};

    if (is_for_us()) {
        TRY(count(&list, detail));
        TRY(read_names(&list, detail));
        TRY(sort(&list, &passed, detail));
        unsetenv("LISTEN_PID");
        unsetenv("LISTEN_FDS");
        unsetenv("LISTEN_FDNAMES");
    }
    *ret_passed = passed;
    return ERR_OK;
}
