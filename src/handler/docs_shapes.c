/* SPDX-License-Identifier: MIT */
/*
 * JSON Schemas in words: what a value is in a phrase, an object as a table of
 * its members. Of the keywords it knows those that are used here.
 */
#include "base/html.h"
#include "docs.h"

#define REF "#/components/schemas/"

enum { NESTING_MAX = 4 };

static void put(struct buf *out, const char *html)
{
    buf_put(out, str_of(html));
}

void docs_put_shape_link(struct buf *out, const char *name)
{
    buf_printf(out, "<a href=\"#shape-%s\">%s</a>", name, name);
}

/* --- phrases ------------------------------------------------------------- */

static void put_phrase(struct buf *out, const json_t *schema, int depth);

static void put_constant(struct buf *out, const json_t *value)
{
    CLEANUP(buf_done) struct buf text = buf_new(4096);

    js_value(&text, value);
    put(out, "<code>");
    html_put(out, buf_str(&text));
    put(out, "</code>");
}

static void put_choices(struct buf *out, const json_t *values)
{
    size_t count = json_array_size(values);

    for (size_t i = 0; i < count; i++) {
        put(out, !i ? "" : i + 1 < count ? ", " : " or ");
        put_constant(out, json_array_get(values, i));
    }
}

static void put_types(struct buf *out, const json_t *type)
{
    if (json_is_string(type))
        put(out, json_string_value(type));
    for (size_t i = 0; i < json_array_size(type); i++)
        buf_printf(out, "%s%s", i ? " or " : "", json_string_value(json_array_get(type, i)));
}

/* "1 to 200 characters" */
static void put_range(struct buf *out, const json_t *schema, const char *least, const char *most,
                      const char *unit)
{
    const json_t *min = json_object_get(schema, least), *max = json_object_get(schema, most);

    if (min && max)
        buf_printf(out, ", %g to %g%s", json_number_value(min), json_number_value(max), unit);
    else if (max)
        buf_printf(out, ", at most %g%s", json_number_value(max), unit);
    else if (min)
        buf_printf(out, ", at least %g%s", json_number_value(min), unit);
}

static void put_rules(struct buf *out, const json_t *schema)
{
    struct str format = js_get_string(schema, "format");
    struct str pattern = js_get_string(schema, "pattern");
    const json_t *above = json_object_get(schema, "exclusiveMinimum");

    if (format.ptr)
        buf_printf(out, ", %s", format.ptr);
    put_range(out, schema, "minLength", "maxLength", " characters");
    put_range(out, schema, "minItems", "maxItems", " items");
    put_range(out, schema, "minimum", "maximum", "");
    if (above)
        buf_printf(out, ", above %g", json_number_value(above));
    if (pattern.ptr) {
        put(out, ", like <code>");
        html_put(out, pattern);
        put(out, "</code>");
    }
}

static void put_members_in_line(struct buf *out, const json_t *properties, int depth)
{
    const char *name;
    json_t *member;
    bool is_first = true;

    put(out, " with ");
    json_object_foreach((json_t *)(uintptr_t)properties, name, member)
    {
        buf_printf(out, "%s<code>%s</code> (", is_first ? "" : ", ", name);
        put_phrase(out, member, depth + 1);
        put(out, ")");
        is_first = false;
    }
}

static void put_alternatives(struct buf *out, const json_t *list, int depth)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        put(out, i ? " or " : "");
        put_phrase(out, json_array_get(list, i), depth + 1);
    }
}

static void put_object(struct buf *out, const json_t *schema, int depth)
{
    const json_t *items = json_object_get(schema, "items");
    const json_t *properties = json_object_get(schema, "properties");

    if (items) {
        put(out, "list of ");
        put_phrase(out, items, depth + 1);
        put(out, json_is_array(json_object_get(schema, "type")) ? " or null" : "");
    } else {
        put_types(out, json_object_get(schema, "type"));
    }
    if (json_object_size(properties))
        put_members_in_line(out, properties, depth);
    put_rules(out, schema);
}

static void put_phrase(struct buf *out, const json_t *schema, int depth)
{
    struct str ref = js_get_string(schema, "$ref");
    const json_t *values = json_object_get(schema, "enum");
    const json_t *constant = json_object_get(schema, "const");
    const json_t *list = json_object_get(schema, "oneOf");

    if (depth > NESTING_MAX)
        put(out, "...");
    else if (str_starts_with(ref, STR(REF)))
        docs_put_shape_link(out, ref.ptr + strlen(REF));
    else if (values)
        put_choices(out, values);
    else if (constant)
        put_constant(out, constant);
    else if (list)
        put_alternatives(out, list, depth);
    else
        put_object(out, schema, depth);
}

/* --- shapes -------------------------------------------------------------- */

static bool is_required(const json_t *schema, const char *name)
{
    const json_t *required = json_object_get(schema, "required");

    for (size_t i = 0; i < json_array_size(required); i++)
        if (strcmp(json_string_value(json_array_get(required, i)), name) == 0)
            return true;
    return false;
}

static void put_member(struct buf *out, const json_t *schema, const char *name,
                       const json_t *member)
{
    buf_printf(out, "<tr><th scope=\"row\"><code>%s</code>%s</th><td>", name,
               is_required(schema, name) ? " <span class=\"must\">always</span>" : "");
    put_phrase(out, member, 0);
    put(out, "</td><td>");
    html_put(out, js_get_string(member, "description"));
    put(out, "</td></tr>\n");
}

static void put_members(struct buf *out, const json_t *schema)
{
    const json_t *properties = json_object_get(schema, "properties");
    const char *name;
    json_t *member;

    if (!json_object_size(properties)) {
        put(out, "<p>");
        put_phrase(out, schema, 0);
        put(out, "</p>\n");
        return;
    }
    put(out, "<div class=\"wide\" role=\"group\" aria-label=\"members\"><table>"
             "<thead><tr><th scope=\"col\">Member</th><th scope=\"col\">Value</th>"
             "<th scope=\"col\">Meaning</th></tr></thead><tbody>\n");
    json_object_foreach((json_t *)(uintptr_t)properties, name, member)
        put_member(out, schema, name, member);
    put(out, "</tbody></table></div>\n");
}

void docs_put_shapes(struct buf *out, const json_t *schemas)
{
    const char *name;
    json_t *schema;

    put(out, "<section aria-labelledby=\"shapes\">\n<h2 id=\"shapes\">Shapes</h2>\n"
             "<p>What bodies and answers look like, by name.</p>\n");
    json_object_foreach((json_t *)(uintptr_t)schemas, name, schema)
    {
        buf_printf(out, "<article id=\"shape-%s\">\n<h3>%s</h3>\n<p>", name, name);
        html_put(out, js_get_string(schema, "description"));
        put(out, "</p>\n");
        put_members(out, schema);
        put(out, "</article>\n");
    }
    put(out, "</section>\n");
}
