/* SPDX-License-Identifier: MIT */
/*
 * Which form a post is for, and which of its fields are not the visitor's but
 * a service's. The id is in the path or, on some doors, in the body. HTTP threads.
 */
#include "core/validate.h"
#include "http/reply.h"
#include "post.h"

_Static_assert(FIELDS_MAX <= 64, "a bit for each field");

/*
 * Special fields apart, the rest into `own`; of several with one meaning the
 * first with text holds. How the visitor came stands behind the end of `own`,
 * where no rule looks.
 */
void post_sort_fields(struct post *post, const struct fields *posted, struct fields *own)
{
    uint64_t visits = 0; /* a bit for each field that tells of the visit */

    own->count = 0;
    for (size_t i = 0; i < posted->count; i++) {
        const struct field *field = &posted->list[i];
        enum special special = special_of(post->dialect, field->name);
        if (special == SPECIAL_VISIT)
            visits |= UINT64_C(1) << i;
        if (special == SPECIAL_NONE)
            own->list[own->count++] = *field;
        else if (!post->special[special].len)
            post->special[special] = field->text;
    }
    for (size_t i = 0; visits >> i; i++)
        if (visits >> i & 1)
            own->list[own->count + post->visits++] = posted->list[i];
    own->total = own->count + posted->total - posted->count;
    own->values = posted->values;
    own->tree = NULL; /* stays with `posted` */
    /* Pages of other services send Object.fromEntries(FormData) as JSON. */
    own->is_untyped = posted->is_untyped || post->dialect != DIALECT_CONTACTD;
    own->may_have_subject = post->dialect == DIALECT_WEB3FORMS || post->dialect == DIALECT_NETLIFY;
    own->file = posted->file;
    post->fields = own;
}

struct str find_without_json(struct str id)
{
    static const struct str SUFFIX = {".json", 5};

    if (id.len > SUFFIX.len && str_ends_with(id, SUFFIX))
        id.len -= SUFFIX.len;
    return id;
}

const struct form_entry *find_in_project(struct forms *forms, struct arena *arena,
                                         struct str project, struct str key)
{
    struct str both = {NULL, project.len + 1 + key.len};
    char *text = arena_alloc(arena, both.len);

    if (!text)
        return NULL;
    memcpy(text, project.ptr, project.len);
    text[project.len] = '/';
    memcpy(text + project.len + 1, key.ptr, key.len);
    both.ptr = text;
    const struct form_entry *found = forms_find(forms, both);
    return found ? found : forms_find(forms, key);
}

/* The form that has the id of the path or, where the path has none, of the body. */
static const struct form_entry *find_registered(struct post *post)
{
    const struct str *params = post->x->params;
    struct forms *forms = post->ctx->forms;

    if (!params[0].ptr)
        return forms_find(forms, post->special[SPECIAL_FORM]);
    if (!params[1].ptr)
        return forms_find(forms, find_without_json(params[0]));
    return find_in_project(forms, &post->x->arena, params[0], params[1]);
}

bool post_find_form(struct post *post)
{
    struct str name = post->x->params[0].ptr ? post->x->params[0] : post->special[SPECIAL_FORM];

    post->form = find_registered(post);
    if (post->form) {
        post->row.form = post->form->name;
        return true;
    }
    if (post->dialect != DIALECT_CONTACTD)
        return false;
    bool is_valid = form_name_is_valid(name);
    if (post->x->params[0].ptr && !is_valid)
        return false;
    post->form = forms_find(post->ctx->forms, STR(FORM_DEFAULT));
    post->row.form = is_valid ? name : STR(FORM_DEFAULT);
    return post->form != NULL;
}

enum flow post_no_such_form(struct post *post)
{
    if (post->dialect == DIALECT_CONTACTD)
        return reply_problem(post->x, PROBLEM_FORM_NOT_FOUND, "no form can have this name");
    if (!post->x->params[0].ptr && !post->special[SPECIAL_FORM].len)
        return reply_problem(post->x, PROBLEM_FORM_NOT_FOUND,
                             "say which form: send its id as access_key or form-name");
    return reply_problem(
        post->x, PROBLEM_FORM_NOT_FOUND,
        "its owner can add one that has this id: contactd form add NAME aliases=ID");
}
