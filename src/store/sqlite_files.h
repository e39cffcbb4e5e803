/* SPDX-License-Identifier: MIT */
/*
 * Which files SQLite may open for a thread that has more rights than somebody who rules over names
 * on the way to them, and would like to see a name lead elsewhere. Room-private.
 */
#ifndef CONTACTD_STORE_SQLITE_FILES_H
#define CONTACTD_STORE_SQLITE_FILES_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct files_rule {
    uid_t owner; /* whose regular files may be opened */
    bool has_file;
    struct stat file; /* and this one, if has_file */
};

#define FILES_OF_NOBODY ((uid_t)-1)

/*
 * From now on, in this thread. NULL: all that the system lets us. `rule` is the caller's, and stays
 * until the next call. Returns the rule that was in force before.
 */
const struct files_rule *files_allow_only(const struct files_rule *rule);

/* Whether `uid` rules over a directory or symbolic link that `path` leads through, or the file. */
bool files_are_led_by(uid_t uid, gid_t gid, const char *path);

/* Whether both are of one file, under whatever names. */
bool files_are_same(const struct stat *a, const struct stat *b);

/* The file that lies at `path` without any symbolic link, and under no other name. */
bool files_find_plain(const char *path, struct stat *ret_file);

#endif
