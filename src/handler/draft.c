/* SPDX-License-Identifier: MIT */
/*
 * A message that was not taken goes back to its writer as a form: every value
 * under the name that it came with, so that sending it again sends the same.
 * Labels are made of names, since the page's own are not known here. What
 * came from outside goes through html_put(), always.
 */
#include "draft.h"

#include "base/html.h"
#include "base/json.h"

enum {
    LINE_MAX_BYTES = 120, /* of a value that fits an input; longer ones get a textarea */
    NAME_MAX_BYTES = 1024 * 1024,
};

static void put(struct buf *out, const char *html)
{
    buf_put(out, str_of(html));
}

static void put_attribute(struct buf *out, const char *name, struct str text)
{
    buf_printf(out, " %s=\"", name);
    html_put(out, text);
    buf_put_char(out, '"');
}

struct draft {
    const struct page_error *about;
    struct buf *out;
    struct buf name; /* of the value at hand: "car[0][color]" */
    const struct field_error *error;
    unsigned ids;
    bool is_hidden;
    bool may_be_sent;
    bool has_focus; /* some field got it */
};

/* An error's name may be cut. */
static bool is_about(const struct field_error *error, struct str name)
{
    struct str field = str_of(error->field);

    if (name.len > FIELD_ERROR_NAME_MAX && field.len)
        name.len = field.len < name.len ? field.len : name.len;
    return str_equal(field, name);
}

static const struct field_error *error_of(const struct page_error *about, struct str name)
{
    for (size_t i = 0; about->errors && i < about->errors->count; i++)
        if (is_about(&about->errors->list[i], name))
            return &about->errors->list[i];
    return NULL;
}

static bool is_hidden(const struct page_error *about, struct str name)
{
    return special_of(about->dialect, name) != SPECIAL_NONE ||
           (about->honeypot.len && str_equal(about->honeypot, name));
}

/* Fields whose label everybody knows: how browsers fill them in, and what they are called. */
static const struct known_field {
    struct str name;
    const char *autocomplete;
    enum text label; /* TEXT__COUNT: none, the name will do */
} KNOWN[] = {
    {{"name", 4}, "name", TEXT_LABEL_NAME},     {{"email", 5}, "email", TEXT_LABEL_EMAIL},
    {{"message", 7}, NULL, TEXT_LABEL_MESSAGE}, {{"phone", 5}, "tel", TEXT__COUNT},
    {{"tel", 3}, "tel", TEXT__COUNT},           {{"company", 7}, "organization", TEXT__COUNT},
};

static const struct known_field *known_field(struct str name)
{
    for (size_t i = 0; i < COUNTOF(KNOWN); i++)
        if (str_equal_nocase(KNOWN[i].name, name))
            return &KNOWN[i];
    return NULL;
}

/* How much stands before the next mark that parts words. */
static size_t word_length(struct str text)
{
    size_t len = 0;

    while (len < text.len && (!text.ptr[len] || !strchr("_-.[] ", text.ptr[len])))
        len++;
    return len;
}

/* "first_name" is "First name". */
static void put_name_as_words(struct buf *out, struct str name)
{
    struct str rest = name;
    bool is_first = true;

    while (rest.len) {
        struct str word = {rest.ptr, word_length(rest)};
        size_t taken = word.len ? word.len : 1;
        rest = (struct str){rest.ptr + taken, rest.len - taken};
        if (!word.len)
            continue;
        if (!is_first)
            buf_put_char(out, ' ');
        else if (word.ptr[0] >= 'a' && word.ptr[0] <= 'z') {
            buf_put_char(out, (char)(word.ptr[0] - 'a' + 'A'));
            word.ptr++;
            word.len--;
        }
        html_put(out, word);
        is_first = false;
    }
    if (is_first)
        html_put(out, name);
}

static void put_label(struct draft *draft)
{
    struct str name = buf_str(&draft->name);
    const struct known_field *known = known_field(name);

    buf_printf(draft->out, "<label for=\"f%u\">", draft->ids);
    if (known && known->label != TEXT__COUNT)
        put(draft->out, text_say(draft->about->language, known->label));
    else
        put_name_as_words(draft->out, name);
    put(draft->out, "</label>\n");
}

static void put_state(struct draft *draft)
{
    const struct field_error *error = draft->error;
    struct buf *out = draft->out;

    if (!draft->may_be_sent)
        put(out, " readonly");
    if (!error)
        return;
    buf_printf(out, " aria-invalid=\"true\" aria-describedby=\"e%u\"", draft->ids);
    if (error->code == FIELD_CODE_UNKNOWN_FIELD) {
        put(out, " disabled"); /* shown, and not sent */
        return;
    }
    if (error->code == FIELD_CODE_REQUIRED)
        put(out, " required");
    if (!draft->has_focus)
        put(out, " autofocus");
    draft->has_focus = true;
}

static void put_sentence(struct draft *draft)
{
    if (draft->error)
        buf_printf(draft->out, "<p class=\"error\" id=\"e%u\">%s</p>\n", draft->ids,
                   text_say(draft->about->language, text_of_field_code(draft->error->code)));
}

static bool is_long(struct str name, struct str text)
{
    return text.len > LINE_MAX_BYTES || str_equal_nocase(name, STR("message")) ||
           (text.len && (memchr(text.ptr, '\n', text.len) || memchr(text.ptr, '\r', text.len)));
}

static void put_input(struct draft *draft, struct str text)
{
    struct str name = buf_str(&draft->name);
    const struct known_field *known = known_field(name);
    bool is_area = is_long(name, text);
    struct buf *out = draft->out;

    buf_printf(out,
               is_area ? "<textarea id=\"f%u\" dir=\"auto\"" : "<input id=\"f%u\" dir=\"auto\"",
               draft->ids);
    put_attribute(out, "name", name);
    if (known && known->autocomplete)
        put_attribute(out, "autocomplete", str_of(known->autocomplete));
    put_state(draft);
    if (is_area) {
        put(out, ">\n"); /* the first line break is the tag's */
        html_put(out, text);
        put(out, "</textarea>\n");
    } else {
        put_attribute(out, "value", text);
        put(out, ">\n");
    }
}

static void put_text(struct draft *draft, struct str text)
{
    if (draft->is_hidden) {
        put(draft->out, "<input type=\"hidden\"");
        put_attribute(draft->out, "name", buf_str(&draft->name));
        put_attribute(draft->out, "value", text);
        put(draft->out, ">\n");
        return;
    }
    draft->ids++;
    put_label(draft);
    put_input(draft, text);
    put_sentence(draft);
}

static void put_value(struct draft *draft, const json_t *value);

static void put_members(struct draft *draft, const json_t *object)
{
    size_t len = draft->name.len;
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)(uintptr_t)object, key, member)
    {
        buf_printf(&draft->name, "[%s]", key);
        put_value(draft, member);
        draft->name.len = len;
    }
}

static void put_elements(struct draft *draft, const json_t *array)
{
    size_t len = draft->name.len;

    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *element = json_array_get(array, i);
        if (json_is_string(element))
            put(&draft->name, "[]");
        else
            buf_printf(&draft->name, "[%zu]", i);
        put_value(draft, element);
        draft->name.len = len;
    }
}

/* Under names that will be read as the same structure; see fields_from_urlencoded(). */
static void put_value(struct draft *draft, const json_t *value)
{
    if (json_is_string(value))
        put_text(draft, (struct str){json_string_value(value), json_string_length(value)});
    else if (json_is_object(value))
        put_members(draft, value);
    else
        put_elements(draft, value);
}

static void put_field(struct draft *draft, const struct field *field)
{
    draft->name.len = 0;
    buf_put(&draft->name, field->name);
    draft->is_hidden = is_hidden(draft->about, field->name);
    draft->error = error_of(draft->about, field->name);
    if (field->json)
        put_value(draft, field->json);
    else
        put_text(draft, field->text);
}

static bool is_posted(const struct page_error *about, const struct field_error *error)
{
    for (size_t i = 0; i < about->posted->count; i++)
        if (is_about(error, about->posted->list[i].name))
            return true;
    return false;
}

/* Fields that the page did not have. A file is no field that could be filled in here. */
static void put_missing(struct draft *draft)
{
    const struct page_error *about = draft->about;

    for (size_t i = 0; about->errors && i < about->errors->count; i++) {
        const struct field_error *error = &about->errors->list[i];
        const struct field field = {.name = str_of(error->field), .text = STR("")};
        if (field.name.len && error->code != FIELD_CODE_NO_FILE_UPLOADS && !is_posted(about, error))
            put_field(draft, &field);
    }
}

/* What is wrong with no field that can be seen. */
static void put_general(struct draft *draft)
{
    const struct page_error *about = draft->about;

    for (size_t i = 0; about->errors && i < about->errors->count; i++) {
        const struct field_error *error = &about->errors->list[i];
        struct str name = str_of(error->field);
        bool is_file = error->code == FIELD_CODE_NO_FILE_UPLOADS;
        if (name.len && !is_file && !is_hidden(about, name))
            continue;
        put(draft->out, "<p class=\"error\">");
        if (is_file) {
            put_name_as_words(draft->out, name);
            put(draft->out, ": ");
        }
        put(draft->out, text_say(about->language, text_of_field_code(error->code)));
        put(draft->out, "</p>\n");
    }
}

/* The page's own word for where it is is replaced by what we know. */
static void put_page(struct draft *draft)
{
    if (!draft->about->page.len)
        return;
    put(draft->out, "<input type=\"hidden\" name=\"_page\"");
    put_attribute(draft->out, "value", draft->about->page);
    put(draft->out, ">\n");
}

void draft_put(struct buf *out, const struct page_error *about, bool may_be_sent)
{
    struct draft draft = {
        .about = about, .out = out, .name = buf_new(NAME_MAX_BYTES), .may_be_sent = may_be_sent};

    put_general(&draft);
    /* No action: whatever stands before us, the page is where it must go. */
    put(out, may_be_sent ? "<form method=\"post\" accept-charset=\"utf-8\">\n" : "<form>\n");
    for (size_t i = 0; i < about->posted->count; i++)
        if (special_of(about->dialect, about->posted->list[i].name) != SPECIAL_PAGE)
            put_field(&draft, &about->posted->list[i]);
    put_missing(&draft);
    put_page(&draft);
    if (may_be_sent)
        buf_printf(out, "<button>%s</button>\n", text_say(about->language, TEXT_SEND_AGAIN));
    put(out, "</form>\n");
    if (buf_status(&draft.name) != ERR_OK)
        out->err = buf_status(&draft.name); /* a page that would send something else is none */
    buf_done(&draft.name);
}
