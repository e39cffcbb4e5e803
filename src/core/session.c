/* SPDX-License-Identifier: MIT */
/*
 * The rules of sessions, without a clock and without a database. A cookie that
 * came twice is not looked at: another site under the same domain may have
 * planted the second one, and which of them counts would be a guess.
 */
#include "core/session.h"

#include "base/encode.h"

enum { ID_BYTES = 12 };

_Static_assert(SESSION_TEXT_LEN == BASE64URL_LEN(SESSION_RANDOM_BYTES), "as base64url");
_Static_assert(SESSION_ID_LEN == BASE64URL_LEN(ID_BYTES), "as base64url");

void session_text_format(const uint8_t random[SESSION_RANDOM_BYTES],
                         char ret_text[SESSION_TEXT_LEN + 1])
{
    base64url_encode(random, SESSION_RANDOM_BYTES, ret_text);
}

bool session_text_is_well_formed(struct str text)
{
    uint8_t random[SESSION_RANDOM_BYTES];
    size_t len;

    bool is_decoded = text.len == SESSION_TEXT_LEN &&
                      base64url_decode(text, random, sizeof random, &len) && len == sizeof random;
    secret_wipe(random, sizeof random);
    return is_decoded;
}

struct str session_of_cookies(struct str header)
{
    struct str found = {0};

    while (header.ptr) {
        struct str value = str_trim(str_cut(&header, ';'));
        struct str name = str_cut(&value, '=');
        if (!str_equal(name, STR(SESSION_COOKIE)))
            continue;
        if (found.ptr || !value.ptr)
            return (struct str){0};
        found = value;
    }
    return session_text_is_well_formed(found) ? found : (struct str){0};
}

void session_id_format(const struct digest *hash, char ret_id[SESSION_ID_LEN + 1])
{
    base64url_encode(hash->bytes, ID_BYTES, ret_id);
}

int64_t session_ends_at_ms(const struct session *session)
{
    int64_t idle_ms = session->seen_at_ms + (int64_t)SESSION_IDLE_S * 1000;

    return idle_ms < session->expires_at_ms ? idle_ms : session->expires_at_ms;
}
