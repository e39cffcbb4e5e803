/* SPDX-License-Identifier: MIT */
/*
 * Stderr is a socket that keeps the writes apart: what one recv() gives was
 * one write(2), and nothing is left over where nothing was to be written.
 */
#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "check.h"

enum { LINE_MAX_BYTES = 4096, VALUE_MAX_BYTES = 512 };

static char line[2 * LINE_MAX_BYTES];

/* While it is caught nothing may be asserted: cmocka complains on stderr. */
struct catcher {
    int former, ours;
};

static struct catcher catch_stderr(void)
{
    struct catcher catcher = {.former = dup(STDERR_FILENO)};
    int pair[2];

    assert_true(catcher.former >= 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_true(dup2(pair[1], STDERR_FILENO) == STDERR_FILENO);
    close(pair[1]);
    catcher.ours = pair[0];
    return catcher;
}

/* The next write without its newline, which must be its only one; ptr NULL: there is none. */
static struct str next_line(const struct catcher *catcher)
{
    ssize_t len = recv(catcher->ours, line, sizeof line, MSG_DONTWAIT);

    if (len <= 0)
        return (struct str){0};
    assert_in_range(len, 1, LINE_MAX_BYTES);
    assert_ptr_equal(memchr(line, '\n', (size_t)len), line + len - 1);
    return (struct str){line, (size_t)len - 1};
}

static void let_go(struct catcher *catcher)
{
    dup2(catcher->former, STDERR_FILENO);
    close(catcher->former);
}

/* Writes one line and gives it back. */
static struct str logged(enum log_level level, enum log_format format,
                         const struct log_field *fields, size_t count)
{
    log_start(LOG_DEBUG, format);
    struct catcher catcher = catch_stderr();
    log_write(level, "happened", fields, count);
    let_go(&catcher);
    struct str text = next_line(&catcher);
    char further[1];
    assert_true(recv(catcher.ours, further, sizeof further, MSG_DONTWAIT) <= 0);
    close(catcher.ours);
    return text;
}

#define LOGGED(level, format, ...)                                                                 \
    logged((level), (format), (const struct log_field[]){__VA_ARGS__},                             \
           COUNTOF(((const struct log_field[]){__VA_ARGS__})))

static json_t *parsed(struct str text)
{
    json_error_t error;
    json_t *object =
        json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

    if (!object)
        fail_msg("%s in %.*s", error.text, (int)text.len, text.ptr);
    assert_true(json_is_object(object));
    return object;
}

/* What stands behind the time in a line of text. */
static struct str behind_time(struct str text)
{
    int64_t at_ms;

    assert_true(text.len > CLOCK_TEXT_LEN);
    assert_true(clock_parse((struct str){text.ptr, CLOCK_TEXT_LEN}, &at_ms));
    assert_true(at_ms <= clock_wall_ms() && at_ms > clock_wall_ms() - 60000);
    return (struct str){text.ptr + CLOCK_TEXT_LEN, text.len - CLOCK_TEXT_LEN};
}

static void a_line_is_one_json_object(void **state)
{
    (void)state;
    struct str text = LOGGED(LOG_WARN, LOG_AS_JSON, LOG_TEXT("reason", "no \"room\""),
                             LOG_INT("jobs", 3), LOG_STR("path", STR("/contact")));
    CLEANUP(js_decref) json_t *object = parsed(text);
    int64_t at_ms;

    assert_int_equal(json_object_size(object), 6);
    assert_true(clock_parse(js_get_string(object, "time"), &at_ms));
    assert_true(at_ms <= clock_wall_ms() && at_ms > clock_wall_ms() - 60000);
    check_str(js_get_string(object, "level"), "warn");
    check_str(js_get_string(object, "event"), "happened");
    check_str(js_get_string(object, "reason"), "no \"room\"");
    check_str(js_get_string(object, "path"), "/contact");
    assert_int_equal(json_integer_value(json_object_get(object, "jobs")), 3);
}

static void text_is_for_people(void **state)
{
    const struct {
        struct log_field field;
        const char *line;
    } ROWS[] = {
        {LOG_INT("jobs", 3), " warn happened jobs=3"},
        {LOG_TEXT("path", "/contact?a=b"), " warn happened path=/contact?a=b"},
        {LOG_TEXT("reason", "no room"), " warn happened reason=\"no room\""},
        {LOG_TEXT("reason", ""), " warn happened reason=\"\""},
        {LOG_TEXT("reason", "a\"b"), " warn happened reason=\"a\\\"b\""},
        {LOG_TEXT("reason", "a\\b"), " warn happened reason=\"a\\\\b\""},
        {LOG_TEXT("reason", "\xc3\xa4"), " warn happened reason=\"\xc3\xa4\""},
        {LOG_TEXT("reason", "a\nb"), " warn happened reason=\"a\\u000ab\""},
        {LOG_TEXT("reason", "\x1b[2J"), " warn happened reason=\"\\u001b[2J\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_str(behind_time(logged(LOG_WARN, LOG_AS_TEXT, &ROWS[i].field, 1)), ROWS[i].line);
    check_str(behind_time(logged(LOG_INFO, LOG_AS_TEXT, NULL, 0)), " info happened");
    check_str(behind_time(LOGGED(LOG_ERROR, LOG_AS_TEXT, LOG_INT("a", 1), LOG_TEXT("b", "c"))),
              " error happened a=1 b=c");
}

/* In both formats the escapes are the same. */
static void check_escaped(struct str value, const char *escaped)
{
    const struct log_field field = LOG_STR("v", value);
    CLEANUP(buf_done) struct buf expected = buf_new(100);

    buf_printf(&expected, " info happened v=\"%s\"", escaped);
    CHECK_ROW(str_equal(behind_time(logged(LOG_INFO, LOG_AS_TEXT, &field, 1)), buf_str(&expected)),
              escaped);
    struct str text = logged(LOG_INFO, LOG_AS_JSON, &field, 1);
    buf_done(&expected);
    buf_printf(&expected, ",\"v\":\"%s\"}", escaped);
    assert_true(text.len > expected.len);
    struct str tail = {text.ptr + text.len - expected.len, expected.len};
    CHECK_ROW(str_equal(tail, buf_str(&expected)), escaped);
    CLEANUP(js_decref) json_t *object = parsed(text);
    CHECK_ROW(json_object_size(object) == 4, escaped);
}

static void hostile_values_become_escapes(void **state)
{
    const struct {
        struct str value;
        const char *escaped;
    } ROWS[] = {
        {STR("a\nb"), "a\\u000ab"},
        {STR("a\r\n{\"level\":\"error\"}"), "a\\u000d\\u000a{\\\"level\\\":\\\"error\\\"}"},
        {STR("\"}\n{\""), "\\\"}\\u000a{\\\""},
        {STR("\\"), "\\\\"},
        {STR("a\0b"), "a\\u0000b"},
        {STR("\x1b[31m"), "\\u001b[31m"},
        {STR("\x01\b\t\x1f \x7f"), "\\u0001\\u0008\\u0009\\u001f \\u007f"},
        {STR("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"), "\\u0080\\u009b\\u009f\xc2\xa0"},
        /* turn the reading direction */
        {STR("\xd8\x9c"), "\\u061c"},
        {STR("\xe2\x80\x8e\xe2\x80\x8f"), "\\u200e\\u200f"},
        {STR("\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad\xe2\x80\xae"),
         "\\u202a\\u202b\\u202c\\u202d\\u202e"},
        {STR("\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9"), "\\u2066\\u2067\\u2068\\u2069"},
        /* end a line elsewhere than here */
        {STR("\xe2\x80\xa8\xe2\x80\xa9"), "\\u2028\\u2029"},
        {STR("\xef\xbb\xbf"), "\\ufeff"},
        /* no UTF-8 */
        {STR("a\xff z"), "a\\ufffd z"},
        {STR("\xc3"), "\\ufffd"},
        {STR("\xc3("), "\\ufffd("},
        {STR("\xc0\x8a"), "\\ufffd\\ufffd"},
        {STR("\xed\xa0\x80"), "\\ufffd\\ufffd\\ufffd"},
        {STR("\xf0\x9f\x98"), "\\ufffd\\ufffd\\ufffd"},
        /* harmless */
        {STR("\xc3\xa4 \xf0\x9f\x98\x80"), "\xc3\xa4 \xf0\x9f\x98\x80"},
        {STR("\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"), "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_escaped(ROWS[i].value, ROWS[i].escaped);
}

static void numbers_are_written_in_full(void **state)
{
    static const int64_t ROWS[] = {0, 7, -1, 10, 1234567890123456789, INT64_MAX, INT64_MIN};

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(js_decref)
        json_t *object = parsed(LOGGED(LOG_INFO, LOG_AS_JSON, LOG_INT("n", ROWS[i])));
        assert_true(json_is_integer(json_object_get(object, "n")));
        assert_true(json_integer_value(json_object_get(object, "n")) == ROWS[i]);
    }
}

static void an_over_long_value_is_cut_and_says_so(void **state)
{
    char text[VALUE_MAX_BYTES + 2];

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t len = VALUE_MAX_BYTES; len <= VALUE_MAX_BYTES + 1; len++) {
        bool is_cut = len > VALUE_MAX_BYTES;
        CLEANUP(js_decref)
        json_t *object = parsed(LOGGED(LOG_INFO, LOG_AS_JSON,
                                       LOG_STR("v", ((struct str){text, len})), LOG_INT("n", 1)));
        struct str value = js_get_string(object, "v");
        assert_int_equal(value.len, VALUE_MAX_BYTES + (is_cut ? 3 : 0));
        assert_memory_equal(value.ptr, text, VALUE_MAX_BYTES);
        if (is_cut)
            assert_string_equal(value.ptr + VALUE_MAX_BYTES, "\xe2\x80\xa6");
        assert_non_null(json_object_get(object, "n"));
        struct str plain = LOGGED(LOG_INFO, LOG_AS_TEXT, LOG_STR("v", ((struct str){text, len})));
        assert_int_equal(memchr(plain.ptr, '"', plain.len) != NULL, is_cut);
    }
}

/* Nine of them are longer than a line may be: what is left out is left out whole. */
static void a_full_line_leaves_out_whole_fields(void **state)
{
    static char text[VALUE_MAX_BYTES];

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t len = 1; len <= VALUE_MAX_BYTES; len++) {
        struct str value = {text, len};
        CLEANUP(js_decref)
        json_t *object = parsed(LOGGED(
            LOG_INFO, LOG_AS_JSON, LOG_STR("a", value), LOG_STR("b", value), LOG_STR("c", value),
            LOG_STR("d", value), LOG_STR("e", value), LOG_STR("f", value), LOG_STR("g", value),
            LOG_STR("h", value), LOG_STR("i", value), LOG_INT("n", 1)));
        assert_int_equal(js_get_string(object, "a").len, len);
        assert_int_equal(js_get_string(object, "g").len, len);
        struct str last = js_get_string(object, "i");
        assert_true(len == VALUE_MAX_BYTES ? !last.ptr : !last.ptr || last.len == len);
        assert_true(len > 430 || (last.ptr && json_object_get(object, "n")));
    }
}

/* The longest value still fits when every byte of it becomes six. */
static void a_value_of_escapes_alone_breaks_no_line(void **state)
{
    static char text[VALUE_MAX_BYTES];

    (void)state;
    memset(text, '\n', sizeof text);
    for (size_t len = 400; len <= VALUE_MAX_BYTES; len++) {
        CLEANUP(js_decref)
        json_t *object = parsed(LOGGED(LOG_INFO, LOG_AS_JSON,
                                       LOG_STR("v", ((struct str){text, len})), LOG_INT("n", 1)));
        assert_int_equal(js_get_string(object, "v").len, len);
        assert_non_null(json_object_get(object, "n"));
    }
}

/* U+20AC is three bytes: wherever the limit falls, no half of it is shown. */
static void a_value_is_cut_between_code_points(void **state)
{
    static char text[VALUE_MAX_BYTES + 6];

    (void)state;
    for (size_t lead = 0; lead < 3; lead++) {
        memset(text, 'x', lead);
        for (size_t i = lead; i + 3 <= sizeof text; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 3);
        CLEANUP(js_decref)
        json_t *object = parsed(
            LOGGED(LOG_INFO, LOG_AS_JSON, LOG_STR("v", ((struct str){text, VALUE_MAX_BYTES + 3}))));
        struct str value = js_get_string(object, "v");
        size_t whole = (VALUE_MAX_BYTES - lead) / 3 * 3 + lead;
        assert_int_equal(value.len, whole + 3);
        assert_memory_equal(value.ptr, text, whole);
        assert_string_equal(value.ptr + whole, "\xe2\x80\xa6");
    }
}

static void lines_below_the_level_are_not_written(void **state)
{
    static const char *const NAMES[] = {"debug", "info", "warn", "error"};

    (void)state;
    for (int least = LOG_DEBUG; least <= LOG_ERROR + 1; least++) {
        log_start((enum log_level)least, LOG_AS_JSON);
        for (int level = LOG_DEBUG; level <= LOG_ERROR; level++) {
            struct catcher catcher = catch_stderr();
            LOG((enum log_level)level, "tried", LOG_INT("n", 1));
            let_go(&catcher);
            struct str text = next_line(&catcher);
            close(catcher.ours);
            assert_int_equal(text.ptr != NULL, level >= least);
            assert_int_equal(log_is_on((enum log_level)level), level >= least);
            if (!text.ptr)
                continue;
            CLEANUP(js_decref) json_t *object = parsed(text);
            check_str(js_get_string(object, "level"), NAMES[level]);
            check_str(js_get_string(object, "event"), "tried");
        }
    }
}

static void without_a_terminal_the_format_is_json(void **state)
{
    (void)state;
    /* Decided when logging starts, so that is what must be caught. */
    struct catcher catcher = catch_stderr();
    log_start(LOG_INFO, LOG_AS_AUTO);
    LOG(LOG_INFO, "started", LOG_INT("n", 1));
    let_go(&catcher);
    struct str text = next_line(&catcher);
    close(catcher.ours);
    CLEANUP(js_decref) json_t *object = parsed(text);
    check_str(js_get_string(object, "event"), "started");
}

static void on_a_terminal_the_format_is_text(void **state)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char name[64];

    (void)state;
    if (master < 0 || grantpt(master) || unlockpt(master) || ptsname_r(master, name, sizeof name)) {
        print_message("no terminal can be made here\n");
        skip();
    }
    int terminal = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    int former = dup(STDERR_FILENO);
    assert_true(terminal >= 0 && former >= 0);
    dup2(terminal, STDERR_FILENO);
    log_start(LOG_INFO, LOG_AS_AUTO);
    LOG(LOG_INFO, "started", LOG_INT("n", 1));
    dup2(former, STDERR_FILENO);
    ssize_t len = read(master, line, sizeof line);
    close(former);
    close(terminal);
    close(master);
    assert_true(len > 2); /* a terminal makes \r\n of \n */
    check_str(behind_time((struct str){line, (size_t)len - 2}), " info started n=1");
}

enum { THREADS = 4, LINES = 200 };

static void *log_often(void *arg)
{
    for (int i = 0; i < LINES; i++)
        LOG(LOG_INFO, "counted", LOG_INT("thread", *(int *)arg), LOG_INT("line", i));
    return NULL;
}

static void write_with_threads(void)
{
    pthread_t threads[THREADS];
    int names[THREADS];

    for (int i = 0; i < THREADS; i++) {
        names[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, log_often, &names[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* Every thread's lines are there, whole and in its order. */
static void check_lines(FILE *lines)
{
    char text[LINE_MAX_BYTES];
    int next[THREADS] = {0};

    for (int i = 0; i < THREADS * LINES; i++) {
        assert_non_null(fgets(text, sizeof text, lines));
        CLEANUP(js_decref) json_t *object = json_loads(text, 0, NULL);
        json_int_t thread = json_integer_value(json_object_get(object, "thread"));
        assert_in_range(thread, 0, THREADS - 1);
        assert_int_equal(json_integer_value(json_object_get(object, "line")), next[thread]++);
    }
    assert_null(fgets(text, sizeof text, lines));
}

static void threads_do_not_write_into_each_other_s_lines(void **state)
{
    FILE *lines = tmpfile();
    int former = dup(STDERR_FILENO);

    (void)state;
    assert_non_null(lines);
    log_start(LOG_INFO, LOG_AS_JSON);
    dup2(fileno(lines), STDERR_FILENO);
    write_with_threads();
    dup2(former, STDERR_FILENO);
    close(former);
    rewind(lines);
    check_lines(lines);
    fclose(lines);
}

/* Nobody reads: lines are dropped, nothing blocks, and the next reader learns how many. */
static void a_reader_who_is_too_slow_is_told_what_he_missed(void **state)
{
    enum { MANY = 5000 };
    struct catcher catcher = catch_stderr();
    int got = 0;

    (void)state;
    log_start(LOG_INFO, LOG_AS_JSON);
    for (int i = 0; i < MANY; i++)
        LOG(LOG_INFO, "counted", LOG_INT("line", i));
    while (recv(catcher.ours, line, sizeof line, MSG_DONTWAIT) > 0)
        got++;
    LOG(LOG_INFO, "counted", LOG_INT("line", MANY));
    let_go(&catcher);
    assert_in_range(got, 1, MANY - 1);
    CLEANUP(js_decref) json_t *report = parsed(next_line(&catcher));
    check_str(js_get_string(report, "event"), "log_lines_dropped");
    assert_int_equal(json_integer_value(json_object_get(report, "lines")), MANY - got);
    CLEANUP(js_decref) json_t *last = parsed(next_line(&catcher));
    assert_int_equal(json_integer_value(json_object_get(last, "line")), MANY);
    close(catcher.ours);
}

static void a_log_that_cannot_be_written_is_no_misfortune(void **state)
{
    int former = dup(STDERR_FILENO);

    (void)state;
    log_start(LOG_INFO, LOG_AS_TEXT);
    close(STDERR_FILENO);
    LOG(LOG_ERROR, "lost", LOG_INT("n", 1));
    dup2(former, STDERR_FILENO);
    /* The next line comes behind the report of the lost one. */
    struct catcher catcher = catch_stderr();
    LOG(LOG_INFO, "happened", LOG_INT("n", 2));
    let_go(&catcher);
    dup2(former, STDERR_FILENO);
    close(former);
    check_str(behind_time(next_line(&catcher)), " warn log_lines_dropped lines=1");
    check_str(behind_time(next_line(&catcher)), " info happened n=2");
    close(catcher.ours);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("a line is one JSON object", a_line_is_one_json_object),
        CASE("text is for people", text_is_for_people),
        CASE("hostile values become escapes", hostile_values_become_escapes),
        CASE("numbers are written in full", numbers_are_written_in_full),
        CASE("an over-long value is cut and says so", an_over_long_value_is_cut_and_says_so),
        CASE("a full line leaves out whole fields", a_full_line_leaves_out_whole_fields),
        CASE("a value of escapes alone breaks no line", a_value_of_escapes_alone_breaks_no_line),
        CASE("a value is cut between code points", a_value_is_cut_between_code_points),
        CASE("lines below the level are not written", lines_below_the_level_are_not_written),
        CASE("without a terminal the format is JSON", without_a_terminal_the_format_is_json),
        CASE("on a terminal the format is text", on_a_terminal_the_format_is_text),
        CASE("threads do not write into each other's lines",
             threads_do_not_write_into_each_other_s_lines),
        CASE("a reader who is too slow is told what he missed",
             a_reader_who_is_too_slow_is_told_what_he_missed),
        CASE("a log that cannot be written is no misfortune",
             a_log_that_cannot_be_written_is_no_misfortune),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
