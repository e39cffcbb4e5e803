/* SPDX-License-Identifier: MIT */
/*
 * A head is split here the way libmicrohttpd 0.9.75 does it: in place, ends of
 * pieces written over with NULs, every piece handed out as a C string, folded
 * lines joined in memory behind the head.
 */
#include "http/layout.h"

#include <microhttpd.h>

#include "check.h"

enum { HEAD_MAX = 1024, FIELDS_MAX = 16 };

struct field {
    char *name, *value;
};

struct split {
    char bytes[2 * HEAD_MAX]; /* the head, and behind it what was joined */
    size_t head_bytes, joined;
    char *method, *target, *version;
    struct field fields[FIELDS_MAX];
    size_t count;
};

/* The next line, ended with NULs; NULL: the empty one that ends the head. */
static char *take_line(struct split *split, size_t *at)
{
    char *text = split->bytes + *at;
    size_t end = *at;

    while (split->bytes[end] != '\r' && split->bytes[end] != '\n')
        end++;
    bool is_empty = end == *at;
    bool is_crlf = split->bytes[end] == '\r' && split->bytes[end + 1] == '\n';
    split->bytes[end++] = '\0';
    if (is_crlf)
        split->bytes[end++] = '\0';
    *at = end;
    return is_empty ? NULL : text;
}

static char *skip_blanks(char *text)
{
    return text + strspn(text, " \t");
}

static void join(struct split *split, char *more)
{
    char *place = split->bytes + HEAD_MAX + split->joined;
    struct field *last = &split->fields[split->count - 1];

    more = skip_blanks(more);
    size_t value_len = strlen(last->value), more_len = strlen(more);
    memcpy(place, last->value, value_len);
    memcpy(place + value_len, more, more_len + 1);
    split->joined += value_len + more_len + 1;
    last->value = place;
}

static void take_field(struct split *split, char *text)
{
    char *colon = strchr(text, ':');

    assert_true(colon && split->count < FIELDS_MAX);
    *colon = '\0';
    split->fields[split->count++] = (struct field){text, skip_blanks(colon + 1)};
}

static void split_head(struct split *split, struct str head)
{
    size_t at = 0;

    assert_true(head.len < HEAD_MAX);
    *split = (struct split){.head_bytes = head.len};
    memcpy(split->bytes, head.ptr, head.len);
    char *first = take_line(split, &at);
    assert_non_null(first);
    /* Until the NULs of its end; a NUL inside belongs to the line. */
    size_t len = at;
    while (!split->bytes[len - 1])
        len--;
    char *target = memchr(first, ' ', len), *version = memrchr(first, ' ', len);
    assert_true(target && version > target);
    *target = *version = '\0';
    split->method = first;
    split->target = target + 1;
    split->version = version + 1;
    for (char *text = take_line(split, &at); text; text = take_line(split, &at))
        if (*text == ' ' || *text == '\t')
            join(split, text);
        else
            take_field(split, text);
    assert_true(at <= head.len);
}

static bool has_gap(struct str head)
{
    static struct split split;

    split_head(&split, head);
    struct layout layout = layout_begin(split.method, strlen(split.target), split.version);
    for (size_t i = 0; i < split.count; i++)
        layout_header(&layout, split.fields[i].name, split.fields[i].value,
                      strlen(split.fields[i].value));
    layout_end(&layout, split.method, split.head_bytes);
    return layout.has_gap;
}

struct row {
    struct str head;
    const char *what;
};

static void check_rows(const struct row *rows, size_t count, bool gap)
{
    if (MHD_get_version()[0] != '0') {
        print_message("this libmicrohttpd hides nothing\n");
        skip();
    }
    for (size_t i = 0; i < count; i++)
        CHECK_ROW(has_gap(rows[i].head) == gap, rows[i].what);
}

static void plain_heads_have_no_gap(void **state)
{
    const struct row ROWS[] = {
        {STR("GET / HTTP/1.1\r\n\r\n"), "no field"},
        {STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "one field"},
        {STR("POST /contact?a=b%20c HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"),
         "two fields"},
        {STR("GET / HTTP/1.1\r\nHost:a\r\nAccept:b\r\n\r\n"), "no blank behind the colon"},
        {STR("GET / HTTP/1.1\r\nHost: \t  a\r\nAccept:\tb\r\n\r\n"), "many blanks before values"},
        {STR("GET / HTTP/1.1\r\nHost: a  \r\nAccept: b\t\r\n\r\n"), "blanks behind values"},
        {STR("GET / HTTP/1.1\r\nHost:\r\nAccept: \r\nX:\r\n\r\n"), "empty values"},
        {STR("GET / HTTP/1.1\r\nHost: a:b::c\r\n\r\n"), "colons in a value"},
        {STR("GET / HTTP/1.1\r\nA: 1\r\nA: 2\r\nA: 1\r\na: 1\r\n\r\n"), "names again"},
        {STR("GET / HTTP/1.1\r\nA: \x01\xff\x7f\r\n\r\n"), "odd bytes, but all in sight"},
    };

    (void)state;
    check_rows(ROWS, COUNTOF(ROWS), false);
}

/* A bare LF leaves room to hide a byte before it, so it is refused altogether. */
static void bare_line_feeds_show_as_a_gap(void **state)
{
    const struct row ROWS[] = {
        {STR("GET / HTTP/1.1\n\n"), "no field, bare LF"},
        {STR("GET / HTTP/1.1\nHost: a\n\n"), "one field, bare LF"},
        {STR("GET / HTTP/1.1\nHost: a\r\nAccept: b\n\r\n"), "both line ends"},
        {STR("GET / HTTP/1.1\nHost: a\0\nA: b\n\n"), "a NUL in the place of the CR"},
        {STR("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\0009\n\n"),
         "a NUL and a digit at the end"},
    };

    (void)state;
    check_rows(ROWS, COUNTOF(ROWS), true);
}

static void what_follows_a_nul_shows_as_a_gap(void **state)
{
    const struct row ROWS[] = {
        {STR("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"), "the only field"},
        {STR("GET / HTTP/1.1\r\nHost: a\0\r\n\r\n"), "nothing behind the NUL"},
        {STR("POST / HTTP/1.1\r\nContent-Length: 0\00064\r\nHost: a\r\n\r\n"), "the first field"},
        {STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\00064\r\n\r\n"), "the last field"},
        {STR("GET / HTTP/1.1\r\nA: 1\r\nB: 2\0\r\nC: 3\r\n\r\n"), "one in the middle"},
        {STR("GET / HTTP/1.1\r\nA: \0b\r\nC: 3\r\n\r\n"), "an empty value"},
        {STR("GET / HTTP/1.1\nA: 1\0b\nC: 3\n\n"), "bare LF"},
        {STR("GET / HTTP/1.1\r\nA: 1\0X: 2\r\nC: 3\r\n\r\n"), "a hidden field"},
        {STR("GET / HTTP/1.1\0\r\nA: 1\r\n\r\n"), "the version"},
        {STR("GET / HTTP/1.1\0x\r\n\r\n"), "the version, no field"},
        {STR("GET /\0x HTTP/1.1\r\nA: 1\r\n\r\n"), "the target"},
        {STR("GET \0 HTTP/1.1\r\nA: 1\r\n\r\n"), "the target, empty"},
        {STR("GET\0X / HTTP/1.1\r\nA: 1\r\n\r\n"), "the method"},
    };

    (void)state;
    check_rows(ROWS, COUNTOF(ROWS), true);
}

static void folded_lines_show_as_a_gap(void **state)
{
    const struct row ROWS[] = {
        {STR("GET / HTTP/1.1\r\nA: 1\r\n 2\r\n\r\n"), "the last field"},
        {STR("GET / HTTP/1.1\r\nA: 1\r\n\t2\r\nB: 3\r\n\r\n"), "the first field"},
        {STR("GET / HTTP/1.1\nA: 1\n 2\n\n"), "bare LF"},
        {STR("GET / HTTP/1.1\r\nA:\r\n 2\r\n\r\n"), "an empty value"},
        {STR("GET / HTTP/1.1\r\nA: 1\r\n \r\nB: 2\r\n\r\n"), "folded with nothing"},
        {STR("GET / HTTP/1.1\r\nA: 1\r\n 2\r\n 3\r\nB: 4\r\n 5\r\n\r\n"), "folded again"},
    };

    (void)state;
    check_rows(ROWS, COUNTOF(ROWS), true);
}

static void bytes_behind_the_last_field_show_as_a_gap(void **state)
{
    const struct row ROWS[] = {
        {STR("GET / HTTP/1.1\r\nA: 1\r\n\r\nx"), "one"},
        {STR("GET / HTTP/1.1\r\nA: 1\r\n\r\nGET /x HTTP/1.1\r\n\r\n"), "a whole head"},
        {STR("GET / HTTP/1.1\r\n\r\nx"), "no field"},
    };

    (void)state;
    check_rows(ROWS, COUNTOF(ROWS), true);
}

static void a_gap_is_remembered(void **state)
{
    static char bytes[32] = "GET\0/\0HTTP/1.1";

    (void)state;
    if (MHD_get_version()[0] != '0')
        skip();
    struct layout layout = layout_begin(bytes, 1, bytes + 6); /* up to 14 */
    assert_false(layout.has_gap);
    layout_header(&layout, bytes + 17, bytes + 19, 1);
    assert_true(layout.has_gap);
    layout_header(&layout, bytes + 22, bytes + 24, 1);
    layout_end(&layout, bytes, 29);
    assert_true(layout.has_gap);
}

/* Pieces that overlap or come in another order lie not where they should. */
static void pieces_that_go_back_show_as_a_gap(void **state)
{
    static const struct {
        size_t name, value, len, end;
        bool gap;
    } ROWS[] = {
        {16, 20, 1, 25, false}, /* behind CRLF */
        {15, 20, 1, 25, true},  /* behind a bare LF */
        {14, 20, 1, 25, true},  /* where the version ends */
        {8, 20, 1, 25, true},   /* within it */
        {0, 20, 1, 25, true},   /* before it */
        {17, 20, 1, 25, true},  /* too far behind it */
        {16, 20, 1, 21, true},  /* the head ends with the value */
        {16, 20, 1, 20, true},  /* and before its end */
        {16, 20, 1, 22, true},  {16, 20, 1, 26, true},
    };
    static char bytes[32] = "GET\0/\0HTTP/1.1";

    (void)state;
    if (MHD_get_version()[0] != '0')
        skip();
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        char row[8];
        snprintf(row, sizeof row, "%zu", i);
        struct layout layout = layout_begin(bytes, 1, bytes + 6);
        layout_header(&layout, bytes + ROWS[i].name, bytes + ROWS[i].value, ROWS[i].len);
        layout_end(&layout, bytes, ROWS[i].end);
        CHECK_ROW(layout.has_gap == ROWS[i].gap, row);
    }
}

static void a_library_that_hides_nothing_is_not_asked(void **state)
{
    struct layout layout = {.end = NULL};
    static const char bytes[] = "far apart";

    (void)state;
    layout_header(&layout, bytes, bytes + 8, 1);
    layout_header(&layout, bytes, bytes, 1);
    layout_end(&layout, bytes, sizeof bytes);
    assert_false(layout.has_gap);
    assert_null(layout.end);
    assert_int_equal(layout_begin("GET", 1, bytes).end != NULL, MHD_get_version()[0] == '0');
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("plain heads have no gap", plain_heads_have_no_gap),
        CASE("bare line feeds show as a gap", bare_line_feeds_show_as_a_gap),
        CASE("what follows a NUL shows as a gap", what_follows_a_nul_shows_as_a_gap),
        CASE("folded lines show as a gap", folded_lines_show_as_a_gap),
        CASE("bytes behind the last field show as a gap",
             bytes_behind_the_last_field_show_as_a_gap),
        CASE("a gap is remembered", a_gap_is_remembered),
        CASE("pieces that go back show as a gap", pieces_that_go_back_show_as_a_gap),
        CASE("a library that hides nothing is not asked",
             a_library_that_hides_nothing_is_not_asked),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
