/* SPDX-License-Identifier: MIT */
/*
 * Names are looked at before, files after they were opened: who owns a directory may put something
 * else under a name at any moment, but nobody can make a file that he has not one that he has.
 * SQLite follows no symbolic link to a log or journal, and to a database only here and there, so
 * its one door, open(2), is ours: it waits for nobody (a FIFO), and looks at what it has.
 */
#include "store/sqlite_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LINKS_MAX = 40 };

static _Thread_local const struct files_rule *rule_in_force;

bool files_are_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Directories are opened to be synced, and cannot be written to. */
static bool may_be_opened(const struct files_rule *rule, const struct stat *info)
{
    if (S_ISDIR(info->st_mode))
        return true;
    return S_ISREG(info->st_mode) &&
           (info->st_uid == rule->owner || (rule->has_file && files_are_same(&rule->file, info)));
}

static int open_by_rule(const char *path, int flags, int mode)
{
    const struct files_rule *rule = rule_in_force;
    struct stat info;

    if (!rule || strcmp(path, "/dev/urandom") == 0)
        return open(path, flags, mode);
    int fd = open(path, flags | O_NONBLOCK | O_NOCTTY, mode);
    if (fd < 0 || (fstat(fd, &info) == 0 && may_be_opened(rule, &info)))
        return fd;
    close(fd);
    errno = EPERM;
    return -1;
}

static void take_the_door(void)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    if (vfs && vfs->iVersion >= 3)
        (void)vfs->xSetSystemCall(vfs, "open", (sqlite3_syscall_ptr)open_by_rule);
}

const struct files_rule *files_allow_only(const struct files_rule *rule)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const struct files_rule *before = rule_in_force;

    (void)pthread_once(&once, take_the_door);
    rule_in_force = rule;
    return before;
}

/* --- names --------------------------------------------------------------- */

static bool rules_over(uid_t uid, gid_t gid, const struct stat *info)
{
    if (info->st_uid == uid)
        return true;
    if (!S_ISDIR(info->st_mode) || info->st_mode & S_ISVTX)
        return false;
    return info->st_mode & S_IWOTH || (info->st_mode & S_IWGRP && info->st_gid == gid);
}

static bool is_led(uid_t uid, gid_t gid, const char *path, int *links);

/* `name` is a symbolic link. */
static bool leads_through(uid_t uid, gid_t gid, const char *name, int *links)
{
    char target[PATH_MAX], whole[2 * PATH_MAX];
    ssize_t len = readlink(name, target, sizeof target - 1);
    const char *slash = strrchr(name, '/');

    if (len < 0 || ++*links > LINKS_MAX)
        return true; /* who changes it while we look */
    target[len] = '\0';
    int before = target[0] == '/' ? 0 : (int)(slash - name) + 1;
    snprintf(whole, sizeof whole, "%.*s%s", before, name, target);
    return is_led(uid, gid, whole, links);
}

/* `path` begins with a slash. */
static bool is_led(uid_t uid, gid_t gid, const char *path, int *links)
{
    char name[2 * PATH_MAX];
    struct stat info;

    for (size_t end = 1; end <= strlen(path); end++) {
        if (path[end] && path[end] != '/' && end > 1)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)end, path);
        if (lstat(name, &info) || rules_over(uid, gid, &info))
            return true;
        if (S_ISLNK(info.st_mode) && leads_through(uid, gid, name, links))
            return true;
    }
    return false;
}

bool files_are_led_by(uid_t uid, gid_t gid, const char *path)
{
    char here[PATH_MAX], whole[2 * PATH_MAX];
    int links = 0;

    if (path[0] == '/')
        return is_led(uid, gid, path, &links);
    if (!getcwd(here, sizeof here) || strlen(path) >= PATH_MAX)
        return true;
    snprintf(whole, sizeof whole, "%s/%s", here, path);
    return is_led(uid, gid, whole, &links);
}

bool files_find_plain(const char *path, struct stat *ret_file)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
    struct stat info;

    int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    if (fd < 0)
        return false;
    bool is_plain = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1;
    close(fd);
    if (is_plain)
        *ret_file = info;
    return is_plain;
}
