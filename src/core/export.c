/* SPDX-License-Identifier: MIT */
/*
 * A CSV file has the columns that every message has, and behind them one for
 * each name of a further field. Which these are must be known before the first
 * row is written: whoever exports goes over the rows twice. JSON needs no such
 * thing: its rows are what the API shows.
 */
#include "core/export.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "core/csv.h"

/* --- formats ------------------------------------------------------------- */

static const struct {
    const char *text, *type;
} FORMATS[] = {
#define FORMAT_AS_ROW(id, text, type) [id] = {text, type},
    EXPORT_FORMAT_LIST(FORMAT_AS_ROW)
#undef FORMAT_AS_ROW
};

const char *export_format_text(enum export_format format)
{
    return FORMATS[format].text;
}

const char *export_format_type(enum export_format format)
{
    return FORMATS[format].type;
}

bool export_format_parse(struct str text, enum export_format *ret_format)
{
    for (size_t i = 0; i < COUNTOF(FORMATS); i++) {
        if (!str_equal(text, str_of(FORMATS[i].text)))
            continue;
        *ret_format = (enum export_format)i;
        return true;
    }
    return false;
}

/* --- columns ------------------------------------------------------------- */

static const char *const FIXED[] = {"id",      "form",   "receivedAt", "state", "name",     "email",
                                    "message", "source", "userAgent",  "page",  "spamScore"};

enum err export_columns_new(struct export_columns **ret_columns)
{
    *ret_columns = calloc(1, sizeof **ret_columns);
    if (!*ret_columns)
        return ERR_MEMORY;
    arena_init(&(*ret_columns)->arena, EXPORT_COLUMNS_BYTES_MAX, NULL, 0);
    return ERR_OK;
}

void export_columns_free(struct export_columns *columns)
{
    if (!columns)
        return;
    arena_done(&columns->arena);
    free(columns);
}

/* Rows of one form have the same names in the same order: the search begins where the last ended.
 */
static bool find_column(struct export_columns *columns, struct str name, size_t *ret_at)
{
    for (size_t i = 0; i < columns->count; i++) {
        size_t at = (columns->guess + i) % columns->count;
        if (!str_equal(columns->names[at], name))
            continue;
        columns->guess = at + 1;
        *ret_at = at;
        return true;
    }
    return false;
}

enum err export_columns_add(struct export_columns *columns, struct str name)
{
    size_t at;

    if (find_column(columns, name, &at))
        return ERR_OK;
    if (columns->count == EXPORT_COLUMNS_MAX)
        return ERR_FULL;
    if (arena_keep(&columns->arena, name, &columns->names[columns->count]) != ERR_OK)
        return ERR_FULL;
    columns->guess = ++columns->count;
    return ERR_OK;
}

static enum err read_fields(const struct submission *row, json_t **ret_fields)
{
    if (!row->fields.ptr)
        return ERR_OK;
    enum err err = js_parse_object(row->fields, ret_fields, NULL);
    return err == ERR_INVALID ? ERR_CORRUPT : err;
}

enum err export_columns_note(struct export_columns *columns, const struct submission *row)
{
    CLEANUP(js_decref) json_t *fields = NULL;
    const char *name;
    json_t *value;

    TRY(read_fields(row, &fields));
    json_object_foreach(fields, name, value)
    {
        TRY(export_columns_add(columns, str_of(name)));
    }
    return ERR_OK;
}

/* --- CSV ----------------------------------------------------------------- */

static bool is_fixed(struct str name)
{
    for (size_t i = 0; i < COUNTOF(FIXED); i++)
        if (str_equal(name, str_of(FIXED[i])))
            return true;
    return false;
}

/* A further field that is called like one of the fixed columns must not pass for it. */
static void put_column_name(struct buf *out, struct str name)
{
    CLEANUP(buf_done) struct buf longer = buf_new(EXPORT_COLUMNS_BYTES_MAX);

    if (!is_fixed(name)) {
        csv_text(out, name);
        return;
    }
    buf_put(&longer, STR("fields."));
    buf_put(&longer, name);
    csv_text(out, buf_str(&longer));
}

static void put_csv_head(struct buf *out, const struct export_columns *columns, bool has_bom)
{
    if (has_bom)
        buf_put(out, STR("\xef\xbb\xbf"));
    for (size_t i = 0; i < COUNTOF(FIXED); i++)
        csv_text(out, str_of(FIXED[i]));
    for (size_t i = 0; i < columns->count; i++)
        put_column_name(out, columns->names[i]);
    csv_end_row(out);
}

static void put_fixed(struct buf *out, const struct submission *row)
{
    char id[ID_TEXT_LEN + 1], time[CLOCK_TEXT_LEN + 1];
    CLEANUP(buf_done) struct buf score = buf_new(24);

    id_format(&row->id, id);
    clock_format(id_wall_ms(&row->id), time);
    buf_put_hundredths(&score, row->spam_score);
    csv_text(out, str_of(id));
    csv_text(out, row->form);
    csv_text(out, str_of(time));
    csv_text(out, str_of(submission_state_text(row->state)));
    csv_text(out, row->name);
    csv_text(out, row->email);
    csv_text(out, row->message);
    csv_text(out, row->source);
    csv_text(out, row->user_agent);
    csv_text(out, row->page);
    csv_number(out, buf_str(&score));
}

static void put_value(struct buf *out, const json_t *value)
{
    CLEANUP(buf_done) struct buf text = buf_new(out->max);

    if (json_is_string(value)) {
        csv_text(out, (struct str){json_string_value(value), json_string_length(value)});
        return;
    }
    if (value && !json_is_null(value))
        js_value(&text, value);
    if (json_is_number(value))
        csv_number(out, buf_str(&text));
    else
        csv_text(out, buf_str(&text));
    if (buf_status(&text) != ERR_OK)
        out->err = text.err;
}

static enum err put_csv_row(struct buf *out, struct export_columns *columns,
                            const struct submission *row)
{
    CLEANUP(js_decref) json_t *fields = NULL;
    const json_t *values[EXPORT_COLUMNS_MAX] NOT_CLEARED;
    const char *name;
    json_t *value;
    size_t at;

    TRY(read_fields(row, &fields));
    memset(values, 0, columns->count * sizeof values[0]);
    json_object_foreach(fields, name, value)
    {
        if (!find_column(columns, str_of(name), &at))
            return ERR_NOT_FOUND;
        values[at] = value;
    }
    put_fixed(out, row);
    for (size_t i = 0; i < columns->count; i++)
        put_value(out, values[i]);
    csv_end_row(out);
    return buf_status(out);
}

/* --- the file ------------------------------------------------------------ */

void export_head(struct buf *out, enum export_format format, const struct export_columns *columns,
                 bool has_bom)
{
    if (format == EXPORT_CSV)
        put_csv_head(out, columns, has_bom);
    else if (format == EXPORT_JSON)
        buf_put(out, STR("["));
}

void export_tail(struct buf *out, enum export_format format, bool has_rows)
{
    if (format == EXPORT_JSON)
        buf_put(out, has_rows ? STR("\n]\n") : STR("]\n"));
}

enum err export_row(struct buf *out, enum export_format format, struct export_columns *columns,
                    const struct submission *row, bool is_first)
{
    if (format == EXPORT_CSV)
        return put_csv_row(out, columns, row);
    if (format == EXPORT_JSON)
        buf_put(out, is_first ? STR("\n") : STR(",\n"));
    submission_render(out, row);
    if (format == EXPORT_NDJSON)
        buf_put_char(out, '\n');
    return buf_status(out);
}
