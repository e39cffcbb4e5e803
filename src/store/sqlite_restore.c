/* SPDX-License-Identifier: MIT */
/*
 * Putting a copy in the place of a database. All that may fail is done on a copy
 * of the copy beside the database; then the two files change names in one step, so
 * there is always a whole database, and nothing is ever removed.
 *
 * Root restores for somebody who may wish to read what is not his: so from the first look on only
 * his files are opened, and the backup, unless its name led elsewhere by his doing.
 *
 * What was sent, signed out or accepted since the copy was made is not known to it any
 * more: so nothing that waited is sent by itself, and every session and invitation ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/delivery.h"
#include "store/file.h"
#include "store/lock.h"
#include "store/sqlite_copy.h"
#include "store/sqlite_files.h"

enum { SQL_MAX = 640 };

struct restore {
    const char *source; /* the backup */
    struct stat source_info;
    struct sqlite_store backup;
    struct stat home;       /* the database's directory */
    struct files_rule rule; /* for root who becomes its owner */
    const struct restore_options *options;
    char *path;                  /* absolute */
    char part[RESTORE_PATH_MAX]; /* the copy, as long as it has not its name */
    struct stat old;             /* of the file that is replaced */
    int lock_fd;
    struct restored restored;
};

/* --- what must not come back --------------------------------------------- */

static bool has_table(struct sqlite_store *self, const char *name)
{
    char sql[SQL_MAX];
    int64_t count = 0;

    snprintf(sql, sizeof sql, "SELECT count(*) FROM sqlite_schema WHERE name = '%s'", name);
    return sqlite_ask(self, sql, &count) == ERR_OK && count > 0;
}

/* Rows that it changed; 0 in a database from before there was such a table. */
static enum err change(struct sqlite_store *self, const char *table, const char *sql,
                       int64_t *ret_rows)
{
    *ret_rows = 0;
    if (!has_table(self, table))
        return ERR_OK;
    TRY(sqlite_run_text(self, sql));
    *ret_rows = sqlite3_changes(self->db);
    return ERR_OK;
}

static enum err give_up_deliveries(struct sqlite_store *self, struct restore *restore)
{
    char sql[SQL_MAX];

    if (restore->options->may_send) {
        snprintf(sql, sizeof sql, "UPDATE delivery SET leased = 0 WHERE state = %d",
                 (int)DELIVERY_WAITING);
    } else {
        snprintf(sql, sizeof sql,
                 "UPDATE delivery SET state = %d, leased = 0, changed_at = %lld, error = "
                 "'not sent: it waited when the backup was made that was restored, and may have "
                 "been sent since' WHERE state = %d",
                 (int)DELIVERY_FAILED, (long long)clock_wall_ms(), (int)DELIVERY_WAITING);
    }
    return change(self, "delivery", sql, &restore->restored.deliveries);
}

static enum err tell_audit(struct sqlite_store *self)
{
    char sql[SQL_MAX];
    int64_t rows;

    snprintf(sql, sizeof sql,
             "INSERT INTO audit (at, actor, action) VALUES (%lld, 'cli:local', 'restore')",
             (long long)clock_wall_ms());
    return change(self, "audit", sql, &rows);
}

static enum err make_safe(struct sqlite_store *self, struct restore *restore)
{
    TRY(sqlite_run_text(self, "BEGIN IMMEDIATE"));
    TRY(change(self, "session", "DELETE FROM session", &restore->restored.sessions));
    TRY(change(self, "invitation", "DELETE FROM invitation", &restore->restored.invitations));
    TRY(give_up_deliveries(self, restore));
    TRY(tell_audit(self));
    return sqlite_run_text(self, "COMMIT");
}

static enum err connect_to_part(struct sqlite_store *self, const char *path)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      SQLITE_OPEN_PRIVATECACHE;

    TRY(sqlite_err(self, sqlite3_open_v2(path, &self->db, flags, NULL)));
    TRY(sqlite_err(self, sqlite3_db_config(self->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL)));
    TRY(sqlite_err(self, sqlite3_db_config(self->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL)));
    /* No log, so that all of it is in the one file that gets a new name. */
    return sqlite_run_text(self, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;"
                                 "PRAGMA secure_delete = ON; PRAGMA cache_size = -2000");
}

static enum err prepare_part(struct restore *restore, struct err_detail *detail)
{
    struct sqlite_store self = {.path = restore->part};

    enum err err = connect_to_part(&self, restore->part);
    if (err == ERR_OK)
        err = make_safe(&self, restore);
    if (err != ERR_OK)
        err = file_refuse(detail, err, "write", restore->part, store_error(&self.base));
    sqlite3_close(self.db);
    return err == ERR_OK ? copy_sync(restore->part, O_RDONLY, detail) : err;
}

/* --- names --------------------------------------------------------------- */

static bool join(char ret_name[RESTORE_PATH_MAX], const char *path, const char *end)
{
    int len = snprintf(ret_name, RESTORE_PATH_MAX, "%s%s", path, end);

    return len > 0 && len < RESTORE_PATH_MAX;
}

/* In root's own directory may be the database of somebody else, who must be able to open it. */
static enum err give_to_owner(struct restore *restore, struct err_detail *detail)
{
    uid_t owner = restore->old.st_uid;

    if (geteuid() != 0 || restore->old.st_size == 0 || owner == 0)
        return ERR_OK;
    int fd = open(restore->part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool is_given = fd >= 0 && fchown(fd, owner, restore->old.st_gid) == 0 &&
                    fchown(restore->lock_fd, owner, restore->old.st_gid) == 0;
    enum err err = is_given ? ERR_OK : file_refuse_errno(detail, errno, "give away", restore->part);
    if (fd >= 0)
        close(fd);
    return err;
}

/* What the old database's log holds goes into its file. If that fails, the log goes with it. */
static enum err fold_log(struct restore *restore, struct err_detail *detail)
{
    char log[RESTORE_PATH_MAX], aside[RESTORE_PATH_MAX], index[RESTORE_PATH_MAX];
    sqlite3 *db = NULL;

    if (sqlite3_open_v2(restore->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
        SQLITE_OK)
        (void)sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    sqlite3_close(db);
    if (!join(log, restore->path, "-wal") || !join(index, restore->path, "-shm") ||
        !join(aside, restore->restored.aside, "-wal"))
        return err_set(detail, ERR_INVALID, "the path %.64s... is too long", restore->path);
    if (rename(log, aside) && errno != ENOENT)
        return file_refuse_errno(detail, errno, "move", log);
    unlink(index); /* says where things are in the log, and is made anew */
    return ERR_OK;
}

/* For file systems that cannot exchange two names: for a moment there is none. */
static enum err swap_in_steps(struct restore *restore, struct err_detail *detail)
{
    const char *aside = restore->restored.aside;

    if (rename(restore->path, aside))
        return file_refuse_errno(detail, errno, "move", restore->path);
    enum err err = copy_rename(restore->part, restore->path, detail);
    if (err != ERR_OK && !file_is_there(restore->path) && rename(aside, restore->path))
        return file_refuse_errno(detail, errno, "move back", aside);
    return err;
}

/* The copy takes the other name first, so that one step puts both where they belong. */
static enum err swap(struct restore *restore, struct err_detail *detail)
{
    const char *aside = restore->restored.aside;

    if (rename(restore->part, aside))
        return file_refuse_errno(detail, errno, "write", aside);
    if (renameat2(AT_FDCWD, aside, AT_FDCWD, restore->path, RENAME_EXCHANGE) == 0)
        return copy_sync_directory(restore->path, detail);
    if (rename(aside, restore->part))
        return file_refuse_errno(detail, errno, "write", restore->part);
    return swap_in_steps(restore, detail);
}

static enum err take_place(struct restore *restore, struct err_detail *detail)
{
    char stamp[CLOCK_STAMP_LEN + 1], end[64];

    if (restore->old.st_size == 0)
        return copy_rename(restore->part, restore->path, detail);
    clock_stamp(clock_wall_ms(), stamp);
    snprintf(end, sizeof end, ".before-restore-%s", stamp);
    if (!join(restore->restored.aside, restore->path, end))
        return err_set(detail, ERR_INVALID, "the path %.64s... is too long", restore->path);
    if (file_is_there(restore->restored.aside))
        return err_set(detail, ERR_EXISTS, "%s is there already; try again in a second",
                       restore->restored.aside);
    TRY(fold_log(restore, detail));
    return swap(restore, detail);
}

/* --- the way ------------------------------------------------------------- */

/*
 * systemd keeps the directories of users that exist only while they run behind one that is root's.
 * So where the way there is closed to the user, one of root's rights stays: to pass through
 * directories, and to read. Nothing is written by it.
 */
static bool keep_passage(const char *directory)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct had[2], kept[2] = {{0}, {0}};
    struct stat info;

    if (syscall(__NR_capget, &head, had))
        return false;
    if (stat(directory, &info)) {
        kept[0].permitted = had[0].permitted & 1U << CAP_DAC_READ_SEARCH;
        kept[0].effective = kept[0].permitted;
    }
    return syscall(__NR_capset, &head, kept) == 0;
}

/* False: we stay who we are. */
static bool find_owner(const char *url, struct restore *restore)
{
    char name[RESTORE_PATH_MAX]; /* what is longer is no path */

    return geteuid() == 0 && join(name, url, "") && stat(dirname(name), &restore->home) == 0 &&
           restore->home.st_uid != 0;
}

static bool become(const struct stat *home, const char *directory)
{
    return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && setgroups(0, NULL) == 0 &&
           setresgid(home->st_gid, home->st_gid, home->st_gid) == 0 &&
           setresuid(home->st_uid, home->st_uid, home->st_uid) == 0 && keep_passage(directory);
}

/*
 * Root becomes the user whose directory it is, for good: everything there gets the right owner, and
 * who may exchange names there meanwhile leads nobody's hand but his own.
 */
static enum err become_owner(const char *url, struct restore *restore, struct err_detail *detail)
{
    char name[RESTORE_PATH_MAX];

    if (!join(name, url, "") || !become(&restore->home, dirname(name)))
        return err_set(detail, ERR_DENIED, "cannot become uid %u, who owns the directory of %s: %s",
                       (unsigned)restore->home.st_uid, url, strerror(errno));
    restore->rule = (struct files_rule){.owner = restore->home.st_uid};
    (void)files_allow_only(&restore->rule);
    return ERR_OK;
}

/* Behind doors that only root passes, a directory may be open to everybody. */
static enum err check_home(const struct restore *restore, struct err_detail *detail)
{
    char directory[RESTORE_PATH_MAX];
    struct stat info;

    if (!restore->home.st_uid || restore->rule.owner != restore->home.st_uid)
        return ERR_OK;
    snprintf(directory, sizeof directory, "%s", restore->path);
    if (stat(dirname(directory), &info) == 0 && info.st_uid == restore->home.st_uid)
        return ERR_OK;
    return err_set(detail, ERR_DENIED,
                   "the database's name leads to %s, whose directory is not that of uid %u; give "
                   "the path of the file itself",
                   restore->path, (unsigned)restore->home.st_uid);
}

/* The database's path, of a file that may be damaged or missing: then there is an empty one. */
static enum err find_place(const char *url, struct restore *restore, struct err_detail *detail)
{
    if (mknod(url, S_IFREG | S_IRUSR | S_IWUSR, 0) && errno != EEXIST)
        return file_refuse_errno(detail, errno, "make", url);
    restore->path = realpath(url, NULL);
    if (!restore->path || stat(restore->path, &restore->old))
        return file_refuse_errno(detail, errno, "open", url);
    if (!S_ISREG(restore->old.st_mode) || !join(restore->part, restore->path, ".restoring"))
        return file_refuse(detail, ERR_INVALID, "open", url, "it is not a regular file");
    return check_home(restore, detail);
}

/* What the owner could have put there must be his, or lie there itself. */
static enum err distrust_backup(struct restore *restore, struct err_detail *detail)
{
    const struct stat *home = &restore->home;
    struct files_rule *rule = &restore->rule;
    const char *path = restore->source;

    if (!files_are_led_by(home->st_uid, home->st_gid, path))
        return ERR_OK;
    *rule = (struct files_rule){.owner = home->st_uid};
    rule->has_file = files_find_plain(path, &rule->file);
    (void)files_allow_only(rule);
    if (rule->has_file || restore->source_info.st_uid == home->st_uid)
        return ERR_OK;
    return err_set(detail, ERR_DENIED,
                   "cannot read %s: uid %u, who would get its content, could have made that name "
                   "lead to a file that is not his; give the path of the file itself",
                   path, (unsigned)home->st_uid);
}

static enum err open_backup(struct restore *restore, bool must_distrust, struct err_detail *detail)
{
    if (stat(restore->source, &restore->source_info))
        return file_refuse_errno(detail, errno, "read", restore->source);
    if (must_distrust)
        TRY(distrust_backup(restore, detail));
    return copy_open(&restore->backup, restore->source, detail);
}

static enum err run(struct restore *restore, struct err_detail *detail)
{
    if (files_are_same(&restore->source_info, &restore->old))
        return err_set(detail, ERR_INVALID, "%s is the database itself; give a backup of it",
                       restore->source);
    unlink(restore->part); /* of one that was killed */
    TRY(copy_make(&restore->backup, restore->part, restore->options->pace, &restore->restored.check,
                  detail));
    enum err err = prepare_part(restore, detail);
    if (err == ERR_OK)
        err = give_to_owner(restore, detail);
    if (err == ERR_OK)
        err = take_place(restore, detail);
    if (err != ERR_OK)
        unlink(restore->part);
    return err;
}

/* Nobody shall take an empty file, made for nothing, for a database. */
static void tidy_up(const struct restore *restore, enum err err)
{
    struct stat info;

    if (err != ERR_OK && stat(restore->path, &info) == 0 && info.st_size == 0)
        unlink(restore->path);
}

enum err sqlite_restore(const char *url, const char *path, const struct restore_options *options,
                        struct restored *ret_restored, struct err_detail *detail)
{
    struct restore restore = {.source = path, .options = options, .lock_fd = -1};

    bool has_owner = find_owner(url, &restore);
    enum err err = open_backup(&restore, has_owner, detail);
    if (err == ERR_OK && has_owner)
        err = become_owner(url, &restore, detail);
    if (err == ERR_OK)
        err = find_place(url, &restore, detail);
    if (err == ERR_OK)
        err = lock_take(restore.path, &restore.lock_fd, detail);
    if (err == ERR_OK) {
        err = run(&restore, detail);
        tidy_up(&restore, err);
    }
    lock_release(restore.lock_fd);
    copy_close(&restore.backup);
    (void)files_allow_only(NULL);
    free(restore.path);
    if (err == ERR_OK)
        *ret_restored = restore.restored;
    return err;
}
