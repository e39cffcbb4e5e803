/* SPDX-License-Identifier: MIT */
/*
 * The verb `export`: everything, or everything of one form, as a file. The
 * pages come from where the database is, one command each, so that a server goes on
 * with its work meanwhile. What it writes is personal data: the file is its owner's alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "core/export.h"
#include "progress.h"
#include "verbs.h"

struct output {
    FILE *file;
    const char *path; /* NULL: standard output */
};

struct run {
    struct caller caller;
    struct output output;
    struct progress progress;
    uint64_t scanned, page_scanned; /* by the first pass */
    json_t *place; /* what the last page returned, and what the next one is asked with */
};

/* --- the file ------------------------------------------------------------ */

static bool output_open(struct output *output, const char *path)
{
    bool is_stdout = !path || strcmp(path, "-") == 0;
    int fd = is_stdout ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    output->path = is_stdout ? NULL : path;
    output->file = is_stdout ? stdout : fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!output->file)
        fprintf(stderr, "contactd: cannot write %s: %s\n", path, strerror(errno));
    return output->file;
}

/* Half a file must not pass for a whole one. */
static enum exit_code output_close(struct output *output, enum exit_code code)
{
    bool is_written = fflush(output->file) == 0 && !ferror(output->file);

    if (output->path)
        is_written = fsync(fileno(output->file)) == 0 && is_written;
    if (code == EXIT_OK && !is_written)
        fprintf(stderr, "contactd: cannot write %s: %s\n",
                output->path ? output->path : "to standard output", strerror(errno));
    if (output->path)
        fclose(output->file);
    if (output->path && (code != EXIT_OK || !is_written))
        unlink(output->path);
    return code == EXIT_OK && !is_written ? EXIT_FAILED : code;
}

/* --- pages --------------------------------------------------------------- */

static uint64_t number(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* One page: what it returns becomes the place that the next one goes on from. */
static enum exit_code turn_page(struct run *run, bool is_scan)
{
    static const char *const KEPT[] = {"columns", "hasSurplus", "last",
                                       "newest",  "hasHead",    "rows"};
    CLEANUP(buf_done) struct buf result = buf_new(CONTROL_MESSAGE_MAX);
    CLEANUP(js_decref) json_t *page = NULL;
    struct err_detail detail = {""};

    json_object_set_new(run->place, "isScan", json_boolean(is_scan));
    enum exit_code code =
        caller_call(&run->caller, "export", "page", json_incref(run->place), &result);
    if (code != EXIT_OK)
        return code;
    enum err err = js_parse_object(buf_str(&result), &page, &detail);
    if (err != ERR_OK)
        return cli_complain(err, &detail, EXIT_FAILED);
    for (size_t i = 0; i < COUNTOF(KEPT); i++)
        json_object_set(run->place, KEPT[i], json_object_get(page, KEPT[i]));
    json_object_set(run->place, "isOver", json_object_get(page, "isOver"));
    run->page_scanned = number(page, "scanned");
    struct str text = js_get_string(page, "text");
    fwrite(text.ptr ? text.ptr : "", 1, text.len, run->output.file);
    return EXIT_OK;
}

static enum exit_code turn_pages(struct run *run, bool is_scan)
{
    enum exit_code code;

    do {
        code = turn_page(run, is_scan);
        run->scanned += is_scan ? run->page_scanned : 0;
        progress_tell(&run->progress, is_scan ? run->scanned : number(run->place, "rows"), -1);
    } while (code == EXIT_OK && !ferror(run->output.file) &&
             !json_is_true(json_object_get(run->place, "isOver")));
    return code;
}

static enum exit_code export_all(struct run *run)
{
    char rows[32];

    progress_start(&run->progress, "messages looked at for their columns");
    enum exit_code code = turn_pages(run, true);
    run->progress.what = "messages written";
    if (code == EXIT_OK)
        code = turn_pages(run, false);
    progress_clear(&run->progress);
    code = output_close(&run->output, code);
    if (code == EXIT_OK && run->output.path)
        fprintf(stderr, "%s messages written to %s\n",
                progress_number(number(run->place, "rows"), rows), run->output.path);
    return code;
}

enum exit_code verb_export(struct cli *cli)
{
    const char *format = cli->format ? cli->format : "csv";
    enum export_format parsed;
    struct run run = {0};

    if (!export_format_parse(str_of(format), &parsed)) {
        fprintf(stderr, "contactd: --format %s: not a format; use csv, ndjson or json\n", format);
        return EXIT_USAGE;
    }
    if (cli->form && !form_name_is_valid(str_of(cli->form))) {
        fprintf(stderr, "contactd: --form %s: not a form's name\n", cli->form);
        return EXIT_USAGE;
    }
    run.place = json_pack("{ss ss*}", "format", format, "form", cli->form);
    enum exit_code code = run.place ? caller_open(&run.caller, cli) : EXIT_FAILED;
    if (code == EXIT_OK) {
        code = output_open(&run.output, cli->output) ? export_all(&run) : EXIT_FAILED;
        caller_close(&run.caller);
    }
    json_decref(run.place);
    return code;
}
