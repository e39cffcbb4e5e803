/* SPDX-License-Identifier: MIT */
/*
 * The verbs `form`. Settings are given as NAME=VALUE: the value is read as
 * JSON where it is JSON, else it is a text, and a setting that is a list takes
 * its items with commas. What may be set is core/form's table alone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "core/form.h"
#include "verbs.h"

/* --- reading settings ---------------------------------------------------- */

/* "a,b" as a list of texts. */
static json_t *split(struct str text)
{
    json_t *list = json_array();

    while (list && text.len) {
        struct str item = str_trim(str_cut(&text, ','));
        if (item.len)
            json_array_append_new(list, json_stringn(item.ptr, item.len));
    }
    return list;
}

/* JSON where it is JSON; else, for lists, items with commas; else a text. */
static json_t *read_value(const struct form_setting *setting, struct str text)
{
    json_t *value = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

    if (setting && setting->is_list && !json_is_array(value)) {
        json_decref(value);
        return split(text);
    }
    return value ? value : json_stringn(text.ptr, text.len);
}

static const struct form_setting *find_setting(struct str name)
{
    const struct form_setting *setting;

    for (size_t i = 0; (setting = form_setting_at(i)); i++)
        if (str_equal(name, str_of(setting->name)))
            return setting;
    return NULL;
}

/* One word of the command line, "name=value", "name+=value" or "name=", into one of the objects. */
static enum err read_change(const char *word, json_t *set, json_t *add, struct err_detail *detail)
{
    struct str rest = str_of(word), name = str_cut(&rest, '=');
    bool is_addition = name.len && name.ptr[name.len - 1] == '+';
    char key[64];

    name.len -= is_addition;
    if (!rest.ptr || !name.len || name.len >= sizeof key)
        return err_set(detail, ERR_INVALID,
                       "'%.80s': not a change; write SETTING=VALUE, or see: contactd form settings",
                       word);
    memcpy(key, name.ptr, name.len);
    key[name.len] = '\0';
    json_t *value = rest.len ? read_value(find_setting(name), rest) : json_null();
    return json_object_set_new(is_addition ? add : set, key, value) ? ERR_MEMORY : ERR_OK;
}

static enum err read_file(const char *path, json_t **ret_settings, struct err_detail *detail)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    json_error_t error;

    if (!file)
        return err_set(detail, ERR_IO, "cannot read --settings %s: %s", path, strerror(errno));
    json_t *settings = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    if (!is_stdin)
        fclose(file);
    if (!json_is_object(settings)) {
        json_decref(settings);
        return err_set(detail, ERR_INVALID, "--settings %s: not a JSON object: line %d: %s", path,
                       error.line, error.text);
    }
    *ret_settings = settings;
    return ERR_OK;
}

/* {"name","set":{...},"add":{...}} from the command line. */
static enum err read_args(struct cli *cli, json_t **ret_args, struct err_detail *detail)
{
    CLEANUP(js_decref) json_t *set = NULL;
    CLEANUP(js_decref) json_t *add = json_object();

    if (cli->settings)
        TRY(read_file(cli->settings, &set, detail));
    else
        set = json_object();
    for (int i = 1; i < cli->config.arg_count; i++)
        TRY(read_change(cli->config.args[i], set, add, detail));
    *ret_args = json_pack("{ss sO sO}", "name", cli->config.args[0], "set", set, "add", add);
    return *ret_args ? ERR_OK : ERR_MEMORY;
}

static enum exit_code change(struct cli *cli, struct buf *result)
{
    struct err_detail detail = {""};
    json_t *args = NULL;

    enum err err = read_args(cli, &args, &detail);
    if (err != ERR_OK)
        return cli_complain(err, &detail, EXIT_USAGE);
    return cli_command(cli, args, result);
}

/* --- the verbs ----------------------------------------------------------- */

static void print_addresses(const char *name)
{
    printf("    /f/%s      /contact/%s\n", name, name);
}

/* An older server has not told the aliases. */
static void print_added(const char *name, struct str result)
{
    CLEANUP(js_decref) json_t *told = json_loadb(result.ptr, result.len, 0, NULL);
    const json_t *alias;
    size_t index;

    printf("Form %s was added. Its addresses, behind your server's own:\n", name);
    print_addresses(name);
    json_array_foreach(json_object_get(told, "aliases"), index, alias)
    {
        if (json_is_string(alias))
            print_addresses(json_string_value(alias));
    }
    putchar('\n');
}

static void print_snippet(const char *public_url, const char *name)
{
    printf("For the page:\n"
           "    <form action=\"%s/f/%s\" method=\"post\">\n"
           "      <label>E-mail <input name=\"email\" type=\"email\" required></label>\n"
           "      <label>Message <textarea name=\"message\" required></textarea></label>\n"
           "      <input name=\"_gotcha\" tabindex=\"-1\" autocomplete=\"off\" hidden>\n"
           "      <button>Send</button>\n"
           "    </form>\n",
           public_url[0] ? public_url : "https://YOUR-SERVER", name);
}

enum exit_code verb_form_add(struct cli *cli)
{
    CLEANUP(buf_done) struct buf result = buf_new(CONTROL_MESSAGE_MAX);
    enum exit_code code = change(cli, &result);

    if (code == EXIT_OK && cli->is_json)
        printf("%.*s\n", (int)result.len, result.ptr);
    if (code != EXIT_OK || cli->is_json)
        return code;
    print_added(cli->config.args[0], buf_str(&result));
    print_snippet(cli->config.public_url, cli->config.args[0]);
    return code;
}

enum exit_code verb_form_set(struct cli *cli)
{
    CLEANUP(buf_done) struct buf result = buf_new(CONTROL_MESSAGE_MAX);
    static const struct err_detail NOTHING = {
        "nothing to change; write SETTING=VALUE, or --settings FILE"};

    if (cli->config.arg_count < 2 && !cli->settings)
        return cli_complain(ERR_INVALID, &NOTHING, EXIT_USAGE);
    return change(cli, &result);
}

/* Terminals are looked at, and what they show is pasted into reports: secrets are shown on demand.
 */
enum exit_code verb_form_show(struct cli *cli)
{
    CLEANUP(buf_done) struct buf result = buf_new(CONTROL_MESSAGE_MAX);
    CLEANUP(js_decref) json_t *settings = NULL;
    struct err_detail detail = {""};
    enum exit_code code = cli_command(cli, json_pack("{ss}", "name", cli->config.args[0]), &result);

    if (code != EXIT_OK)
        return code;
    enum err err = js_parse_object(buf_str(&result), &settings, &detail);
    if (err == ERR_OK && !cli->is_with_secrets)
        err = form_settings_mask(settings);
    if (err != ERR_OK)
        return cli_complain(err, &detail, EXIT_FAILED);
    json_dumpf(settings, stdout, JSON_INDENT(2));
    putchar('\n');
    return EXIT_OK;
}

enum exit_code verb_form_settings(struct cli *cli)
{
    const struct form_setting *setting;

    (void)cli;
    for (size_t i = 0; (setting = form_setting_at(i)); i++)
        printf("%-18s %s\n", setting->name, setting->help);
    return EXIT_OK;
}
