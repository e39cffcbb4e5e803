/* SPDX-License-Identifier: MIT */
/*
 * Looks at a database that somebody else may be using, and changes nothing: read-only, no
 * lock taken, no migration, no checkpoint. The look at every page has a time limit; what
 * was not seen by then is not said to be whole.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "store/file.h"
#include "store/migrate.h"

enum { STEPS = 10000, BUSY_MS = 2000 };

struct examination {
    struct sqlite_store store;
    struct store_health *health;
    int64_t deadline_ms; /* mono */
};

static int is_over(void *arg)
{
    const struct examination *self = arg;

    return clock_mono_ms() > self->deadline_ms;
}

static int take_line(void *arg, int columns, char **values, char **names)
{
    struct store_health *health = arg;

    (void)names;
    if (columns != 1 || !values[0] || strcmp(values[0], "ok") == 0)
        return 0;
    health->is_damaged = true;
    snprintf(health->complaint, sizeof health->complaint, "%s", values[0]);
    return 1; /* one is enough */
}

static enum err look_at_pages(struct examination *self)
{
    sqlite3 *db = self->store.db;

    sqlite3_progress_handler(db, STEPS, is_over, self);
    int code = sqlite3_exec(db, "PRAGMA quick_check(1)", take_line, self->health, NULL);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    self->health->is_whole = code == SQLITE_OK && !self->health->is_damaged;
    if (code == SQLITE_OK || self->health->is_damaged || (code & 0xff) == SQLITE_INTERRUPT)
        return ERR_OK;
    return sqlite_err(&self->store, code);
}

static int take_worst(void *arg, int columns, char **values, char **names)
{
    struct store_health *health = arg;

    (void)names;
    if (columns == 1 && values[0])
        snprintf(health->worst, sizeof health->worst, "%s", values[0]);
    return 0;
}

#define FAILING                                                                                    \
    " FROM destination AS d WHERE failing_since > 0 AND EXISTS (SELECT 1 FROM delivery AS o "      \
    "WHERE o.state IN (0, 3) AND o.state <> 2 AND o.form = d.form AND o.destination = d.name)"

/* How telling does. Of a database that has no such tables yet, nothing is known. */
static void look_at_deliveries(struct examination *self)
{
    static const char WORST[] =
        "SELECT name || iif(form = '', '', ' of ' || form) || ': ' || coalesce(error, '')" FAILING
        " ORDER BY failing_since LIMIT 1";
    struct sqlite_store *store = &self->store;
    struct store_health *health = self->health;

    if (sqlite_ask(store, "SELECT count(*) FROM alarm", &health->alarms) != ERR_OK ||
        sqlite_ask(store, "SELECT count(*) FROM delivery WHERE state = 3 AND state <> 2",
                   &health->given_up) != ERR_OK ||
        sqlite_ask(store, "SELECT count(*)" FAILING, &health->failing) != ERR_OK)
        return;
    (void)sqlite3_exec(store->db, WORST, take_worst, health, NULL);
}

static enum err look(struct examination *self, struct err_detail *detail)
{
    struct sqlite_store *store = &self->store;
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE;

    TRY(sqlite_err(store, sqlite3_open_v2(store->path, &store->db, flags, NULL)));
    sqlite3_busy_timeout(store->db, BUSY_MS);
    TRY(sqlite_err(store, sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL)));
    TRY(sqlite_err(store, sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL)));
    TRY(migrate_check(store, detail));
    TRY(sqlite_ask(store, "PRAGMA user_version", &self->health->schema));
    self->health->schema_known = COUNTOF(SQL_MIGRATIONS);
    look_at_deliveries(self);
    return look_at_pages(self);
}

enum err sqlite_examine(const char *url, int64_t budget_ms, struct store_health *ret_health,
                        struct err_detail *detail)
{
    struct store_health health = {.bytes = 0};
    char path[4096];
    struct stat status;
    struct examination self = {.health = &health, .deadline_ms = clock_mono_ms() + budget_ms};

    if (stat(url, &status))
        return file_refuse_errno(detail, errno, "read", url);
    snprintf(path, sizeof path, "%s", url);
    health.bytes = status.st_size;
    self.store.path = path;
    enum err err = look(&self, detail);
    sqlite3_close(self.store.db);
    if (err != ERR_OK)
        return file_refuse(detail, err, "read", url, store_error(&self.store.base));
    *ret_health = health;
    return ERR_OK;
}
