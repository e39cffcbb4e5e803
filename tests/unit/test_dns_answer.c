/* SPDX-License-Identifier: MIT */
#include "core/dns_answer.h"

#include "check.h"

#define HEADER(flags, records) "\x12\x34" flags "\x00\x01" records "\x00\x00\x00\x00"
#define QUESTION                                                                                   \
    "\x01"                                                                                         \
    "a\x07"                                                                                        \
    "example\x00\x00\x10\x00\x01"
#define RECORD(type, length) "\xc0\x0c\x00" type "\x00\x01\x00\x00\x0e\x10\x00" length

#define ROW(name, bytes, type, count, text)                                                        \
    {                                                                                              \
        name, {bytes, sizeof(bytes) - 1}, type, count, text                                        \
    }

static void answers_are_read(void **state)
{
    static const struct {
        const char *name;
        struct {
            const char *ptr;
            size_t len;
        } bytes;
        enum dns_type type;
        int count;
        const char *text;
    } ROWS[] = {
        ROW("one text",
            HEADER("\x81\x80", "\x00\x01") QUESTION RECORD("\x10", "\x06") "\x05"
                                                                           "v=spf",
            DNS_TXT, 1, "v=spf\n"),
        ROW("strings are joined",
            HEADER("\x81\x80", "\x00\x01") QUESTION RECORD("\x10", "\x06") "\x02"
                                                                           "ab\x02"
                                                                           "cd",
            DNS_TXT, 1, "abcd\n"),
        ROW("odd bytes",
            HEADER("\x81\x80", "\x00\x01") QUESTION RECORD("\x10", "\x04") "\x03\x00\n\xff",
            DNS_TXT, 1, "???\n"),
        ROW("another type is passed over",
            HEADER("\x81\x80", "\x00\x02")
                QUESTION RECORD("\x05", "\x02") "\xc0\x0c" RECORD("\x10", "\x02") "\x01"
                                                                                  "x",
            DNS_TXT, 1, "x\n"),
        ROW("mail servers",
            HEADER("\x81\x80", "\x00\x02") QUESTION RECORD(
                "\x0f", "\x04") "\x00\x0a\xc0\x0c" RECORD("\x0f", "\x04") "\x01\x00\xc0\x0c",
            DNS_MX, 2, "10\n256\n"),
        ROW("none", HEADER("\x81\x80", "\x00\x00") QUESTION, DNS_TXT, 0, ""),
        ROW("empty", "", DNS_TXT, -1, ""),
        ROW("half a header", "\x12\x34\x81", DNS_TXT, -1, ""),
        ROW("no question", HEADER("\x81\x80", "\x00\x00"), DNS_TXT, -1, ""),
        ROW("a record too few", HEADER("\x81\x80", "\x00\x01") QUESTION, DNS_TXT, -1, ""),
        ROW("cut short", HEADER("\x83\x80", "\x00\x01") QUESTION, DNS_TXT, 0, ""),
        ROW("a string longer than its record",
            HEADER("\x81\x80", "\x00\x01") QUESTION RECORD("\x10", "\x02") "\x05"
                                                                           "x",
            DNS_TXT, -1, "\n"),
        ROW("a record longer than the answer",
            HEADER("\x81\x80", "\x00\x01") QUESTION RECORD("\x10", "\x09") "\x01"
                                                                           "x",
            DNS_TXT, -1, ""),
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        struct buf out = buf_new(1000);
        int count =
            dns_answer_read((struct str){ROWS[i].bytes.ptr, ROWS[i].bytes.len}, ROWS[i].type, &out);
        CHECK_ROW(count == ROWS[i].count, ROWS[i].name);
        CHECK_ROW(str_equal(buf_str(&out), str_of(ROWS[i].text)), ROWS[i].name);
        buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {CASE("answers are read", answers_are_read)};

    return cmocka_run_group_tests_name("dns_answer", tests, NULL, NULL);
}
