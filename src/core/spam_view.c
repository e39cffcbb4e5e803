/* SPDX-License-Identifier: MIT */
/*
 * Looks once at every field of a post and counts what the rules will ask
 * about. Links to the page itself and a few to the sender's own domain are no links
 * here, and neither is a field that is one address and nothing else: that is
 * what "your website" fields are for.
 */
#include "core/spam_view.h"

#include "core/texts.h"

static bool is_ascii(struct str text)
{
    uint64_t word, all = 0;
    size_t i = 0;

    for (; i + sizeof word <= text.len; i += sizeof word) {
        memcpy(&word, text.ptr + i, sizeof word);
        all |= word;
    }
    for (; i < text.len; i++)
        all |= (unsigned char)text.ptr[i];
    return !(all & UINT64_MAX / 255 << 7);
}

static struct str email_domain(struct str email)
{
    struct str rest = email;

    str_cut(&rest, '@');
    return rest;
}

/* Names that pages and browsers add on their own account. */
static bool is_plumbing(struct str name)
{
    static const char *const PREFIXES[] = {"_", "utm_", "gclid", "fbclid", "msclkid"};

    for (size_t i = 0; i < COUNTOF(PREFIXES); i++)
        if (str_starts_with_nocase(name, str_of(PREFIXES[i])))
            return true;
    return false;
}

/* Web3Forms' botcheck is a checkbox, and scripts send what it is: false. */
static bool is_filled(const struct field *field)
{
    if (field->text.ptr)
        return str_trim(field->text).len && !str_equal_nocase(str_trim(field->text), STR("false"));
    return field->json && !json_is_null(field->json) && !json_is_false(field->json);
}

static void look_at_trap(const struct field *field, struct spam_view *view)
{
    if (!view->trapped.len && is_filled(field))
        view->trapped = field->name;
}

/* False: the field is none of the visitor's, and its text is not looked at. */
static bool look_at_name(const struct field *field, struct spam_view *view)
{
    const struct spam_input *input = view->input;
    const bool is_own_trap = input->honeypot.len && str_equal(field->name, input->honeypot);
    enum special special = special_of(input->dialect, field->name);

    view->has_own_trap |= is_own_trap;
    if (is_own_trap || special == SPECIAL_HONEYPOT) {
        look_at_trap(field, view);
        return false;
    }
    if (special != SPECIAL_NONE)
        return false;
    if (input->knows && !is_plumbing(field->name) && !input->knows(input->form, field->name) &&
        view->unknown_count++ == 0)
        view->unknown = field->name;
    return true;
}

enum { SIGNATURE_LINKS = 3 }; /* links to the sender's own domain that are free */

struct look {
    struct spam_view *view;
    struct str own_domain;
    unsigned own_links;
    size_t left; /* bytes that may still be looked at */
};

static bool is_free_link(struct look *look, const struct link *link)
{
    if (link_host_is_within(link->host, look->view->input->page_host))
        return true;
    return link_host_is_within(link->host, look->own_domain) && look->own_links++ < SIGNATURE_LINKS;
}

enum place { PLACE_MESSAGE, PLACE_NAME, PLACE_FURTHER };

static void look_at_link(struct look *look, const struct link *link, enum place place)
{
    struct spam_view *view = look->view;

    if (place == PLACE_NAME)
        view->name_links[link->kind]++;
    if (is_free_link(look, link))
        return;
    view->counts[link->kind]++;
    if (place == PLACE_MESSAGE)
        view->message_link_bytes += link->whole.len;
    if (!view->host.len)
        view->host = link->host;
}

static void look_at_links(struct look *look, struct str text, enum place place)
{
    struct link_scan scan = {.text = text};
    struct link link;

    while (link_next(&scan, &link))
        if (place != PLACE_FURTHER || link.whole.len < text.len)
            look_at_link(look, &link, place);
}

/* Nearly enough, and free: plain ASCII is nearly all letters. */
static void count_latin(struct str text, struct script_count *letters)
{
    letters->letters[SCRIPT_LATIN] += (uint32_t)text.len;
    letters->total += (uint32_t)text.len;
}

static enum place place_of(const struct spam_input *input, struct str text)
{
    if (str_equal(text, input->message))
        return PLACE_MESSAGE;
    return str_equal(text, input->name) ? PLACE_NAME : PLACE_FURTHER;
}

static void look_at_text(void *arg, struct str text)
{
    struct look *look = arg;
    const enum place place = place_of(look->view->input, text);

    if (str_equal(text, look->view->input->email))
        return;
    if (text.len > look->left)
        text.len = look->left;
    look->left -= text.len;
    if (place == PLACE_MESSAGE)
        look->view->message_bytes = text.len;
    look_at_links(look, text, place);
    if (is_ascii(text))
        count_latin(text, &look->view->letters);
    else
        script_count(text, &look->view->letters);
}

void spam_look(const struct spam_input *input, struct spam_view *ret_view)
{
    *ret_view = (struct spam_view){.input = input};
    struct look look = {ret_view, email_domain(input->email), 0, SPAM_TEXT_MAX};
    for (size_t i = 0; i < input->fields->count; i++)
        if (look_at_name(&input->fields->list[i], ret_view))
            texts_walk(&input->fields->list[i], look_at_text, &look);
}
