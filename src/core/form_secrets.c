/* SPDX-License-Identifier: MIT */
/*
 * The secrets in a form's settings, as they are shown and as they come back. What is shown
 * has an ellipsis in it, which no secret has (they are visible ASCII), so a mask is never taken for
 * a secret. What comes back masked keeps what is stored; but a token, which is sent
 * along, stays with the URL that it was given for: else who may change a form could have it
 * sent to a server of his own.
 */
#include "core/form.h"
#include "core/notice_table.h"
#include "core/web.h"

#define ELLIPSIS "\xe2\x80\xa6"

enum { SHOWN_LENGTH = 4, SHOWN_FROM = 16 /* shorter secrets are not shown at all */ };

/* One secret: a member of an object of the settings. */
struct slot {
    json_t *holder;
    const char *key;
    const char *section; /* of `notify`; NULL: it is the captcha's */
    size_t index;        /* in the section's list */
    const char *bound;   /* the member that must not change if the secret is kept; NULL: none */
};

typedef enum err visit_fn(void *arg, const struct slot *slot);

static struct str text_of(const json_t *value)
{
    return (struct str){json_string_value(value), json_string_length(value)};
}

/* --- all there are ------------------------------------------------------- */

static enum err visit_item(json_t *item, const struct notice_section *section, size_t index,
                           visit_fn *visit, void *arg)
{
    for (const struct notice_member *row = section->members; row->name; row++) {
        bool is_sent = row->kind == NOTICE_TOKEN || row->kind == NOTICE_BOT;
        struct slot slot = {item, row->name, section->name, index, is_sent ? "url" : NULL};
        if (row->is_secret && json_is_string(json_object_get(item, row->name)))
            TRY(visit(arg, &slot));
    }
    return ERR_OK;
}

static enum err visit_all(const json_t *settings, visit_fn *visit, void *arg)
{
    const json_t *notify = json_object_get(settings, "notify");
    struct slot captcha = {json_object_get(settings, "captcha"), "secret", .bound = "kind"};

    if (json_is_string(json_object_get(captcha.holder, captcha.key)))
        TRY(visit(arg, &captcha));
    for (const struct notice_section *section = notice_sections(); section->name; section++) {
        const json_t *list = json_object_get(notify, section->name);
        for (size_t i = 0; i < json_array_size(list); i++)
            TRY(visit_item(json_array_get(list, i), section, i, visit, arg));
    }
    return ERR_OK;
}

/* --- as they are shown --------------------------------------------------- */

static bool is_mask(struct str text)
{
    return text.len && memmem(text.ptr, text.len, ELLIPSIS, sizeof ELLIPSIS - 1);
}

/* "whsec_", or the place that a URL names. */
static struct str shown_start(struct str secret)
{
    const struct str prefix = STR("whsec_");

    if (str_starts_with(secret, prefix))
        return (struct str){secret.ptr, prefix.len};
    return web_url_origin(secret);
}

static void put_mask(struct buf *out, struct str secret)
{
    struct str start = shown_start(secret);

    buf_put(out, start);
    buf_put(out, str_starts_with_nocase(start, STR("http")) ? STR("/" ELLIPSIS) : STR(ELLIPSIS));
    if (secret.len >= start.len + SHOWN_FROM && str_is_visible_ascii(secret))
        buf_put(out, (struct str){secret.ptr + secret.len - SHOWN_LENGTH, SHOWN_LENGTH});
}

static enum err mask(void *arg, const struct slot *slot)
{
    CLEANUP(buf_done) struct buf text = buf_new(FORM_SETTINGS_MAX);

    (void)arg;
    put_mask(&text, text_of(json_object_get(slot->holder, slot->key)));
    TRY(buf_status(&text));
    json_t *value = json_stringn(text.ptr, text.len);
    return json_object_set_new(slot->holder, slot->key, value) == 0 ? ERR_OK : ERR_MEMORY;
}

enum err form_settings_mask(json_t *settings)
{
    return visit_all(settings, mask, NULL);
}

/* --- as they come back --------------------------------------------------- */

static enum err find_mask(void *arg, const struct slot *slot)
{
    *(bool *)arg |= is_mask(text_of(json_object_get(slot->holder, slot->key)));
    return ERR_OK;
}

bool form_settings_are_masked(const json_t *settings)
{
    bool is_found = false;

    return visit_all(settings, find_mask, &is_found) == ERR_OK && is_found;
}

struct search {
    const json_t *stored;
    const struct slot *wanted;
    const json_t *found, *found_by_name; /* secrets */
    bool is_doubtful;                    /* another one looks the same */
    struct err_detail *detail;
};

static bool is_same(const json_t *a, const json_t *b, const char *key)
{
    const json_t *left = json_object_get(a, key), *right = json_object_get(b, key);

    return left && right ? json_equal(left, right) : left == right;
}

/* Whether this stored secret is what the mask shows, and may go where the mask stands. */
static enum err consider(void *arg, const struct slot *slot)
{
    struct search *search = arg;
    const struct slot *wanted = search->wanted;
    const json_t *secret = json_object_get(slot->holder, slot->key);
    CLEANUP(buf_done) struct buf shown = buf_new(FORM_SETTINGS_MAX);

    if (slot->section != wanted->section || strcmp(slot->key, wanted->key) != 0 ||
        (slot->bound && !is_same(slot->holder, wanted->holder, slot->bound)))
        return ERR_OK;
    put_mask(&shown, text_of(secret));
    TRY(buf_status(&shown));
    if (!str_equal(buf_str(&shown), text_of(json_object_get(wanted->holder, wanted->key))))
        return ERR_OK;
    search->is_doubtful |= search->found && !json_equal(search->found, secret);
    search->found = secret;
    if (!search->found_by_name && is_same(slot->holder, wanted->holder, "name"))
        search->found_by_name = secret;
    return ERR_OK;
}

static enum err refuse(const struct slot *slot, bool is_doubtful, struct err_detail *detail)
{
    char place[64] = "captcha";

    if (slot->section)
        snprintf(place, sizeof place, "notify.%s[%zu]", slot->section, slot->index);
    if (is_doubtful)
        return err_set(detail, ERR_INVALID,
                       "%s.%s is masked, and more than one stored secret could be meant, none of "
                       "them of this name; give the secret again",
                       place, slot->key);
    return err_set(detail, ERR_INVALID,
                   "%s.%s is masked, and no such secret is stored%s%s; write the secret itself",
                   place, slot->key, slot->bound ? " for this " : "",
                   slot->bound ? slot->bound : "");
}

/* By its name first; else what alone could be meant. Never by its place in the list. */
static const json_t *choose(const struct search *search)
{
    if (search->found_by_name)
        return search->found_by_name;
    return search->is_doubtful ? NULL : search->found;
}

static enum err unmask(void *arg, const struct slot *slot)
{
    struct search *all = arg;
    struct search search = {.stored = all->stored, .wanted = slot};

    if (!is_mask(text_of(json_object_get(slot->holder, slot->key))))
        return ERR_OK;
    TRY(visit_all(search.stored, consider, &search));
    const json_t *secret = choose(&search);
    if (!secret)
        return refuse(slot, search.is_doubtful, all->detail);
    json_t *copy = json_copy((json_t *)(uintptr_t)secret); /* jansson counts without const */
    return json_object_set_new(slot->holder, slot->key, copy) == 0 ? ERR_OK : ERR_MEMORY;
}

enum err form_settings_unmask(json_t *settings, const json_t *stored, struct err_detail *detail)
{
    struct search all = {.stored = stored, .detail = detail};

    return visit_all(settings, unmask, &all);
}
