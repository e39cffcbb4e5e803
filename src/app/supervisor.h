/* SPDX-License-Identifier: MIT */
/* What systemd, or another supervisor that speaks sd_notify(3), wants to hear. Main thread. */
#ifndef CONTACTD_APP_SUPERVISOR_H
#define CONTACTD_APP_SUPERVISOR_H

#include <stdint.h>

/* "READY=1", "STOPPING=1" and the like, to the socket of $NOTIFY_SOCKET; nothing without one. */
void supervisor_tell(const char *state);

/* "RELOADING=1" with the time, which must go before the work; "READY=1" follows it. */
void supervisor_tell_reloading(void);

/* How often the supervisor should be told WATCHDOG=1, in milliseconds; 0: it does not watch. */
int64_t supervisor_watch_ms(void);

#endif
