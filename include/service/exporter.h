/* SPDX-License-Identifier: MIT */
/*
 * An export, page by page: each page is one short query, however many rows
 * there are, so that no reader holds up the database's log and nothing grows. Owner
 * only; the store is any connection that may read.
 */
#ifndef CONTACTD_SERVICE_EXPORTER_H
#define CONTACTD_SERVICE_EXPORTER_H

#include "core/export.h"
#include "store/store.h"

struct exporter {
    /* The caller's: */
    enum export_format format;
    bool has_bom;
    struct submission_filter
        filter;        /* without limit; below_seq: where to begin, 0 for the newest */
    size_t page_bytes; /* a page ends beyond; 0: 128 KiB */

    /* Where it is. */
    struct export_columns *columns; /* CSV's */
    int64_t newest_seq;             /* of the first pass; 0: it found nothing */
    int64_t last_seq;               /* of the last row that was looked at; 0: none yet */
    bool is_scanned, has_head, is_done;
    uint64_t scanned, rows;
};

/* Frees what the two below have made. */
void exporter_done(struct exporter *exporter);

/*
 * One page of the first pass; is_scanned tells when it is over, which for
 * other formats than CSV it is at once.
 */
MUST_CHECK enum err exporter_scan(struct exporter *exporter, struct store *store);

/*
 * Appends one page of the file, its head and tail included, to `out`; is_done
 * tells when that was the last. After the first pass.
 */
MUST_CHECK enum err exporter_page(struct exporter *exporter, struct store *store, struct buf *out);

#endif
