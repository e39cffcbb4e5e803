/* SPDX-License-Identifier: MIT */
/* Making sockets and naming them. Main thread only. */
#include "listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096, HOST_MAX = 255 };

/* What is to be listened on, and the option that says so. */
struct wish {
    const char *option, *address;
};

static enum err fail(struct err_detail *detail, const struct wish *wish, const char *doing)
{
    enum err err = errno == EADDRINUSE                 ? ERR_BUSY
                   : errno == EACCES || errno == EPERM ? ERR_DENIED
                                                       : ERR_IO;
    const char *remedy = err == ERR_BUSY     ? "; stop what uses it or choose another --"
                         : err == ERR_DENIED ? "; ports below 1024 need privileges"
                                             : "";

    return err_set(detail, err, "cannot listen on %s: %s: %s%s%s", wish->address, doing,
                   strerror(errno), remedy, err == ERR_BUSY ? wish->option : "");
}

/* --- TCP ----------------------------------------------------------------- */

/* Splits at the last colon; brackets around IPv6 are taken off. */
static bool split(const char *address, char host[HOST_MAX + 1], const char **ret_port)
{
    const char *colon = strrchr(address, ':');

    if (!colon || !colon[1])
        return false;
    struct str name = {address, (size_t)(colon - address)};
    if (name.len >= 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']') {
        name.ptr++;
        name.len -= 2;
    } else if (memchr(name.ptr, ':', name.len)) {
        return false; /* IPv6 without brackets: which colon is the port's? */
    }
    if (name.len > HOST_MAX)
        return false;
    memcpy(host, name.ptr, name.len);
    host[name.len] = '\0';
    *ret_port = colon + 1;
    return true;
}

static struct addrinfo *resolve(const char *address, int flags)
{
    char host[HOST_MAX + 1];
    const char *port;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    struct addrinfo *found = NULL;

    if (!split(address, host, &port) || getaddrinfo(host[0] ? host : NULL, port, &hints, &found))
        return NULL;
    return found;
}

/* -1: errno says why. IPv6's "all addresses" are IPv4's too (RFC 3493, section 5.3). */
static int open_tcp(const struct addrinfo *at)
{
    const int on = 1, off = 0;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (at->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* Of all addresses IPv6's, unless this machine has none. */
static int open_any(const struct addrinfo *found)
{
    const struct addrinfo *v6 = found;

    while (v6 && v6->ai_family != AF_INET6)
        v6 = v6->ai_next;
    int fd = v6 ? open_tcp(v6) : -1;
    bool has_v6 = v6 && (fd >= 0 || (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL));
    return has_v6 ? fd : open_tcp(found);
}

static enum err listen_tcp(const struct wish *wish, int *ret_fd, struct err_detail *detail)
{
    struct addrinfo *found = resolve(wish->address, AI_PASSIVE);

    if (!found)
        return err_set(detail, ERR_INVALID,
                       "--%s %s: not an address; use HOST:PORT such as "
                       "127.0.0.1:3000, [::1]:3000, :3000 or unix:/PATH",
                       wish->option, wish->address);
    int fd = wish->address[0] == ':' ? open_any(found) : open_tcp(found);
    int error = errno;
    freeaddrinfo(found);
    errno = error;
    if (fd < 0)
        return fail(detail, wish, "bind");
    *ret_fd = fd;
    return ERR_OK;
}

/* --- unix ---------------------------------------------------------------- */

static bool unix_address(const char *path, struct sockaddr_un *ret_address)
{
    size_t len = strlen(path);

    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (len == 0 || len >= sizeof ret_address->sun_path)
        return false;
    memcpy(ret_address->sun_path, path, len + 1);
    return true;
}

static int connect_unix(const char *path)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && unix_address(path, &address) &&
        connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* A socket file that nobody answers on is left from a crash. */
static void remove_stale(const char *path)
{
    struct stat status;
    int fd;

    if (lstat(path, &status) || !S_ISSOCK(status.st_mode))
        return;
    fd = connect_unix(path);
    if (fd < 0)
        unlink(path);
    else
        close(fd);
}

static enum err listen_unix(const struct wish *wish, const char *path, int *ret_fd,
                            struct err_detail *detail)
{
    struct sockaddr_un name;

    if (!unix_address(path, &name))
        return err_set(detail, ERR_INVALID, "--%s %s: the path must have 1 to %zu bytes",
                       wish->option, wish->address, sizeof name.sun_path - 1);
    remove_stale(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(detail, wish, "socket");
    if (bind(fd, (const struct sockaddr *)&name, sizeof name) || chmod(path, 0660) ||
        listen(fd, BACKLOG)) {
        enum err err = fail(detail, wish, "bind");
        close(fd);
        return err;
    }
    *ret_fd = fd;
    return ERR_OK;
}

/* --- the door ------------------------------------------------------------ */

enum err listen_open(const char *option, const char *address, struct listener *ret_listener,
                     struct err_detail *detail)
{
    const struct wish wish = {.option = option, .address = address};

    ret_listener->is_passed = false;
    if (strncmp(address, "unix:", 5) == 0)
        return listen_unix(&wish, address + 5, &ret_listener->fd, detail);
    return listen_tcp(&wish, &ret_listener->fd, detail);
}

void listen_close(const struct listener *listener)
{
    struct sockaddr_un name;
    socklen_t len = sizeof name;

    if (listener->fd < 0)
        return;
    if (!listener->is_passed && getsockname(listener->fd, (struct sockaddr *)&name, &len) == 0 &&
        name.sun_family == AF_UNIX && len > offsetof(struct sockaddr_un, sun_path))
        unlink(name.sun_path);
    close(listener->fd);
}

static int connect_to(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen)) {
        close(fd);
        return -1;
    }
    return fd;
}

int listen_connect(const char *address)
{
    int fd = -1;

    if (strncmp(address, "unix:", 5) == 0)
        return connect_unix(address + 5);
    /* Without a host the loopback addresses, of which the server may listen on one family only. */
    struct addrinfo *found = resolve(address, 0);
    for (const struct addrinfo *each = found; each && fd < 0; each = each->ai_next)
        fd = connect_to(each);
    if (found)
        freeaddrinfo(found);
    return fd;
}

union any_name {
    struct sockaddr any;
    struct sockaddr_un local;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
};

void listen_url(int fd, const char *scheme, char *ret_text, size_t room)
{
    union any_name name = {.storage = {0}};
    socklen_t len = sizeof name;
    char host[HOST_MAX + 1], port[16];

    snprintf(ret_text, room, "an unknown address");
    if (getsockname(fd, &name.any, &len))
        return;
    if (name.any.sa_family == AF_UNIX)
        snprintf(ret_text, room, "unix:%s", name.local.sun_path);
    else if (getnameinfo(&name.any, len, host, sizeof host, port, sizeof port,
                         NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(ret_text, room, strchr(host, ':') ? "%s://[%s]:%s" : "%s://%s:%s", scheme, host,
                 port);
}

unsigned listen_port(int fd)
{
    union any_name name = {.storage = {0}};
    socklen_t len = sizeof name;

    if (getsockname(fd, &name.any, &len) || name.any.sa_family == AF_UNIX)
        return 0;
    return ntohs(name.any.sa_family == AF_INET ? name.v4.sin_port : name.v6.sin6_port);
}
