/* SPDX-License-Identifier: MIT */
/*
 * The verbs. What a verb prints for its caller goes to stdout, everything else
 * to stderr; a verb that makes a secret prints it alone, once. Verbs that need
 * the database open it themselves, or go through the server that owns it.
 */
#include "app/cli.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "core/address.h"
#include "handler/routes.h"
#include "secure.h"
#include "sending.h"
#include "verbs.h"

static enum exit_code verb_version(struct cli *cli)
{
    (void)cli;
    puts("contactd " CONTACTD_VERSION);
    return EXIT_OK;
}

static enum exit_code check_sending(struct cli *cli)
{
    struct outbox_options options;
    struct err_detail detail = {""};

    enum err err = sending_read(&cli->config, &cli->config.arena, &options, &detail);
    return err == ERR_OK ? EXIT_OK : cli_complain(err, &detail, EXIT_CONFIG);
}

static enum exit_code check_secure(struct cli *cli)
{
    struct tls *tls;
    struct err_detail detail = {""};

    enum err err = secure_open(&cli->config, &tls, &detail);
    if (err != ERR_OK)
        return cli_complain(err, &detail, EXIT_CONFIG);
    tls_close(tls);
    return EXIT_OK;
}

static enum exit_code verb_check_config(struct cli *cli)
{
    const struct config_list *proxies = &cli->config.trusted_proxies;
    struct cidr range;

    config_print(&cli->config, stdout);
    for (size_t i = 0; i < proxies->count; i++) {
        if (cidr_parse(str_of(proxies->items[i]), &range))
            continue;
        fprintf(stderr, "contactd: trusted-proxies: %s is not an address or range\n",
                proxies->items[i]);
        return EXIT_CONFIG;
    }
    enum exit_code code = check_secure(cli);
    return code == EXIT_OK ? check_sending(cli) : code;
}

static enum exit_code verb_routes(struct cli *cli)
{
    (void)cli;
    for (size_t i = 0; i < ROUTES.count; i++) {
        const struct route *route = ROUTES.routes[i];
        printf("%-7s %-28s %s\n", route->method, route->path, route->help);
    }
    return EXIT_OK;
}

static const struct verb VERBS[] = {
    {"serve", NULL, verb_serve, 0, "", "serve until SIGTERM (the default verb)"},
    {"check-config", NULL, verb_check_config, 0, "", "print the effective configuration"},
    {"user", "add", verb_user_add, 1,
     "NAME [--role owner|manager|reader] --forms a,b|* [--password-file FILE|-]",
     "add a user (a reader); owners need no --forms; without a file, make a password and print it"},
    {"user", "set", verb_user_set, 1, "NAME [--role owner|manager|reader] [--forms a,b|*]",
     "change a user's role and forms"},
    {"user", "list", verb_list, 0, "[--json]", "list users"},
    {"user", "passwd", verb_user_passwd, 1, "NAME [--password-file FILE|-]",
     "give a user a new password"},
    {"user", "remove", verb_named, 1, "NAME", "remove a user"},
    {"token", "add", verb_token_add, 1,
     "NAME [--scope read|write|manage] --forms a,b|* [--expires 90d]",
     "make a token for scripts and print it"},
    {"token", "list", verb_list, 0, "[--json]", "list tokens"},
    {"token", "revoke", verb_named, 1, "NAME", "make a token worthless"},
    {"form", "add", verb_form_add, -1, "NAME [SETTING=VALUE]... [--settings FILE|-]",
     "add a form; prints its addresses and a snippet"},
    {"form", "set", verb_form_set, -1,
     "NAME [SETTING=VALUE]... [--settings FILE|-] (+= adds to a list, = removes)",
     "change settings of a form"},
    {"form", "show", verb_form_show, 1, "NAME [--secrets]",
     "print a form's settings as JSON, its secrets masked unless they are asked for"},
    {"form", "list", verb_list, 0, "[--json]", "list forms"},
    {"form", "remove", verb_named, 1, "NAME", "forget a form; its messages stay"},
    {"form", "settings", verb_form_settings, 0, "", "list what can be set"},
    {"delivery", "list", verb_delivery_list, 0, "[--form NAME] [--state STATE] [--json]",
     "list the newest deliveries: who was told, and how that went"},
    {"delivery", "retry", verb_delivery_again, 1,
     "ID, or DESTINATION --form NAME [--to OTHER-DESTINATION]",
     "try one again now, or all that wait or were given up for a destination; or send it to "
     "another"},
    {"delivery", "replay", verb_delivery_again, 1, "ID",
     "send once more what has arrived, under the same id"},
    {"export", NULL, verb_export, 0, "[--format csv|ndjson|json] [--form NAME] [--output FILE]",
     "write all messages, spam and trash too, to a file or to standard output"},
    {"import", NULL, verb_import, 1, "FILE|- [--from SERVICE] [--form NAME]",
     "take in an export of contactd, formspree, netlify, basin or getform"},
    {"backup", NULL, verb_backup, 1, "FILE|-",
     "copy the database, also beside a running server, and verify the copy"},
    {"restore", NULL, verb_restore, 1, "FILE|- [--send-waiting]",
     "put a backup in the database's place, which is kept aside"},
    {"verify", NULL, verb_verify, VERB_ONE_AT_MOST, "[FILE] [--json]",
     "look at every page and row of the database, or of a backup"},
    {"healthcheck", NULL, verb_healthcheck, 0, "",
     "exit 0 if the server of this configuration answers"},
    {"doctor", NULL, verb_doctor, 0, "[--json] [--dkim-selector NAME] [--send-test ADDRESS]",
     "look for what is wrong around it: disk, database, names, mail server, proxy"},
    {"routes", NULL, verb_routes, 0, "", "list the addresses that are served"},
    {"version", NULL, verb_version, 0, "", "print the version"},
};

static void print_help(FILE *out)
{
    fputs("contactd: the contact-form backend. A message is on disk before it is answered.\n\n"
          "usage: contactd [verb] [options]\n\nverbs:\n",
          out);
    for (size_t i = 0; i < COUNTOF(VERBS); i++) {
        char line[120];
        snprintf(line, sizeof line, "%s %s %s", VERBS[i].verb,
                 VERBS[i].object ? VERBS[i].object : "", VERBS[i].usage);
        fprintf(out, "  %-66s %s\n", line, VERBS[i].help);
    }
    fputs("\noptions (each also as environment variable CONTACTD_NAME and as `name = value` in a "
          "file):\n",
          out);
    config_help(out);
    fputs("\nexit codes: 0 fine, 1 failed, 2 usage, 3 configuration, 4 database, 5 listen\n", out);
}

/* Of a first word that is right, all that may follow it. */
static enum exit_code no_such_verb(char **words)
{
    const char *before = "; there are ";

    fprintf(stderr, "contactd: no such verb: %s%s%s", words[0], words[1] ? " " : "",
            words[1] ? words[1] : "");
    for (size_t i = 0; i < COUNTOF(VERBS); i++) {
        if (!VERBS[i].object || strcmp(VERBS[i].verb, words[0]) != 0)
            continue;
        fprintf(stderr, "%s%s %s", before, VERBS[i].verb, VERBS[i].object);
        before = ", ";
    }
    fprintf(stderr, "; see contactd --help\n");
    return EXIT_USAGE;
}

/* --- the command line ---------------------------------------------------- */

/* The verbs' own options: taken out of the arguments before the configuration sees them. */
static const struct flag {
    const char *name;
    size_t at; /* of a const char * in struct cli */
} FLAGS[] = {
    {"--role", offsetof(struct cli, role)},
    {"--scope", offsetof(struct cli, scope)},
    {"--forms", offsetof(struct cli, forms)},
    {"--expires", offsetof(struct cli, expires)},
    {"--password-file", offsetof(struct cli, password_file)},
    {"--settings", offsetof(struct cli, settings)},
    {"--format", offsetof(struct cli, format)},
    {"--form", offsetof(struct cli, form)},
    {"--output", offsetof(struct cli, output)},
    {"--from", offsetof(struct cli, from)},
    {"--state", offsetof(struct cli, state)},
    {"--to", offsetof(struct cli, to)},
    {"--dkim-selector", offsetof(struct cli, dkim_selector)},
    {"--send-test", offsetof(struct cli, send_test)},
};

static bool take_flag(struct cli *cli, int *at)
{
    static char sandbox_off[] = "--sandbox=off";
    const char *arg = cli->argv[*at];

    if (strcmp(arg, "--no-sandbox") == 0) {
        cli->argv[*at] = sandbox_off;
        return false;
    }
    if (strcmp(arg, "--json") == 0)
        return cli->is_json = true;
    if (strcmp(arg, "--send-waiting") == 0)
        return cli->is_send_waiting = true;
    if (strcmp(arg, "--secrets") == 0)
        return cli->is_with_secrets = true;
    for (size_t i = 0; i < COUNTOF(FLAGS); i++) {
        size_t len = strlen(FLAGS[i].name);
        const char **slot = (const char **)(void *)((char *)cli + FLAGS[i].at);
        if (strncmp(arg, FLAGS[i].name, len) != 0 || (arg[len] && arg[len] != '='))
            continue;
        *slot = arg[len] ? arg + len + 1 : ++*at < cli->argc ? cli->argv[*at] : "";
        return true;
    }
    return false;
}

static void take_flags(struct cli *cli)
{
    int kept = 0;

    for (int i = 0; i < cli->argc; i++)
        if (!take_flag(cli, &i))
            cli->argv[kept++] = cli->argv[i];
    cli->argc = kept;
    cli->argv[kept] = NULL;
}

static bool has_arg(int argc, char **argv, const char *wanted)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], wanted) == 0)
            return true;
    return false;
}

/* How many words of the command line name this verb; 0: they do not. */
static int verb_words(const struct verb *verb, int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], verb->verb) != 0)
        return 0;
    if (!verb->object)
        return 1;
    return argc >= 3 && strcmp(argv[2], verb->object) == 0 ? 2 : 0;
}

static const struct verb *find_verb(int argc, char **argv, int *ret_words)
{
    *ret_words = 0;
    if (argc < 2 || argv[1][0] == '-')
        return &VERBS[0];
    for (size_t i = 0; i < COUNTOF(VERBS); i++)
        if ((*ret_words = verb_words(&VERBS[i], argc, argv)) > 0)
            return &VERBS[i];
    return NULL;
}

static void usage_of(const struct verb *verb, const struct config *config)
{
    if (verb == &VERBS[0]) /* also where no verb comes first */
        fprintf(stderr, "contactd: serve takes no \"%s\"; a verb goes before all options\n",
                config->args[0]);
    else
        fprintf(stderr, "contactd: wrong number of arguments; usage: contactd %s%s%s %s\n",
                verb->verb, verb->object ? " " : "", verb->object ? verb->object : "", verb->usage);
}

static bool has_enough(const struct verb *verb, int count)
{
    if (verb->args == VERB_ONE_AT_MOST)
        return count <= 1;
    return verb->args < 0 ? count >= -verb->args : count == verb->args;
}

static enum exit_code run_verb(struct cli *cli)
{
    struct err_detail detail = {""};

    take_flags(cli);
    enum err err = config_load(cli->argc, cli->argv, cli->envp, &cli->config, &detail);
    if (err != ERR_OK) {
        fprintf(stderr, "contactd: %s\n", detail.text[0] ? detail.text : err_text(err));
        return EXIT_CONFIG;
    }
    log_start((enum log_level)cli->config.log_level, (enum log_format)cli->config.log_format);
    enum exit_code code = EXIT_USAGE;
    if (!has_enough(cli->verb, cli->config.arg_count))
        usage_of(cli->verb, &cli->config);
    else
        code = cli->verb->run(cli);
    config_done(&cli->config);
    return code;
}

/* Lest the database's files get the numbers that messages are written to. */
static void open_standard_files(void)
{
    int fd = open("/dev/null", O_RDWR);

    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDWR);
    if (fd >= 0)
        close(fd);
}

int cli_run(int argc, char **argv, char **envp)
{
    int words;

    open_standard_files();
    if (has_arg(argc, argv, "--help") || has_arg(argc, argv, "-h") ||
        (argc > 1 && strcmp(argv[1], "help") == 0)) {
        print_help(stdout);
        return EXIT_OK;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        return (int)verb_version(NULL);
    const struct verb *verb = find_verb(argc, argv, &words);
    if (!verb)
        return (int)no_such_verb(argv + 1);
    if (secret_start() != ERR_OK)
        return (int)EXIT_FAILED;
    struct cli cli = {
        .verb = verb, .argc = argc - 1 - words, .argv = argv + 1 + words, .envp = envp};
    return (int)run_verb(&cli);
}
