/* SPDX-License-Identifier: MIT */
/* When something is wrong enough to be told unasked. Pure; any thread. */
#ifndef CONTACTD_CORE_ALARM_H
#define CONTACTD_CORE_ALARM_H

#include "core/delivery.h"

enum { ALARM_HISTORY_DAYS = 90, ALARM_TEXT_MAX = 1000 /* bytes */ };

/* It has failed for an hour, and something waits for it or was given up. */
bool alarm_destination(const struct destination_tally *tally, int64_t now_ms);

/* Appends which one, "webhook:crm of shop", and what is to be told of it, without a full stop. */
void alarm_destination_name(struct str form, struct str name, struct buf *out);
void alarm_destination_render(const struct destination_tally *tally, struct buf *out);

/* How many messages came on each of the last days, today first; spam and trash are none. */
struct alarm_history {
    uint32_t days[ALARM_HISTORY_DAYS];
};

/*
 * The form has gone silent, for all that it says itself: for four times its longest silence of
 * these days, for three days at least, and it had ten messages or more. `*ret_days`: for how
 * long no message has come; ALARM_HISTORY_DAYS: none of these days has one.
 */
bool alarm_silence(const struct alarm_history *history, uint32_t *ret_days);

/* Less than a twentieth, or than 256 MB; `is_raised`: a little more must be free by then. */
bool alarm_disk(uint64_t free_bytes, uint64_t total_bytes, bool is_raised);

/* How near a certificate's end is: fourteen days are near, three too near. */
enum certificate_state { CERTIFICATE_FINE, CERTIFICATE_NEAR, CERTIFICATE_URGENT, CERTIFICATE_OVER };
enum certificate_state alarm_certificate(int64_t ends_ms, int64_t now_ms);

/*
 * Appends what is to be told of it, of a fine one too, and of others what mends it, both without a
 * full stop. `host`: whose it is.
 */
void alarm_certificate_render(struct str host, int64_t ends_ms, int64_t now_ms, struct buf *text,
                              struct buf *remedy);

#endif
