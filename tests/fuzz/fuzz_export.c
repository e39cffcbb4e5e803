/* SPDX-License-Identifier: MIT */
/* A table of any fields, one row a line, is imported and exported again byte for byte. */
#include <assert.h>
#include <stdlib.h>

#include "core/export.h"
#include "core/import.h"
#include "core/records.h"

enum { ROWS_MAX = 32, TABLE_MAX = 1 << 22 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct table {
    struct submission rows[ROWS_MAX];
    struct buf fields[ROWS_MAX]; /* theirs */
    size_t count;
};

/* As the store has them: what our own writer makes of an object that was accepted. */
static void add_row(struct table *table, const json_t *fields)
{
    struct buf *text = &table->fields[table->count];

    *text = buf_new(1 << 20);
    js_value(text, fields);
    assert(buf_status(text) == ERR_OK);
    table->rows[table->count++] = (struct submission){
        .form = STR("shop"), .state = STATE_READ, .fields = buf_str(text), .message = STR("x")};
}

static void table_done(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        buf_done(&table->fields[i]);
    free(table);
}

/* One level of depth less than a post may have, for the rows of an import say "fields". */
static struct table *read_rows(struct str text)
{
    struct table *table = calloc(1, sizeof *table);
    json_t *object;

    while (table && text.ptr && table->count < ROWS_MAX) {
        struct str line = str_cut(&text, '\n');
        struct buf deeper = buf_new(1 << 20);
        buf_put(&deeper, STR("{\"\":"));
        buf_put(&deeper, line);
        buf_put(&deeper, STR("}"));
        if (js_parse_object(buf_str(&deeper), &object, NULL) == ERR_OK) {
            json_t *fields = json_object_get(object, "");
            if (json_is_object(fields) && json_object_size(fields))
                add_row(table, fields);
            json_decref(object);
        }
        buf_done(&deeper);
    }
    return table;
}

static void write_table(struct buf *out, const struct table *table)
{
    struct export_columns *columns;

    assert(export_columns_new(&columns) == ERR_OK);
    for (size_t i = 0; i < table->count; i++)
        assert(export_columns_note(columns, &table->rows[i]) == ERR_OK);
    export_head(out, EXPORT_CSV, columns, false);
    for (size_t i = 0; i < table->count; i++)
        assert(export_row(out, EXPORT_CSV, columns, &table->rows[i], i == 0) == ERR_OK);
    export_columns_free(columns);
}

static struct table *import_table(struct str text)
{
    struct table *table = calloc(1, sizeof *table);
    struct records *records = malloc(sizeof *records);
    struct err_detail detail = {""};
    json_t *record, *row;
    size_t line;

    assert(table && records && records_open(records, text, &detail) == ERR_OK);
    while (records_next(records, &record, &line, &detail) == ERR_OK) {
        assert(import_record(record, ORIGIN_AUTO, true, (struct str){0}, &row, &detail) == ERR_OK);
        assert(str_equal(js_get_string(row, "message"), STR("x")));
        add_row(table, json_object_get(row, "fields"));
        json_decref(row);
        json_decref(record);
    }
    records_done(records);
    free(records);
    return table;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf first = buf_new(TABLE_MAX), second = buf_new(TABLE_MAX);
    struct table *before = read_rows((struct str){(const char *)data, size});

    write_table(&first, before);
    struct table *after = import_table(buf_str(&first));
    assert(after->count == before->count);
    write_table(&second, after);
    assert(str_equal(buf_str(&first), buf_str(&second)));
    table_done(before);
    table_done(after);
    buf_done(&first);
    buf_done(&second);
    return 0;
}
