/* SPDX-License-Identifier: MIT */
/* The door to copies of whole databases: finds the backend, and refuses those without files. */
#include "store/backup.h"

#include "store/backend.h"

static const struct store_ops *backend_of(const char *url)
{
    const struct store_ops *const *ops = STORE_BACKENDS;

    while ((*ops)->scheme[0] && strncmp(url, (*ops)->scheme, strlen((*ops)->scheme)) != 0)
        ops++;
    return (*ops)->copies && !strstr(url, "://") ? *ops : NULL;
}

static enum err refuse(const char *url, struct err_detail *detail)
{
    return err_set(detail, ERR_INVALID,
                   "the database %s is no file that could be copied; use its own tools", url);
}

enum err backup_verify(const char *url, const struct backup_pace *pace,
                       struct backup_check *ret_check, struct err_detail *detail)
{
    const struct store_ops *ops = backend_of(url);

    return ops ? ops->copies->verify(url, pace, ret_check, detail) : refuse(url, detail);
}

enum err backup_make(const char *url, const char *path, const struct backup_pace *pace,
                     struct backup_check *ret_check, struct err_detail *detail)
{
    const struct store_ops *ops = backend_of(url);

    return ops ? ops->copies->make(url, path, pace, ret_check, detail) : refuse(url, detail);
}

enum err backup_restore(const char *url, const char *path, const struct restore_options *options,
                        struct restored *ret_restored, struct err_detail *detail)
{
    const struct store_ops *ops = backend_of(url);

    return ops ? ops->copies->restore(url, path, options, ret_restored, detail)
               : refuse(url, detail);
}
