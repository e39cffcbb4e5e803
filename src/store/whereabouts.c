/* SPDX-License-Identifier: MIT */
/* Names are compared with what they named at first: device and inode, by stat(2) alone. */
#include "store/whereabouts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const ENDS[WHEREABOUTS_FILES] = {"", "-wal", ".lock"};

enum err whereabouts_init(struct whereabouts *where, const char *path)
{
    for (size_t i = 0; i < WHEREABOUTS_FILES; i++) {
        size_t room = strlen(path) + strlen(ENDS[i]) + 1;
        char *name = malloc(room);
        if (!name)
            return ERR_MEMORY;
        snprintf(name, room, "%s%s", path, ENDS[i]);
        where->files[i] = (struct placed_file){.path = name};
    }
    return ERR_OK;
}

void whereabouts_done(struct whereabouts *where)
{
    for (size_t i = 0; i < WHEREABOUTS_FILES; i++)
        free(where->files[i].path);
    *where = (struct whereabouts){0};
}

void whereabouts_look_again(struct whereabouts *where)
{
    for (size_t i = 0; i < WHEREABOUTS_FILES; i++)
        where->files[i].inode = 0;
}

static bool is_there(struct placed_file *file)
{
    struct stat info;

    if (stat(file->path, &info) != 0)
        return file->inode == 0;
    if (file->inode == 0) {
        file->device = info.st_dev;
        file->inode = info.st_ino;
    }
    return file->device == info.st_dev && file->inode == info.st_ino;
}

const char *whereabouts_missing(struct whereabouts *where)
{
    for (size_t i = 0; i < WHEREABOUTS_FILES; i++)
        if (!is_there(&where->files[i]))
            return where->files[i].path;
    return NULL;
}
