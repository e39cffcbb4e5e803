/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing SQLite connections, and every setting they get. The
 * order matters: the lock before the file is touched, "is it ours" before
 * anything is changed, the write-ahead log before the schema.
 *
 * One connection writes and checkpoints; readers are read-only and never
 * checkpoint, not even when they close. That also keeps us clear of the
 * WAL-reset bug of SQLite before 3.51.3 (sqlite.org/wal.html, 11). A
 * connection belongs to one thread at a time, so SQLite's own mutexes are off.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/file.h"
#include "store/lock.h"
#include "store/migrate.h"
#include "store/sqlite_copy.h"
#include "store/sqlite_files.h"

enum {
    BUSY_MS = 2000,
    PAGES_AT_ONCE = 8, /* that a connection has from the start */
    SLOT_BYTES =
        256, /* of memory that a connection has at hand for what is small and short-lived */
    WRITER_SLOTS = 128,
    READER_SLOTS = 32,
    BUDGET_STEPS = 1000, /* a reader looks at the clock every so many operations */
    FRAME_HEADER_BYTES = 24,
};

static const struct {
    int option, value;
} CONFIGS[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    {SQLITE_DBCONFIG_ENABLE_VIEW, 0},    {SQLITE_DBCONFIG_DQS_DML, 0},
    {SQLITE_DBCONFIG_ENABLE_FKEY, 1},    {SQLITE_DBCONFIG_DQS_DDL, 0},
};

/* Far above what our own statements need, far below what a hostile file would like. */
static const struct {
    int limit, value;
} LIMITS[] = {
    {SQLITE_LIMIT_LENGTH, 8 * 1024 * 1024},
    {SQLITE_LIMIT_SQL_LENGTH, 100 * 1000},
    {SQLITE_LIMIT_COLUMN, 100},
    {SQLITE_LIMIT_EXPR_DEPTH, 30},
    {SQLITE_LIMIT_COMPOUND_SELECT, 3},
    {SQLITE_LIMIT_VDBE_OP, 25 * 1000},
    {SQLITE_LIMIT_FUNCTION_ARG, 8},
    {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50},
    {SQLITE_LIMIT_VARIABLE_NUMBER, 16},
    {SQLITE_LIMIT_TRIGGER_DEPTH, 10},
    {SQLITE_LIMIT_WORKER_THREADS, 0},
};

static const char COMMON_PRAGMAS[] = "PRAGMA mmap_size = 0;"
                                     "PRAGMA temp_store = MEMORY;"
                                     "PRAGMA cell_size_check = ON;";

static const char WRITER_PRAGMAS[] = "PRAGMA cache_size = -2000;"
                                     "PRAGMA secure_delete = ON;"
                                     "PRAGMA journal_size_limit = 16777216;"
                                     "PRAGMA synchronous = FULL;";

static const char READER_PRAGMAS[] = "PRAGMA cache_size = -1000;"
                                     "PRAGMA query_only = ON;";

static enum err use_test_settings(struct sqlite_store *self)
{
#ifdef CONTACTD_TEST_UNSAFE
    /* The negative control of the power-cut tests: without fsync they must find lost rows. */
    const char *sync = getenv("CONTACTD_TEST_SYNC");
    if (sync && strcmp(sync, "OFF") == 0)
        return sqlite_run_text(self, "PRAGMA synchronous = OFF");
#else
    (void)self;
#endif
    return ERR_OK;
}

static enum err configure(struct sqlite_store *self, int option, int value)
{
    return sqlite_err(self, sqlite3_db_config(self->db, option, value, (int *)NULL));
}

/* A connection with the settings that both kinds share. */
static enum err connect_plain(struct sqlite_store *self, int flags)
{
    int slots = flags & SQLITE_OPEN_READWRITE ? WRITER_SLOTS : READER_SLOTS;

    flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE;
    TRY(sqlite_err(self, sqlite3_open_v2(self->path, &self->db, flags, NULL)));
    (void)sqlite3_db_config(self->db, SQLITE_DBCONFIG_LOOKASIDE, (void *)NULL, SLOT_BYTES, slots);
    sqlite3_busy_timeout(self->db, BUSY_MS);
    for (size_t i = 0; i < COUNTOF(CONFIGS); i++)
        TRY(configure(self, CONFIGS[i].option, CONFIGS[i].value));
    for (size_t i = 0; i < COUNTOF(LIMITS); i++)
        sqlite3_limit(self->db, LIMITS[i].limit, LIMITS[i].value);
    return sqlite_run_text(self, COMMON_PRAGMAS);
}

static void disconnect(struct sqlite_store *self)
{
    sqlite_finalize_all(self);
    sqlite3_close(self->db);
    self->db = NULL;
}

static int is_wal(void *arg, int columns, char **values, char **names)
{
    bool *ret_is_wal = arg;

    (void)names;
    *ret_is_wal = columns == 1 && values[0] && strcmp(values[0], "wal") == 0;
    return 0;
}

static enum err switch_to_wal(struct sqlite_store *self, struct err_detail *detail)
{
    bool is_on = false;

    int code = sqlite3_exec(self->db, "PRAGMA journal_mode = WAL", is_wal, &is_on, NULL);
    TRY(sqlite_err(self, code));
    if (!is_on)
        return file_refuse(detail, ERR_INVALID, "open", self->path,
                           "its file system cannot share memory, as a network drive");
    return ERR_OK;
}

/* Takes the place of SQLite's own automatic checkpoint, which would run inside a commit. */
static int note_commit(void *arg, sqlite3 *db, const char *name, int frames)
{
    struct sqlite_store *self = arg;

    (void)db;
    (void)name;
    if (frames <= self->wal_frames)
        self->moved_frames = 0; /* all of it had been moved, and the log began anew */
    self->wal_frames = frames;
    return SQLITE_OK;
}

static enum err read_state(struct sqlite_store *self)
{
    int64_t page_bytes;

    TRY(sqlite_ask(self, "PRAGMA page_size", &page_bytes));
    self->frame_bytes = page_bytes + FRAME_HEADER_BYTES;
    self->wal_frames = self->moved_frames = 0;
    self->is_indexed_known = false;
    return sqlite_ask(self, SQL_QUERIES[SQL_SUBMISSION_LAST_SEQ], &self->base.ids.last_seq);
}

static enum err connect_writer(struct sqlite_store *self, struct err_detail *detail)
{
    TRY(connect_plain(self, SQLITE_OPEN_READWRITE));
    /* SQLite falls back to reading by itself when it may not write. */
    if (sqlite3_db_readonly(self->db, "main") == 1)
        return file_refuse(detail, ERR_DENIED, "open", self->path, "permission denied");
    TRY(migrate_check(self, detail));
    TRY(sqlite_run_text(self, WRITER_PRAGMAS));
    TRY(use_test_settings(self));
    TRY(switch_to_wal(self, detail));
    TRY(copy_before_migration(self, detail));
    TRY(migrate_run(self));
    TRY(sqlite_prepare_all(self));
    TRY(read_state(self));
    sqlite3_wal_hook(self->db, note_commit, self);
    return ERR_OK;
}

static int is_over_budget(void *arg)
{
    const struct sqlite_store *self = arg;

    return atomic_load(&self->is_interrupted) || clock_mono_us() > self->deadline_us;
}

static enum err connect_reader(struct sqlite_store *self)
{
    int64_t version;

    TRY(connect_plain(self, SQLITE_OPEN_READONLY));
    TRY(configure(self, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1));
    TRY(sqlite_run_text(self, READER_PRAGMAS));
    TRY(sqlite_ask(self, "PRAGMA user_version", &version)); /* the first look at the file */
    sqlite3_progress_handler(self->db, BUDGET_STEPS, is_over_budget, self);
    return ERR_OK;
}

static void free_store(struct sqlite_store **self)
{
    if (!*self)
        return;
    disconnect(*self);
    whereabouts_done(&(*self)->where);
    lock_release((*self)->lock_fd); /* last: until here the files were ours */
    free((*self)->path);
    free(*self);
}

static struct sqlite_store *new_store(void)
{
    struct sqlite_store *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->base.ops = &SQLITE_OPS;
    self->lock_fd = -1;
    return self;
}

/* Tells what SQLite said, unless the step that failed has told more. */
static enum err refuse(struct sqlite_store *self, enum err err, struct err_detail *detail)
{
    return file_refuse(detail, err, "open", self->path, store_error(&self->base));
}

enum err sqlite_open(const char *url, bool may_create, struct store **ret_store,
                     struct err_detail *detail)
{
    CLEANUP(free_store) struct sqlite_store *self = new_store();

    if (!self)
        return ERR_MEMORY;
    /* Counting every malloc under a global lock costs 8 % of an insert. Refused when too late. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    /* Of 88 KB that every connection would take at its first look most never see use. */
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, PAGES_AT_ONCE);
    (void)files_allow_only(NULL); /* SQLite's door is taken before there is a second thread */
    TRY(file_find(url, may_create, &self->path, detail));
    TRY(lock_take(self->path, &self->lock_fd, detail));
    TRY(whereabouts_init(&self->where, self->path));
    enum err err = connect_writer(self, detail);
    if (err != ERR_OK)
        return refuse(self, err, detail);
    (void)whereabouts_missing(&self->where); /* the first look */
    *ret_store = &self->base;
    self = NULL;
    return ERR_OK;
}

enum err sqlite_open_reader(struct store *writer, struct store **ret_reader,
                            struct err_detail *detail)
{
    CLEANUP(free_store) struct sqlite_store *self = new_store();

    if (!self)
        return ERR_MEMORY;
    self->path = strdup(sqlite_of(writer)->path);
    if (!self->path)
        return ERR_MEMORY;
    enum err err = connect_reader(self);
    if (err != ERR_OK)
        return refuse(self, err, detail);
    *ret_reader = &self->base;
    self = NULL;
    return ERR_OK;
}

enum err sqlite_reconnect(struct sqlite_store *self)
{
    struct id_source ids = self->base.ids; /* ids that were handed out stay behind us */

    disconnect(self);
    enum err err = connect_writer(self, NULL);
    self->base.ids = ids;
    whereabouts_look_again(&self->where);
    self->is_broken = err != ERR_OK;
    if (err != ERR_OK)
        disconnect(self);
    return err;
}

/* SQLite forgets an interrupt when no statement runs; the next one must not begin either. */
void sqlite_interrupt(struct store *reader)
{
    struct sqlite_store *self = sqlite_of(reader);

    atomic_store(&self->is_interrupted, true);
    sqlite3_interrupt(self->db);
}

void sqlite_close(struct store *store)
{
    struct sqlite_store *self = sqlite_of(store);

    free_store(&self);
}
