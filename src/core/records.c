/* SPDX-License-Identifier: MIT */
/*
 * Records are found by their brackets and parsed one by one, so that a file of any
 * size costs one record's memory, and a broken record does not cost the others.
 */
#include "core/records.h"

#include "base/utf8.h"

enum { RECORD_MEMORY_MAX = 4 * 1024 * 1024, RECORD_BYTES_MAX = 4 * 1024 * 1024 };

/* --- JSON ---------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip(struct records *self, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        bool is_end = self->rest.ptr[i] == '\n';
        self->line += is_end;
        self->column = is_end ? 0 : self->column + 1;
    }
    self->rest.ptr += bytes;
    self->rest.len -= bytes;
}

/* White space, and the commas between elements. */
static void skip_gap(struct records *self)
{
    size_t len = 0;

    while (len < self->rest.len &&
           (is_space(self->rest.ptr[len]) || (self->is_array && self->rest.ptr[len] == ',')))
        len++;
    skip(self, len);
}

/* The length of the text in quotes that `text` begins with; 0: it has no end in its line. */
static size_t string_length(struct str text)
{
    for (size_t i = 1; i < text.len && text.ptr[i] != '\n'; i++) {
        if (text.ptr[i] == '"')
            return i + 1;
        i += text.ptr[i] == '\\';
    }
    return 0;
}

/*
 * The length of the object or array that `text` begins with; 0: it has no end. A
 * bracket where none can be is another record's: one that is not closed ends here.
 */
static size_t value_length(struct str text)
{
    size_t depth = 0;
    char before = ':';

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        size_t len = c == '"' ? string_length((struct str){text.ptr + i, text.len - i}) : 1;
        bool is_opened = c == '{' || c == '[';
        if (!len || (is_opened && !memchr(":,[", before, 3)))
            return 0;
        i += len - 1;
        before = is_space(c) ? before : c;
        depth += is_opened;
        depth -= (c == '}' || c == ']') && depth;
        if (!depth)
            return i + 1;
    }
    return 0;
}

/* Where the rest of a broken line ends. */
static size_t line_length(struct str text)
{
    struct str rest = text;

    return str_cut(&rest, '\n').len + (rest.ptr != NULL);
}

/* The length of what stands in a list in place of a record: the record behind it may be good. */
static size_t stray_length(struct str text)
{
    size_t len = text.ptr[0] == '"'   ? string_length(text)
                 : text.ptr[0] == '[' ? value_length(text)
                                      : 0;

    if (len || memchr("[\"", text.ptr[0], 2))
        return len ? len : line_length(text);
    for (len = 1; len < text.len && !is_space(text.ptr[len]); len++)
        if (memchr(",]{[\"", text.ptr[len], 5))
            break;
    return len;
}

static bool is_list_of_records(struct str name)
{
    static const char *const NAMES[] = {"\"submissions\"", "\"results\"", "\"data\"", "\"items\"",
                                        "\"entries\""};

    for (size_t i = 0; i < COUNTOF(NAMES); i++)
        if (str_equal(name, str_of(NAMES[i])))
            return true;
    return false;
}

/* In {"submissions":[...], ...}: moves to the first element. False: there is no such list. */
static bool enter_list(struct records *self)
{
    struct records at = *self;
    struct str name = {0};

    at.is_array = true; /* commas are skipped */
    skip(&at, 1);
    for (;;) {
        skip_gap(&at);
        if (!at.rest.len || at.rest.ptr[0] == '}')
            return false;
        char c = at.rest.ptr[0];
        if (c == '[' && is_list_of_records(name)) {
            skip(&at, 1);
            self->rest = at.rest;
            self->line = at.line;
            self->column = at.column;
            return self->is_array = true;
        }
        size_t len = c == '"'               ? string_length(at.rest)
                     : c == '{' || c == '[' ? value_length(at.rest)
                                            : 1;
        if (!len)
            return false;
        if (c == '"')
            name = (struct str){at.rest.ptr, len};
        else if (c != ':')
            name = (struct str){0};
        skip(&at, len);
    }
}

/* The one object of a file may be what an API answers: a list with something around it. */
static void open_json(struct records *self)
{
    self->line = 1;
    skip_gap(self);
    if (self->rest.ptr[0] == '[') {
        skip(self, 1);
        self->is_array = true;
        return;
    }
    size_t len = value_length(self->rest);
    struct str behind = {self->rest.ptr + len, self->rest.len - len};
    while (behind.len && is_space(behind.ptr[0])) {
        behind.ptr++;
        behind.len--;
    }
    if (len && !behind.len)
        (void)enter_list(self);
}

/* How much of a line is blank; a comma may stand there in a list. */
static size_t margin(const struct records *self, struct str text)
{
    size_t len = 0;

    while (len < text.len &&
           (strchr(" \t", text.ptr[len]) || (self->is_array && text.ptr[len] == ',')))
        len++;
    return len;
}

/*
 * Where, within so many bytes behind a record's beginning, the first line is that looks
 * like another one's: what stands within a record stands farther to the right. 0: nowhere.
 */
static size_t next_record(const struct records *self, size_t bytes)
{
    struct str rest = {self->rest.ptr, bytes};

    for (;;) {
        (void)str_cut(&rest, '\n');
        if (!rest.len)
            return 0;
        size_t len = margin(self, rest);
        if (len <= self->column && len < rest.len && rest.ptr[len] == '{')
            return (size_t)(rest.ptr - self->rest.ptr);
    }
}

/* What is not closed may still seem to end: where another record has a bracket too many. */
static enum err skip_broken(struct records *self, size_t len, const struct err_detail *reason,
                            struct err_detail *detail)
{
    size_t next = next_record(self, len ? len : self->rest.len);

    if (len && !next) {
        skip(self, len);
        return err_set(detail, ERR_INVALID, "%s", reason->text);
    }
    skip(self, next ? next : line_length(self->rest));
    return err_set(detail, ERR_INVALID,
                   "this JSON object has no end: is a bracket or a quote not closed?");
}

static enum err next_object(struct records *self, json_t **ret_record, struct err_detail *detail)
{
    struct str text = self->rest;
    struct err_detail reason = {""};

    if (text.len > RECORD_BYTES_MAX)
        text.len = RECORD_BYTES_MAX;
    text.len = value_length(text);
    enum err err = text.len ? js_parse_object(text, ret_record, &reason) : ERR_INVALID;
    if (err == ERR_INVALID)
        return skip_broken(self, text.len, &reason, detail);
    skip(self, text.len);
    return err;
}

static enum err next_json(struct records *self, json_t **ret_record, size_t *ret_line,
                          struct err_detail *detail)
{
    skip_gap(self);
    *ret_line = self->line;
    if (!self->rest.len || (self->is_array && self->rest.ptr[0] == ']'))
        return ERR_NOT_FOUND;
    if (self->rest.ptr[0] == '{')
        return next_object(self, ret_record, detail);
    skip(self, self->is_array ? stray_length(self->rest) : line_length(self->rest));
    return err_set(detail, ERR_INVALID, "this is not a JSON object");
}

/* --- CSV ----------------------------------------------------------------- */

static enum err open_csv(struct records *self, struct str text, struct err_detail *detail)
{
    self->is_csv = true;
    self->csv = csv_open(text);
    arena_init(&self->head_arena, RECORD_MEMORY_MAX, NULL, 0);
    enum err err = csv_next(&self->csv, &self->head_arena, &self->head);
    if (err == ERR_OK && self->head.count > 1)
        return ERR_OK;
    return err_set(detail, err == ERR_MEMORY ? err : ERR_INVALID,
                   "neither JSON nor CSV with the names of its columns in the first line");
}

static bool is_empty(const json_t *value)
{
    return json_is_string(value) && !json_string_length(value);
}

/* A name that comes again makes a list of what is not empty. */
static int set_cell(json_t *record, const char *name, json_t *value)
{
    json_t *before = json_object_get(record, name);

    if (!before || is_empty(before))
        return json_object_set_new(record, name, value);
    if (is_empty(value)) {
        json_decref(value);
        return 0;
    }
    if (json_is_array(before))
        return json_array_append_new(before, value);
    return json_object_set_new(record, name, json_pack("[Oo]", before, value));
}

static enum err put_cell(struct records *self, size_t column, json_t *record, struct arena *arena,
                         struct err_detail *detail)
{
    struct str cell = self->row.cells[column], name = str_trim(self->head.cells[column]);
    size_t points;

    if (!cell.ptr || !name.len)
        return ERR_OK;
    if (!utf8_length(cell, &points) || !utf8_length(name, &points))
        return err_set(detail, ERR_INVALID, "not UTF-8 text");
    const char *key = arena_copy(arena, name);
    if (!key)
        return ERR_MEMORY;
    return set_cell(record, key, json_stringn(cell.ptr, cell.len)) ? ERR_MEMORY : ERR_OK;
}

static enum err read_cells(struct records *self, json_t *record, struct arena *arena,
                           struct err_detail *detail)
{
    if (self->row.count > self->head.count)
        return err_set(detail, ERR_INVALID, "%zu cells, but there are %zu columns", self->row.count,
                       self->head.count);
    for (size_t i = 0; i < self->row.count; i++)
        TRY(put_cell(self, i, record, arena, detail));
    return ERR_OK;
}

static enum err next_csv(struct records *self, json_t **ret_record, size_t *ret_line,
                         struct err_detail *detail)
{
    CLEANUP(arena_done) struct arena arena;
    json_t *record;

    arena_init(&arena, RECORD_MEMORY_MAX, NULL, 0);
    *ret_line = self->csv.line;
    enum err err = csv_next(&self->csv, &arena, &self->row);
    if (err == ERR_NOT_FOUND)
        return err;
    *ret_line = self->row.line;
    if (err != ERR_OK)
        return err_set(detail, ERR_INVALID,
                       err == ERR_INVALID ? "a quoted cell has no end" : "this row is too large");
    record = json_object();
    err = record ? read_cells(self, record, &arena, detail) : ERR_MEMORY;
    if (err == ERR_OK)
        *ret_record = record;
    else
        json_decref(record);
    return err;
}

/* --- both ---------------------------------------------------------------- */

enum err records_open(struct records *self, struct str text, struct err_detail *detail)
{
    size_t at = 0;

    *self = (struct records){.rest = text, .line = 1};
    if (str_starts_with(text, STR("\xef\xbb\xbf")))
        self->rest = (struct str){text.ptr + 3, text.len - 3};
    while (at < self->rest.len && is_space(self->rest.ptr[at]))
        at++;
    if (at == self->rest.len || (self->rest.ptr[at] != '{' && self->rest.ptr[at] != '['))
        return open_csv(self, text, detail);
    open_json(self);
    return ERR_OK;
}

void records_done(struct records *self)
{
    arena_done(&self->head_arena);
}

enum err records_next(struct records *self, json_t **ret_record, size_t *ret_line,
                      struct err_detail *detail)
{
    return self->is_csv ? next_csv(self, ret_record, ret_line, detail)
                        : next_json(self, ret_record, ret_line, detail);
}

size_t records_left(const struct records *self)
{
    return self->is_csv ? self->csv.rest.len : self->rest.len;
}
