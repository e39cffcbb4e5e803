/* SPDX-License-Identifier: MIT */
/* What SQLite opens under a rule, and what names are led by somebody. */
#include "store/sqlite_files.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

enum { STRANGER = 54321 };

/* A directory, and us in it. */
static char place[64];

static int enter_place(void **state)
{
    (void)state;
    snprintf(place, sizeof place, "/tmp/contactd-files-XXXXXX");
    return !mkdtemp(place) || chdir(place);
}

static int leave_place(void **state)
{
    static const char *const NAMES[] = {"here", "other", "link", "fifo", "open/file"};

    (void)state;
    (void)files_allow_only(NULL);
    for (size_t i = 0; i < COUNTOF(NAMES); i++)
        unlink(NAMES[i]);
    rmdir("open");
    return chdir("/") || rmdir(place);
}

static void make(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    close(fd);
}

/* Whether SQLite makes a table in it. */
static bool can_write(const char *name)
{
    sqlite3 *db = NULL;
    bool is_written = sqlite3_open_v2(name, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
                      sqlite3_exec(db, "PRAGMA journal_mode = OFF; CREATE TABLE t (a)", NULL, NULL,
                                   NULL) == SQLITE_OK;

    sqlite3_close(db);
    return is_written;
}

static void only_the_file_that_was_meant_is_opened(void **state)
{
    struct files_rule rule = {.owner = FILES_OF_NOBODY, .has_file = true};
    struct stat other;

    (void)state;
    make("here");
    make("other");
    assert_int_equal(stat("here", &rule.file), 0);
    assert_null(files_allow_only(&rule));
    assert_false(can_write("other"));
    assert_int_equal(symlink("other", "link"), 0);
    assert_false(can_write("link"));
    assert_true(can_write("here"));
    assert_int_equal(rename("link", "here"), 0); /* the name leads elsewhere now */
    assert_false(can_write("here"));
    assert_int_equal(stat("other", &other), 0);
    assert_int_equal(other.st_size, 0);
    assert_ptr_equal(files_allow_only(NULL), &rule);
    assert_true(can_write("other"));
}

static void only_files_of_the_owner_are_opened_and_nothing_is_waited_for(void **state)
{
    struct files_rule his = {.owner = STRANGER}, ours = {.owner = geteuid()};

    (void)state;
    make("here");
    (void)files_allow_only(&his);
    assert_false(can_write("here"));
    (void)files_allow_only(&ours);
    assert_true(can_write("here"));
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_false(can_write("fifo"));
}

static void who_could_lead_a_name_elsewhere_is_found(void **state)
{
    char whole[128];

    (void)state;
    make("here");
    assert_int_equal(symlink("here", "link"), 0);
    assert_int_equal(mkdir("open", 0755), 0);
    make("open/file");
    snprintf(whole, sizeof whole, "%s/link", place);
    assert_true(files_are_led_by(geteuid(), getegid(), "here"));
    assert_true(files_are_led_by(geteuid(), getegid(), whole));
    assert_false(files_are_led_by(STRANGER, STRANGER, "here"));
    assert_false(files_are_led_by(STRANGER, STRANGER, whole)); /* /tmp is everybody's, but sticky */
    assert_false(files_are_led_by(STRANGER, STRANGER, "open/../open/file"));
    assert_int_equal(chmod("open", 0777), 0);
    assert_true(files_are_led_by(STRANGER, STRANGER, "open/file"));
    assert_int_equal(chmod("open", 0775), 0);
    assert_false(files_are_led_by(STRANGER, STRANGER, "open/file"));
    assert_true(files_are_led_by(STRANGER, getegid(), "open/file"));
    assert_int_equal(unlink("link"), 0);
    assert_int_equal(symlink("open/file", "link"), 0); /* ours, and leads through it */
    assert_true(files_are_led_by(STRANGER, getegid(), whole));
    assert_int_equal(unlink("link"), 0);
    assert_int_equal(symlink("link", "link"), 0);
    assert_true(files_are_led_by(STRANGER, STRANGER, "link")); /* nobody knows where */
    assert_true(files_are_led_by(STRANGER, STRANGER, "nowhere"));
}

static void a_plain_file_has_one_name_and_no_link_before_it(void **state)
{
    struct stat file, same;

    (void)state;
    make("here");
    assert_int_equal(mkdir("open", 0700), 0);
    assert_true(files_find_plain("here", &file));
    assert_int_equal(stat("here", &same), 0);
    assert_int_equal(file.st_ino, same.st_ino);
    assert_false(files_find_plain("open", &file));
    assert_int_equal(symlink("here", "link"), 0);
    assert_false(files_find_plain("link", &file));
    assert_int_equal(link("here", "other"), 0);
    assert_false(files_find_plain("here", &file));
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, enter_place, leave_place)
    const struct CMUnitTest tests[] = {
        IN_PLACE(only_the_file_that_was_meant_is_opened),
        IN_PLACE(only_files_of_the_owner_are_opened_and_nothing_is_waited_for),
        IN_PLACE(who_could_lead_a_name_elsewhere_is_found),
        IN_PLACE(a_plain_file_has_one_name_and_no_link_before_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
