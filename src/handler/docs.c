/* SPDX-License-Identifier: MIT */
/*
 * The same rows as a page. It can be read without its script, which only adds
 * what tries a route out; everything that is text goes through html_put().
 */
#include "docs.h"

#include "base/html.h"
#include "describe.h"

static const char SERVER[] = "http://127.0.0.1:3000"; /* the script knows better */

static void put(struct buf *out, const char *html)
{
    buf_put(out, str_of(html));
}

static void put_text(struct buf *out, const char *text)
{
    html_put(out, str_of(text));
}

/* "signing-in" of "Signing in" */
static void put_slug(struct buf *out, const char *name)
{
    for (size_t i = 0; name[i]; i++) {
        bool is_upper = name[i] >= 'A' && name[i] <= 'Z';
        buf_put_char(out, name[i] == ' ' ? '-' : (char)(is_upper ? name[i] - 'A' + 'a' : name[i]));
    }
}

static bool is_get(const struct route *route)
{
    return strcmp(route->method, "GET") == 0;
}

/* --- what it takes ------------------------------------------------------- */

static void put_access(struct buf *out, const struct route *route)
{
    const struct demand demand = guards_demand(route);

    put(out, "<p class=\"access\">");
    if (demand.access == ACCESS_NONE)
        put(out, "Anybody may ask.");
    else
        buf_printf(out, "For <strong>%s</strong> access%s.", access_text(demand.access),
                   demand.may_be_local ? ", or from the server's own machine" : "");
    put(out, "</p>\n");
}

static void open_table(struct buf *out, const char *label, const char *first, const char *second)
{
    buf_printf(out,
               "<div class=\"wide\" role=\"group\" aria-label=\"%s\"><table><thead>"
               "<tr><th scope=\"col\">%s</th><th scope=\"col\">%s</th></tr></thead><tbody>\n",
               label, first, second);
}

static void close_table(struct buf *out)
{
    put(out, "</tbody></table></div>\n");
}

static void put_path_rows(struct buf *out, const struct route *route)
{
    struct str rest = str_of(route->path), name;

    while (describe_path_next(&rest, &name)) {
        buf_printf(out, "<tr><th scope=\"row\"><code>{%.*s}</code></th><td>", (int)name.len,
                   name.ptr);
        put_text(out, describe_path_help(route, name));
        put(out, "</td></tr>\n");
    }
}

static void put_query_rows(struct buf *out, const struct route *route)
{
    struct parameter_walk walk = {.table = route->query};
    const struct parameter *row;

    while ((row = parameter_next(&walk))) {
        CLEANUP(buf_done) struct buf rule = buf_new(1024);
        parameter_rule(&rule, row);
        buf_printf(out, "<tr><th scope=\"row\"><code>%s</code></th><td>", row->name);
        put_text(out, row->help);
        put(out, ": ");
        html_put(out, buf_str(&rule));
        if (row->kind == PARAMETER_NUMBER)
            buf_printf(out, "; else %lld", (long long)row->fallback);
        put(out, "</td></tr>\n");
    }
}

static void put_parameters(struct buf *out, const struct route *route)
{
    if (!route->query && !strchr(route->path, '{'))
        return;
    put(out, "<h4>Parameters</h4>\n");
    open_table(out, "parameters", "Name", "Meaning");
    put_path_rows(out, route);
    put_query_rows(out, route);
    close_table(out);
}

static void put_body(struct buf *out, const struct route *route)
{
    static const enum media ALL[] = {MEDIA_JSON, MEDIA_URLENCODED, MEDIA_MULTIPART};
    bool is_first = true;

    if (!route->body)
        return;
    put(out, "<h4>Body</h4>\n<p>");
    docs_put_shape_link(out, route->body);
    put(out, " as ");
    for (size_t i = 0; i < COUNTOF(ALL); i++) {
        if (!(route->media & ALL[i]))
            continue;
        buf_printf(out, "%s<code>%s</code>", is_first ? "" : ", ", media_type(ALL[i]));
        is_first = false;
    }
    put(out, route->may_lack_body ? "; or none at all</p>\n" : "</p>\n");
}

/* --- what it answers ----------------------------------------------------- */

static void put_reply(struct buf *out, const struct route_reply *reply)
{
    buf_printf(out, "<tr><th scope=\"row\">%u</th><td>%s", reply->status,
               describe_status(reply->status));
    if (reply->shape) {
        put(out, ": ");
        docs_put_shape_link(out, reply->shape);
    } else if (reply->type) {
        struct str rest = str_of(reply->type), type = str_cut(&rest, ';');
        buf_printf(out, ": <code>%.*s</code>", (int)type.len, type.ptr);
    }
    put(out, "</td></tr>\n");
}

static void put_problem_links(struct buf *out, uint64_t set)
{
    bool is_first = true;

    for (int i = 0; i < PROBLEM__COUNT; i++) {
        const char *code = problem_code((enum problem)i);
        if (!describe_has_problem(set, (enum problem)i))
            continue;
        buf_printf(out, "%s<a href=\"#problem-%s\">%s</a>", is_first ? "" : ", ", code, code);
        is_first = false;
    }
}

static void put_replies(struct buf *out, const struct route *route)
{
    put(out, "<h4>Replies</h4>\n");
    open_table(out, "replies", "Status", "Meaning");
    for (size_t i = 0; i < ROUTE_REPLIES_MAX && route->replies[i].status; i++)
        put_reply(out, &route->replies[i]);
    put(out, "<tr><th scope=\"row\">errors</th><td>");
    docs_put_shape_link(out, describe_is_door(route) ? "NotStored" : "Problem");
    put(out, ": ");
    put_problem_links(out, describe_problems(route));
    put(out, "</td></tr>\n");
    close_table(out);
}

/* --- examples ------------------------------------------------------------ */

static void put_example_body(struct buf *out, const struct route *route, const json_t *schemas)
{
    CLEANUP(buf_done) struct buf json = buf_new(4096);
    const json_t *shape = json_object_get(schemas, route->body);
    const json_t *example = json_array_get(json_object_get(shape, "examples"), 0);

    if (!example)
        return;
    js_value(&json, example);
    put(out, " -H 'Content-Type: application/json' \\\n     -d '");
    html_put(out, buf_str(&json));
    put(out, "' \\\n    ");
}

static void put_example(struct buf *out, const struct route *route, const json_t *schemas)
{
    put(out, "<h4>Example</h4>\n<pre class=\"curl\"><code>curl");
    if (guards_demand(route).access != ACCESS_NONE)
        put(out, " -H \"Authorization: Bearer $TOKEN\"");
    if (!is_get(route))
        buf_printf(out, " -X %s", route->method);
    if (route->body)
        put_example_body(out, route, schemas);
    buf_printf(out, " '<span class=\"server\">%s</span>%s'</code></pre>\n", SERVER, route->path);
}

static void put_label(struct buf *out, const struct route *route, struct str name)
{
    buf_printf(out, "<p><label for=\"try-%s-%.*s\">%.*s</label> ", route->name, (int)name.len,
               name.ptr, (int)name.len, name.ptr);
}

static void put_input(struct buf *out, const struct route *route, struct str name, bool is_path)
{
    put_label(out, route, name);
    buf_printf(out,
               "<input id=\"try-%s-%.*s\" name=\"%.*s\" autocomplete=\"off\" "
               "spellcheck=\"false\"%s></p>\n",
               route->name, (int)name.len, name.ptr, (int)name.len, name.ptr,
               is_path ? " data-path" : "");
}

static void put_choice(struct buf *out, const struct route *route, const struct parameter *row)
{
    static const char *const BOOLEANS[] = {"true", "false", NULL};
    const char *const *words = row->words ? row->words : BOOLEANS;

    put_label(out, route, str_of(row->name));
    buf_printf(out, "<select id=\"try-%s-%s\" name=\"%s\"><option></option>", route->name,
               row->name, row->name);
    for (size_t i = 0; words[i]; i++)
        buf_printf(out, "<option>%s</option>", words[i]);
    put(out, "</select></p>\n");
}

static void put_query_inputs(struct buf *out, const struct route *route)
{
    struct parameter_walk walk = {.table = route->query};
    const struct parameter *row;

    while ((row = parameter_next(&walk)))
        if (row->kind == PARAMETER_WORD || row->kind == PARAMETER_BOOLEAN)
            put_choice(out, route, row);
        else
            put_input(out, route, str_of(row->name), false);
}

/* Shown by the script. */
static void put_try(struct buf *out, const struct route *route)
{
    struct str rest = str_of(route->path), name;

    if (!is_get(route))
        return;
    buf_printf(out,
               "<details class=\"try\" hidden><summary>Try it</summary>\n"
               "<form data-path=\"%s\" aria-label=\"Try %s\">\n",
               route->path, route->path);
    while (describe_path_next(&rest, &name))
        put_input(out, route, name, true);
    put_query_inputs(out, route);
    put(out, "<p><button>Send</button> <output></output></p>\n</form></details>\n");
}

/* --- the whole ----------------------------------------------------------- */

static void put_route(struct buf *out, const struct route *route, const json_t *schemas)
{
    buf_printf(out,
               "<article id=\"route-%s\">\n<h3><span class=\"method\">%s</span> <code>%s</code>"
               "</h3>\n<p class=\"help\">",
               route->name, route->method, route->path);
    put_text(out, route->help);
    put(out, "</p>\n");
    put_access(out, route);
    put_parameters(out, route);
    put_body(out, route);
    put_replies(out, route);
    put_example(out, route, schemas);
    put_try(out, route);
    put(out, "</article>\n");
}

static bool has_routes(const struct route_table *routes, const struct topic *topic)
{
    for (size_t i = 0; i < routes->count; i++)
        if (describe_topic(routes->routes[i]) == topic)
            return true;
    return false;
}

static void put_topic(struct buf *out, const struct route_table *routes, const struct topic *topic,
                      const json_t *schemas)
{
    put(out, "<section aria-labelledby=\"");
    put_slug(out, topic->name);
    put(out, "\">\n<h2 id=\"");
    put_slug(out, topic->name);
    buf_printf(out, "\">%s</h2>\n<p>", topic->name);
    put_text(out, topic->help);
    put(out, "</p>\n");
    for (size_t i = 0; i < routes->count; i++)
        if (describe_topic(routes->routes[i]) == topic)
            put_route(out, routes->routes[i], schemas);
    put(out, "</section>\n");
}

static void put_contents_of(struct buf *out, const struct route_table *routes,
                            const struct topic *topic)
{
    put(out, "<li><a href=\"#");
    put_slug(out, topic->name);
    buf_printf(out, "\">%s</a>\n<ul>\n", topic->name);
    for (size_t i = 0; i < routes->count; i++) {
        const struct route *route = routes->routes[i];
        if (describe_topic(route) == topic)
            buf_printf(out, "<li><a href=\"#route-%s\"><b>%s</b> %s</a></li>\n", route->name,
                       route->method, route->path);
    }
    put(out, "</ul></li>\n");
}

static void put_contents(struct buf *out, const struct route_table *routes)
{
    const struct topic *topic;

    put(out, "<nav aria-label=\"Contents\"><details open><summary>Contents</summary>\n<ul>\n");
    for (size_t i = 0; (topic = describe_topic_at(i)); i++)
        if (has_routes(routes, topic))
            put_contents_of(out, routes, topic);
    put(out, "<li><a href=\"#problems\">Problems</a></li>\n"
             "<li><a href=\"#shapes\">Shapes</a></li>\n</ul></details></nav>\n");
}

static void put_problems(struct buf *out)
{
    put(out, "<section aria-labelledby=\"problems\">\n<h2 id=\"problems\">Problems</h2>\n"
             "<p>What <code>code</code> may say, and where a problem's <code>type</code> leads."
             "</p>\n");
    open_table(out, "problems", "Code", "Meaning");
    for (int i = 0; i < PROBLEM__COUNT; i++) {
        enum problem problem = (enum problem)i;
        buf_printf(out, "<tr id=\"problem-%s\"><th scope=\"row\"><code>%s</code></th><td>%u: ",
                   problem_code(problem), problem_code(problem), problem_status(problem));
        put_text(out, problem_text(problem));
        put(out, "</td></tr>\n");
    }
    close_table(out);
    put(out, "</section>\n");
}

static const char HEAD[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<title>contactd's API</title>\n<link rel=\"icon\" href=\"data:,\">\n"
    "<link rel=\"stylesheet\" href=\"docs/docs.css\">\n"
    "<script src=\"docs/docs.js\" defer></script>\n</head>\n<body>\n"
    "<a class=\"skip\" href=\"#main\">To the text</a>\n"
    "<header>\n<h1>contactd's API</h1>\n<p>Version " CONTACTD_VERSION ". For programs: "
    "<a href=\"openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>\n</header>\n";

static const char INTRODUCTION[] =
    "<p>Times are RFC 3339 in UTC. Under <code>/admin/</code> an unknown parameter is an error, "
    "and every error is a <a href=\"#shape-Problem\">problem</a> (RFC 9457). What one may not see "
    "does not exist.</p>\n"
    "<p>A credential is a user's name and password (<code>curl -u NAME</code>), a token "
    "(<code>Authorization: Bearer</code>), or the session of a browser; with a session, whatever "
    "changes something needs <code>X-CSRF-Token</code> as well.</p>\n"
    "<form class=\"token\" hidden aria-label=\"Credential\"><label for=\"token\">Token for trying "
    "routes out; without it, your session</label> <input id=\"token\" type=\"password\" "
    "autocomplete=\"off\"></form>\n";

void docs_put(struct buf *out, const struct route_table *routes, const json_t *schemas)
{
    const struct topic *topic;

    put(out, HEAD);
    put_contents(out, routes);
    put(out, "<main id=\"main\">\n");
    put(out, INTRODUCTION);
    for (size_t i = 0; (topic = describe_topic_at(i)); i++)
        if (has_routes(routes, topic))
            put_topic(out, routes, topic, schemas);
    put_problems(out);
    docs_put_shapes(out, schemas);
    put(out, "</main>\n</body>\n</html>\n");
}
