/* SPDX-License-Identifier: MIT */
/* The listening socket: from systemd, TCP, or unix. */
#ifndef CONTACTD_APP_LISTEN_H
#define CONTACTD_APP_LISTEN_H

#include "base/err.h"
#include "base/str.h"

struct listener {
    int fd;
    bool is_passed; /* by systemd, whose it stays */
};

/*
 * Opens a listening, non-blocking socket for "HOST:PORT", "[IPV6]:PORT", ":PORT" (all
 * addresses) or "unix:/PATH"; a socket passed in LISTEN_FDS (sd_listen_fds(3)) goes
 * before `address`. ERR_INVALID: malformed. ERR_BUSY: in use. ERR_DENIED, ERR_IO.
 */
MUST_CHECK enum err listen_open(const char *address, struct listener *ret_listener,
                                struct err_detail *detail);

/* Closes it, and removes the file of a unix socket that is ours. */
void listen_close(const struct listener *listener);

/* Connects to what listen_open(address) listens on, for the health check. -1 on failure. */
int listen_connect(const char *address);

/*
 * "http://127.0.0.1:3000" or "unix:/path" of an open socket, NUL-terminated; `scheme` is what
 * is spoken there.
 */
void listen_url(int fd, const char *scheme, char *ret_text, size_t room);

/* The port of an open socket; 0: it is a unix socket. */
unsigned listen_port(int fd);

#endif
