/* SPDX-License-Identifier: MIT */
/*
 * The commands beneath `export` and `import`: a page out, a batch in. Like
 * those of command.h they run where the database is, and JSON goes in and out.
 */
#ifndef CONTACTD_APP_TRANSFER_H
#define CONTACTD_APP_TRANSFER_H

#include "base/json.h"
#include "store/store.h"

enum { TRANSFER_TEXT_MAX = 640 * 1024 }; /* a page, and the largest row behind it */

/*
 * {"format","form"?,"isScan","columns":[...],"hasSurplus","last","newest","hasHead","rows"}, as
 * the page before has returned them (at first without the last six): one page of
 * the first pass over the rows, or one page of the file as "text". The result has
 * the same members, and "isOver". Reads only.
 */
MUST_CHECK enum err transfer_export(struct store *store, const json_t *args, struct buf *result,
                                    struct err_detail *detail);

/*
 * {"rows":["{...}", ...], "form"?, "file"?}, rows of core/import.h as texts: stores those that
 * are not there yet. The first batch of a file names it, for the audit log. The
 * result is
 * {"added","known","failed":[{"index","reason"}]}. Inside the caller's transaction.
 */
MUST_CHECK enum err transfer_import(struct store *writer, const json_t *args, struct buf *result,
                                    struct err_detail *detail);

#endif
