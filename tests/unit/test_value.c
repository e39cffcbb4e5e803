/* SPDX-License-Identifier: MIT */
#include "config/value.h"

#include "base/secret.h"
#include "check.h"

/* A member of each kind, as struct config has them. */
struct members {
    const char *text;
    uint32_t number;
    size_t bytes;
    int64_t ms;
    bool is_on;
    enum log_level level;
    struct config_list list;
    struct secret secret;
};

#define OPTION(kind_, member, ...)                                                                 \
    {                                                                                              \
        .name = #member, .kind = (kind_), .offset = offsetof(struct members, member), __VA_ARGS__  \
    }

static const struct option TEXT = OPTION(OPTION_STRING, text, .min = 1, .max = 5, .unit = "WORD");
static const struct option NUMBER = OPTION(OPTION_U32, number, .min = 1, .max = 64);
static const struct option BYTES = OPTION(OPTION_SIZE, bytes, .min = 1024, .max = 1 << 20);
static const struct option TIME = OPTION(OPTION_DURATION, ms, .min = 500, .max = 172800000);
static const struct option ON = OPTION(OPTION_BOOL, is_on, .unit = "on|off");
static const struct option LEVEL = OPTION(OPTION_ENUM, level, .unit = "debug|info|warn");
static const struct option LIST = OPTION(OPTION_LIST, list, .max = 100, .unit = "LIST");
static const struct option SECRET =
    OPTION(OPTION_STRING, secret, .min = 1, .max = SECRET_MAX, .unit = "URL", .is_secret = true);

struct row {
    const struct option *option;
    const char *text;
    uint64_t number;
    const char *reason; /* NULL: fine */
};

#define NO_NUMBER "not a number; use digits alone"
#define NO_SIZE   "not a size; use a number of bytes such as 65536 or 64k"
#define NO_TIME   "not a time; use a number with its unit such as 500ms, 10s or 5m"

static const struct row ROWS[] = {
    {&NUMBER, "1", 1, NULL},
    {&NUMBER, "64", 64, NULL},
    {&NUMBER, "0", 0, "out of range; use 1 to 64"},
    {&NUMBER, "65", 0, "out of range; use 1 to 64"},
    {&NUMBER, "99999999999999999999999", 0, "out of range; use 1 to 64"},
    {&NUMBER, "", 0, NO_NUMBER},
    {&NUMBER, "-1", 0, NO_NUMBER},
    {&NUMBER, "1k", 0, NO_NUMBER},
    {&NUMBER, "0x10", 0, NO_NUMBER},
    {&NUMBER, " 1", 0, NO_NUMBER},
    {&BYTES, "1024", 1024, NULL},
    {&BYTES, "64k", 65536, NULL},
    {&BYTES, "64K", 65536, NULL},
    {&BYTES, "1m", 1 << 20, NULL},
    {&BYTES, "1023", 0, "out of range; use 1k to 1m"},
    {&BYTES, "2m", 0, "out of range; use 1k to 1m"},
    {&BYTES, "18014398509481985k", 0, "out of range; use 1k to 1m"}, /* would wrap to 1024 */
    {&BYTES, "1x", 0, NO_SIZE},
    {&BYTES, "k", 0, NO_SIZE},
    {&BYTES, "1 k", 0, NO_SIZE},
    {&BYTES, "1.5m", 0, NO_SIZE},
    {&BYTES, "64kb", 0, NO_SIZE},
    {&TIME, "500ms", 500, NULL},
    {&TIME, "10s", 10000, NULL},
    {&TIME, "5m", 300000, NULL},
    {&TIME, "2h", 7200000, NULL},
    {&TIME, "2d", 172800000, NULL},
    {&TIME, "499ms", 0, "out of range; use 500ms to 2d"},
    {&TIME, "0s", 0, "out of range; use 500ms to 2d"},
    {&TIME, "10", 0, NO_TIME},
    {&TIME, "", 0, NO_TIME},
    {&TIME, "10 s", 0, NO_TIME},
    {&TIME, "1m30s", 0, NO_TIME},
    {&ON, "on", 1, NULL},
    {&ON, "off", 0, NULL},
    {&ON, "On", 0, "not one of the words; use on or off"},
    {&ON, "", 0, "not one of the words; use on or off"},
    {&LEVEL, "debug", 0, NULL},
    {&LEVEL, "warn", 2, NULL},
    {&LEVEL, "debug|info", 0, "not one of the words; use debug, info or warn"},
    {&LEVEL, "inf", 0, "not one of the words; use debug, info or warn"},
    {&TEXT, "abcde", 0, NULL},
    {&TEXT, "", 0, "too short; give WORD"},
    {&TEXT, "abcdef", 0, "too long; use at most 5 bytes"},
    {&TEXT, "a\nb", 0, "it contains a control character; remove it"},
    {&LIST, "a b", 0, NULL},
    {&LIST, "", 0, NULL},
    {&LIST, "a\x7f", 0, "it contains a control character; remove it"},
};

static void texts_are_read_and_bounded_by_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct err_detail reason = {""};
        struct value value = {.number = 0};
        enum err err = value_parse(ROWS[i].option, str_of(ROWS[i].text), &value, &reason);
        CHECK_ROW(err == (ROWS[i].reason ? ERR_INVALID : ERR_OK), ROWS[i].text);
        assert_string_equal(reason.text, ROWS[i].reason ? ROWS[i].reason : "");
        CHECK_ROW(value.number == ROWS[i].number, ROWS[i].text);
    }
}

static void numbers_are_written_in_their_largest_unit(void **state)
{
    static const struct {
        const struct option *option;
        uint64_t number;
        const char *text;
    } WRITTEN[] = {
        {&NUMBER, 4096, "4096"},
        {&BYTES, 4096, "4k"},
        {&BYTES, 1 << 20, "1m"},
        {&BYTES, 1025, "1025"},
        {&BYTES, 3 << 19, "1536k"},
        {&TIME, 1500, "1500ms"},
        {&TIME, 10000, "10s"},
        {&TIME, 90000, "90s"},
        {&TIME, 3600000, "1h"},
        {&TIME, 86400000 * 3ull, "3d"},
        {&NUMBER, UINT64_MAX, "18446744073709551615"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(WRITTEN); i++) {
        char text[VALUE_TEXT_LEN + 1];
        value_format(WRITTEN[i].option, WRITTEN[i].number, text);
        assert_string_equal(text, WRITTEN[i].text);
    }
}

static void set(const struct option *option, const char *text, struct arena *arena,
                struct members *members)
{
    struct value value;

    assert_int_equal(value_parse(option, str_of(text), &value, NULL), ERR_OK);
    assert_int_equal(value_store(option, &value, arena, members), ERR_OK);
}

static void every_kind_reaches_its_member(void **state)
{
    static struct members members;
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 16, NULL, 0);
    set(&TEXT, "hello", &arena, &members);
    set(&NUMBER, "7", &arena, &members);
    set(&BYTES, "2k", &arena, &members);
    set(&TIME, "3s", &arena, &members);
    set(&ON, "on", &arena, &members);
    set(&LEVEL, "warn", &arena, &members);
    set(&SECRET, "smtp://u:p@h", &arena, &members);
    assert_string_equal(members.text, "hello");
    assert_int_equal(members.number, 7);
    assert_int_equal(members.bytes, 2048);
    assert_int_equal(members.ms, 3000);
    assert_true(members.is_on);
    assert_int_equal(members.level, LOG_WARN);
    assert_string_equal(members.secret.text, "smtp://u:p@h");
    arena_done(&arena);
}

static void lists_are_cut_at_commas_and_blanks(void **state)
{
    static const struct {
        const char *text, *items[4];
        size_t count;
    } LISTS[] = {
        {"", {NULL}, 0},
        {" , ,, ", {NULL}, 0},
        {"a", {"a"}, 1},
        {"10.0.0.0/8,fd00::/8", {"10.0.0.0/8", "fd00::/8"}, 2},
        {", a  b,\tc ,", {"a", "b", "c"}, 3},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(LISTS); i++) {
        struct config_list list;
        struct arena arena;
        struct value value = {.text = str_of(LISTS[i].text)};
        arena_init(&arena, 1 << 16, NULL, 0);
        struct option option = LIST;
        option.offset = 0;
        assert_int_equal(value_store(&option, &value, &arena, &list), ERR_OK);
        CHECK_ROW(list.count == LISTS[i].count, LISTS[i].text);
        for (size_t n = 0; n < list.count; n++)
            assert_string_equal(list.items[n], LISTS[i].items[n]);
        assert_null(list.items[list.count]);
        arena_done(&arena);
    }
}

static void want_of_memory_is_told(void **state)
{
    struct members members;
    struct arena arena;
    struct value value = {.text = STR("a b")};

    (void)state;
    arena_init(&arena, 0, NULL, 0);
    assert_int_equal(value_store(&TEXT, &value, &arena, &members), ERR_MEMORY);
    assert_int_equal(value_store(&LIST, &value, &arena, &members), ERR_MEMORY);
    arena_done(&arena);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("texts are read and bounded by kind", texts_are_read_and_bounded_by_kind),
        CASE("numbers are written in their largest unit",
             numbers_are_written_in_their_largest_unit),
        CASE("every kind reaches its member", every_kind_reaches_its_member),
        CASE("lists are cut at commas and blanks", lists_are_cut_at_commas_and_blanks),
        CASE("want of memory is told", want_of_memory_is_told),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
