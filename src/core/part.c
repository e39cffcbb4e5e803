/* SPDX-License-Identifier: MIT */
/*
 * The head of a part. Of its fields three matter, and each may come once; lines
 * end with CRLF and are not folded. Contents are taken as they are, so a
 * transfer encoding that would have to be undone is refused, as RFC 7578
 * (section 4.7) has nobody send one, and so is any charset but UTF-8.
 */
#include "part.h"

#include "fields_form.h"
#include "params.h"

enum part_header { PART_DISPOSITION, PART_TYPE, PART_ENCODING, PART_HEADER_COUNT };

static const char *const HEADERS[] = {
    [PART_DISPOSITION] = "content-disposition",
    [PART_TYPE] = "content-type",
    [PART_ENCODING] = "content-transfer-encoding",
};

struct head {
    struct str values[PART_HEADER_COUNT]; /* ptr NULL: not there */
};

static bool is_line_clean(struct str line)
{
    for (size_t i = 0; i < line.len; i++)
        if (((unsigned char)line.ptr[i] < 0x20 && line.ptr[i] != '\t') || line.ptr[i] == 0x7f)
            return false;
    return true;
}

/* NULL: the line is fine. */
static const char *read_line(struct str line, struct head *head)
{
    if (!is_line_clean(line))
        return "has control characters in its head; its lines must end with CRLF";
    struct str name = str_cut(&line, ':');
    if (!line.ptr || !str_is_visible_ascii(name) || !name.len)
        return "has a line in its head that is no header field";
    for (size_t i = 0; i < PART_HEADER_COUNT; i++) {
        if (!str_equal_nocase(name, str_of(HEADERS[i])))
            continue;
        if (head->values[i].ptr)
            return "has the same header field twice";
        head->values[i] = str_trim(line);
    }
    return NULL;
}

/* Splits a part in head and content, and the head in its fields. */
static const char *read_head(struct str text, struct head *head, struct str *ret_content)
{
    const char *flaw = NULL;

    while (!flaw) {
        const char *end = text.len ? memmem(text.ptr, text.len, "\r\n", 2) : NULL;
        if (!end)
            return "has no empty line (CRLF) behind its head";
        struct str line = {text.ptr, (size_t)(end - text.ptr)};
        text = (struct str){end + 2, text.len - line.len - 2};
        if (!line.len) {
            *ret_content = text;
            return NULL;
        }
        flaw = read_line(line, head);
    }
    return flaw;
}

/* --- what the head says -------------------------------------------------- */

/* The byte that a browser wrote as %22, %0D or %0A (HTML, section 4.10.21.8), or 0. */
static char browser_escape(struct str text)
{
    static const struct {
        const char *escape;
        char byte;
    } ROWS[] = {{"%22", '"'}, {"%0d", '\r'}, {"%0a", '\n'}};

    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        if (str_starts_with_nocase(text, str_of(ROWS[i].escape)))
            return ROWS[i].byte;
    return '\0';
}

static enum err unescape(struct arena *arena, struct str *name)
{
    size_t len = 0;

    if (!name->len || (!memchr(name->ptr, '\\', name->len) && !memchr(name->ptr, '%', name->len)))
        return ERR_OK;
    char *text = arena_alloc(arena, name->len);
    if (!text)
        return ERR_MEMORY;
    for (struct str rest = *name; rest.len;) {
        char byte = browser_escape(rest);
        size_t taken = byte ? 3 : 1;
        if (rest.ptr[0] == '\\' && rest.len > 1 && (rest.ptr[1] == '"' || rest.ptr[1] == '\\'))
            taken = 2;
        text[len++] = byte ? byte : rest.ptr[taken - 1];
        rest = (struct str){rest.ptr + taken, rest.len - taken};
    }
    *name = (struct str){text, len};
    return ERR_OK;
}

static const char *read_disposition(struct str value, struct part *part)
{
    struct param params[] = {{.name = "name"}, {.name = "filename"}, {.name = "filename*"}};

    if (!value.ptr)
        return "has no Content-Disposition";
    if (!str_equal_nocase(str_trim(str_cut(&value, ';')), STR("form-data")) ||
        !params_read(value, params, COUNTOF(params)))
        return "has a Content-Disposition that is not: form-data; name=\"...\"";
    if (!params[0].value.ptr)
        return "has no name";
    part->name = params[0].value;
    bool has_file = params[1].value.ptr || params[2].value.ptr;
    bool is_named = params[1].value.len || params[2].value.len;
    part->is_file = has_file && (is_named || part->content.len);
    part->is_absent_file = has_file && !part->is_file;
    return NULL;
}

static const char *check_encoding(struct str value)
{
    static const char *const IDENTITIES[] = {"7bit", "8bit", "binary"};

    for (size_t i = 0; i < COUNTOF(IDENTITIES); i++)
        if (str_equal_nocase(value, str_of(IDENTITIES[i])))
            return NULL;
    return value.ptr ? "has a Content-Transfer-Encoding other than 7bit, 8bit or binary" : NULL;
}

static const char *check_charset(struct str type)
{
    struct param charset = {.name = "charset"};

    str_cut(&type, ';');
    if (!params_read(type, &charset, 1))
        return "has a malformed Content-Type";
    if (charset.value.ptr && !charset_is_known(charset.value))
        return "is in another charset; send UTF-8";
    return NULL;
}

enum err part_read(struct str text, struct arena *arena, struct part *ret_part,
                   const char **ret_flaw)
{
    struct part part = {.is_file = false};
    struct head head = {{{NULL, 0}}};
    const char *flaw = read_head(text, &head, &part.content);

    if (!flaw && text.len - part.content.len > PART_HEAD_MAX)
        flaw = "has too long a head";
    if (!flaw)
        flaw = read_disposition(head.values[PART_DISPOSITION], &part);
    if (!flaw && !part.is_file)
        flaw = check_encoding(head.values[PART_ENCODING]);
    if (!flaw && !part.is_file)
        flaw = check_charset(head.values[PART_TYPE]);
    if (flaw) {
        *ret_flaw = flaw;
        return ERR_INVALID;
    }
    TRY(unescape(arena, &part.name));
    *ret_part = part;
    return ERR_OK;
}
