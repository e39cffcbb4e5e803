/* SPDX-License-Identifier: MIT */
/*
 * multipart/form-data: parts between boundaries (RFC 2046, section 5.1). What
 * stands before the first boundary and behind the last is nobody's. A body that
 * ends early is refused whole, and so is a line that only begins like a
 * boundary: half a message must never look like a message. Texts stay where
 * they are; nothing is copied but names with escapes.
 */
#include "fields_form.h"
#include "params.h"
#include "part.h"

enum { BOUNDARY_MAX = 70 };

struct reader {
    struct str rest;
    char delimiter[4 + BOUNDARY_MAX]; /* CR LF - - and the boundary */
    size_t delimiter_len;
    size_t parts;
    bool is_at_end; /* the last boundary is read */
    struct err_detail *detail;
};

static const char ENDS_EARLY[] = "the body ends before its last boundary";

static void skip(struct str *text, size_t bytes)
{
    text->ptr += bytes;
    text->len -= bytes;
}

/* --- boundaries ---------------------------------------------------------- */

static bool is_boundary(struct str text)
{
    static const char MARKS[] = "'()+_,-./:=? ";

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!is_alnum && (!c || !strchr(MARKS, c)))
            return false;
    }
    return text.len && text.len <= BOUNDARY_MAX && text.ptr[text.len - 1] != ' ';
}

static enum err read_boundary(struct reader *reader, struct str content_type)
{
    struct param boundary = {.name = "boundary"};

    str_cut(&content_type, ';');
    if (!params_read(content_type, &boundary, 1))
        return err_set(reader->detail, ERR_INVALID, "the Content-Type is malformed");
    if (!is_boundary(boundary.value))
        return err_set(reader->detail, ERR_INVALID,
                       "the Content-Type needs a boundary of 1 to %d characters", BOUNDARY_MAX);
    memcpy(reader->delimiter, "\r\n--", 4);
    memcpy(reader->delimiter + 4, boundary.value.ptr, boundary.value.len);
    reader->delimiter_len = 4 + boundary.value.len;
    return ERR_OK;
}

static void skip_padding(struct str *text)
{
    while (text->len && (text->ptr[0] == ' ' || text->ptr[0] == '\t'))
        skip(text, 1);
}

/* What follows the boundary: "--" for the last one, and the end of the line. */
static enum err end_boundary(struct reader *reader)
{
    struct str *rest = &reader->rest;

    reader->is_at_end = str_starts_with_nocase(*rest, STR("--"));
    if (reader->is_at_end)
        skip(rest, 2);
    skip_padding(rest);
    if (reader->is_at_end && !rest->len)
        return ERR_OK;
    if (str_starts_with_nocase(*rest, STR("\r\n"))) {
        skip(rest, 2);
        return ERR_OK;
    }
    if (str_starts_with_nocase(STR("--\r\n"), *rest) || str_equal(*rest, STR("\r")))
        return err_set(reader->detail, ERR_INVALID, "%s", ENDS_EARLY);
    return err_set(reader->detail, ERR_INVALID,
                   "a boundary is not followed by the end of its line (CRLF)");
}

/* Goes behind the next boundary; `*ret_before` is what stands in front of it. */
static enum err next_boundary(struct reader *reader, struct str *ret_before)
{
    struct str *rest = &reader->rest;
    const char *at =
        rest->len ? memmem(rest->ptr, rest->len, reader->delimiter, reader->delimiter_len) : NULL;

    if (!at)
        return err_set(reader->detail, ERR_INVALID, "%s", ENDS_EARLY);
    *ret_before = (struct str){rest->ptr, (size_t)(at - rest->ptr)};
    skip(rest, ret_before->len + reader->delimiter_len);
    return end_boundary(reader);
}

/* The first boundary may stand at the very beginning, without a line end before it. */
static enum err first_boundary(struct reader *reader)
{
    struct str line = {reader->delimiter + 2, reader->delimiter_len - 2}, preamble;

    if (reader->rest.len < line.len || memcmp(reader->rest.ptr, line.ptr, line.len) != 0)
        return next_boundary(reader, &preamble);
    skip(&reader->rest, line.len);
    return end_boundary(reader);
}

/* --- parts --------------------------------------------------------------- */

static enum err add_part(struct reader *reader, struct str text, struct arena *arena,
                         struct fields *fields)
{
    const char *flaw;
    struct part part;

    reader->parts++;
    enum err err = part_read(text, arena, &part, &flaw);
    if (err == ERR_INVALID)
        return err_set(reader->detail, err, "part %zu %s", reader->parts, flaw);
    TRY(err);
    if (part.is_absent_file)
        return ERR_OK;
    if (part.is_file)
        return fields_add_file(fields, part.name, arena, reader->detail);
    return fields_add(fields, part.name, part.content, arena, reader->detail);
}

static enum err read_parts(struct reader *reader, struct str content_type, struct arena *arena,
                           struct fields *fields)
{
    struct str text;

    TRY(read_boundary(reader, content_type));
    TRY(first_boundary(reader));
    while (!reader->is_at_end) {
        TRY(next_boundary(reader, &text));
        TRY(add_part(reader, text, arena, fields));
    }
    return ERR_OK;
}

enum err fields_from_multipart(struct str body, struct str content_type, struct arena *arena,
                               struct fields *ret_fields, struct err_detail *detail)
{
    struct reader reader = {.rest = body, .detail = detail};

    fields_begin(ret_fields);
    return fields_end(ret_fields, read_parts(&reader, content_type, arena, ret_fields));
}
