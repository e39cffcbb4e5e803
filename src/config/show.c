/* SPDX-License-Identifier: MIT */
/* What the table looks like to people: --help, and the effective configuration. */
#include "base/secret.h"
#include "config/value.h"

static void put_range(const struct option *option, FILE *out)
{
    char min[VALUE_TEXT_LEN + 1], max[VALUE_TEXT_LEN + 1];

    if (option->kind != OPTION_U32 && option->kind != OPTION_SIZE &&
        option->kind != OPTION_DURATION)
        return;
    value_format(option, option->min, min);
    value_format(option, option->max, max);
    fprintf(out, "%s to %s; ", min, max);
}

static int help_width(const struct option_table *table)
{
    size_t width = 0;

    for (size_t i = 0; i < table->count; i++) {
        size_t len = strlen(table->rows[i].name) + 1 + strlen(table->rows[i].unit);
        if (len > width)
            width = len;
    }
    return (int)width;
}

static void put_help(const struct option *option, int width, FILE *out)
{
    int name_width = (int)strlen(option->name) + 1;

    fprintf(out, "  --%s %-*s  %s (", option->name, width - name_width, option->unit, option->help);
    if (option->is_secret)
        fprintf(out, "also --%s-file FILE; ", option->name);
    put_range(option, out);
    if (option->fallback[0])
        fprintf(out, "default %s)\n", option->fallback);
    else
        fputs("default none)\n", out);
}

void options_help(const struct option_table *table, FILE *out)
{
    int width = help_width(table);

    for (size_t i = 0; i < table->count; i++)
        put_help(&table->rows[i], width, out);
    fputs(
        "\nEvery option is also an environment variable (CONTACTD_MAX_BODY=64k) and a line of the\n"
        "configuration file (max-body = 64k). The command line is stronger than the environment,\n"
        "the environment than the file.\n",
        out);
}

void config_help(FILE *out)
{
    options_help(&OPTIONS, out);
}

static void put_origin(const struct config *config, const struct config_origin *origin, FILE *out)
{
    static const char *const TEXTS[] = {
        [CONFIG_DEFAULT] = "default",
        [CONFIG_ENVIRONMENT] = "environment",
        [CONFIG_COMMAND_LINE] = "command line",
    };

    if (origin->source == CONFIG_FILE)
        fprintf(out, "  # %s, line %u\n", config->file, origin->line);
    else
        fprintf(out, "  # %s\n", TEXTS[origin->source]);
}

void options_print(const struct option_table *table, const struct config *config, FILE *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct option *option = &table->rows[i];
        const struct config_origin *origin = &config->origins[i];
        const struct secret *secret = (const void *)((const char *)config + option->offset);
        const char *text = option->is_secret ? secret->len ? "(set)" : "(not set)" : origin->text;
        /* What no file may hold stands there as a comment. */
        bool is_comment = option->is_secret || strcmp(option->name, OPTION_CONFIG) == 0;
        fprintf(out, "%s%-*s = %-24s", is_comment ? "# " : "", is_comment ? 16 : 18, option->name,
                text);
        put_origin(config, origin, out);
    }
}

void config_print(const struct config *config, FILE *out)
{
    options_print(&OPTIONS, config, out);
}
