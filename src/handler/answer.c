/* SPDX-License-Identifier: MIT */
/*
 * What a form's page gets back. Scripts get one JSON body that the clients of
 * every service can read (wire.md c.8.5 and c.8.6): it has `next` as a string
 * and neither `error` nor `errors` after success, and a numeric `code` always.
 * Browsers are sent on with 303, and nothing of the message goes with them.
 */
#include "base/json.h"
#include "core/web.h"
#include "http/reply.h"
#include "judge.h"
#include "page.h"
#include "page_origin.h"
#include "post.h"
#include "rate.h"

enum { TARGET_MAX = 2048, THANKS_MAX = 512, SUCCESS_BYTES = 500 };

bool answer_is_json(struct exchange *x)
{
    const struct post *post = post_of(x);
    const struct asker asker = {.accept = x->headers[HEADER_ACCEPT],
                                .fetch_dest = x->headers[HEADER_SEC_FETCH_DEST],
                                .fetch_mode = x->headers[HEADER_SEC_FETCH_MODE],
                                .requested_with = x->headers[HEADER_X_REQUESTED_WITH]};

    if (post && dialect_answer(post->dialect)->is_always_json)
        return true;
    /* A form cannot send JSON, and who asks for ".json" says so. */
    return x->media == MEDIA_JSON || str_ends_with(x->path, STR(".json")) ||
           asker_is_script(&asker);
}

/* What the form's owner or the page wants the visitor to be spoken to in. */
static enum language language_of(struct exchange *x)
{
    const struct post *post = post_of(x);

    if (!post || !post->form)
        return page_language(x, (struct str){0});
    struct str owners = post->form->rules->language;
    return page_language(x, owners.len ? owners : post->special[SPECIAL_LANGUAGE]);
}

/* --- where to go --------------------------------------------------------- */

/* The site of the form's page. Where the browser does not say, the page may, if it is allowed. */
static struct str home_of(const struct post *post)
{
    struct str seen = page_origin(post->x);
    struct str told = web_url_origin(post->special[SPECIAL_PAGE]);

    if (seen.ptr || !told.ptr || !form_origin_is_allowed(post->form->rules, told))
        return seen;
    return told;
}

/* A target as a URL: a path belongs to the page's own site. NULL: there is none. */
static const char *absolute(const struct post *post, struct str target)
{
    struct exchange *x = post->x;
    struct str origin = home_of(post);

    if (!target.len || target.len > TARGET_MAX)
        return NULL;
    if (target.ptr[0] != '/')
        return arena_copy(&x->arena, target);
    if (!origin.ptr || !form_origin_is_allowed(post->form->rules, origin))
        return NULL; /* a page that may not post is not to be led to */
    char *text = arena_alloc(&x->arena, origin.len + target.len + 1);
    if (!text)
        return NULL;
    memcpy(text, origin.ptr, origin.len);
    memcpy(text + origin.len, target.ptr, target.len);
    text[origin.len + target.len] = '\0';
    return text;
}

/* Back to the site that the browser says the visitor comes from: nobody is led astray by that. */
static bool is_home(const struct post *post, struct str target)
{
    struct str origin = web_url_origin(target);

    return origin.ptr && str_equal(origin, page_origin(post->x));
}

/* Where the page asks to go, if it may, or else where the form's owner says. */
static const char *target_of(const struct post *post, enum special special, struct str owners)
{
    struct str asked = post->special[special];
    const char *target = NULL;

    if (asked.len && (form_redirect_is_allowed(post->form->rules, asked) || is_home(post, asked)))
        target = absolute(post, asked);
    return target ? target : absolute(post, owners);
}

/* After a retry from our own page the browser does not know the visitor's way back any more. */
static void put_way_back(struct buf *url, const struct post *post)
{
    struct str page = post->special[SPECIAL_PAGE];

    if (post->x->headers[HEADER_REFERER].ptr || !form_redirect_is_allowed(post->form->rules, page))
        return;
    buf_put(url, STR("&back="));
    for (size_t i = 0; i < page.len && !strchr("?#", page.ptr[i]); i++)
        if (strchr("%&+", page.ptr[i]))
            buf_printf(url, "%%%02X", (unsigned char)page.ptr[i]);
        else
            buf_put_char(url, page.ptr[i]);
}

/* Our own page. Without a scheme it fits whatever stands before us. */
static const char *own_page(const struct post *post)
{
    struct exchange *x = post->x;
    CLEANUP(buf_done) struct buf url = buf_new(TARGET_MAX);

    if (x->headers[HEADER_HOST].ptr) {
        buf_put(&url, STR("//"));
        buf_put(&url, x->headers[HEADER_HOST]);
    }
    buf_put(&url, STR("/thanks?form="));
    buf_put(&url, post->row.form);
    if (post->form->rules->language.len) {
        buf_put(&url, STR("&lang="));
        buf_put(&url, post->form->rules->language);
    }
    put_way_back(&url, post);
    return buf_status(&url) == ERR_OK ? arena_copy(&x->arena, buf_str(&url)) : "/thanks";
}

static const char *next_of(const struct post *post)
{
    const char *target = target_of(post, SPECIAL_REDIRECT, post->form->rules->redirect);

    return target ? target : own_page(post);
}

static enum flow send_on(struct exchange *x, const char *target)
{
    reply_text(x, 303);
    reply_header(x, "Location", target);
    return FLOW_DONE;
}

/* --- JSON ---------------------------------------------------------------- */

static void put_success(struct buf *out, const struct post *post, struct str message)
{
    const struct dialect_answer *answer = dialect_answer(post->dialect);
    char text[ID_TEXT_LEN + 1];
    struct str id = {text, ID_TEXT_LEN};

    id_format(&post->row.id, text);
    /* At once, for what follows; a failure sticks to the buffer. */
    (void)!buf_reserve(out, SUCCESS_BYTES);
    js_open(out, '{');
    js_field_bool(out, "ok", true);
    if (answer->success_is_text)
        js_field_string(out, "success", STR("true"));
    else
        js_field_bool(out, "success", true);
    js_field_u64(out, "code", 200);
    js_field_u64(out, "statusCode", 200);
    js_field_string(out, "status", str_of(answer->status));
    js_field_string(out, "id", id);
    js_field_string(out, "submission_id", id);
    js_field_string(out, "message", message);
    js_field_string(out, "next", str_of(next_of(post)));
    js_field_string(out, "redirect", (struct str){0});
    js_key(out, "body");
    js_open(out, '{');
    js_field_string(out, "message", message);
    js_close(out, '}');
    js_close(out, '}');
    buf_put_char(out, '\n');
}

/* In capitals, as the services write them: FORM_NOT_FOUND. */
static void put_code(struct buf *out, enum problem problem)
{
    const char *code = problem == PROBLEM_ORIGIN_REFUSED ? "blocked" : problem_code(problem);
    char text[64];
    size_t len = 0;

    for (; code[len] && len < sizeof text; len++)
        text[len] =
            (char)(code[len] >= 'a' && code[len] <= 'z' ? code[len] - 'a' + 'A' : code[len]);
    js_field_string(out, "code", (struct str){text, len});
}

static bool is_told(const struct field_errors *errors, size_t count, const char *field)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(errors->list[i].field, field) == 0)
            return true;
    return false;
}

/* For form.js: what to tell the visitor, in his language, of the whole and by field. */
static void put_texts(struct exchange *x, enum problem problem)
{
    const struct post *post = post_of(x);
    const struct field_errors *errors = post ? post->errors : NULL;
    enum language language = language_of(x);
    struct buf *out = &x->reply.body;
    bool may_retry;

    js_field_string(out, "text", str_of(text_say(language, page_sentence(problem, &may_retry))));
    if (!errors)
        return;
    js_key(out, "texts");
    js_open(out, '{');
    for (size_t i = 0; i < errors->count; i++)
        if (!is_told(errors, i, errors->list[i].field))
            js_field_string(out, errors->list[i].field,
                            str_of(text_say(language, text_of_field_code(errors->list[i].code))));
    js_close(out, '}');
}

static void put_failure(struct exchange *x, enum problem problem, struct str message,
                        struct str errors)
{
    struct buf *out = &x->reply.body;
    const struct post *post = post_of(x);
    bool is_text = post && dialect_answer(post->dialect)->success_is_text;

    js_open(out, '{');
    js_field_bool(out, "ok", false);
    if (is_text)
        js_field_string(out, "success", STR("false"));
    else
        js_field_bool(out, "success", false);
    js_field_u64(out, "code", problem_status(problem));
    js_field_u64(out, "statusCode", problem_status(problem));
    js_field_string(out, "status", STR("error"));
    js_field_string(out, "error", str_of(problem_text(problem)));
    js_field_string(out, "reason", str_of(problem_code(problem)));
    js_field_string(out, "message", message);
    js_key(out, "errors");
    if (errors.ptr) {
        buf_put(out, errors);
    } else {
        /* Clients that know only lists show this one. */
        js_open(out, '[');
        js_comma(out);
        js_open(out, '{');
        put_code(out, problem);
        js_field_string(out, "message", message);
        js_close(out, '}');
        js_close(out, ']');
    }
    put_texts(x, problem);
    js_field_string(out, "requestId", str_of(x->request_id));
    js_close(out, '}');
    buf_put_char(out, '\n');
}

/* --- answers ------------------------------------------------------------- */

enum flow answer_stored(struct post *post)
{
    struct exchange *x = post->x;

    x->decision = !post->is_remembered            ? "repeated"
                  : post->row.state == STATE_SPAM ? "stored_as_spam"
                                                  : "stored";
    if (!answer_is_json(x))
        return send_on(x, next_of(post));
    enum language language = language_of(x);
    CLEANUP(buf_done) struct buf message = buf_new(THANKS_MAX);
    buf_put(&message, str_of(text_say(language, TEXT_THANKS)));
    buf_put_char(&message, ' ');
    buf_put(&message, str_of(text_say(language, TEXT_ARRIVED)));
    reply_json(x, 200);
    put_success(&x->reply.body, post, buf_str(&message));
    return FLOW_DONE;
}

/* Where the page or the form's owner wants visitors to go after an error. NULL: nowhere. */
static const char *error_target(const struct post *post)
{
    if (!post || !post->form)
        return NULL;
    return target_of(post, SPECIAL_ERROR_REDIRECT, post->form->rules->error_redirect);
}

/*
 * A page. The body is read once more, since by now its fields may be gone, and
 * the visitor must get back what he wrote.
 */
static enum flow show_error(struct exchange *x, enum problem problem)
{
    const struct post *post = post_of(x);
    bool has_form = post && post->form;
    const char *target = error_target(post);
    struct fields posted;

    if (target)
        return send_on(x, target);
    bool is_read = x->body.len && contact_read_body(x, &posted, NULL) == ERR_OK;
    const struct page_error page = {
        .problem = problem,
        .language = language_of(x),
        .errors = post ? post->errors : NULL,
        .posted = is_read ? &posted : NULL,
        .dialect = post ? post->dialect : DIALECT_CONTACTD,
        .title = has_form ? post->form->rules->title : (struct str){0},
        .honeypot = has_form ? post->form->rules->honeypot : (struct str){0},
        .page = page_url(x, post ? post->special[SPECIAL_PAGE] : (struct str){0}),
        .next = has_form ? str_of(next_of(post)) : (struct str){0},
    };
    enum flow flow = page_error(x, &page);
    if (is_read)
        fields_done(&posted);
    return flow;
}

enum flow answer_problem(struct exchange *x, enum problem problem, const char *message,
                         struct str errors)
{
    if (!answer_is_json(x))
        return show_error(x, problem);
    reply_json(x, problem_status(problem));
    put_failure(x, problem, str_of(message ? message : problem_text(problem)), errors);
    return FLOW_DONE;
}

enum flow answer_invalid(struct post *post, const struct field_errors *errors)
{
    CLEANUP(buf_done) struct buf list = buf_new(REPLY_BODY_MAX);

    judge_note_refusal(post->ctx, post->x);
    rate_give_back(post->ctx, post->x, post->row.form);
    field_errors_render(&list, errors,
                        post->dialect == DIALECT_CONTACTD ? field_code_text
                                                          : field_code_service_text);
    post->errors = errors;
    enum flow flow = reply_problem_errors(post->x, PROBLEM_INVALID_FIELDS,
                                          "see errors for what to change", buf_str(&list));
    post->errors = NULL;
    return flow;
}
