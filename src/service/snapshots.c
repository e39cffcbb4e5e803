/* SPDX-License-Identifier: MIT */
/*
 * The thread of the scheduled backups. It looks when the newest file in the directory
 * was made, waits until the next is due, and copies the database with a reader of
 * its own, resting about as long as it works. While the copy is being written the database
 * keeps its log, so then it hurries if much is posted; the check afterwards has
 * time. A failure is logged, counted and tried again; nothing old is removed for it.
 */
#include "service/snapshots.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/pause.h"
#include "store/backup.h"

enum {
    FIRST_WAIT_MS = 1000,     /* until the server has found its feet */
    LOOK_WAIT_MS = 60 * 1000, /* the wall clock may jump: it is looked at again */
    FAILED_WAIT_MS = 10 * 60 * 1000,
    HURRY_BYTES = 8 * 1024 * 1024,  /* of log: from here on a copy does not rest */
    SPARE_BYTES = 32 * 1024 * 1024, /* that are left on the disk for messages */
    PATH_MAX_BYTES = 4096,
};

static const char PREFIX[] = "contactd-", END[] = ".db", PART[] = ".part";

struct snapshots {
    struct snapshots_options options;
    pthread_t thread;
    struct pause pause;
};

/* --- names --------------------------------------------------------------- */

void snapshot_name(int64_t wall_ms, char ret_name[SNAPSHOT_NAME_LEN + 1])
{
    char stamp[CLOCK_STAMP_LEN + 1];

    clock_stamp(wall_ms, stamp);
    snprintf(ret_name, SNAPSHOT_NAME_LEN + 1, "%s%s%s", PREFIX, stamp, END);
}

bool snapshot_parse(struct str name, int64_t *ret_wall_ms)
{
    if (name.len != SNAPSHOT_NAME_LEN || !str_starts_with(name, str_of(PREFIX)) ||
        !str_ends_with(name, str_of(END)))
        return false;
    return clock_parse_stamp((struct str){name.ptr + sizeof PREFIX - 1, CLOCK_STAMP_LEN},
                             ret_wall_ms);
}

static bool is_part(struct str name)
{
    int64_t ms;

    if (!str_ends_with(name, str_of(PART)))
        return false;
    name.len -= sizeof PART - 1;
    return snapshot_parse(name, &ms);
}

static bool join(const struct snapshots *self, const char *name, char ret_path[PATH_MAX_BYTES])
{
    int len = snprintf(ret_path, PATH_MAX_BYTES, "%s/%s", self->options.dir, name);

    return len > 0 && len < PATH_MAX_BYTES;
}

/* --- the directory ------------------------------------------------------- */

struct shelf {
    unsigned count;
    int64_t oldest_ms; /* wall */
    int64_t newest_ms; /* of those that are not from the future; 0: none */
};

static void see(struct shelf *shelf, int64_t at_ms)
{
    if (!shelf->count || at_ms < shelf->oldest_ms)
        shelf->oldest_ms = at_ms;
    if (at_ms > shelf->newest_ms && at_ms <= clock_wall_ms())
        shelf->newest_ms = at_ms;
    shelf->count++;
}

/* What is there; what a process left behind that was killed is removed on the way. */
static enum err look(const struct snapshots *self, struct shelf *ret_shelf,
                     struct err_detail *detail)
{
    char path[PATH_MAX_BYTES];
    struct shelf shelf = {0};
    struct dirent *entry;
    int64_t at_ms;

    DIR *dir = opendir(self->options.dir);
    if (!dir)
        return err_set(detail, ERR_DENIED, "cannot read the directory %s: %s", self->options.dir,
                       strerror(errno));
    while ((entry = readdir(dir))) {
        if (snapshot_parse(str_of(entry->d_name), &at_ms))
            see(&shelf, at_ms);
        else if (is_part(str_of(entry->d_name)) && join(self, entry->d_name, path))
            unlink(path);
    }
    closedir(dir);
    *ret_shelf = shelf;
    return ERR_OK;
}

/* The oldest go, but never the one just made, however the clock was set. */
static void prune(const struct snapshots *self, int64_t made_ms)
{
    char name[SNAPSHOT_NAME_LEN + 1], path[PATH_MAX_BYTES];
    struct shelf shelf;

    while (look(self, &shelf, NULL) == ERR_OK && shelf.count > self->options.keep) {
        if (shelf.oldest_ms / 1000 == made_ms / 1000)
            return;
        snapshot_name(shelf.oldest_ms, name);
        if (!join(self, name, path) || unlink(path)) {
            LOG(LOG_WARN, "backup_not_removed", LOG_TEXT("file", name),
                LOG_TEXT("reason", strerror(errno)));
            return;
        }
        LOG(LOG_INFO, "backup_removed", LOG_TEXT("file", name));
    }
}

/* Messages need the disk more than backups do. */
static enum err check_space(const struct snapshots *self, struct err_detail *detail)
{
    struct statvfs disk;
    struct stat database;

    if (statvfs(self->options.dir, &disk) || stat(self->options.database, &database))
        return ERR_OK; /* whatever that is, the copy will tell */
    uint64_t available = (uint64_t)disk.f_bavail * disk.f_frsize;
    if (available >= (uint64_t)database.st_size + SPARE_BYTES)
        return ERR_OK;
    return err_set(detail, ERR_DISK_FULL, "%s has too little space left (%llu MB); free some",
                   self->options.dir, (unsigned long long)(available / (1024 * 1024)));
}

/* --- one backup ---------------------------------------------------------- */

static bool keep_pace(void *arg, const struct backup_progress *progress)
{
    bool must_hurry = !progress->is_check && progress->held_bytes > HURRY_BYTES;

    return pause_us(arg, must_hurry ? 0 : progress->step_us);
}

static enum err make(struct snapshots *self, const char *name, struct backup_check *check,
                     struct err_detail *detail)
{
    const struct backup_pace pace = {keep_pace, &self->pause};
    char path[PATH_MAX_BYTES];

    if (!join(self, name, path))
        return err_set(detail, ERR_INVALID, "the path %.64s... is too long", self->options.dir);
    TRY(check_space(self, detail));
    return backup_make(self->options.database, path, &pace, check, detail);
}

/* Whether the next one may wait until it is due. */
static bool make_and_tell(struct snapshots *self)
{
    int64_t began_ms = clock_mono_ms(), now_ms = clock_wall_ms();
    char name[SNAPSHOT_NAME_LEN + 1];
    struct err_detail detail = {""};
    struct backup_check check;

    snapshot_name(now_ms, name);
    enum err err = make(self, name, &check, &detail);
    if (err == ERR_STOPPING)
        return true;
    if (err != ERR_OK) {
        metric_add(METRIC_BACKUPS_FAILED, 1);
        LOG(LOG_ERROR, "backup_failed", LOG_TEXT("file", name),
            LOG_TEXT("reason", detail.text[0] ? detail.text : err_text(err)));
        return false;
    }
    metric_add(METRIC_BACKUPS, 1);
    metric_set(METRIC_BACKUP_AT, now_ms / 1000);
    LOG(LOG_INFO, "backup_made", LOG_TEXT("file", name), LOG_INT("messages", check.messages),
        LOG_INT("bytes", check.bytes), LOG_INT("ms", clock_mono_ms() - began_ms));
    prune(self, now_ms);
    return true;
}

/* Milliseconds until the next turn. */
static int64_t take_turn(struct snapshots *self)
{
    struct err_detail detail = {""};
    struct shelf shelf;
    int64_t retry_ms =
        self->options.every_ms < FAILED_WAIT_MS ? self->options.every_ms : FAILED_WAIT_MS;

    if (look(self, &shelf, &detail) != ERR_OK) {
        metric_add(METRIC_BACKUPS_FAILED, 1);
        LOG(LOG_ERROR, "backup_failed", LOG_TEXT("reason", detail.text));
        return retry_ms;
    }
    metric_set(METRIC_BACKUP_AT, shelf.newest_ms / 1000);
    int64_t left_ms = shelf.newest_ms + self->options.every_ms - clock_wall_ms();
    if (shelf.newest_ms && left_ms > 0)
        return left_ms < LOOK_WAIT_MS ? left_ms : LOOK_WAIT_MS;
    return make_and_tell(self) ? 1 : retry_ms;
}

static void *snapshots_main(void *arg)
{
    struct snapshots *self = arg;

    if (pause_ms(&self->pause, FIRST_WAIT_MS))
        while (pause_ms(&self->pause, take_turn(self)))
            ;
    return NULL;
}

/* --- start and stop ------------------------------------------------------ */

enum err snapshots_start(const struct snapshots_options *options, struct snapshots **ret_snapshots)
{
    struct snapshots *self = calloc(1, sizeof *self);

    if (!self)
        return ERR_MEMORY;
    self->options = *options;
    if (pause_init(&self->pause) != ERR_OK) {
        free(self);
        return ERR_MEMORY;
    }
    if (pthread_create(&self->thread, NULL, snapshots_main, self)) {
        pause_done(&self->pause);
        free(self);
        return ERR_MEMORY;
    }
    *ret_snapshots = self;
    return ERR_OK;
}

void snapshots_stop(struct snapshots *self)
{
    if (!self)
        return;
    pause_end(&self->pause);
    pthread_join(self->thread, NULL);
    pause_done(&self->pause);
    free(self);
}
