/* SPDX-License-Identifier: MIT */
/*
 * A CSV file has the columns that every message has, behind them one for each of
 * the first names of further fields, and a last one for what has no column of its
 * own: strangers choose these names, and must not be able to make a table that
 * nobody can open. Which names they are must be known before the first row is
 * written: whoever exports goes over the rows twice. JSON needs no such thing: its
 * rows are what the API shows.
 *
 * Such a file can be read back as it was (core/import), and then written again
 * byte for byte: a name stands in the order of its first appearance, an empty
 * text is told from none, and null is none.
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

static const char SURPLUS[] = "furtherFields";
static const struct str PREFIX = {"fields.", 7};

_Static_assert(COUNTOF(FIXED) + EXPORT_COLUMNS_MAX + 1 <= CSV_CELLS_MAX, "what is written is read");

bool export_name_is_taken(struct str name)
{
    while (str_starts_with(name, PREFIX))
        name = (struct str){name.ptr + PREFIX.len, name.len - PREFIX.len};
    for (size_t i = 0; i < COUNTOF(FIXED); i++)
        if (str_equal_nocase(name, str_of(FIXED[i])))
            return true;
    return str_equal_nocase(name, str_of(SURPLUS));
}

struct str export_name_of_column(struct str column)
{
    struct str name = csv_unguard(column);

    if (!str_starts_with(name, PREFIX))
        return name;
    struct str rest = {name.ptr + PREFIX.len, name.len - PREFIX.len};
    return export_name_is_taken(rest) ? rest : name;
}

enum err export_columns_new(struct export_columns **ret_columns)
{
    struct export_columns *columns = calloc(1, sizeof *columns);

    if (!columns)
        return ERR_MEMORY;
    arena_init(&columns->arena, EXPORT_COLUMNS_BYTES_MAX, NULL, 0);
    columns->places = json_object();
    if (!columns->places) {
        export_columns_free(columns);
        return ERR_MEMORY;
    }
    *ret_columns = columns;
    return ERR_OK;
}

void export_columns_free(struct export_columns *columns)
{
    if (!columns)
        return;
    json_decref(columns->places);
    arena_done(&columns->arena);
    free(columns);
}

static bool find_column(const struct export_columns *columns, struct str name, size_t *ret_at)
{
    const json_t *place = json_object_getn(columns->places, name.ptr, name.len);

    *ret_at = (size_t)json_integer_value(place);
    return place;
}

/* Whoever reads a table takes blanks around a name away, and a nameless column for none. */
static bool may_be_column(struct str name)
{
    return name.len && name.len <= EXPORT_NAME_MAX && str_trim(name).len == name.len;
}

enum err export_columns_add(struct export_columns *columns, struct str name)
{
    size_t at;

    if (find_column(columns, name, &at))
        return ERR_OK;
    if (columns->count == EXPORT_COLUMNS_MAX || !may_be_column(name)) {
        columns->has_surplus = true;
        return ERR_OK;
    }
    TRY(arena_keep(&columns->arena, name, &columns->names[columns->count]));
    if (json_object_setn_new(columns->places, name.ptr, name.len,
                             json_integer((json_int_t)columns->count)))
        return ERR_MEMORY;
    columns->count++;
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
        if (!json_is_null(value))
            TRY(export_columns_add(columns, str_of(name)));
    }
    return ERR_OK;
}

/* --- CSV ----------------------------------------------------------------- */

/* A further field that is called like one of our own columns must not pass for it. */
static void put_column_name(struct buf *out, struct str name)
{
    CLEANUP(buf_done) struct buf longer = buf_new(EXPORT_COLUMNS_BYTES_MAX);

    if (!export_name_is_taken(name)) {
        csv_text(out, name);
        return;
    }
    buf_put(&longer, PREFIX);
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
    if (columns->has_surplus)
        csv_text(out, str_of(SURPLUS));
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

static void put_string(struct buf *out, struct str text)
{
    if (text.len)
        csv_text(out, text);
    else
        csv_empty_text(out);
}

static void put_value(struct buf *out, const json_t *value)
{
    CLEANUP(buf_done) struct buf text = buf_new(out->max);

    if (json_is_string(value)) {
        put_string(out, (struct str){json_string_value(value), json_string_length(value)});
        return;
    }
    if (value)
        js_value(&text, value);
    if (json_is_number(value))
        csv_number(out, buf_str(&text));
    else
        csv_text(out, buf_str(&text));
    if (buf_status(&text) != ERR_OK)
        out->err = text.err;
}

/* {"name":value, ...} grows by one; it is still open. */
static void add_surplus(struct buf *surplus, const char *name, const json_t *value)
{
    if (!surplus->len)
        js_open(surplus, '{');
    js_key(surplus, name);
    js_value(surplus, value);
}

static void put_surplus(struct buf *out, struct buf *surplus)
{
    if (surplus->len)
        js_close(surplus, '}');
    csv_text(out, buf_str(surplus));
    if (buf_status(surplus) != ERR_OK)
        out->err = surplus->err;
}

/* Each value to its column, the others into `surplus`. */
static enum err sort_values(const struct export_columns *columns, json_t *fields,
                            const json_t *values[], struct buf *surplus)
{
    const char *name;
    json_t *value;
    size_t at;

    json_object_foreach(fields, name, value)
    {
        if (json_is_null(value))
            continue;
        if (find_column(columns, str_of(name), &at))
            values[at] = value;
        else if (columns->has_surplus)
            add_surplus(surplus, name, value);
        else
            return ERR_NOT_FOUND;
    }
    return ERR_OK;
}

static enum err put_csv_row(struct buf *out, const struct export_columns *columns,
                            const struct submission *row)
{
    CLEANUP(js_decref) json_t *fields = NULL;
    CLEANUP(buf_done) struct buf surplus = buf_new(out->max);
    const json_t *values[EXPORT_COLUMNS_MAX] NOT_CLEARED;

    TRY(read_fields(row, &fields));
    memset(values, 0, columns->count * sizeof values[0]);
    TRY(sort_values(columns, fields, values, &surplus));
    put_fixed(out, row);
    for (size_t i = 0; i < columns->count; i++)
        put_value(out, values[i]);
    if (columns->has_surplus)
        put_surplus(out, &surplus);
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

enum err export_row(struct buf *out, enum export_format format,
                    const struct export_columns *columns, const struct submission *row,
                    bool is_first)
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
