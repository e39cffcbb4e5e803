/* SPDX-License-Identifier: MIT */
/*
 * "Spam" and "not spam" teach the form's filter, in the transaction that
 * changes the message, so that the two never disagree; whoever changes their
 * mind takes the lesson back. Many messages may be moved at once, so models
 * stay here between two lessons, and are written when they give way or at the end.
 */
#include "lesson.h"

#include <stdlib.h>

enum { FIELDS_MEMORY_MAX = 256 * 1024 };

struct lesson_model {
    char form[FORM_NAME_MAX];
    size_t form_len;
    struct bayes model;
    uint8_t packed[BAYES_PACKED_BYTES];
};

void lessons_init(struct lessons *lessons, struct app_ctx *ctx, struct store *writer)
{
    *lessons = (struct lessons){.ctx = ctx, .writer = writer};
}

void lessons_done(struct lessons *lessons)
{
    while (lessons->count)
        free(lessons->models[--lessons->count]);
}

/* --- models -------------------------------------------------------------- */

static struct str form_of(const struct lesson_model *model)
{
    return (struct str){model->form, model->form_len};
}

static enum err write_model(struct lessons *lessons, struct lesson_model *model)
{
    bayes_pack(&model->model, model->packed);
    return store_model_put(lessons->writer, form_of(model),
                           (struct str){(const char *)model->packed, sizeof model->packed});
}

static enum err read_model(struct lessons *lessons, struct lesson_model *model)
{
    CLEANUP(buf_done) struct buf bytes = buf_new(BAYES_PACKED_BYTES);
    uint64_t seed;

    enum err err = store_model_get(lessons->writer, form_of(model), &bytes);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (err == ERR_OK && bayes_unpack(buf_str(&bytes), &model->model) == ERR_OK)
        return ERR_OK;
    secret_random(&seed, sizeof seed);
    bayes_start(&model->model, seed);
    return ERR_OK;
}

/* Takes the place of a new one, or of the oldest, which is written. */
static enum err make_place(struct lessons *lessons, struct lesson_model **ret_model)
{
    struct lesson_model *model;

    if (lessons->count < LESSON_MODELS_MAX) {
        model = malloc(sizeof *model);
        if (!model)
            return ERR_MEMORY;
    } else {
        model = lessons->models[0];
        TRY(write_model(lessons, model));
        lessons->count--;
        memmove(lessons->models, lessons->models + 1, lessons->count * sizeof(model));
    }
    *ret_model = model;
    return ERR_OK;
}

static enum err find_model(struct lessons *lessons, struct str form, struct bayes **ret_model)
{
    struct lesson_model *model = NULL;

    for (size_t i = 0; i < lessons->count; i++) {
        if (!str_equal(form_of(lessons->models[i]), form))
            continue;
        *ret_model = &lessons->models[i]->model;
        return ERR_OK;
    }
    TRY(make_place(lessons, &model));
    model->form_len = form.len;
    memcpy(model->form, form.ptr, form.len);
    enum err err = read_model(lessons, model);
    if (err != ERR_OK) {
        free(model);
        return err;
    }
    lessons->models[lessons->count++] = model;
    *ret_model = &model->model;
    return ERR_OK;
}

enum err lessons_keep(struct lessons *lessons)
{
    for (size_t i = 0; i < lessons->count; i++)
        TRY(write_model(lessons, lessons->models[i]));
    return ERR_OK;
}

/* --- teaching ------------------------------------------------------------ */

/* What the filter should have learnt from a message that is moved from one state to another. */
static enum submission_taught lesson(const struct submission *row, enum submission_state state)
{
    if (state == STATE_SPAM)
        return TAUGHT_SPAM;
    /* Owners who never see false spam teach what is good by archiving it; reading says nothing. */
    if (state == STATE_ARCHIVED || (row->state == STATE_SPAM && state != STATE_TRASH))
        return TAUGHT_GOOD;
    return row->taught;
}

static void change_model(struct bayes *model, const struct bayes_text *text,
                         enum submission_taught before, enum submission_taught after)
{
    if (before != TAUGHT_NOTHING)
        bayes_unteach(model, text, before == TAUGHT_SPAM);
    if (after != TAUGHT_NOTHING)
        bayes_teach(model, text, after == TAUGHT_SPAM);
}

/* Fields that cannot be read, since not we have written them, teach nothing and hold nobody up. */
static enum err teach(struct lessons *lessons, const struct submission *row,
                      enum submission_taught after, struct bayes *model)
{
    struct bayes_text text = {.email = row->email, .message = row->message};
    struct arena arena;
    struct fields fields;

    arena_init(&arena, FIELDS_MEMORY_MAX, NULL, 0);
    enum err err =
        fields_from_json(row->fields.ptr ? row->fields : STR("{}"), &arena, &fields, NULL);
    if (err == ERR_OK)
        text.fields = &fields;
    if (err == ERR_OK || err == ERR_INVALID) {
        change_model(model, &text, row->taught, after);
        lessons->has_taught = true;
    }
    if (err == ERR_OK)
        fields_done(&fields);
    arena_done(&arena);
    return err == ERR_INVALID ? ERR_OK : err;
}

enum err lessons_take(struct lessons *lessons, const struct submission *row,
                      enum submission_state state, enum submission_taught *ret_taught)
{
    enum submission_taught after = lesson(row, state);
    struct bayes *model = NULL;

    if (after == row->taught) {
        *ret_taught = after;
        return ERR_OK;
    }
    const struct form_entry *form = forms_find(lessons->ctx->forms, row->form);
    enum err err = find_model(lessons, form ? form->name : STR(FORM_DEFAULT), &model);
    form_entry_release(form);
    TRY(err);
    TRY(teach(lessons, row, after, model));
    *ret_taught = after;
    return ERR_OK;
}
