/* SPDX-License-Identifier: MIT */
/*
 * Rows come newest first, and a page begins below the last row of the page
 * before: what arrives meanwhile is not seen, by either pass. A page ends
 * early when it is large.
 */
#include "service/exporter.h"

enum { PAGE_BYTES = 128 * 1024 };

/* One page on its way. */
struct page {
    struct exporter *exporter;
    struct buf *out; /* NULL: the first pass */
    int rows;        /* seen, of all forms */
    bool is_full;
};

void exporter_done(struct exporter *exporter)
{
    export_columns_free(exporter->columns);
    exporter->columns = NULL;
}

static enum err use_row(struct page *page, const struct submission *row)
{
    struct exporter *exporter = page->exporter;

    if (!page->out) {
        exporter->scanned++;
        return export_columns_note(exporter->columns, row);
    }
    return export_row(page->out, exporter->format, exporter->columns, row, exporter->rows++ == 0);
}

static enum err see_row(void *arg, const struct submission *row)
{
    struct page *page = arg;
    struct exporter *exporter = page->exporter;

    if (page->out && page->out->len >= (exporter->page_bytes ? exporter->page_bytes : PAGE_BYTES)) {
        page->is_full = true;
        return ERR_FULL; /* ends the walk */
    }
    TRY(use_row(page, row));
    exporter->last_seq = id_seq(&row->id);
    if (!exporter->newest_seq)
        exporter->newest_seq = exporter->last_seq;
    page->rows++;
    return ERR_OK;
}

/* *ret_is_last: there are no rows below this page. */
static enum err walk(struct exporter *exporter, struct store *store, struct buf *out,
                     bool *ret_is_last)
{
    struct page page = {.exporter = exporter, .out = out};
    struct submission_filter filter = exporter->filter;

    filter.limit = SUBMISSION_LIST_MAX;
    if (exporter->last_seq)
        filter.below_seq = exporter->last_seq;
    enum err err = store_submission_list(store, &filter, see_row, &page);
    if (page.is_full)
        err = ERR_OK;
    *ret_is_last = !page.is_full && page.rows < SUBMISSION_LIST_MAX;
    return err;
}

/* The second pass sees what the first one saw, and nothing newer. */
static void start_over(struct exporter *exporter)
{
    exporter->is_scanned = true;
    exporter->last_seq = exporter->newest_seq ? exporter->newest_seq + 1 : 0;
}

enum err exporter_scan(struct exporter *exporter, struct store *store)
{
    bool is_last;

    if (exporter->format != EXPORT_CSV) {
        exporter->is_scanned = true;
        return ERR_OK;
    }
    if (!exporter->columns)
        TRY(export_columns_new(&exporter->columns));
    TRY(walk(exporter, store, NULL, &is_last));
    if (is_last)
        start_over(exporter);
    return ERR_OK;
}

enum err exporter_page(struct exporter *exporter, struct store *store, struct buf *out)
{
    bool is_last = true;

    if (!exporter->has_head)
        export_head(out, exporter->format, exporter->columns, exporter->has_bom);
    exporter->has_head = true;
    /* Without a row in the first pass there must be none in the second. */
    if (exporter->format != EXPORT_CSV || exporter->last_seq)
        TRY(walk(exporter, store, out, &is_last));
    if (is_last) {
        export_tail(out, exporter->format, exporter->rows > 0);
        exporter->is_done = true;
    }
    return buf_status(out);
}
