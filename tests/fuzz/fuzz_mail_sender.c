/* SPDX-License-Identifier: MIT */
/*
 * smtp-url and smtp-from, a line each. What is accepted has a host that libcurl cannot read in
 * another way, an address that may stand in a mail's head, and a NUL behind every text.
 */
#include <assert.h>

#include "core/email.h"
#include "core/mail_sender.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct str text)
{
    if (!text.ptr)
        return;
    assert(strlen(text.ptr) == text.len);
    for (size_t i = 0; i < text.len; i++)
        assert((unsigned char)text.ptr[i] >= 0x20 && text.ptr[i] != 0x7f);
}

static void check_url(const struct mail_sender *sender)
{
    if (sender->service != MAIL_SMTP)
        return;
    struct str rest = sender->url;
    assert(str_starts_with(rest, STR("smtp://")) || str_starts_with(rest, STR("smtps://")));
    str_cut(&rest, '/');
    assert(!strpbrk(rest.ptr + 1, "/@?#%\\ "));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str from = {(const char *)data, size};
    struct str url = str_cut(&from, '\n');
    struct mail_sender sender;
    struct err_detail detail = {""};
    struct arena arena;

    arena_init(&arena, 64 * 1024, NULL, 0);
    enum err err = mail_sender_parse(url, from, &arena, &sender, &detail);
    if (err == ERR_OK && sender.service != MAIL_NONE) {
        check_text(sender.url);
        check_text(sender.user);
        check_text(sender.secret);
        check_text(sender.address);
        check_text(sender.name);
        check_url(&sender);
        assert(email_is_valid(sender.address));
    } else {
        assert(err == ERR_OK || detail.text[0] || err == ERR_MEMORY);
    }
    arena_done(&arena);
    return 0;
}
