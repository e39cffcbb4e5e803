/* SPDX-License-Identifier: MIT */
/*
 * The verb `import`: what another service, or another contactd, has exported.
 * The file is read here, record by record; rows go to the database in
 * batches, each a transaction of its own. Importing a file again adds nothing,
 * so an import that was broken off is simply repeated.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"
#include "core/import.h"
#include "core/records.h"
#include "progress.h"
#include "verbs.h"

enum {
    BATCH_ROWS = 50, /* a few milliseconds of the committer, in which messages wait */
    BATCH_BYTES = 128 * 1024,
    ROW_BYTES_MAX = 256 * 1024,
    STDIN_MAX = 256 * 1024 * 1024,
    COMPLAINTS_MAX = 50,
};

struct source {
    const char *name;
    struct str text;
    struct buf read; /* of standard input; else it is mapped */
};

struct run {
    struct cli *cli;
    struct caller caller;
    struct source source;
    struct records records;
    enum import_origin origin;
    struct progress progress;
    json_t *rows; /* the batch */
    size_t lines[BATCH_ROWS], row_bytes;
    uint64_t read, added, known, skipped;
    bool is_begun; /* a batch was sent */
};

/* --- the file ------------------------------------------------------------ */

static enum err read_stdin(struct source *source)
{
    source->read = buf_new(STDIN_MAX);
    for (;;) {
        char *at = buf_reserve(&source->read, 64 * 1024);
        if (!at)
            return buf_status(&source->read);
        size_t got = fread(at, 1, 64 * 1024, stdin);
        source->read.len += got;
        if (!got)
            break;
    }
    source->text = buf_str(&source->read);
    return ferror(stdin) ? ERR_IO : ERR_OK;
}

static enum err map_file(struct source *source)
{
    struct stat about;
    int fd = open(source->name, O_RDONLY | O_CLOEXEC);
    void *map = MAP_FAILED;

    if (fd >= 0 && fstat(fd, &about) == 0 && about.st_size > 0)
        map = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    else if (fd >= 0)
        errno = ENODATA;
    if (fd >= 0)
        close(fd);
    if (map == MAP_FAILED)
        return ERR_IO;
    source->text = (struct str){map, (size_t)about.st_size};
    return ERR_OK;
}

static enum err source_open(struct source *source, const char *name, struct err_detail *detail)
{
    bool is_stdin = strcmp(name, "-") == 0;

    source->name = is_stdin ? "standard input" : name;
    enum err err = is_stdin ? read_stdin(source) : map_file(source);
    if (err != ERR_OK)
        return err_set(detail, err, "cannot read %s: %s", source->name,
                       err == ERR_IO ? strerror(errno) : err_text(err));
    return ERR_OK;
}

static void source_close(struct source *source)
{
    if (source->text.ptr && !source->read.ptr)
        munmap((void *)(uintptr_t)source->text.ptr, source->text.len);
    buf_done(&source->read);
}

/* --- batches ------------------------------------------------------------- */

static void complain(struct run *run, size_t line, const char *reason)
{
    if (++run->skipped > COMPLAINTS_MAX)
        return;
    progress_clear(&run->progress);
    fprintf(stderr, "contactd: %s:%zu: %s; skipped\n", run->source.name, line, reason);
    if (run->skipped == COMPLAINTS_MAX)
        fputs("contactd: further complaints are counted only\n", stderr);
}

static void take_failures(struct run *run, const json_t *failed)
{
    size_t index;
    json_t *failure;

    json_array_foreach(failed, index, failure)
    {
        json_int_t row = json_integer_value(json_object_get(failure, "index"));
        if (row >= 0 && row < BATCH_ROWS)
            complain(run, run->lines[row], js_get_string(failure, "reason").ptr);
    }
}

static uint64_t number(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static enum exit_code send_batch(struct run *run)
{
    CLEANUP(buf_done) struct buf result = buf_new(CONTROL_MESSAGE_MAX);
    CLEANUP(js_decref) json_t *answer = NULL;
    struct err_detail detail = {""};

    if (!json_array_size(run->rows))
        return EXIT_OK;
    json_t *args = json_pack("{sO ss* ss*}", "rows", run->rows, "form", run->cli->form, "file",
                             run->is_begun ? NULL : run->source.name);
    enum exit_code code = caller_call(&run->caller, "import", "rows", args, &result);
    run->is_begun = true;
    if (code != EXIT_OK)
        return code;
    enum err err = js_parse_object(buf_str(&result), &answer, &detail);
    if (err != ERR_OK)
        return cli_complain(err, &detail, EXIT_FAILED);
    run->added += number(answer, "added");
    run->known += number(answer, "known");
    take_failures(run, json_object_get(answer, "failed"));
    json_array_clear(run->rows);
    run->row_bytes = 0;
    return EXIT_OK;
}

static enum exit_code add_row(struct run *run, const json_t *row, size_t line)
{
    CLEANUP(buf_done) struct buf text = buf_new(ROW_BYTES_MAX);

    js_value(&text, row);
    if (buf_status(&text) != ERR_OK) {
        complain(run, line, "it is too large");
        return EXIT_OK;
    }
    enum exit_code code = EXIT_OK;
    if (json_array_size(run->rows) == BATCH_ROWS ||
        (run->row_bytes && run->row_bytes + text.len > BATCH_BYTES))
        code = send_batch(run);
    run->lines[json_array_size(run->rows)] = line;
    run->row_bytes += text.len;
    if (json_array_append_new(run->rows, json_stringn(text.ptr, text.len)))
        code = EXIT_FAILED;
    return code;
}

/* --- records ------------------------------------------------------------- */

static int percent(const struct run *run)
{
    size_t left = records_left(&run->records), all = run->source.text.len;

    return (int)(100 - left / (all / 100 + 1));
}

/* ERR_NOT_FOUND: that was all. */
static enum err take_record(struct run *run, enum exit_code *code)
{
    CLEANUP(js_decref) json_t *record = NULL;
    CLEANUP(js_decref) json_t *row = NULL;
    struct err_detail detail = {""};
    size_t line;

    enum err err = records_next(&run->records, &record, &line, &detail);
    if (err == ERR_NOT_FOUND)
        return err;
    run->read++;
    if (err == ERR_OK)
        err = import_record(record, run->origin, run->records.is_csv, str_of(run->cli->form), &row,
                            &detail);
    if (err == ERR_OK)
        *code = add_row(run, row, line);
    else
        complain(run, line, detail.text[0] ? detail.text : err_text(err));
    return ERR_OK;
}

static enum exit_code import_all(struct run *run)
{
    enum exit_code code = EXIT_OK;

    while (code == EXIT_OK && take_record(run, &code) == ERR_OK)
        progress_tell(&run->progress, run->read, percent(run));
    if (code == EXIT_OK)
        code = send_batch(run);
    progress_clear(&run->progress);
    return code;
}

static void print_counts(const struct run *run)
{
    char added[32], known[32], skipped[32];

    if (run->cli->is_json)
        printf("{\"added\":%llu,\"known\":%llu,\"skipped\":%llu}\n", (unsigned long long)run->added,
               (unsigned long long)run->known, (unsigned long long)run->skipped);
    else
        printf("%s added, %s known already, %s skipped\n", progress_number(run->added, added),
               progress_number(run->known, known), progress_number(run->skipped, skipped));
}

static enum exit_code import_file(struct run *run)
{
    struct err_detail detail = {""};
    enum err err = records_open(&run->records, run->source.text, &detail);

    if (err != ERR_OK) {
        records_done(&run->records);
        fprintf(stderr, "contactd: %s: %s\n", run->source.name, detail.text);
        return EXIT_FAILED;
    }
    enum exit_code code = caller_open(&run->caller, run->cli);
    if (code == EXIT_OK) {
        code = import_all(run);
        caller_close(&run->caller);
        print_counts(run);
    }
    records_done(&run->records);
    return code == EXIT_OK && run->skipped ? EXIT_FAILED : code;
}

static bool check_options(struct run *run)
{
    const char *from = run->cli->from ? run->cli->from : "auto", *form = run->cli->form;

    if (!import_origin_parse(str_of(from), &run->origin)) {
        fprintf(stderr,
                "contactd: --from %s: not a service that is known; use contactd, formspree, "
                "netlify, basin, getform or auto\n",
                from);
        return false;
    }
    if (form && !form_name_is_valid(str_of(form))) {
        fprintf(stderr, "contactd: --form %s: not a form's name\n", form);
        return false;
    }
    return true;
}

enum exit_code verb_import(struct cli *cli)
{
    struct err_detail detail = {""};
    struct run *run = calloc(1, sizeof *run);
    enum exit_code code = EXIT_USAGE;

    if (!run)
        return EXIT_FAILED;
    run->cli = cli;
    run->rows = json_array();
    progress_start(&run->progress, "messages read");
    if (check_options(run)) {
        enum err err = source_open(&run->source, cli->config.args[0], &detail);
        code = err == ERR_OK ? import_file(run) : cli_complain(err, &detail, EXIT_FAILED);
        source_close(&run->source);
    }
    json_decref(run->rows);
    free(run);
    return code;
}
