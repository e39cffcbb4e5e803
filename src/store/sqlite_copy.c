/* SPDX-License-Identifier: MIT */
/*
 * Copies of a database that may be in use: a reader of its own holds one view of it
 * while the pages are copied as they are, through caches of fixed size; the
 * writer goes on and notices nothing but that its log is kept a little longer.
 * A reader changes nothing, takes no lock of ours and never checkpoints.
 *
 * A file that nobody can have open (no log, no lock beside it) is read as "immutable",
 * which also works from a read-only disk and leaves no files beside it.
 */
#include "store/sqlite_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/file.h"
#include "store/migrate.h"
#include "store/sqlite_files.h"
#include "store/sqlite_shape.h"

enum {
    BUSY_MS = 5000,
    STEP_PAGES = 128, /* half a megabyte */
    SYNC_STEPS = 8,   /* so that the last fsync has little left, and no message waits behind it */
    CHECK_STEPS = 50000, /* a few milliseconds of the check */
    MIGRATION_COPIES = 3,
    NAME_MAX_BYTES = 4096 + 64,
};

static const char PRAGMAS[] = "PRAGMA mmap_size = 0;"
                              "PRAGMA cache_size = -1000;"
                              "PRAGMA temp_store = MEMORY;"
                              "PRAGMA cell_size_check = ON;";

static const char COPY_PRAGMAS[] = "PRAGMA journal_mode = OFF;"
                                   "PRAGMA synchronous = OFF;" /* fsync(2) follows */
                                   "PRAGMA cache_size = -1000;";

/* --- opening ------------------------------------------------------------- */

static bool has_beside(const char *path, const char *end)
{
    char name[NAME_MAX_BYTES];
    struct stat info;
    int len = snprintf(name, sizeof name, "%s%s", path, end);

    return len > 0 && (size_t)len < sizeof name && stat(name, &info) == 0;
}

bool copy_is_owned(const char *path)
{
    return has_beside(path, ".lock");
}

/* "file:" and the path, in which '?', '#' and '%' mean something. */
static enum err put_uri(struct buf *uri, const char *path, bool is_alone)
{
    buf_put(uri, STR("file:"));
    for (; *path; path++) {
        if (strchr("?#%", *path))
            buf_printf(uri, "%%%02x", (unsigned char)*path);
        else
            buf_put_char(uri, *path);
    }
    if (is_alone)
        buf_put(uri, STR("?immutable=1"));
    buf_put_char(uri, '\0');
    return buf_status(uri);
}

/* For SQLite, a last page of which a part is missing ends with zeros. */
static enum err check_end(struct sqlite_store *self, struct err_detail *detail)
{
    int64_t pages, page_bytes;
    struct stat info;

    TRY(sqlite_ask(self, "PRAGMA page_count", &pages));
    TRY(sqlite_ask(self, "PRAGMA page_size", &page_bytes));
    if (stat(self->path, &info) || info.st_size >= pages * page_bytes)
        return ERR_OK;
    return file_refuse(detail, ERR_CORRUPT, "trust", self->path, "its end is missing");
}

static enum err connect_to(struct sqlite_store *self, struct err_detail *detail)
{
    CLEANUP(buf_done) struct buf uri = buf_new(3 * NAME_MAX_BYTES);
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
                      SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE;
    bool is_alone = !has_beside(self->path, "-wal") && !copy_is_owned(self->path);

    TRY(put_uri(&uri, self->path, is_alone));
    TRY(sqlite_err(self, sqlite3_open_v2(uri.ptr, &self->db, flags, NULL)));
    sqlite3_busy_timeout(self->db, BUSY_MS);
    static const int ON[] = {SQLITE_DBCONFIG_DEFENSIVE, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE};
    for (size_t i = 0; i < COUNTOF(ON); i++)
        TRY(sqlite_err(self, sqlite3_db_config(self->db, ON[i], 1, NULL)));
    TRY(sqlite_err(self, sqlite3_db_config(self->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL)));
    TRY(sqlite_run_text(self, PRAGMAS));
    TRY(migrate_check(self, detail));
    return is_alone ? check_end(self, detail) : ERR_OK;
}

enum err copy_open(struct sqlite_store *self, const char *path, struct err_detail *detail)
{
    struct stat info;

    *self = (struct sqlite_store){.path = (char *)(uintptr_t)path, .lock_fd = -1};
    if (stat(path, &info))
        return file_refuse_errno(detail, errno, "read", path);
    if (!S_ISREG(info.st_mode))
        return file_refuse(detail, ERR_INVALID, "read", path, "it is not a regular file");
    enum err err = connect_to(self, detail);
    return err == ERR_OK ? ERR_OK
                         : file_refuse(detail, err, "read", path, store_error(&self->base));
}

void copy_close(struct sqlite_store *self)
{
    sqlite3_close(self->db);
}

/* --- looking ------------------------------------------------------------- */

struct look {
    struct sqlite_store *store;
    const struct backup_pace *pace;
    struct backup_progress progress;
    int64_t began_us; /* monotonic; the present step */
    bool is_stopped;
    int copy_fd;    /* of the file that is written; opened before SQLite opens it, closed after */
    int sync_errno; /* the system tells a failure once; 0: none so far */
    int steps;
    char complaint[200];
};

/* False: the caller had enough. */
static bool keep_pace(struct look *look)
{
    look->progress.step_us = clock_mono_us() - look->began_us;
    if (look->pace && look->pace->fn)
        look->is_stopped = !look->pace->fn(look->pace->arg, &look->progress);
    look->began_us = clock_mono_us();
    return !look->is_stopped;
}

static int on_check_step(void *arg)
{
    return !keep_pace(arg);
}

static int take_complaint(void *arg, int columns, char **values, char **names)
{
    struct look *look = arg;

    (void)names;
    if (columns != 1 || !values[0] || strcmp(values[0], "ok") == 0)
        return 0;
    snprintf(look->complaint, sizeof look->complaint, "%s", values[0]);
    return 1; /* one is enough */
}

static enum err damaged(const struct look *look, struct err_detail *detail)
{
    return file_refuse(detail, ERR_CORRUPT, "trust", look->store->path, look->complaint);
}

static enum err check_pages(struct look *look, struct err_detail *detail)
{
    sqlite3 *db = look->store->db;

    look->progress.is_check = true;
    look->began_us = clock_mono_us();
    sqlite3_progress_handler(db, CHECK_STEPS, on_check_step, look);
    int code = sqlite3_exec(db, "PRAGMA integrity_check(1)", take_complaint, look, NULL);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    if (look->complaint[0])
        return damaged(look, detail);
    if (look->is_stopped)
        return err_set(detail, ERR_STOPPING, "broken off");
    return sqlite_err(look->store, code);
}

static enum err count_table(struct sqlite_store *self, const char *name, struct backup_check *check)
{
    char *sql = sqlite3_mprintf("SELECT count(*) FROM \"%w\"", name);
    int64_t rows = 0;

    if (!sql)
        return ERR_MEMORY;
    enum err err = sqlite_ask(self, sql, &rows);
    sqlite3_free(sql);
    check->tables++;
    check->rows += rows;
    if (strcmp(name, "submission") == 0)
        check->messages = rows;
    return err;
}

static enum err count_tables(struct sqlite_store *self, struct backup_check *check)
{
    static const char SQL[] =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name";
    sqlite3_stmt *stmt = NULL;
    enum err err = sqlite_err(self, sqlite3_prepare_v2(self->db, SQL, -1, &stmt, NULL));
    int code = SQLITE_DONE;

    while (err == ERR_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW)
        err = count_table(self, (const char *)sqlite3_column_text(stmt, 0), check);
    if (err == ERR_OK)
        err = sqlite_err(self, code == SQLITE_DONE ? SQLITE_OK : code);
    sqlite3_finalize(stmt);
    return err;
}

static enum err count(struct sqlite_store *self, struct backup_check *ret_check,
                      struct err_detail *detail)
{
    struct backup_check check = {.schema_known = COUNTOF(SQL_MIGRATIONS)};
    int64_t pages, page_bytes;

    TRY(sqlite_ask(self, "PRAGMA user_version", &check.schema));
    if (check.schema == 0)
        return file_refuse(detail, ERR_INVALID, "use", self->path, "it is an empty file");
    TRY(shape_check(self, check.schema, detail));
    TRY(sqlite_ask(self, "PRAGMA page_count", &pages));
    TRY(sqlite_ask(self, "PRAGMA page_size", &page_bytes));
    check.bytes = pages * page_bytes;
    TRY(count_tables(self, &check));
    *ret_check = check;
    return ERR_OK;
}

/* Everything, in one view. */
static enum err look_at_all(struct sqlite_store *self, const struct backup_pace *pace,
                            struct backup_check *ret_check, struct err_detail *detail)
{
    struct look look = {.store = self, .pace = pace};

    TRY(sqlite_run_text(self, "BEGIN"));
    enum err err = count(self, ret_check, detail);
    if (err == ERR_OK)
        err = check_pages(&look, detail);
    if (err == ERR_OK)
        return sqlite_run_text(self, "COMMIT");
    return file_refuse(detail, err, "read", self->path, store_error(&self->base));
}

static enum err verify(const char *url, const struct backup_pace *pace,
                       struct backup_check *ret_check, struct err_detail *detail)
{
    CLEANUP(copy_close) struct sqlite_store self = {.db = NULL};

    TRY(copy_open(&self, url, detail));
    return look_at_all(&self, pace, ret_check, detail);
}

/* --- files --------------------------------------------------------------- */

enum err copy_sync(const char *path, int flags, struct err_detail *detail)
{
    int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);

    if (fd >= 0 && fsync(fd) == 0) {
        close(fd);
        return ERR_OK;
    }
    enum err err = file_refuse_errno(detail, errno, "write", path);
    if (fd >= 0)
        close(fd);
    return err;
}

enum err copy_sync_directory(const char *path, struct err_detail *detail)
{
    char *name = strdup(path);

    if (!name)
        return ERR_MEMORY;
    enum err err = copy_sync(dirname(name), O_RDONLY | O_DIRECTORY, detail);
    free(name);
    return err;
}

enum err copy_rename(const char *from, const char *to, struct err_detail *detail)
{
    if (rename(from, to))
        return file_refuse_errno(detail, errno, "write", to);
    return copy_sync_directory(to, detail);
}

/* Empty, ours alone, and surely not something else. */
static enum err make_file(const char *path, int *ret_fd, struct err_detail *detail)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);

    if (fd < 0)
        return file_refuse_errno(detail, errno, "write", path);
    fchmod(fd, S_IRUSR | S_IWUSR);
    *ret_fd = fd;
    return ERR_OK;
}

/* --- copying ------------------------------------------------------------- */

static int64_t log_bytes(const struct sqlite_store *from)
{
    char name[NAME_MAX_BYTES];
    struct stat info;

    snprintf(name, sizeof name, "%s-wal", from->path);
    return stat(name, &info) ? 0 : info.st_size;
}

static bool go_on(struct look *look, sqlite3_backup *backup, int64_t page_bytes, int code)
{
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        sqlite3_sleep(10);
    else if (code != SQLITE_OK)
        return false;
    look->progress.all = sqlite3_backup_pagecount(backup) * page_bytes;
    look->progress.done = look->progress.all - sqlite3_backup_remaining(backup) * page_bytes;
    look->progress.held_bytes = log_bytes(look->store);
    if (++look->steps % SYNC_STEPS == 0 && fdatasync(look->copy_fd))
        look->sync_errno = errno;
    return !look->sync_errno && keep_pace(look);
}

static enum err copy_pages(struct look *look, struct sqlite_store *to, struct err_detail *detail)
{
    int64_t page_bytes;
    int code;

    TRY(sqlite_ask(look->store, "PRAGMA page_size", &page_bytes));
    sqlite3_backup *backup = sqlite3_backup_init(to->db, "main", look->store->db, "main");
    if (!backup)
        return sqlite_err(to, sqlite3_errcode(to->db));
    look->began_us = clock_mono_us();
    do
        code = sqlite3_backup_step(backup, STEP_PAGES);
    while (go_on(look, backup, page_bytes, code));
    int ended = sqlite3_backup_finish(backup);
    if (look->is_stopped)
        return err_set(detail, ERR_STOPPING, "broken off");
    if (look->sync_errno)
        return file_refuse_errno(detail, look->sync_errno, "write", to->path);
    return sqlite_err(to, code == SQLITE_DONE ? ended : code);
}

static enum err write_copy(struct look *look, const char *path, struct err_detail *detail)
{
    struct sqlite_store to = {.path = (char *)(uintptr_t)path};
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      SQLITE_OPEN_PRIVATECACHE;

    /* By then the name may be another file's, if the directory is somebody else's. */
    struct files_rule rule = {.owner = FILES_OF_NOBODY, .has_file = true};
    if (fstat(look->copy_fd, &rule.file))
        return file_refuse_errno(detail, errno, "write", path);
    const struct files_rule *before = files_allow_only(&rule);
    enum err err = sqlite_err(&to, sqlite3_open_v2(path, &to.db, flags, NULL));
    if (err == ERR_OK)
        err = sqlite_run_text(&to, COPY_PRAGMAS);
    if (err == ERR_OK)
        err = copy_pages(look, &to, detail);
    (void)files_allow_only(before);
    if (err != ERR_OK)
        err = file_refuse(detail, err, "write", path, store_error(&to.base));
    sqlite3_close(to.db);
    return err;
}

static enum err compare(const struct backup_check *from, const struct backup_check *to,
                        const char *path, struct err_detail *detail)
{
    char reason[160];

    if (from->schema == to->schema && from->tables == to->tables && from->rows == to->rows &&
        from->messages == to->messages)
        return ERR_OK;
    snprintf(reason, sizeof reason, "the copy has %lld rows, the original %lld",
             (long long)to->rows, (long long)from->rows);
    return file_refuse(detail, ERR_CORRUPT, "trust", path, reason);
}

static enum err copy_view(struct sqlite_store *from, const char *path, int fd,
                          const struct backup_pace *pace, struct backup_check *ret_original,
                          struct err_detail *detail)
{
    struct look look = {.store = from, .pace = pace, .copy_fd = fd};

    TRY(sqlite_run_text(from, "BEGIN"));
    enum err err = count(from, ret_original, detail);
    if (err != ERR_OK)
        err = file_refuse(detail, err, "read", from->path, store_error(&from->base));
    else
        err = write_copy(&look, path, detail);
    (void)sqlite3_exec(from->db, "COMMIT", NULL, NULL, NULL); /* it has only read */
    return err;
}

static enum err copy_and_check(struct sqlite_store *from, const char *path,
                               const struct backup_pace *pace, struct backup_check *ret_check,
                               struct err_detail *detail)
{
    struct backup_check original;
    int fd;

    TRY(make_file(path, &fd, detail));
    enum err err = copy_view(from, path, fd, pace, &original, detail);
    if (err == ERR_OK && fsync(fd))
        err = file_refuse_errno(detail, errno, "write", path);
    close(fd);
    TRY(err);
    TRY(verify(path, pace, ret_check, detail));
    return compare(&original, ret_check, path, detail);
}

enum err copy_make(struct sqlite_store *from, const char *path, const struct backup_pace *pace,
                   struct backup_check *ret_check, struct err_detail *detail)
{
    if (file_is_there(path))
        return file_refuse_errno(detail, EEXIST, "write", path);
    enum err err = copy_and_check(from, path, pace, ret_check, detail);
    if (err != ERR_OK)
        unlink(path);
    return err;
}

static enum err copy_from(const char *url, const char *path, const struct backup_pace *pace,
                          struct backup_check *ret_check, struct err_detail *detail)
{
    CLEANUP(copy_close) struct sqlite_store self = {.db = NULL};

    TRY(copy_open(&self, url, detail));
    return copy_make(&self, path, pace, ret_check, detail);
}

/* --- under a name -------------------------------------------------------- */

static enum err check_target(const char *path, struct err_detail *detail)
{
    struct stat info;

    if (copy_is_owned(path))
        return err_set(detail, ERR_EXISTS,
                       "cannot write %s: it is the database of a contactd; give another name",
                       path);
    if (lstat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return err_set(detail, ERR_EXISTS,
                       "cannot write %s: it is there and no regular file; give another name", path);
    return ERR_OK;
}

static enum err part_name(const char *path, char ret_name[NAME_MAX_BYTES],
                          struct err_detail *detail)
{
    int len = snprintf(ret_name, NAME_MAX_BYTES, "%s.part", path);

    if (len > 0 && len < NAME_MAX_BYTES)
        return ERR_OK;
    return err_set(detail, ERR_INVALID, "the path %.64s... is too long", path);
}

static enum err make(const char *url, const char *path, const struct backup_pace *pace,
                     struct backup_check *ret_check, struct err_detail *detail)
{
    char part[NAME_MAX_BYTES];

    TRY(check_target(path, detail));
    TRY(part_name(path, part, detail));
    unlink(part); /* of one that was killed */
    TRY(copy_from(url, part, pace, ret_check, detail));
    enum err err = copy_rename(part, path, detail);
    if (err != ERR_OK)
        unlink(part);
    return err;
}

const struct copy_ops SQLITE_COPIES = {.verify = verify, .make = make, .restore = sqlite_restore};

/* --- before a migration -------------------------------------------------- */

static enum err make_migration_copy(struct sqlite_store *self, int64_t version,
                                    struct err_detail *detail)
{
    char name[NAME_MAX_BYTES], part[NAME_MAX_BYTES];
    struct backup_check check;

    snprintf(name, sizeof name, "%s.schema-%lld", self->path, (long long)version);
    TRY(part_name(name, part, detail));
    unlink(part);
    TRY(copy_make(self, part, NULL, &check, detail));
    enum err err = copy_rename(part, name, detail);
    if (err != ERR_OK)
        unlink(part);
    return err;
}

enum err copy_before_migration(struct sqlite_store *self, struct err_detail *detail)
{
    char name[NAME_MAX_BYTES];
    int64_t version;

    TRY(sqlite_ask(self, "PRAGMA user_version", &version));
    if (version == 0 || version >= (int64_t)COUNTOF(SQL_MIGRATIONS))
        return ERR_OK;
    TRY(make_migration_copy(self, version, detail));
    for (int64_t old = version - MIGRATION_COPIES; old > 0; old--) {
        snprintf(name, sizeof name, "%s.schema-%lld", self->path, (long long)old);
        unlink(name);
    }
    return ERR_OK;
}
