/* SPDX-License-Identifier: MIT */
/* The same content in every format gives the same list. The writers here share nothing with the
 * readers. */
#include "form_body.h"

enum { ROUNDS = 3000, NAMES_MAX = 12 };

/* Pieces of which texts are made: what means something to one of the formats. */
static const char *const PIECES[] = {
    "a",
    "Ada ",
    "&",
    "=",
    "+",
    "%",
    "%41",
    "%22",
    "%0D",
    "\"",
    "\\",
    "\r\n",
    "\n",
    "\r",
    "\t",
    "--b",
    "--b--",
    "\r\n--",
    "{",
    "}",
    ",",
    ":",
    ";",
    "\x01",
    "\x7f",
    "\xc3\xa4",
    "\xe2\x82\xac",
    "0",
    " ",
    "#",
    "name",
    "\xf0\x9f\x98\x80",
    "/",
    "'",
    "null",
    "\\u0041",
    "100%",
    "\\\"",
    "-",
    "_",
};

static uint32_t next_random(void)
{
    static uint32_t seed = 2463534242;

    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

/* At the beginning of a line, where every text begins. */
static bool holds_boundary(struct str text)
{
    return text.len >= 3 &&
           (memcmp(text.ptr, "--b", 3) == 0 || memmem(text.ptr, text.len, "\r\n--b", 5) != NULL);
}

struct pair {
    struct buf name, text;
};

/*
 * A text of a few pieces. Names in multipart have no way to write a backslash
 * or percent sign for certain, nor control characters but line breaks.
 */
static void make_text(struct buf *out, bool is_name)
{
    for (uint32_t left = next_random() % 8; left; left--) {
        const char *piece = PIECES[next_random() % COUNTOF(PIECES)];
        if (!is_name || !strpbrk(piece, "\\%\x01\x7f"))
            buf_put(out, str_of(piece));
    }
}

static void put_escaped(struct buf *out, struct str text, enum format format, bool is_name)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_word = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (format == JSON && (c < 0x20 || c == '"' || c == '\\'))
            buf_printf(out, "\\u%04x", c);
        else if (format == URLENCODED && c == ' ')
            buf_put_char(out, next_random() % 2 ? '+' : ' ');
        else if (format == URLENCODED && !is_word && (next_random() % 2 || strchr("&=+%", c)))
            buf_printf(out, next_random() % 2 ? "%%%02x" : "%%%02X", c);
        else if (format == MULTIPART && is_name && (c == '"' || c == '\r' || c == '\n'))
            buf_printf(out, "%%%02X", c);
        else
            buf_put_char(out, (char)c);
    }
}

static void write_pair(struct buf *out, const struct pair *pair, enum format format, bool is_first)
{
    static const struct {
        const char *first, *next, *middle, *end;
    } ROWS[] = {
        [JSON] = {"{\"", ",\"", "\":\"", "\""},
        [URLENCODED] = {"", "&", "=", ""},
        [MULTIPART] = {"--b\r\nContent-Disposition: form-data; name=\"",
                       "--b\r\nContent-Disposition: form-data; name=\"", "\"\r\n\r\n", "\r\n"},
    };

    buf_put(out, str_of(is_first ? ROWS[format].first : ROWS[format].next));
    put_escaped(out, buf_str(&pair->name), format, true);
    buf_put(out, str_of(ROWS[format].middle));
    put_escaped(out, buf_str(&pair->text), format, false);
    buf_put(out, str_of(ROWS[format].end));
}

static void check_format(const struct pair *pairs, size_t count, enum format format)
{
    static const char *const ENDS[] = {[JSON] = "}", [URLENCODED] = "", [MULTIPART] = "--b--\r\n"};
    CLEANUP(buf_done) struct buf text = buf_new(1 << 16);
    CLEANUP(form_body_done) struct form_body body;

    for (size_t i = 0; i < count; i++)
        write_pair(&text, &pairs[i], format, i == 0);
    buf_put(&text, str_of(ENDS[format]));
    assert_int_equal(buf_status(&text), ERR_OK);
    form_body_read(&body, format, buf_str(&text), MULTIPART_TYPE, 1 << 20);
    if (body.err != ERR_OK)
        fail_msg("%s, for the body \"%.*s\"", body.detail.text, (int)text.len, text.ptr);
    assert_int_equal(body.fields.count, count);
    assert_int_equal(body.fields.total, count);
    for (size_t i = 0; i < count; i++) {
        const struct field *field = &body.fields.list[i];
        if (!field->text.ptr || !str_equal(field->name, buf_str(&pairs[i].name)) ||
            !str_equal(field->text, buf_str(&pairs[i].text)))
            fail_msg("field %zu \"%.*s\" is \"%.*s\", for the body \"%.*s\"", i,
                     (int)field->name.len, field->name.ptr, (int)field->text.len, field->text.ptr,
                     (int)text.len, text.ptr);
    }
}

static void every_format_gives_the_same_list(void **state)
{
    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct pair pairs[NAMES_MAX];
        size_t count = 1 + next_random() % NAMES_MAX;
        for (size_t i = 0; i < count; i++) {
            pairs[i] = (struct pair){buf_new(256), buf_new(256)};
            make_text(&pairs[i].name, true);
            buf_printf(&pairs[i].name, "%zu", i); /* names are unique */
            do {
                pairs[i].text.len = 0;
                make_text(&pairs[i].text, false);
            } while (holds_boundary(buf_str(&pairs[i].text)));
            assert_int_equal(buf_status(&pairs[i].name) | buf_status(&pairs[i].text), ERR_OK);
        }
        for (enum format format = JSON; format < FORMAT_COUNT; format++)
            check_format(pairs, count, format);
        for (size_t i = 0; i < count; i++) {
            buf_done(&pairs[i].name);
            buf_done(&pairs[i].text);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("every format gives the same list", every_format_gives_the_same_list),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
