/* SPDX-License-Identifier: MIT */
/*
 * Both commands keep nothing between calls: what an export has come to travels
 * with it, and whether a row was imported before is asked of the database.
 */
#include "transfer.h"

#include "base/clock.h"
#include "core/import.h"
#include "service/exporter.h"

enum { PLACES_MAX = 256, AGE_MIN_MS = 10, CONTENT_MAX = 1024 * 1024, PAGE_BYTES = 64 * 1024 };

/* --- export -------------------------------------------------------------- */

static enum err add_columns(struct exporter *exporter, const json_t *args)
{
    const json_t *columns = json_object_get(args, "columns");
    size_t index;
    json_t *name;

    if (exporter->format != EXPORT_CSV)
        return ERR_OK;
    TRY(export_columns_new(&exporter->columns));
    exporter->columns->has_surplus = json_is_true(json_object_get(args, "hasSurplus"));
    json_array_foreach(columns, index, name)
    {
        const char *text = json_string_value(name);
        TRY(text ? export_columns_add(exporter->columns, str_of(text)) : ERR_INVALID);
    }
    return ERR_OK;
}

static enum err read_place(struct exporter *exporter, const json_t *args)
{
    exporter->filter.form = js_get_string(args, "form");
    exporter->filter.states = STATES_ALL;
    exporter->last_seq = json_integer_value(json_object_get(args, "last"));
    exporter->newest_seq = json_integer_value(json_object_get(args, "newest"));
    exporter->has_head = json_is_true(json_object_get(args, "hasHead"));
    exporter->rows = (uint64_t)json_integer_value(json_object_get(args, "rows"));
    exporter->has_bom = json_is_true(json_object_get(args, "bom"));
    if (!export_format_parse(js_get_string(args, "format"), &exporter->format))
        return ERR_INVALID;
    return add_columns(exporter, args);
}

static void put_columns(struct buf *out, const struct export_columns *columns)
{
    js_key(out, "columns");
    js_open(out, '[');
    for (size_t i = 0; columns && i < columns->count; i++) {
        js_comma(out);
        js_string(out, columns->names[i]);
    }
    js_close(out, ']');
    js_field_bool(out, "hasSurplus", columns && columns->has_surplus);
}

static void put_place(struct buf *out, const struct exporter *exporter, struct str text,
                      bool is_over)
{
    js_open(out, '{');
    put_columns(out, exporter->columns);
    js_field_u64(out, "last", (uint64_t)exporter->last_seq);
    js_field_u64(out, "newest", (uint64_t)exporter->newest_seq);
    js_field_bool(out, "hasHead", exporter->has_head);
    js_field_u64(out, "rows", exporter->rows);
    js_field_u64(out, "scanned", exporter->scanned);
    js_field_bool(out, "isOver", is_over);
    js_field_string(out, "text", text);
    js_close(out, '}');
}

static enum err export_page(struct exporter *exporter, struct store *store, bool is_scan,
                            struct buf *result)
{
    CLEANUP(buf_done) struct buf text = buf_new(TRANSFER_TEXT_MAX);

    TRY(is_scan ? exporter_scan(exporter, store) : exporter_page(exporter, store, &text));
    put_place(result, exporter, buf_str(&text), is_scan ? exporter->is_scanned : exporter->is_done);
    return buf_status(result);
}

enum err transfer_export(struct store *store, const json_t *args, struct buf *result,
                         struct err_detail *detail)
{
    struct exporter exporter = {.page_bytes = PAGE_BYTES};

    enum err err = read_place(&exporter, args);
    if (err == ERR_OK)
        err = export_page(&exporter, store, json_is_true(json_object_get(args, "isScan")), result);
    else
        err_set(detail, err, "this is not an export that was begun here");
    exporter_done(&exporter);
    return err;
}

/* --- import -------------------------------------------------------------- */

struct import_counts {
    uint64_t added, known;
    struct buf failed; /* a JSON array, as yet open */
};

static enum err ignore_row(void *arg, const struct submission *row)
{
    (void)arg;
    (void)row;
    return ERR_OK;
}

static enum err fill_row(const json_t *from, struct str fields, struct submission *row)
{
    *row = (struct submission){
        .form = js_get_string(from, "form"),
        .name = js_get_string(from, "name"),
        .email = js_get_string(from, "email"),
        .message = js_get_string(from, "message"),
        .fields = fields,
        .source = js_get_string(from, "source"),
        .user_agent = js_get_string(from, "userAgent"),
        .page = js_get_string(from, "page"),
        .spam_score = (int)json_integer_value(json_object_get(from, "spamScore")),
        .is_starred = json_is_true(json_object_get(from, "starred")),
    };
    return form_name_is_valid(row->form) &&
                   submission_state_parse(js_get_string(from, "state"), &row->state)
               ? ERR_OK
               : ERR_INVALID;
}

/* What tells one message from another; its state may have changed since. */
static void put_content(struct buf *out, const struct submission *row)
{
    const struct str parts[] = {row->form,   row->name,   row->email, row->message,
                                row->fields, row->source, row->page};

    for (size_t i = 0; i < COUNTOF(parts); i++) {
        buf_put_u64(out, parts[i].len);
        buf_put_char(out, ':');
        buf_put(out, parts[i]);
    }
}

/* Under its own id, if there is room. ERR_EXISTS: it is there; ERR_NOT_FOUND: no place is left. */
static enum err insert_with_id(struct store *writer, struct submission *row)
{
    enum err err = store_submission_get(writer, &row->id, ignore_row, NULL);

    if (err != ERR_NOT_FOUND)
        return err == ERR_OK ? ERR_EXISTS : err;
    err = store_submission_insert(writer, row);
    return err == ERR_EXISTS ? ERR_NOT_FOUND : err; /* another message has its number */
}

static enum err insert(struct store *writer, struct submission *row, int64_t at_ms)
{
    CLEANUP(buf_done) struct buf content = buf_new(CONTENT_MAX);
    enum err err = ERR_NOT_FOUND;

    put_content(&content, row);
    TRY(buf_status(&content));
    for (unsigned place = 0; err == ERR_NOT_FOUND && place < PLACES_MAX; place++) {
        row->id = import_id(at_ms, buf_str(&content), place);
        err = insert_with_id(writer, row);
    }
    return err;
}

static const char *reason_of(enum err err)
{
    if (err == ERR_INVALID)
        return "it is not a message";
    return err == ERR_NOT_FOUND ? "too many messages have the same time" : err_text(err);
}

static void note_failure(struct import_counts *counts, size_t index, const char *reason)
{
    js_comma(&counts->failed);
    js_open(&counts->failed, '{');
    js_field_u64(&counts->failed, "index", index);
    js_field_string(&counts->failed, "reason", str_of(reason));
    js_close(&counts->failed, '}');
}

/* Newer ids than those that the server is about to give out would be in its way. */
static bool is_past(int64_t at_ms)
{
    return at_ms >= 0 && at_ms <= clock_wall_ms() - AGE_MIN_MS;
}

static enum err import_row(struct store *writer, const json_t *from, size_t index,
                           struct import_counts *counts)
{
    CLEANUP(buf_done) struct buf fields = buf_new(CONTENT_MAX);
    const json_t *further = json_object_get(from, "fields");
    struct str id = js_get_string(from, "id");
    int64_t at_ms = json_integer_value(json_object_get(from, "at"));
    struct submission row;
    bool has_id;

    if (json_object_size(further))
        js_value(&fields, further);
    TRY(buf_status(&fields));
    enum err err = fill_row(from, buf_str(&fields), &row);
    has_id = err == ERR_OK && id.ptr && id_parse(id, &row.id);
    if (has_id)
        at_ms = id_wall_ms(&row.id);
    if (err == ERR_OK && !is_past(at_ms)) {
        note_failure(counts, index, "its time is not in the past");
        return ERR_OK;
    }
    if (err == ERR_OK)
        err = has_id ? insert_with_id(writer, &row) : ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND)
        err = insert(writer, &row, at_ms);
    counts->added += err == ERR_OK;
    counts->known += err == ERR_EXISTS;
    if (err == ERR_INVALID || err == ERR_NOT_FOUND)
        note_failure(counts, index, reason_of(err));
    else if (err != ERR_OK && err != ERR_EXISTS)
        return err;
    return ERR_OK;
}

/* Each row is a text of its own, so that one that cannot be read does not cost the others. */
static enum err import_text(struct store *writer, const json_t *text, size_t index,
                            struct import_counts *counts)
{
    CLEANUP(js_decref) json_t *row = NULL;
    struct err_detail detail = {""};
    struct str body = {json_string_value(text), json_string_length(text)};

    enum err err = body.ptr ? js_parse_object(body, &row, &detail) : ERR_INVALID;
    if (err == ERR_INVALID) {
        note_failure(counts, index, detail.text[0] ? detail.text : "it is not a message");
        return ERR_OK;
    }
    return err == ERR_OK ? import_row(writer, row, index, counts) : err;
}

/* Once for a file, however many batches it makes. */
static enum err tell_audit(struct store *writer, const json_t *args)
{
    const struct audit_entry entry = {.at_ms = clock_wall_ms(),
                                      .actor = STR("cli:local"),
                                      .action = STR("import"),
                                      .target = js_get_string(args, "form"),
                                      .detail = js_get_string(args, "file")};

    return entry.detail.ptr ? store_audit_add(writer, &entry) : ERR_OK;
}

enum err transfer_import(struct store *writer, const json_t *args, struct buf *result,
                         struct err_detail *detail)
{
    struct import_counts counts = {.failed = buf_new(TRANSFER_TEXT_MAX)};
    enum err err = tell_audit(writer, args);
    size_t index;
    json_t *text;

    (void)detail;
    js_open(&counts.failed, '[');
    json_array_foreach(json_object_get(args, "rows"), index, text)
    {
        if (err == ERR_OK)
            err = import_text(writer, text, index, &counts);
    }
    js_close(&counts.failed, ']');
    js_open(result, '{');
    js_field_u64(result, "added", counts.added);
    js_field_u64(result, "known", counts.known);
    js_key(result, "failed");
    buf_put(result, buf_str(&counts.failed));
    js_close(result, '}');
    if (err == ERR_OK)
        err = buf_status(&counts.failed);
    buf_done(&counts.failed);
    return err == ERR_OK ? buf_status(result) : err;
}
