/* SPDX-License-Identifier: MIT */
/*
 * What strangers typed becomes cells of somebody's spreadsheet, so guarding
 * against formulas is part of writing, and cannot be forgotten. It can be undone
 * exactly: a text that looks as if it had been guarded is guarded as well.
 */
#include "core/csv.h"

/* --- writing ------------------------------------------------------------- */

static bool begins_formula(struct str text)
{
    static const struct str WIDE[] = {
        {"\xef\xbc\x9d", 3}, {"\xef\xbc\x8b", 3}, {"\xef\xbc\x8d", 3}, {"\xef\xbc\xa0", 3}};

    if (text.len && strchr("=+-@\t\r\n", text.ptr[0]) && text.ptr[0])
        return true;
    for (size_t i = 0; i < COUNTOF(WIDE); i++)
        if (str_starts_with(text, WIDE[i]))
            return true;
    return false;
}

static struct str without_apostrophes(struct str text)
{
    while (text.len && text.ptr[0] == '\'') {
        text.ptr++;
        text.len--;
    }
    return text;
}

static bool needs_quotes(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr(",;\"\r\n\t", text.ptr[i]))
            return true;
    return text.len && (text.ptr[0] == ' ' || text.ptr[text.len - 1] == ' ');
}

static void put_quoted(struct buf *out, struct str text)
{
    buf_put_char(out, '"');
    while (text.ptr) {
        buf_put(out, str_cut(&text, '"'));
        if (text.ptr)
            buf_put(out, STR("\"\""));
    }
    buf_put_char(out, '"');
}

void csv_text(struct buf *out, struct str text)
{
    bool is_guarded = begins_formula(without_apostrophes(text));

    if (needs_quotes(text)) {
        size_t before = out->len;
        put_quoted(out, text);
        if (is_guarded && buf_reserve(out, 1)) {
            /* Inside of the quotes, which stay in front. */
            memmove(out->ptr + before + 2, out->ptr + before + 1, out->len - before - 1);
            out->ptr[before + 1] = '\'';
            out->len++;
        }
    } else {
        if (is_guarded)
            buf_put_char(out, '\'');
        buf_put(out, text);
    }
    buf_put_char(out, ',');
}

void csv_empty_text(struct buf *out)
{
    buf_put(out, STR("\"\","));
}

void csv_number(struct buf *out, struct str number)
{
    buf_put(out, number);
    buf_put_char(out, ',');
}

void csv_end_row(struct buf *out)
{
    if (buf_status(out) == ERR_OK && out->len && out->ptr[out->len - 1] == ',')
        out->len--;
    buf_put(out, STR("\r\n"));
}

struct str csv_unguard(struct str text)
{
    if (text.len && text.ptr[0] == '\'' && begins_formula(without_apostrophes(text)))
        return (struct str){text.ptr + 1, text.len - 1};
    return text;
}

/* --- reading ------------------------------------------------------------- */

static char guess_separator(struct str text)
{
    size_t counts[3] = {0};
    static const char CANDIDATES[] = ",;\t";
    bool is_quoted = false;
    size_t best = 0;

    for (size_t i = 0; i < text.len && (is_quoted || !strchr("\r\n", text.ptr[i])); i++) {
        const char *at = text.ptr[i] ? strchr(CANDIDATES, text.ptr[i]) : NULL;
        is_quoted ^= text.ptr[i] == '"';
        if (at && !is_quoted)
            counts[at - CANDIDATES]++;
    }
    for (size_t i = 1; i < COUNTOF(counts); i++)
        if (counts[i] > counts[best])
            best = i;
    return CANDIDATES[best];
}

struct csv_reader csv_open(struct str text)
{
    if (str_starts_with(text, STR("\xef\xbb\xbf")))
        text = (struct str){text.ptr + 3, text.len - 3};
    return (struct csv_reader){.rest = text, .line = 1, .separator = guess_separator(text)};
}

static void skip(struct csv_reader *reader, size_t bytes)
{
    reader->rest.ptr += bytes;
    reader->rest.len -= bytes;
}

/* Takes a line's end, whichever it is. */
static bool take_line_end(struct csv_reader *reader)
{
    struct str rest = reader->rest;

    if (!rest.len || (rest.ptr[0] != '\r' && rest.ptr[0] != '\n'))
        return false;
    skip(reader, rest.ptr[0] == '\r' && rest.len > 1 && rest.ptr[1] == '\n' ? 2 : 1);
    reader->line++;
    return true;
}

static size_t count_lines(struct str text)
{
    size_t lines = 0;

    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n' ||
                 (text.ptr[i] == '\r' && (i + 1 == text.len || text.ptr[i + 1] != '\n'));
    return lines;
}

/* The text between two quotes, `inner`, with each "" in it made one. */
static enum err unquote(struct str inner, size_t doubled, struct arena *arena, struct str *ret_cell)
{
    if (!doubled) {
        *ret_cell = inner;
        return ERR_OK;
    }
    char *copy = arena_alloc(arena, inner.len);
    size_t len = 0;
    if (!copy)
        return ERR_MEMORY;
    for (size_t i = 0; i < inner.len; i++) {
        copy[len++] = inner.ptr[i];
        i += inner.ptr[i] == '"';
    }
    *ret_cell = (struct str){copy, len};
    return ERR_OK;
}

static enum err take_quoted(struct csv_reader *reader, struct arena *arena, struct str *ret_cell)
{
    struct str rest = {reader->rest.ptr + 1, reader->rest.len - 1};
    size_t len = 0, doubled = 0;

    for (; len < rest.len; len++) {
        if (rest.ptr[len] != '"')
            continue;
        if (len + 1 == rest.len || rest.ptr[len + 1] != '"')
            break;
        len++;
        doubled++;
    }
    if (len == rest.len) {
        reader->rest.len = 0;
        return ERR_INVALID;
    }
    struct str inner = {rest.ptr, len};
    reader->line += count_lines(inner);
    skip(reader, len + 2);
    return unquote(inner, doubled, arena, ret_cell);
}

/* Nothing at all is not an empty text. */
static struct str take_plain(struct csv_reader *reader)
{
    struct str rest = reader->rest;
    size_t len = 0;

    while (len < rest.len && rest.ptr[len] != reader->separator && rest.ptr[len] != '\r' &&
           rest.ptr[len] != '\n')
        len++;
    skip(reader, len);
    return (struct str){len ? rest.ptr : NULL, len};
}

/* What stands behind a closing quote, up to the separator, belongs to nobody and is left out. */
static enum err take_cell(struct csv_reader *reader, struct arena *arena, struct str *ret_cell)
{
    if (!reader->rest.len || reader->rest.ptr[0] != '"') {
        *ret_cell = take_plain(reader);
        return ERR_OK;
    }
    TRY(take_quoted(reader, arena, ret_cell));
    (void)take_plain(reader);
    return ERR_OK;
}

enum err csv_next(struct csv_reader *reader, struct arena *arena, struct csv_row *row)
{
    bool has_more = true;
    struct str cell;

    while (take_line_end(reader))
        ;
    if (!reader->rest.len)
        return ERR_NOT_FOUND;
    row->line = reader->line;
    row->count = 0;
    while (has_more) {
        TRY(take_cell(reader, arena, &cell));
        if (row->count < CSV_CELLS_MAX)
            row->cells[row->count] = cell;
        row->count++;
        has_more = reader->rest.len && reader->rest.ptr[0] == reader->separator;
        if (has_more)
            skip(reader, 1);
    }
    (void)take_line_end(reader);
    return row->count <= CSV_CELLS_MAX ? ERR_OK : ERR_FULL;
}
