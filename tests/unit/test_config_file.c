/* SPDX-License-Identifier: MIT */
#include "config/file.h"

#include <stdlib.h>
#include <unistd.h>

#include "check.h"

static char path[] = "/tmp/contactd-test-XXXXXX";

static int make_file(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    if (fd < 0 || write(fd, "0123456789", 10) != 10)
        return -1;
    return close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void a_file_is_read_whole(void **state)
{
    CLEANUP(file_wipe) struct buf out = buf_new(11);
    struct err_detail reason = {""};

    (void)state;
    assert_int_equal(file_read(path, &out, &reason), ERR_OK);
    check_str(buf_str(&out), "0123456789");
    assert_string_equal(reason.text, "");
}

static void a_file_that_reaches_the_ceiling_is_refused(void **state)
{
    CLEANUP(file_wipe) struct buf out = buf_new(10);
    struct err_detail reason = {""};

    (void)state;
    assert_int_equal(file_read(path, &out, &reason), ERR_FULL);
    assert_string_equal(reason.text, "it is too large; at most 9 bytes are read");
}

static void an_empty_file_is_an_empty_text(void **state)
{
    CLEANUP(file_wipe) struct buf out = buf_new(10);

    (void)state;
    assert_int_equal(file_read("/dev/null", &out, NULL), ERR_OK);
    assert_int_equal(out.len, 0);
}

static void what_cannot_be_read_is_told(void **state)
{
    static const struct {
        const char *path;
        enum err err;
        const char *reason;
    } ROWS[] = {
        {"/nonexistent/x", ERR_NOT_FOUND, "it cannot be opened: No such file or directory"},
        {"/dev/null/x", ERR_NOT_FOUND, "it cannot be opened: Not a directory"},
        {"/tmp", ERR_IO, "it cannot be read: Is a directory"},
        {"", ERR_NOT_FOUND, "it cannot be opened: No such file or directory"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++) {
        CLEANUP(file_wipe) struct buf out = buf_new(10);
        struct err_detail reason = {""};
        CHECK_ROW(file_read(ROWS[i].path, &out, &reason) == ROWS[i].err, ROWS[i].path);
        assert_string_equal(reason.text, ROWS[i].reason);
    }
}

static void a_file_without_permission_is_denied(void **state)
{
    CLEANUP(file_wipe) struct buf out = buf_new(100);

    (void)state;
    if (geteuid() == 0)
        skip(); /* root may read everything */
    assert_int_equal(file_read("/etc/shadow", &out, NULL), ERR_DENIED);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("a file is read whole", a_file_is_read_whole),
        CASE("a file that reaches the ceiling is refused",
             a_file_that_reaches_the_ceiling_is_refused),
        CASE("an empty file is an empty text", an_empty_file_is_an_empty_text),
        CASE("what cannot be read is told", what_cannot_be_read_is_told),
        CASE("a file without permission is denied", a_file_without_permission_is_denied),
    };

    return cmocka_run_group_tests(CASES, make_file, remove_file);
}
