/* SPDX-License-Identifier: MIT */
/*
 * Backups on a schedule: one thread copies the database into a directory of their
 * own, gently, verifies each copy, and removes the oldest beyond a number.
 */
#ifndef CONTACTD_SERVICE_SNAPSHOTS_H
#define CONTACTD_SERVICE_SNAPSHOTS_H

#include "base/err.h"
#include "base/str.h"

struct snapshots;

struct snapshots_options {
    const char *database; /* texts outlive the service */
    const char *dir;      /* made when it is missing */
    int64_t every_ms;     /* from the newest one that is there, also across restarts */
    unsigned keep;
};

MUST_CHECK enum err snapshots_start(const struct snapshots_options *options,
                                    struct snapshots **ret_snapshots);

/* Breaks off a copy under way, and frees. NULL is allowed. */
void snapshots_stop(struct snapshots *snapshots);

/* "contactd-20261121T133000Z.db", which sorts by time; false: not the name of a backup. */
enum { SNAPSHOT_NAME_LEN = 28 };
void snapshot_name(int64_t wall_ms, char ret_name[SNAPSHOT_NAME_LEN + 1]);
MUST_CHECK bool snapshot_parse(struct str name, int64_t *ret_wall_ms);

#endif
