/* SPDX-License-Identifier: MIT */
/*
 * The verbs `backup`, `restore` and `verify`. A backup is made by the verb's own process
 * beside a running server, which is not asked; a restore wants the database for itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"
#include "store/backup.h"
#include "verbs.h"

enum { PIECE_BYTES = 64 * 1024, KIB = 1024, NICENESS = 10 };

static bool tell_progress(void *arg, const struct backup_progress *at)
{
    struct progress *progress = arg;

    progress->what = at->is_check ? "KB copied, now verified" : "KB copied";
    if (at->is_check && !at->all)
        progress->what = "KB to verify";
    progress_tell(progress, (uint64_t)(at->done / KIB),
                  at->is_check || !at->all ? -1 : (int)(at->done * 100 / at->all));
    return true;
}

static enum exit_code code_of(enum err err)
{
    return err == ERR_BUSY || err == ERR_NEWER ? EXIT_DATABASE : EXIT_FAILED;
}

/* Whoever posts meanwhile goes first. */
static void step_back(void)
{
    if (nice(NICENESS) == -1)
        return; /* it is only politeness */
}

/* --- backup -------------------------------------------------------------- */

static const char *counted(const struct backup_check *check, char ret_text[80])
{
    char messages[32], bytes[32];

    snprintf(ret_text, 80, "%s messages, %s bytes",
             progress_number((uint64_t)check->messages, messages),
             progress_number((uint64_t)check->bytes, bytes));
    return ret_text;
}

/*
 * The name of a file that is there for the time of this verb, in TMPDIR or beside the database. No
 * link leads to it.
 */
static enum err scratch_name(const struct cli *cli, const char *purpose,
                             char ret_path[RESTORE_PATH_MAX], struct err_detail *detail)
{
    const char *place = getenv("TMPDIR");
    char database[RESTORE_PATH_MAX], whole[PATH_MAX];

    snprintf(database, sizeof database, "%s", cli->config.database);
    if (!place || !place[0])
        place = dirname(database);
    if (!realpath(place, whole))
        return err_set(detail, ERR_NOT_FOUND, "cannot write into %.200s: %s", place,
                       strerror(errno));
    int len =
        snprintf(ret_path, RESTORE_PATH_MAX, "%s/contactd-%s.%ld", whole, purpose, (long)getpid());
    if (len >= RESTORE_PATH_MAX)
        return err_set(detail, ERR_INVALID, "the path %.64s... is too long", whole);
    return ERR_OK;
}

static bool pour(int from, FILE *to)
{
    static char piece[PIECE_BYTES];
    ssize_t got;

    while ((got = read(from, piece, sizeof piece)) > 0)
        if (fwrite(piece, 1, (size_t)got, to) != (size_t)got)
            return false;
    return got == 0 && fflush(to) == 0;
}

/* It is made in a file first: what was not verified does not leave. */
static enum err pour_backup(const struct cli *cli, const struct backup_pace *pace,
                            struct backup_check *check, struct err_detail *detail)
{
    char path[RESTORE_PATH_MAX];

    TRY(scratch_name(cli, "backup", path, detail));
    TRY(backup_make(cli->config.database, path, pace, check, detail));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    unlink(path);
    bool is_written = fd >= 0 && pour(fd, stdout);
    int number = errno;
    if (fd >= 0)
        close(fd);
    return is_written
               ? ERR_OK
               : err_set(detail, ERR_IO, "cannot write to standard output: %s", strerror(number));
}

enum exit_code verb_backup(struct cli *cli)
{
    const char *path = cli->config.args[0];
    bool is_stdout = strcmp(path, "-") == 0;
    struct err_detail detail = {""};
    struct backup_check check;
    struct progress progress;
    const struct backup_pace pace = {tell_progress, &progress};
    char text[80];

    if (is_stdout && isatty(STDOUT_FILENO)) {
        fputs("contactd: a backup is no text; send it to a file or a program\n", stderr);
        return EXIT_USAGE;
    }
    step_back();
    progress_start(&progress, "KB copied");
    enum err err = is_stdout ? pour_backup(cli, &pace, &check, &detail)
                             : backup_make(cli->config.database, path, &pace, &check, &detail);
    progress_clear(&progress);
    if (err != ERR_OK)
        return cli_complain(err, &detail, code_of(err));
    fprintf(stderr, "%s written%s%s, and verified\n", counted(&check, text),
            is_stdout ? "" : " to ", is_stdout ? "" : path);
    return EXIT_OK;
}

/* --- verify -------------------------------------------------------------- */

static void print_check(const char *path, const struct backup_check *check)
{
    char number[32];

    printf("database  %s\n", path);
    printf("bytes     %s\n", progress_number((uint64_t)check->bytes, number));
    printf("schema    %lld of %lld\n", (long long)check->schema, (long long)check->schema_known);
    printf("tables    %lld\n", (long long)check->tables);
    printf("rows      %s\n", progress_number((uint64_t)check->rows, number));
    printf("messages  %s\n", progress_number((uint64_t)check->messages, number));
    puts("every page, index and row was looked at: it is sound");
}

static enum err print_check_json(const char *path, const struct backup_check *check)
{
    CLEANUP(buf_done) struct buf out = buf_new(2 * RESTORE_PATH_MAX);

    js_open(&out, '{');
    js_field_string(&out, "database", str_of(path));
    js_field_u64(&out, "bytes", (uint64_t)check->bytes);
    js_field_u64(&out, "schema", (uint64_t)check->schema);
    js_field_u64(&out, "schemaKnown", (uint64_t)check->schema_known);
    js_field_u64(&out, "tables", (uint64_t)check->tables);
    js_field_u64(&out, "rows", (uint64_t)check->rows);
    js_field_u64(&out, "messages", (uint64_t)check->messages);
    js_close(&out, '}');
    TRY(buf_status(&out));
    printf("%.*s\n", (int)out.len, out.ptr);
    return ERR_OK;
}

enum exit_code verb_verify(struct cli *cli)
{
    const char *path = cli->config.arg_count ? cli->config.args[0] : cli->config.database;
    struct err_detail detail = {""};
    struct backup_check check;
    struct progress progress;
    const struct backup_pace pace = {tell_progress, &progress};

    step_back();
    progress_start(&progress, "KB to verify");
    enum err err = backup_verify(path, &pace, &check, &detail);
    progress_clear(&progress);
    if (err == ERR_OK && cli->is_json)
        err = print_check_json(path, &check);
    else if (err == ERR_OK)
        print_check(path, &check);
    return err == ERR_OK ? EXIT_OK : cli_complain(err, &detail, EXIT_FAILED);
}

/* --- restore ------------------------------------------------------------- */

static void tell_restored(const struct restored *restored, bool may_send)
{
    char text[80];

    fprintf(stderr, "%s restored\n", counted(&restored->check, text));
    if (restored->aside[0])
        fprintf(stderr, "the database that was there is now %s\n", restored->aside);
    fprintf(stderr, "sessions ended: %lld, invitations taken back: %lld\n",
            (long long)restored->sessions, (long long)restored->invitations);
    if (restored->deliveries && may_send)
        fprintf(stderr, "deliveries that wait and will be sent: %lld\n",
                (long long)restored->deliveries);
    else if (restored->deliveries)
        fprintf(stderr,
                "deliveries that waited and are not sent by themselves, as they may have been "
                "since: %lld (see `contactd delivery retry`, or restore with --send-waiting)\n",
                (long long)restored->deliveries);
    fputs("accounts, passwords and tokens are those of the backup: look at `contactd user list` "
          "and `contactd token list`\n",
          stderr);
}

static enum err pour_in(const char *path, struct err_detail *detail)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool is_whole = file && pour(STDIN_FILENO, file);
    int number = errno;

    if (file)
        fclose(file);
    else if (fd >= 0)
        close(fd);
    if (is_whole)
        return ERR_OK;
    if (fd >= 0)
        unlink(path);
    return err_set(detail, ERR_IO, "cannot take in what comes, at %s: %s", path, strerror(number));
}

/* Standard input becomes a file first: its pages are not looked at in their order. */
static enum err restore_from_stdin(const struct cli *cli, const struct restore_options *options,
                                   struct restored *ret_restored, struct err_detail *detail)
{
    char path[RESTORE_PATH_MAX];

    TRY(scratch_name(cli, "restore", path, detail));
    TRY(pour_in(path, detail));
    enum err err = backup_restore(cli->config.database, path, options, ret_restored, detail);
    unlink(path);
    return err;
}

enum exit_code verb_restore(struct cli *cli)
{
    const char *path = cli->config.args[0];
    bool is_stdin = strcmp(path, "-") == 0;
    struct err_detail detail = {""};
    struct restored restored;
    struct progress progress;
    const struct backup_pace pace = {tell_progress, &progress};
    const struct restore_options options = {.may_send = cli->is_send_waiting, .pace = &pace};

    if (is_stdin && isatty(STDIN_FILENO)) {
        fputs("contactd: a backup is no text; give a file or the output of a program\n", stderr);
        return EXIT_USAGE;
    }
    progress_start(&progress, "KB copied");
    enum err err = is_stdin
                       ? restore_from_stdin(cli, &options, &restored, &detail)
                       : backup_restore(cli->config.database, path, &options, &restored, &detail);
    progress_clear(&progress);
    if (err != ERR_OK)
        return cli_complain(err, &detail, code_of(err));
    tell_restored(&restored, cli->is_send_waiting);
    return EXIT_OK;
}
