/* SPDX-License-Identifier: MIT */
/*
 * A configuration file: refused with a reason, or taken; and what is printed of
 * a taken one is a file that means the same, but for the secrets, which are not
 * printed.
 */
#include <assert.h>
#include <stdlib.h>

#include "config/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_print_is_read_back(const struct config *config)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    struct err_detail detail = {""};
    struct config again;

    config_print(config, out);
    fclose(out);
    assert(options_load_text(&OPTIONS, (struct str){text, len}, &again, &detail) == ERR_OK);
    for (size_t i = 0; i < OPTIONS.count; i++)
        if (!OPTIONS.rows[i].is_secret)
            assert(strcmp(config->origins[i].text, again.origins[i].text) == 0);
    assert(config->trusted_proxies.count == again.trusted_proxies.count);
    assert(config->max_body_bytes == again.max_body_bytes);
    config_done(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err_detail detail = {""};
    struct config config;

    enum err err =
        options_load_text(&OPTIONS, (struct str){(const char *)data, size}, &config, &detail);
    assert((err == ERR_OK) == (detail.text[0] == '\0'));
    if (err)
        return 0;
    assert(config.threads >= 1 && config.threads <= 64);
    assert(config.max_body_bytes >= 1024 && config.max_body_bytes <= 1024 * 1024);
    assert(config.idle_timeout_ms >= 1000);
    check_print_is_read_back(&config);
    config_done(&config);
    return 0;
}
