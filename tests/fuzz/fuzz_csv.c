/* SPDX-License-Identifier: MIT */
/* CSV: any text is written so that it comes back, and is never a formula; any file is read to its
 * end. */
#include <assert.h>
#include <stdlib.h>

#include "core/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_comes_back(struct str text)
{
    struct buf out = buf_new(4 * text.len + 100);
    struct csv_row *row = malloc(sizeof *row);
    struct arena arena;

    arena_init(&arena, 1 << 20, NULL, 0);
    csv_text(&out, STR("first"));
    csv_text(&out, text);
    csv_text(&out, STR("last"));
    csv_end_row(&out);
    assert(row && buf_status(&out) == ERR_OK);
    struct csv_reader reader = {.rest = buf_str(&out), .line = 1, .separator = ','};
    assert(csv_next(&reader, &arena, row) == ERR_OK && row->count == 3);
    assert(!row->cells[1].len || !row->cells[1].ptr[0] ||
           !strchr("=+-@\t\r\n", row->cells[1].ptr[0]));
    assert(str_equal(csv_unguard(row->cells[1]), text));
    assert(str_equal(row->cells[2], STR("last")));
    assert(csv_next(&reader, &arena, row) == ERR_NOT_FOUND);
    free(row);
    arena_done(&arena);
    buf_done(&out);
}

static void check_is_read(struct str text)
{
    struct csv_reader reader = csv_open(text);
    struct csv_row *row = malloc(sizeof *row);
    size_t left = reader.rest.len + 1, line = 0;
    struct arena arena;

    arena_init(&arena, 1 << 20, NULL, 0);
    while (row) {
        enum err err = csv_next(&reader, &arena, row);
        if (err == ERR_NOT_FOUND || err == ERR_MEMORY)
            break;
        assert(reader.rest.len < left);
        left = reader.rest.len;
        if (err == ERR_INVALID)
            continue;
        assert(row->line > line);
        line = row->line;
    }
    free(row);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};

    check_comes_back(text);
    check_is_read(text);
    return 0;
}
