/* SPDX-License-Identifier: MIT */
/*
 * From rows to OpenAPI 3.1. Nothing about a single route is known here: what
 * the document says is what the rows, the guards, the table of problems and
 * assets/shapes.json say.
 */
#include "openapi.h"

#include "core/form.h"
#include "core/submission.h"
#include "describe.h"

static void put(struct buf *out, const char *json)
{
    buf_put(out, str_of(json));
}

static void open_field(struct buf *out, const char *key, char bracket)
{
    js_key(out, key);
    js_open(out, bracket);
}

static void open_item(struct buf *out)
{
    js_comma(out);
    js_open(out, '{');
}

static void put_ref(struct buf *out, const char *shape)
{
    js_key(out, "schema");
    buf_printf(out, "{\"$ref\":\"#/components/schemas/%s\"}", shape);
}

/* --- parameters ---------------------------------------------------------- */

static void put_words(struct buf *out, const char *const *words)
{
    open_field(out, "enum", '[');
    for (size_t i = 0; words[i]; i++) {
        js_comma(out);
        js_string(out, str_of(words[i]));
    }
    js_close(out, ']');
}

static void put_number(struct buf *out, const char *key, int64_t number)
{
    js_key(out, key);
    buf_put_i64(out, number);
}

static void put_query_schema(struct buf *out, const struct parameter *row)
{
    static const char *const TYPES[] = {[PARAMETER_TEXT] = "string",
                                        [PARAMETER_WORD] = "string",
                                        [PARAMETER_BOOLEAN] = "boolean",
                                        [PARAMETER_NUMBER] = "integer",
                                        [PARAMETER_TIME] = "string"};

    open_field(out, "schema", '{');
    js_field_string(out, "type", str_of(TYPES[row->kind]));
    if (row->kind == PARAMETER_WORD)
        put_words(out, row->words);
    if (row->kind == PARAMETER_NUMBER) {
        put_number(out, "minimum", row->min);
        put_number(out, "maximum", row->max);
        put_number(out, "default", row->fallback);
    }
    js_close(out, '}');
}

static void put_query(struct buf *out, const struct route *route)
{
    struct parameter_walk walk = {.table = route->query};
    const struct parameter *row;

    while ((row = parameter_next(&walk))) {
        CLEANUP(buf_done) struct buf help = buf_new(1024);
        buf_printf(&help, "%s: ", row->help);
        parameter_rule(&help, row);
        open_item(out);
        js_field_string(out, "name", str_of(row->name));
        js_field_string(out, "in", STR("query"));
        js_field_string(out, "description", buf_str(&help));
        put_query_schema(out, row);
        js_close(out, '}');
    }
}

static void put_path(struct buf *out, const struct route *route)
{
    struct str rest = str_of(route->path), name;

    while (describe_path_next(&rest, &name)) {
        open_item(out);
        js_field_string(out, "name", name);
        js_field_string(out, "in", STR("path"));
        js_field_bool(out, "required", true);
        js_field_string(out, "description", str_of(describe_path_help(route, name)));
        put(out, ",\"schema\":{\"type\":\"string\",\"minLength\":1}}");
    }
}

static void put_header(struct buf *out, const char *name, const char *help)
{
    open_item(out);
    js_field_string(out, "name", str_of(name));
    js_field_string(out, "in", STR("header"));
    js_field_string(out, "description", str_of(help));
    put(out, ",\"schema\":{\"type\":\"string\"}}");
}

static void put_parameters(struct buf *out, const struct route *route)
{
    bool is_safe = strcmp(route->method, "GET") == 0;

    open_field(out, "parameters", '[');
    put_path(out, route);
    put_query(out, route);
    if (describe_is_door(route))
        put_header(out, "Idempotency-Key", "the same key within a day is the same message");
    if (!is_safe && guards_demand(route).access != ACCESS_NONE)
        put_header(out, "X-CSRF-Token", "with the session cookie: the session's csrf");
    js_close(out, ']');
}

/* --- bodies and replies -------------------------------------------------- */

static void put_body(struct buf *out, const struct route *route)
{
    static const enum media ALL[] = {MEDIA_JSON, MEDIA_URLENCODED, MEDIA_MULTIPART};

    if (!route->body)
        return;
    open_field(out, "requestBody", '{');
    js_field_bool(out, "required", !route->may_lack_body);
    open_field(out, "content", '{');
    for (size_t i = 0; i < COUNTOF(ALL); i++) {
        if (!(route->media & ALL[i]))
            continue;
        open_field(out, media_type(ALL[i]), '{');
        put_ref(out, route->body);
        js_close(out, '}');
    }
    put(out, "}}");
}

/* Without the charset and other particulars. */
static void open_type(struct buf *out, const char *type)
{
    struct str rest = str_of(type);

    js_comma(out);
    js_string(out, str_cut(&rest, ';'));
    put(out, ":{");
}

static bool is_first_of_status(const struct route *route, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (route->replies[i].status == route->replies[index].status)
            return false;
    return true;
}

static void put_contents(struct buf *out, const struct route *route, unsigned status)
{
    for (size_t i = 0; i < ROUTE_REPLIES_MAX; i++) {
        const struct route_reply *reply = &route->replies[i];
        if (reply->status != status || !(reply->shape || reply->type))
            continue;
        open_type(out, reply->type ? reply->type : "application/json");
        if (reply->shape)
            put_ref(out, reply->shape);
        js_close(out, '}');
    }
}

static void put_replies(struct buf *out, const struct route *route)
{
    for (size_t i = 0; i < ROUTE_REPLIES_MAX && route->replies[i].status; i++) {
        const struct route_reply *reply = &route->replies[i];
        if (!is_first_of_status(route, i))
            continue;
        js_comma(out);
        buf_printf(out, "\"%u\":{", reply->status);
        js_field_string(out, "description", str_of(describe_status(reply->status)));
        if (reply->shape || reply->type) {
            open_field(out, "content", '{');
            put_contents(out, route, reply->status);
            js_close(out, '}');
        }
        js_close(out, '}');
    }
}

/* The problems of one status are one answer. */
static bool is_first_problem(uint64_t set, enum problem problem)
{
    for (int i = 0; i < (int)problem; i++)
        if (describe_has_problem(set, (enum problem)i) &&
            problem_status((enum problem)i) == problem_status(problem))
            return false;
    return true;
}

static void put_problem_help(struct buf *out, uint64_t set, unsigned status)
{
    CLEANUP(buf_done) struct buf help = buf_new(4096);

    for (int i = 0; i < PROBLEM__COUNT; i++) {
        enum problem problem = (enum problem)i;
        if (describe_has_problem(set, problem) && problem_status(problem) == status)
            buf_printf(&help, "%s`%s`: %s", help.len ? "; " : "", problem_code(problem),
                       problem_text(problem));
    }
    js_field_string(out, "description", buf_str(&help));
}

static void put_problem(struct buf *out, const struct route *route, uint64_t set, unsigned status)
{
    js_comma(out);
    buf_printf(out, "\"%u\":{", status);
    put_problem_help(out, set, status);
    if (status == 429 || status == 503)
        put(out, ",\"headers\":{\"Retry-After\":{\"description\":\"seconds\","
                 "\"schema\":{\"type\":\"integer\"}}}");
    open_field(out, "content", '{');
    open_type(out, describe_is_door(route) ? "application/json" : "application/problem+json");
    put_ref(out, describe_is_door(route) ? "NotStored" : "Problem");
    js_close(out, '}');
    if (describe_has_pages(route))
        put(out, ",\"text/html\":{}");
    put(out, "}}");
}

static void put_responses(struct buf *out, const struct route *route)
{
    uint64_t set = describe_problems(route);

    open_field(out, "responses", '{');
    put_replies(out, route);
    for (int i = 0; i < PROBLEM__COUNT; i++)
        if (describe_has_problem(set, (enum problem)i) && is_first_problem(set, (enum problem)i))
            put_problem(out, route, set, problem_status((enum problem)i));
    js_close(out, '}');
}

/* --- operations ---------------------------------------------------------- */

static void put_security(struct buf *out, const struct route *route)
{
    const struct demand demand = guards_demand(route);

    open_field(out, "security", '[');
    if (demand.access != ACCESS_NONE)
        put(out, "{\"basic\":[]},{\"bearer\":[]},{\"session\":[]}");
    if (demand.may_be_local)
        put(out, ",{}");
    js_close(out, ']');
    if (demand.access != ACCESS_NONE)
        js_field_string(out, "x-access", str_of(access_text(demand.access)));
}

static void put_operation(struct buf *out, const struct route *route)
{
    char method[16] = "";

    for (size_t i = 0; route->method[i] && i < sizeof method - 1; i++)
        method[i] = (char)(route->method[i] - 'A' + 'a');
    open_field(out, method, '{');
    js_field_string(out, "operationId", str_of(route->name));
    open_field(out, "tags", '[');
    js_string(out, str_of(describe_topic(route)->name));
    js_close(out, ']');
    js_field_string(out, "summary", str_of(route->help));
    put_security(out, route);
    put_parameters(out, route);
    put_body(out, route);
    put_responses(out, route);
    js_close(out, '}');
}

static bool is_first_of_path(const struct route_table *routes, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(routes->routes[i]->path, routes->routes[index]->path) == 0)
            return false;
    return true;
}

static void put_paths(struct buf *out, const struct route_table *routes)
{
    open_field(out, "paths", '{');
    for (size_t i = 0; i < routes->count; i++) {
        const char *path = routes->routes[i]->path;
        if (!is_first_of_path(routes, i))
            continue;
        open_field(out, path, '{');
        for (size_t j = i; j < routes->count; j++)
            if (strcmp(routes->routes[j]->path, path) == 0)
                put_operation(out, routes->routes[j]);
        js_close(out, '}');
    }
    js_close(out, '}');
}

/* --- shapes -------------------------------------------------------------- */

static void put_states(struct buf *out)
{
#define STATE_AS_WORD(id, text) text,
    static const char *const STATES[] = {SUBMISSION_STATE_LIST(STATE_AS_WORD) NULL};
#undef STATE_AS_WORD

    open_field(out, "State", '{');
    put_words(out, STATES);
    js_close(out, '}');
}

static void put_codes(struct buf *out)
{
    open_field(out, "ProblemCode", '{');
    open_field(out, "enum", '[');
    for (int i = 0; i < PROBLEM__COUNT; i++) {
        js_comma(out);
        js_string(out, str_of(problem_code((enum problem)i)));
    }
    put(out, "]}");
}

/* An example into the schema that was just written. */
static void put_example(struct buf *out, const char *help, const char *example)
{
    out->len -= buf_status(out) == ERR_OK; /* its bracket is opened again */
    js_field_string(out, "description", str_of(help));
    open_field(out, "examples", '[');
    put(out, example);
    put(out, "]}");
}

/* Said outright, since much depends on it: further fields are welcome. */
static void put_fields(struct buf *out, const char *name, const struct schema *schema)
{
    js_key(out, name);
    schema_render(out, schema);
    out->len -= buf_status(out) == ERR_OK;
    put(out, ",\"additionalProperties\":true}");
}

static void put_form_shapes(struct buf *out)
{
    put_fields(out, "ContactFields", &SCHEMA_CONTACT);
    put_example(out, "The default form, while it has no rules of its own.",
                "{\"name\":\"Ada\",\"email\":\"ada@example.org\",\"message\":\"Hello!\"}");
    put_fields(out, "FormFields", &SCHEMA_OPEN);
    put_example(out,
                "A form without rules of its own: any fields, at least one of them filled in. "
                "Names that start with _ may have a meaning, as with the other services.",
                "{\"email\":\"ada@example.org\",\"message\":\"Hello!\"}");
    js_key(out, "FormSettings");
    form_settings_render(out);
    put_example(
        out, "What a form may be told.",
        "{\"title\":\"Web shop\",\"origins\":[\"https://shop.example\"],\"notify\":{\"mail\":"
        "[\"owner@shop.example\"],\"webhooks\":[{\"url\":\"https://crm.example/in\"}]}}");
}

static void put_shapes(struct buf *out, const json_t *shapes)
{
    const char *name;
    json_t *shape;

    open_field(out, "schemas", '{');
    put_states(out);
    put_codes(out);
    put_form_shapes(out);
    json_object_foreach((json_t *)(uintptr_t)shapes, name, shape)
    {
        if (name[0] == '$')
            continue;
        js_key(out, name);
        js_value(out, shape);
    }
    js_close(out, '}');
}

/* --- what we post -------------------------------------------------------- */

static const struct hook {
    const char *type, *name, *shape, *help;
} HOOKS[] = {
    {"submission.created", "hook_submission", "HookSubmission", "a message has come to a form"},
    {"alarm", "hook_alarm", "HookAlarm", "something is wrong with a form or the server"},
};

/* Standard Webhooks 1.0 (https://www.standardwebhooks.com). */
static void put_hook_headers(struct buf *out)
{
    put_header(out, "webhook-id", "the same in every attempt: who has seen it, has the message");
    put_header(out, "webhook-timestamp", "of the attempt, in seconds since 1970");
    put_header(out, "webhook-signature",
               "v1, and base64 of HMAC-SHA256 over id.timestamp.body; absent without a secret");
    put_header(out, "Formspree-Signature",
               "t=timestamp,v1=hex of HMAC-SHA256 over timestamp.body, if the setting asks for it");
}

static void put_hook(struct buf *out, const struct hook *hook)
{
    open_field(out, hook->type, '{');
    open_field(out, "post", '{');
    js_field_string(out, "operationId", str_of(hook->name));
    js_field_string(out, "summary", str_of(hook->help));
    put(out, ",\"security\":[]");
    open_field(out, "parameters", '[');
    put_hook_headers(out);
    js_close(out, ']');
    put(out, ",\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{");
    put_ref(out, hook->shape);
    put(out, "}}},\"responses\":{\"2XX\":{\"description\":\"received\"},\"410\":{"
             "\"description\":\"gone: not tried again\"},\"default\":{\"description\":"
             "\"tried again, for more than a day\"}}}}");
}

static void put_hooks(struct buf *out)
{
    open_field(out, "webhooks", '{');
    for (size_t i = 0; i < COUNTOF(HOOKS); i++)
        put_hook(out, &HOOKS[i]);
    js_close(out, '}');
}

/* --- the whole ----------------------------------------------------------- */

static const char HEAD[] =
    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"contactd\",\"version\":\"" CONTACTD_VERSION "\","
    "\"description\":\"The contact-form backend that never loses a lead. Times are RFC 3339, "
    "UTC. Under /admin/ an unknown parameter is an error, and every error is a problem "
    "(RFC 9457). What one may not see does not exist.\","
    "\"license\":{\"name\":\"MIT\",\"identifier\":\"MIT\"}},\"servers\":[{\"url\":\"/\"}]";

static const char SECURITY[] =
    "\"securitySchemes\":{"
    "\"basic\":{\"type\":\"http\",\"scheme\":\"basic\",\"description\":\"a user's name and "
    "password\"},"
    "\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"a token\"},"
    "\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"__Host-contactd\","
    "\"description\":\"a session; whatever changes something needs X-CSRF-Token as well\"}}";

static void put_tags(struct buf *out)
{
    const struct topic *topic;

    open_field(out, "tags", '[');
    for (size_t i = 0; (topic = describe_topic_at(i)); i++) {
        open_item(out);
        js_field_string(out, "name", str_of(topic->name));
        js_field_string(out, "description", str_of(topic->help));
        js_close(out, '}');
    }
    js_close(out, ']');
}

void openapi_put(struct buf *out, const struct route_table *routes, const json_t *shapes)
{
    put(out, HEAD);
    put_tags(out);
    put_paths(out, routes);
    put_hooks(out);
    open_field(out, "components", '{');
    put(out, SECURITY);
    put_shapes(out, shapes);
    put(out, "}}\n");
}
