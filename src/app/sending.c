/* SPDX-License-Identifier: MIT */
/*
 * Options that are right by themselves and wrong together are found here, once for
 * `serve`, `check-config` and `doctor`.
 */
#include "sending.h"

#include <string.h>
#include <unistd.h>

#include "core/mail.h"
#include "core/mail_sender.h"

static enum err check_recipients(const struct config *config, const struct mail_sender *sender,
                                 struct err_detail *detail)
{
    const struct config_list *list = &config->notify_to;

    for (size_t i = 0; i < list->count; i++)
        if (!mail_address_is_usable(str_of(list->items[i])))
            return err_set(detail, ERR_INVALID,
                           "notify-to: %.100s is not an address; write them like "
                           "ada@example.org,bob@example.org",
                           list->items[i]);
    if (list->count > 0 && sender->service == MAIL_NONE)
        return err_set(detail, ERR_INVALID,
                       "notify-to is set, but not how mails leave; set smtp-url and smtp-from");
    return ERR_OK;
}

static enum err read_ranges(const struct config_list *list, struct arena *arena,
                            struct outbox_options *options, struct err_detail *detail)
{
    struct cidr *ranges = arena_alloc(arena, (list->count + 1) * sizeof *ranges);

    if (!ranges)
        return ERR_MEMORY;
    for (size_t i = 0; i < list->count; i++)
        if (!cidr_parse(str_of(list->items[i]), &ranges[i]))
            return err_set(detail, ERR_INVALID,
                           "webhook-allow: %.100s is not an address or range; write them like "
                           "10.1.2.0/24,fd00::/8",
                           list->items[i]);
    options->allowed = ranges;
    options->allowed_count = list->count;
    return ERR_OK;
}

static enum err check_canary(const struct config *config, struct err_detail *detail)
{
    if (config->canary_every_ms && !config->public_url[0])
        return err_set(detail, ERR_INVALID,
                       "canary-every is set, but not where its messages go; set public-url");
    return ERR_OK;
}

static enum err check_ca_file(const char *path, struct err_detail *detail)
{
    if (path[0] && access(path, R_OK) != 0)
        return err_set(detail, ERR_INVALID,
                       "ca-file: %.200s cannot be read; name a file of certificates in PEM", path);
    return ERR_OK;
}

enum err sending_read(const struct config *config, struct arena *arena,
                      struct outbox_options *ret_options, struct err_detail *detail)
{
    struct outbox_options options = {
        .public_url = {config->public_url[0] ? config->public_url : NULL,
                       strlen(config->public_url)},
        .may_be_plain = config->may_be_plain,
        .ca_file = config->ca_file[0] ? config->ca_file : NULL,
    };
    struct str url = {config->smtp_url.text, config->smtp_url.len};

    TRY(mail_sender_parse(url, str_of(config->smtp_from), arena, &options.sender, detail));
    TRY(check_recipients(config, &options.sender, detail));
    TRY(read_ranges(&config->webhook_allow, arena, &options, detail));
    TRY(check_canary(config, detail));
    TRY(check_ca_file(config->ca_file, detail));
    *ret_options = options;
    return ERR_OK;
}
