/* SPDX-License-Identifier: MIT */
/*
 * A verb's command on its way: run here, when the database is free, or by the
 * server that owns it.
 */
#include <stdio.h>

#include "command.h"
#include "control.h"
#include "verbs.h"

enum exit_code cli_complain(enum err err, const struct err_detail *detail, enum exit_code code)
{
    fprintf(stderr, "contactd: %s\n", detail->text[0] ? detail->text : err_text(err));
    return code;
}

/* --- running a command, here or in the server ---------------------------- */

static enum err run_here(struct store *writer, const json_t *request, struct buf *result,
                         struct err_detail *detail)
{
    TRY(store_begin(writer));
    enum err err = command_run(writer, request, result, detail);
    if (err == ERR_OK)
        err = store_commit(writer);
    if (err != ERR_OK) {
        err_set(detail, err, "%s: %s", err_text(err), store_error(writer));
        store_rollback(writer);
    }
    return err;
}

static enum err run_in_server(const char *database, const json_t *request, struct buf *result,
                              struct err_detail *detail)
{
    CLEANUP(buf_done) struct buf line = buf_new(CONTROL_MESSAGE_MAX);
    CLEANUP(buf_done) struct buf reply = buf_new(CONTROL_MESSAGE_MAX);
    CLEANUP(js_decref) json_t *answer = NULL;

    js_value(&line, request);
    TRY(buf_status(&line));
    TRY(control_call(database, buf_str(&line), &reply, detail));
    TRY(js_parse_object(buf_str(&reply), &answer, detail));
    struct str error = js_get_string(answer, "error");
    if (error.ptr)
        return err_set(detail, ERR_STORE, "%s", error.ptr);
    js_value(result, json_object_get(answer, "result"));
    return buf_status(result);
}

enum exit_code caller_open(struct caller *caller, struct cli *cli)
{
    struct err_detail detail = {""};

    *caller = (struct caller){.database = cli->config.database};
    enum err opened = store_open(caller->database, false, &caller->writer, &detail);
    if (opened != ERR_OK && opened != ERR_BUSY)
        return cli_complain(opened, &detail, EXIT_DATABASE);
    caller->owned = detail;
    return EXIT_OK;
}

void caller_close(struct caller *caller)
{
    store_closep(&caller->writer);
}

enum exit_code caller_call(struct caller *caller, const char *verb, const char *object,
                           json_t *args, struct buf *result)
{
    struct err_detail detail = {""};
    CLEANUP(js_decref)
    json_t *request = json_pack("{ss ss so*}", "verb", verb, "object", object, "args", args);

    if (!request)
        return cli_complain(ERR_MEMORY, &detail, EXIT_FAILED);
    enum err err = caller->writer ? run_here(caller->writer, request, result, &detail)
                                  : run_in_server(caller->database, request, result, &detail);
    if (!caller->writer && err == ERR_NOT_FOUND)
        return cli_complain(ERR_BUSY, &caller->owned, EXIT_DATABASE); /* owned, but by no server */
    return err == ERR_OK ? EXIT_OK : cli_complain(err, &detail, EXIT_FAILED);
}

enum exit_code cli_command(struct cli *cli, json_t *args, struct buf *result)
{
    struct caller caller;
    enum exit_code code = caller_open(&caller, cli);

    if (code != EXIT_OK) {
        json_decref(args);
        return code;
    }
    code = caller_call(&caller, cli->verb->verb, cli->verb->object, args, result);
    caller_close(&caller);
    return code;
}
