/* SPDX-License-Identifier: MIT */
/*
 * Everything about the database's file that must be done without opening it:
 * a close() of our own would drop the POSIX locks that SQLite holds on it
 * (sqlite.org/howtocorrupt.html, 2.2). mknod() makes a file, with the mode we
 * want and whatever the umask says, without opening it; SQLite takes an empty
 * file for an empty database and gives -wal and -shm the same mode.
 */
#include "store/file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALLEST_DATABASE_BYTES = 512 };

static const struct {
    int number;
    enum err err;
} NUMBERS[] = {
    {EACCES, ERR_DENIED},        {EPERM, ERR_DENIED},     {EROFS, ERR_DENIED},
    {ENOSPC, ERR_DISK_FULL},     {EDQUOT, ERR_DISK_FULL}, {EFBIG, ERR_DISK_FULL},
    {ENOENT, ERR_NOT_FOUND},     {ENOTDIR, ERR_INVALID},  {EISDIR, ERR_INVALID},
    {ENAMETOOLONG, ERR_INVALID}, {ELOOP, ERR_INVALID},    {ENOMEM, ERR_MEMORY},
};

static const char *const REMEDIES[ERR__COUNT] = {
    [ERR_NOT_FOUND] = "check the path, or make the directory first",
    [ERR_INVALID] = "give the path of another file",
    [ERR_BUSY] = "close the other program that uses it",
    [ERR_DISK_FULL] = "free some space there",
    [ERR_CORRUPT] = "restore a backup, or move the file away",
    [ERR_MEMORY] = "give the process more memory",
    [ERR_IO] = "look into the system's log and check the disk",
};

enum err file_err_of(int number)
{
    for (size_t i = 0; i < COUNTOF(NUMBERS); i++)
        if (NUMBERS[i].number == number)
            return NUMBERS[i].err;
    return ERR_IO;
}

bool file_is_there(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0;
}

enum err file_refuse(struct err_detail *detail, enum err err, const char *verb, const char *path,
                     const char *reason)
{
    char remedy[96];

    if (err == ERR_DENIED)
        snprintf(remedy, sizeof remedy, "make the file and its directory writable for uid %u",
                 (unsigned)geteuid());
    else
        snprintf(remedy, sizeof remedy, "%s", REMEDIES[err] ? REMEDIES[err] : "check the file");
    return err_set(detail, err, "cannot %s %s: %s; %s", verb, path, reason, remedy);
}

enum err file_refuse_errno(struct err_detail *detail, int number, const char *verb,
                           const char *path)
{
    char reason[96];

    snprintf(reason, sizeof reason, "%s", strerror(number));
    reason[0] = (char)tolower((unsigned char)reason[0]);
    return file_refuse(detail, file_err_of(number), verb, path, reason);
}

static enum err make(const char *path, struct err_detail *detail)
{
    if (mknod(path, S_IFREG | S_IRUSR | S_IWUSR, 0) == 0 || errno == EEXIST)
        return ERR_OK;
    return file_refuse_errno(detail, errno, "make", path);
}

static enum err check(const char *path, struct err_detail *detail)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return file_refuse_errno(detail, errno, "open", path);
    if (!S_ISREG(info.st_mode))
        return file_refuse(detail, ERR_INVALID, "open", path, "it is not a regular file");
    /* Locks and logs go by name: under two names, two processes would own it. */
    if (info.st_nlink > 1)
        return file_refuse(detail, ERR_INVALID, "open", path, "it has a second name (a hard link)");
    /* SQLite would take such a stump for an empty database, and write over it. */
    if (info.st_size > 0 && info.st_size < SMALLEST_DATABASE_BYTES)
        return file_refuse(detail, ERR_CORRUPT, "open", path, "the file is not a database");
    return ERR_OK;
}

enum err file_find(const char *path, bool may_create, char **ret_path, struct err_detail *detail)
{
    struct stat info;

    if (!path[0])
        return err_set(detail, ERR_INVALID, "the database's path is empty; give one");
    if (may_create)
        TRY(make(path, detail));
    if (stat(path, &info) != 0 && errno == ENOENT)
        return err_set(detail, ERR_NOT_FOUND,
                       "cannot open %s: there is no database; check the path, or start the "
                       "service once to make it",
                       path);
    char *absolute = realpath(path, NULL);
    if (!absolute)
        return file_refuse_errno(detail, errno, "open", path);
    enum err err = check(absolute, detail);
    if (err == ERR_OK)
        *ret_path = absolute;
    else
        free(absolute);
    return err;
}
