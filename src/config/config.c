/* SPDX-License-Identifier: MIT */
/*
 * Loading, from the strongest source to the weakest: command line, environment,
 * file, default. So the file's name is known when its turn comes, and whoever
 * comes first keeps the option. Weaker values are checked all the same: a
 * mistake that is hidden today starts to matter on the day the flag is removed.
 */
#include "base/secret.h"
#include "config/file.h"
#include "config/value.h"

enum { MEMORY_MAX = 1024 * 1024, FILE_BYTES_MAX = 64 * 1024, SHOWN_MAX = 60 };

#define ENV_PREFIX "CONTACTD_"

struct loader {
    const struct option_table *table;
    struct config *config;
    struct err_detail *detail;
    enum config_source source;                   /* whose turn it is */
    unsigned line;                               /* of the file */
    enum config_source seen[CONFIG_OPTIONS_MAX]; /* the source that gave each option last */
};

/* One setting as it was found. */
struct setting {
    struct str spelled; /* the name in the source's spelling, for messages */
    struct str name;    /* in the table's */
    struct str value;   /* ptr NULL: missing */
    bool is_hidden;     /* a secret: not to be shown */
};

/* Text for a message: cut, and harmless on a terminal. */
static void put_shown(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len && i < SHOWN_MAX; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        buf_put_char(out, c < 0x20 || c == 0x7f ? '?' : text.ptr[i]);
    }
    if (text.len > SHOWN_MAX)
        buf_put(out, STR("..."));
}

static void put_origin(struct buf *out, const struct loader *loader)
{
    static const char *const TEXTS[] = {
        [CONFIG_DEFAULT] = " (default)",
        [CONFIG_ENVIRONMENT] = " (environment)",
        [CONFIG_COMMAND_LINE] = " (command line)",
    };

    if (loader->source == CONFIG_FILE)
        buf_printf(out, " (%s, line %u)", loader->config->file, loader->line);
    else
        buf_put(out, str_of(TEXTS[loader->source]));
}

/* "--max-body=1x (command line): reason; remedy" */
static enum err refuse(const struct loader *loader, const struct setting *setting, enum err err,
                       const char *reason)
{
    CLEANUP(buf_done) struct buf head = buf_new(8192);

    put_shown(&head, setting->spelled);
    if (setting->value.ptr) {
        buf_put(&head, loader->source == CONFIG_FILE ? STR(" = ") : STR("="));
        put_shown(&head, setting->is_hidden ? STR("***") : setting->value);
    }
    put_origin(&head, loader);
    return err_set(loader->detail, err, "%.*s: %s", (int)head.len, head.ptr, reason);
}

static enum err refuse_unknown(const struct loader *loader, const struct setting *setting)
{
    const struct option *nearest = option_nearest(loader->table, setting->name);
    struct setting name_alone = {.spelled = setting->spelled};
    char known[OPTION_SPELLING_MAX + 1], reason[OPTION_SPELLING_MAX + 32];

    if (!nearest)
        return refuse(loader, &name_alone, ERR_INVALID, "unknown; see --help for the options");
    option_spell(loader->source, nearest, known);
    snprintf(reason, sizeof reason, "unknown; did you mean %s?", known);
    return refuse(loader, &name_alone, ERR_INVALID, reason);
}

static enum err refuse_missing(const struct loader *loader, const struct setting *setting,
                               const struct option *option)
{
    char known[OPTION_SPELLING_MAX + 1], reason[2 * OPTION_SPELLING_MAX + 64];

    option_spell(loader->source, option, known);
    snprintf(reason, sizeof reason, "its value is missing; write %s %s", known, option->unit);
    return refuse(loader, setting, ERR_INVALID, reason);
}

/* Checks a value and, when no stronger source gave one, stores it. */
static enum err take_value(struct loader *loader, const struct option *option,
                           const struct setting *setting)
{
    struct config_origin *origin = &loader->config->origins[option - loader->table->rows];
    struct arena *arena = &loader->config->arena;
    struct err_detail reason = {""};
    struct value value;

    enum err err = value_parse(option, setting->value, &value, &reason);
    if (err)
        return refuse(loader, setting, err, reason.text);
    if (origin->source != CONFIG_DEFAULT)
        return ERR_OK;
    TRY(value_store(option, &value, arena, loader->config));
    origin->source = loader->source;
    origin->line = loader->line;
    if (option->is_secret)
        return ERR_OK;
    origin->text = arena_copy(arena, setting->value);
    return origin->text ? ERR_OK : ERR_MEMORY;
}

/* The value is a path, and in that file stands the secret, perhaps with a line's end. */
static enum err take_secret_file(struct loader *loader, const struct option *option,
                                 const struct setting *setting)
{
    CLEANUP(file_wipe) struct buf secret = buf_new(SECRET_MAX + 3);
    struct err_detail reason = {""};
    char path[4096];

    if (setting->value.len == 0 || setting->value.len >= sizeof path)
        return refuse(loader, setting, ERR_INVALID, "not a path; name a file");
    memcpy(path, setting->value.ptr, setting->value.len);
    path[setting->value.len] = '\0';
    enum err err = file_read(path, &secret, &reason);
    if (err)
        return refuse(loader, setting, err, reason.text);
    if (secret.len && secret.ptr[secret.len - 1] == '\n')
        secret.len--;
    if (secret.len && secret.ptr[secret.len - 1] == '\r')
        secret.len--;
    struct setting content = {setting->spelled, setting->name, buf_str(&secret), true};
    return take_value(loader, option, &content);
}

static enum err take_setting(struct loader *loader, struct setting *setting)
{
    bool is_file = false;
    const struct option *option = option_find(loader->table, setting->name, &is_file);

    if (!option)
        return refuse_unknown(loader, setting);
    if (!setting->value.ptr)
        return refuse_missing(loader, setting, option);
    setting->is_hidden = option->is_secret && !is_file;
    enum config_source *seen = &loader->seen[option - loader->table->rows];
    if (*seen == loader->source)
        return refuse(loader, setting, ERR_INVALID, "given twice; give it once");
    *seen = loader->source;
    if (loader->source == CONFIG_FILE && strcmp(option->name, OPTION_CONFIG) == 0)
        return refuse(loader, setting, ERR_INVALID, "a file cannot name another one; remove it");
    return is_file ? take_secret_file(loader, option, setting)
                   : take_value(loader, option, setting);
}

/* "--name=value", or "--name" with the next argument, which `*at` is moved to then. */
static enum err take_flag(struct loader *loader, char ***at)
{
    struct str value = str_of(**at + 2);
    struct str name = str_cut(&value, '=');
    char *next = (*at)[1];

    if (!value.ptr && next && strncmp(next, "--", 2) != 0) {
        value = str_of(next);
        ++*at;
    }
    return take_setting(
        loader,
        &(struct setting){.spelled = {name.ptr - 2, name.len + 2}, .name = name, .value = value});
}

/* One argument; false in `*may_be_option` lets everything through. */
static enum err take_argument(struct loader *loader, char ***at, bool *may_be_option)
{
    struct config *config = loader->config;
    char *arg = **at;

    if (!*may_be_option || arg[0] != '-' || arg[1] == '\0') {
        config->args[config->arg_count++] = arg;
        return ERR_OK;
    }
    if (strcmp(arg, "--") == 0) {
        *may_be_option = false;
        return ERR_OK;
    }
    if (arg[1] == '-')
        return take_flag(loader, at);
    return refuse(loader, &(struct setting){.spelled = str_of(arg)}, ERR_INVALID,
                  "unknown; options are written --NAME VALUE");
}

static enum err load_command_line(struct loader *loader, int argc, char **argv)
{
    struct config *config = loader->config;
    bool may_be_option = true;

    loader->source = CONFIG_COMMAND_LINE;
    config->args = arena_alloc(&config->arena, ((size_t)argc + 1) * sizeof *config->args);
    if (!config->args)
        return ERR_MEMORY;
    for (char **at = argv; at < argv + argc; at++)
        TRY(take_argument(loader, &at, &may_be_option));
    config->args[config->arg_count] = NULL;
    return ERR_OK;
}

/* Variables that carry our prefix and are none of our business. */
static bool is_foreign(struct str name, struct str value)
{
    /* Kubernetes makes the last three for a service that is called contactd. */
    static const struct {
        const char *name, *value;
    } FOREIGN[] = {{"TEST_", ""}, {"SERVICE_", ""}, {"PORT_", ""}, {"PORT", "tcp://"}};

    for (size_t i = 0; i < COUNTOF(FOREIGN); i++)
        if (str_starts_with_nocase(name, str_of(FOREIGN[i].name)) &&
            str_starts_with_nocase(value, str_of(FOREIGN[i].value)))
            return true;
    return false;
}

static enum err take_variable(struct loader *loader, const char *variable)
{
    const struct str prefix = STR(ENV_PREFIX);
    char option_name[OPTION_NAME_MAX + 1];
    struct str value = str_of(variable);
    struct str name = str_cut(&value, '=');

    if (name.len <= prefix.len || memcmp(name.ptr, prefix.ptr, prefix.len) != 0)
        return ERR_OK;
    name.ptr += prefix.len;
    name.len -= prefix.len;
    if (is_foreign(name, value))
        return ERR_OK;
    struct setting setting = {
        .spelled = {variable, name.len + prefix.len}, .name = name, .value = value};
    if (!option_from_env(name, option_name))
        return refuse_unknown(loader, &setting);
    setting.name = str_of(option_name);
    return take_setting(loader, &setting);
}

static enum err load_environment(struct loader *loader, char **envp)
{
    loader->source = CONFIG_ENVIRONMENT;
    for (; *envp; envp++)
        TRY(take_variable(loader, *envp));
    return ERR_OK;
}

/* Cuts a comment off: from a '#' at the start or behind a blank. */
static struct str without_comment(struct str line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] == '#' && (i == 0 || line.ptr[i - 1] == ' ' || line.ptr[i - 1] == '\t'))
            line.len = i;
    return line;
}

static enum err take_line(struct loader *loader, struct str line)
{
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    struct str value = str_trim(without_comment(line));
    if (value.len == 0)
        return ERR_OK;
    struct str name = str_trim(str_cut(&value, '='));
    struct setting setting = {.spelled = name, .name = name};
    if (!value.ptr)
        return refuse(loader, &setting, ERR_INVALID, "not a setting; write NAME = VALUE");
    setting.value = without_comment(str_trim(value)); /* also for NAME=#COMMENT */
    return take_setting(loader, &setting);
}

static enum err load_text(struct loader *loader, struct str text)
{
    loader->source = CONFIG_FILE;
    for (loader->line = 1; text.ptr; loader->line++)
        TRY(take_line(loader, str_cut(&text, '\n')));
    loader->line = 0;
    return ERR_OK;
}

static enum err load_file(struct loader *loader)
{
    CLEANUP(file_wipe) struct buf text = buf_new(FILE_BYTES_MAX + 1);
    struct err_detail reason = {""};
    const char *path = loader->config->file;

    if (!path || !path[0])
        return ERR_OK;
    enum err err = file_read(path, &text, &reason);
    if (err)
        return err_set(loader->detail, err, "%.200s (configuration file): %s", path, reason.text);
    return load_text(loader, buf_str(&text));
}

static enum err load_defaults(struct loader *loader)
{
    loader->source = CONFIG_DEFAULT;
    for (size_t i = 0; i < loader->table->count; i++) {
        const struct option *option = &loader->table->rows[i];
        struct setting setting = {.spelled = str_of(option->name),
                                  .value = str_of(option->fallback)};
        TRY(take_value(loader, option, &setting));
    }
    return ERR_OK;
}

static struct loader loader_new(const struct option_table *table, struct config *config,
                                struct err_detail *detail)
{
    memset(config, 0, table->config_bytes);
    arena_init(&config->arena, MEMORY_MAX, NULL, 0);
    return (struct loader){.table = table, .config = config, .detail = detail};
}

static enum err load_all(struct loader *loader, int argc, char **argv, char **envp)
{
    TRY(load_command_line(loader, argc, argv));
    TRY(load_environment(loader, envp));
    TRY(load_file(loader));
    return load_defaults(loader);
}

/* On failure frees what is there and wipes the struct. */
static enum err finish(struct loader *loader, enum err err)
{
    if (!err)
        return ERR_OK;
    if (err == ERR_MEMORY)
        err_set(loader->detail, err, "the configuration: %s", err_text(err));
    arena_done(&loader->config->arena);
    secret_wipe(loader->config, loader->table->config_bytes);
    return err;
}

enum err options_load(const struct option_table *table, int argc, char **argv, char **envp,
                      struct config *config, struct err_detail *detail)
{
    struct loader loader = loader_new(table, config, detail);

    return finish(&loader, load_all(&loader, argc, argv, envp));
}

enum err options_load_text(const struct option_table *table, struct str text, struct config *config,
                           struct err_detail *detail)
{
    struct loader loader = loader_new(table, config, detail);

    config->file = "text";
    enum err err = load_text(&loader, text);
    return finish(&loader, err ? err : load_defaults(&loader));
}

enum err config_load(int argc, char **argv, char **envp, struct config *ret_config,
                     struct err_detail *detail)
{
    return options_load(&OPTIONS, argc, argv, envp, ret_config, detail);
}

void config_done(struct config *config)
{
    arena_done(&config->arena);
    secret_wipe(config, sizeof *config);
}
