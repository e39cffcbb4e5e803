/* SPDX-License-Identifier: MIT */
/* The listening sockets, TCP or unix. Main thread. */
#ifndef CONTACTD_APP_LISTEN_H
#define CONTACTD_APP_LISTEN_H

#include "base/err.h"
#include "base/str.h"

struct listener {
    int fd;         /* -1: there is none */
    bool is_passed; /* by systemd, whose it stays; passed.h */
};

/*
 * Opens a listening, non-blocking socket for "HOST:PORT", "[IPV6]:PORT", ":PORT" (all
 * addresses) or "unix:/PATH"; `option` is whose value that is. ERR_INVALID: malformed.
 * ERR_BUSY: in use. ERR_DENIED, ERR_IO.
 */
MUST_CHECK enum err listen_open(const char *option, const char *address,
                                struct listener *ret_listener, struct err_detail *detail);

/* Closes it if there is one, and removes the file of a unix socket that is ours. */
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
