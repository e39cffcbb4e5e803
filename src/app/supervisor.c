/* SPDX-License-Identifier: MIT */
/*
 * sd_notify(3) without its library: a line in one datagram to a unix socket, whose
 * address begins with '@' when it is an abstract one.
 */
#include "supervisor.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

enum { WATCH_PARTS = 4 }; /* four chances to be heard in time */

static socklen_t make_address(const char *path, struct sockaddr_un *ret_address)
{
    size_t len = strlen(path);

    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (len < 2 || len >= sizeof ret_address->sun_path || !strchr("/@", path[0]))
        return 0;
    memcpy(ret_address->sun_path, path, len);
    if (path[0] == '@')
        ret_address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

void supervisor_tell(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    socklen_t len = path ? make_address(path, &address) : 0;
    int fd = len ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;

    if (fd < 0)
        return;
    /* Who does not listen is not waited for: the server serves all the same. */
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
                          (const struct sockaddr *)&address, len);
    (void)sent;
    close(fd);
}

void supervisor_tell_reloading(void)
{
    char text[64];

    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_mono_us());
    supervisor_tell(text);
}

int64_t supervisor_watch_ms(void)
{
    const char *pid = getenv("WATCHDOG_PID"), *limit = getenv("WATCHDOG_USEC");
    uint64_t pid_value, limit_us;

    if (!limit || !str_to_u64(str_of(limit), INT64_MAX, &limit_us))
        return 0;
    if (pid && (!str_to_u64(str_of(pid), INT32_MAX, &pid_value) || pid_value != (uint64_t)getpid()))
        return 0;
    int64_t each_ms = (int64_t)(limit_us / 1000 / WATCH_PARTS);
    return limit_us && !each_ms ? 1 : each_ms;
}
