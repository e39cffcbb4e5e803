/* SPDX-License-Identifier: MIT */
/*
 * The verbs `user` and `token`. Passwords are hashed and tokens are made here,
 * in the verb's own process: what travels to a server is only what is stored.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/utf8.h"
#include "command.h"
#include "control.h"
#include "core/password.h"
#include "core/token.h"
#include "verbs.h"

/* --- passwords ----------------------------------------------------------- */

/* The first line of a file or of stdin. */
static enum err read_password(const char *path, struct secret *password, struct err_detail *detail)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    char line[SECRET_MAX + 2];

    if (!file)
        return err_set(detail, ERR_IO, "cannot read --password-file %s: %s", path, strerror(errno));
    bool is_read = fgets(line, sizeof line, file);
    if (!is_stdin)
        fclose(file);
    size_t len = is_read ? strcspn(line, "\r\n") : 0;
    enum err err = secret_set(password, (struct str){line, len});
    secret_wipe(line, sizeof line);
    return err == ERR_OK ? ERR_OK : err_set(detail, err, "the password is too long");
}

static enum err hash_password(struct cli *cli, struct secret *password,
                              char hash[PASSWORD_HASH_LEN], struct err_detail *detail)
{
    uint8_t random[16];
    char generated[PASSWORD_GENERATED_LEN + 1];

    if (cli->password_file) {
        TRY(read_password(cli->password_file, password, detail));
    } else {
        secret_random(random, sizeof random);
        password_generate(random, generated);
        TRY(secret_set(password, str_of(generated)));
        secret_wipe(generated, sizeof generated);
        secret_wipe(random, sizeof random);
    }
    enum err err = password_hash((struct str){password->text, password->len}, hash);
    if (err == ERR_INVALID)
        return err_set(detail, err, "a password must have %d to %d characters", PASSWORD_MIN,
                       PASSWORD_MAX);
    return err;
}

static enum exit_code set_password(struct cli *cli, const char *role)
{
    CLEANUP(buf_done) struct buf result = buf_new(CONTROL_MESSAGE_MAX);
    CLEANUP(secret_done) struct secret password = {.len = 0};
    struct err_detail detail = {""};
    char hash[PASSWORD_HASH_LEN];

    enum err err = hash_password(cli, &password, hash, &detail);
    if (err != ERR_OK)
        return cli_complain(err, &detail, EXIT_FAILED);
    json_t *args = json_pack("{ss ss ss* ss*}", "name", cli->config.args[0], "passwordHash", hash,
                             "role", role, "forms", cli->forms);
    enum exit_code code = cli_command(cli, args, &result);
    if (code == EXIT_OK && !cli->password_file)
        puts(password.text);
    return code;
}

/* Before any work is done; the server says the same to verbs that are older than it. */
static bool has_forms(const struct cli *cli)
{
    static const char REMEDY[] =
        "say which forms: --forms shop,jobs, or --forms '*' for all of them";

    if (!cli->forms)
        fprintf(stderr, "contactd: %s add: %s\n", cli->verb->verb, REMEDY);
    return cli->forms != NULL;
}

enum exit_code verb_user_add(struct cli *cli)
{
    if (!(cli->role && strcmp(cli->role, "owner") == 0) && !has_forms(cli))
        return EXIT_USAGE;
    return set_password(cli, cli->role ? cli->role : "reader");
}

enum exit_code verb_user_passwd(struct cli *cli)
{
    return set_password(cli, NULL);
}

enum exit_code verb_user_set(struct cli *cli)
{
    CLEANUP(buf_done) struct buf result = buf_new(CONTROL_MESSAGE_MAX);

    if (!cli->role && !cli->forms) {
        fprintf(stderr, "contactd: user set: give --role, --forms or both\n");
        return EXIT_USAGE;
    }
    json_t *args = json_pack("{ss ss* ss*}", "name", cli->config.args[0], "role", cli->role,
                             "forms", cli->forms);
    return cli_command(cli, args, &result);
}

/* --- tokens -------------------------------------------------------------- */

/* "90d", "12h" or "never" as milliseconds from now; 0: never. */
static bool parse_expiry(const char *text, int64_t *ret_wall_ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } UNITS[] = {{'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    size_t len = strlen(text);
    uint64_t count;

    *ret_wall_ms = 0;
    if (strcmp(text, "never") == 0)
        return true;
    if (len < 2 || !str_to_u64((struct str){text, len - 1}, 36500, &count) || count == 0)
        return false;
    for (size_t i = 0; i < COUNTOF(UNITS); i++)
        if (text[len - 1] == UNITS[i].unit)
            *ret_wall_ms = clock_wall_ms() + (int64_t)count * UNITS[i].ms;
    return *ret_wall_ms > 0;
}

enum exit_code verb_token_add(struct cli *cli)
{
    CLEANUP(buf_done) struct buf result = buf_new(CONTROL_MESSAGE_MAX);
    uint8_t random[TOKEN_RANDOM_BYTES];
    char token[TOKEN_TEXT_LEN + 1], hash_text[BASE64URL_LEN(DIGEST_BYTES) + 1];
    int64_t expires_at_ms;

    if (!has_forms(cli))
        return EXIT_USAGE;
    if (!parse_expiry(cli->expires ? cli->expires : "never", &expires_at_ms)) {
        fprintf(stderr, "contactd: --expires %s: not a time from now; use 30m, 12h, 90d or never\n",
                cli->expires);
        return EXIT_USAGE;
    }
    secret_random(random, sizeof random);
    token_format(random, token);
    struct digest hash = token_digest(str_of(token));
    base64url_encode(hash.bytes, sizeof hash.bytes, hash_text);
    json_t *args = json_pack("{ss ss ss sI ss*}", "name", cli->config.args[0], "hash", hash_text,
                             "scope", cli->scope ? cli->scope : "read", "expiresAtMs",
                             (json_int_t)expires_at_ms, "forms", cli->forms);
    enum exit_code code = cli_command(cli, args, &result);
    if (code == EXIT_OK)
        puts(token);
    secret_wipe(token, sizeof token);
    secret_wipe(random, sizeof random);
    return code;
}

/* --- lists and names ----------------------------------------------------- */

enum { COLUMNS_MAX = 16 };

/* A list's items with commas between them. */
static void join_items(const json_t *list, struct buf *out)
{
    const json_t *item;
    size_t index;

    json_array_foreach(list, index, item)
    {
        if (index)
            buf_put_char(out, ',');
        buf_put(out, str_of(json_string_value(item)));
    }
}

static void put_value(struct buf *out, const json_t *value)
{
    if (json_is_array(value))
        join_items(value, out);
    else if (json_is_integer(value))
        buf_printf(out, "%lld", (long long)json_integer_value(value));
    else
        buf_put(out, json_is_string(value) ? str_of(json_string_value(value)) : STR("-"));
}

static int width_of(struct str text)
{
    size_t points = 0;

    return (int)(utf8_length(text, &points) ? points : text.len);
}

/* Blanks up to the next column; none behind the last. */
static void print_cell(struct str text, int width, bool is_last)
{
    int blanks = is_last ? 0 : width - width_of(text) + 2;

    printf("%.*s%*s%s", (int)text.len, text.len ? text.ptr : "", blanks > 0 ? blanks : 0, "",
           is_last ? "\n" : "");
}

static void widen(int *width, struct str text)
{
    int own = width_of(text);

    if (own > *width)
        *width = own;
}

/* `is_measured`: widens the columns, and prints nothing. */
static void print_row(json_t *row, bool is_head, int widths[COLUMNS_MAX], bool is_measured)
{
    size_t column = 0, count = json_object_size(row);
    const char *key;
    json_t *value;

    json_object_foreach(row, key, value)
    {
        CLEANUP(buf_done) struct buf text = buf_new(CONTROL_MESSAGE_MAX);
        if (is_head)
            buf_put(&text, str_of(key));
        else
            put_value(&text, value);
        int *width = &widths[column < COLUMNS_MAX ? column : COLUMNS_MAX - 1];
        column++;
        if (is_measured)
            widen(width, buf_str(&text));
        else
            print_cell(buf_str(&text), *width, column == count);
    }
}

/* An array of flat objects as a table for people; the keys are its head. */
static void print_table(const json_t *rows)
{
    int widths[COLUMNS_MAX] = {0};
    json_t *row;
    size_t index;

    for (int is_printed = 0; is_printed < 2; is_printed++) {
        json_array_foreach(rows, index, row)
        {
            if (index == 0)
                print_row(row, true, widths, !is_printed);
            print_row(row, false, widths, !is_printed);
        }
    }
}

enum exit_code verb_list_of(struct cli *cli, json_t *args)
{
    CLEANUP(buf_done) struct buf result = buf_new(CONTROL_MESSAGE_MAX);
    enum exit_code code = cli_command(cli, args, &result);

    if (code != EXIT_OK)
        return code;
    if (cli->is_json) {
        printf("%.*s\n", (int)result.len, result.ptr);
        return EXIT_OK;
    }
    json_t *rows = json_loadb(result.ptr, result.len, 0, NULL);
    print_table(rows);
    json_decref(rows);
    return EXIT_OK;
}

enum exit_code verb_list(struct cli *cli)
{
    return verb_list_of(cli, json_object());
}

enum exit_code verb_named(struct cli *cli)
{
    CLEANUP(buf_done) struct buf result = buf_new(CONTROL_MESSAGE_MAX);

    return cli_command(cli, json_pack("{ss}", "name", cli->config.args[0]), &result);
}
