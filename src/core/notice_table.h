/* SPDX-License-Identifier: MIT */
/* The tables of the setting `notify`, for those who read, describe and mask it. */
#ifndef CONTACTD_CORE_NOTICE_TABLE_H
#define CONTACTD_CORE_NOTICE_TABLE_H

#include "core/notice.h"

enum notice_kind {
    NOTICE_NAME,
    NOTICE_MAILBOX,
    NOTICE_URL,
    NOTICE_SECRET, /* signs; is never sent */
    NOTICE_TOKEN,  /* lets in; is sent along */
    NOTICE_BOT,    /* likewise, Telegram's */
    NOTICE_CHAT,
    NOTICE_LINE,
    NOTICE_PROSE,
    NOTICE_NUMBER,
    NOTICE_WORD,
    NOTICE_FLAG
};

struct notice_member {
    const char *name, *help; /* name NULL: behind the last */
    enum notice_kind kind;
    size_t offset;            /* in struct destination or struct notice */
    uint32_t max, min;        /* bytes of a text; numbers */
    const char *const *words; /* ended by NULL; their order is the enum's */
    bool is_required, is_secret;
};

struct notice_section {
    const char *name, *help; /* name NULL: behind the last */
    enum channel channel;
    const struct notice_member *members;
};

const struct notice_section *notice_sections(void);
const struct notice_member *notice_members(void);
const struct notice_member *notice_reply_members(void);

#endif
