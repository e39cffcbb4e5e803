/* SPDX-License-Identifier: MIT */
/*
 * Whether a text is an e-mail address. The grammar is the HTML standard's, so
 * that an address which the visitor's browser let pass is not refused here;
 * quoted local parts and comments, which nobody types, are no addresses.
 */
#include "core/email.h"

#include "base/utf8.h"
#include "core/point.h"

static bool is_international(int32_t point)
{
    return point > 0x9f && !point_is_space(point) && !point_is_bidi_control(point);
}

static bool is_letter_or_digit(int32_t point)
{
    return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z') ||
           (point >= '0' && point <= '9') || is_international(point);
}

static bool is_local(int32_t point)
{
    return is_letter_or_digit(point) ||
           (point > 0 && point < 0x80 && strchr("!#$%&'*+-/=?^_`{|}~.", point));
}

static bool local_is_valid(struct str local)
{
    if (local.len == 0 || local.len > EMAIL_LOCAL_MAX)
        return false;
    while (local.len)
        if (!is_local(utf8_next(&local)))
            return false;
    return true;
}

static bool label_is_valid(struct str label)
{
    if (label.len == 0 || label.len > EMAIL_LABEL_MAX || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-')
        return false;
    while (label.len) {
        int32_t point = utf8_next(&label);
        if (point != '-' && !is_letter_or_digit(point))
            return false;
    }
    return true;
}

static bool domain_is_valid(struct str domain)
{
    if (domain.len > EMAIL_DOMAIN_MAX)
        return false;
    while (domain.ptr)
        if (!label_is_valid(str_cut(&domain, '.')))
            return false;
    return true;
}

bool email_is_valid(struct str text)
{
    struct str domain = text;
    struct str local = str_cut(&domain, '@');

    return text.len <= EMAIL_MAX && local_is_valid(local) && domain.ptr && domain_is_valid(domain);
}
