/* SPDX-License-Identifier: MIT */
/* Listening sockets that systemd has opened: sd_listen_fds_with_names(3). Main thread. */
#ifndef CONTACTD_APP_PASSED_H
#define CONTACTD_APP_PASSED_H

#include "base/err.h"

struct passed {
    int main_fd;     /* -1: none was passed */
    int redirect_fd; /* likewise; named "redirect" */
};

/*
 * Takes the sockets, sets them up for the server, and forgets who passed them. The process has them
 * to its end. ERR_INVALID: there are others than these two; `detail` names the remedy. ERR_IO.
 */
MUST_CHECK enum err passed_take(struct passed *ret_passed, struct err_detail *detail);

#endif
