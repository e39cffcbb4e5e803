/* SPDX-License-Identifier: MIT */
/* Small files, read whole. */
#ifndef CONTACTD_CONFIG_FILE_H
#define CONTACTD_CONFIG_FILE_H

#include "base/buf.h"

/*
 * Reads the file into `out`, which must be empty; the file must be smaller than
 * its ceiling. The bytes are read in place, so that no copy of a secret stays
 * behind in the heap. ERR_NOT_FOUND, ERR_DENIED, ERR_IO, ERR_FULL, ERR_MEMORY;
 * `reason` is told without the path.
 */
MUST_CHECK enum err file_read(const char *path, struct buf *out, struct err_detail *reason);

/* For CLEANUP(): wipes the bytes before they are freed. */
void file_wipe(struct buf *buf);

#endif
