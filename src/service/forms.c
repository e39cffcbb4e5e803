/* SPDX-License-Identifier: MIT */
/*
 * A snapshot of all forms: an index of ids, sorted, over entries that count
 * their users. A change makes a new snapshot beside the old one and swaps them
 * under `lock`; whoever still works with an old entry keeps it alive.
 *
 * HTTP threads find and release; whoever changed a form reloads, one at a time
 * (`reloading`, taken before `lock`).
 */
#include "service/forms.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"

enum { FORMS_MAX = 10000 };

struct held_entry {
    struct form_entry entry;
    atomic_uint users;
    struct form_rules *rules;
    struct bayes *model;
    char name[FORM_NAME_MAX + 1];
};

struct form_key {
    struct str id; /* points into the entry */
    struct held_entry *entry;
};

struct snapshot {
    struct form_key *keys; /* sorted by id; of equal ones the first holds */
    size_t count, room;
};

struct forms {
    pthread_mutex_t reloading;
    pthread_rwlock_t lock; /* guards `snapshot` */
    struct snapshot snapshot;
    const struct notice *server_notice; /* constant */
};

/* --- entries ------------------------------------------------------------- */

/* Users see an entry as constant; only its count of users ever changes. */
static struct held_entry *held_of(const struct form_entry *entry)
{
    return (struct held_entry *)((uintptr_t)entry - offsetof(struct held_entry, entry));
}

void form_entry_release(const struct form_entry *entry)
{
    if (!entry)
        return;
    struct held_entry *held = held_of(entry);
    if (atomic_fetch_sub(&held->users, 1) > 1)
        return;
    form_rules_free(held->rules);
    free(held->model);
    free(held);
}

static enum err compile(struct held_entry *held, struct str settings, struct err_detail *detail)
{
    CLEANUP(js_decref) json_t *document = NULL;

    TRY(js_parse_object(settings, &document, detail));
    return form_compile(document, &held->rules, detail);
}

/* Who is told was any object once; what cannot be read of it must not cost the other settings. */
static enum err compile_without_notify(struct held_entry *held, struct str settings)
{
    CLEANUP(js_decref) json_t *document = NULL;

    TRY(js_parse_object(settings, &document, NULL));
    (void)json_object_del(document, "notify");
    return form_compile(document, &held->rules, NULL);
}

static enum err entry_new(struct str name, struct held_entry **ret_entry)
{
    struct held_entry *held = calloc(1, sizeof *held);

    if (!held)
        return ERR_MEMORY;
    if (name.len > FORM_NAME_MAX) {
        free(held);
        return ERR_CORRUPT;
    }
    atomic_init(&held->users, 1);
    memcpy(held->name, name.ptr, name.len);
    held->entry.name = (struct str){held->name, name.len};
    *ret_entry = held;
    return ERR_OK;
}

/* Settings that do not compile are replaced by none: the form must go on taking messages. */
static enum err entry_fill(struct held_entry *held, struct str settings)
{
    struct err_detail detail = {""};

    enum err err = compile(held, settings, &detail);
    if (err == ERR_MEMORY)
        return err;
    if (err != ERR_OK) {
        LOG(LOG_ERROR, "form_settings_ignored", LOG_STR("form", held->entry.name),
            LOG_TEXT("reason", detail.text),
            LOG_TEXT("remedy", "correct them with: contactd form set NAME ..."));
        form_rules_free(held->rules);
        held->rules = NULL;
        err = compile_without_notify(held, settings);
        TRY(err == ERR_INVALID ? compile(held, STR("{}"), &detail) : err);
    }
    held->entry.rules = held->rules;
    return ERR_OK;
}

static const struct schema *built_in_schema(const struct held_entry *held)
{
    return str_equal(held->entry.name, STR(FORM_DEFAULT)) ? &SCHEMA_CONTACT : &SCHEMA_OPEN;
}

/* --- ids ----------------------------------------------------------------- */

struct id_check {
    struct str name;          /* of the form that is to be stored */
    const json_t *aliases;    /* its own; NULL: none */
    const struct form *other; /* the one that is held against it */
    struct err_detail *detail;
};

static bool has_alias(const json_t *aliases, struct str id)
{
    const json_t *alias;
    size_t index;

    json_array_foreach(aliases, index, alias)
    {
        if (str_equal((struct str){json_string_value(alias), json_string_length(alias)}, id))
            return true;
    }
    return false;
}

static enum err refuse_id(const struct id_check *self, struct str id)
{
    return err_set(self->detail, ERR_EXISTS,
                   "the id %.*s belongs to the form %.*s already; its messages would go astray",
                   (int)id.len, id.ptr, (int)self->other->name.len, self->other->name.ptr);
}

/* Also the other way round: a new form must not take over another's alias by its name. */
static enum err check_aliases(const struct id_check *self, const json_t *others)
{
    const json_t *alias;
    size_t index;

    if (has_alias(others, self->name))
        return refuse_id(self, self->name);
    json_array_foreach(others, index, alias)
    {
        struct str id = {json_string_value(alias), json_string_length(alias)};
        if (has_alias(self->aliases, id))
            return refuse_id(self, id);
    }
    return ERR_OK;
}

static enum err check_other(void *arg, const struct form *form)
{
    struct id_check *self = arg;
    CLEANUP(js_decref) json_t *settings = NULL;

    if (str_equal(form->name, self->name))
        return ERR_OK;
    self->other = form;
    if (has_alias(self->aliases, form->name))
        return refuse_id(self, form->name);
    if (js_parse_object(form->settings, &settings, NULL) != ERR_OK)
        return ERR_OK; /* what cannot be read has no aliases in use either */
    return check_aliases(self, json_object_get(settings, "aliases"));
}

enum err forms_check_ids(struct store *store, const struct form *form, struct err_detail *detail)
{
    CLEANUP(js_decref) json_t *settings = NULL;
    struct id_check check = {.name = form->name, .detail = detail};
    const struct form built_in = {.name = STR(FORM_DEFAULT), .settings = STR("{}")};

    TRY(js_parse_object(form->settings, &settings, detail));
    check.aliases = json_object_get(settings, "aliases");
    TRY(check_other(&check, &built_in));
    return store_form_list(store, check_other, &check);
}

/* --- snapshots ----------------------------------------------------------- */

static void snapshot_done(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->count; i++)
        form_entry_release(&snapshot->keys[i].entry->entry);
    free(snapshot->keys);
    *snapshot = (struct snapshot){0};
}

/* The snapshot becomes a user of the entry, once per key. */
static enum err add_key(struct snapshot *snapshot, struct str id, struct held_entry *held)
{
    if (snapshot->count == snapshot->room) {
        size_t room = snapshot->room ? snapshot->room * 2 : 16;
        struct form_key *keys = realloc(snapshot->keys, room * sizeof *keys);
        if (!keys)
            return ERR_MEMORY;
        snapshot->keys = keys;
        snapshot->room = room;
    }
    atomic_fetch_add(&held->users, 1);
    snapshot->keys[snapshot->count++] = (struct form_key){id, held};
    return ERR_OK;
}

static enum err add_keys(struct snapshot *snapshot, struct held_entry *held)
{
    const struct form_list *aliases = &held->rules->aliases;

    TRY(add_key(snapshot, held->entry.name, held));
    for (size_t i = 0; i < aliases->count; i++)
        TRY(add_key(snapshot, aliases->items[i], held));
    return ERR_OK;
}

/* A model that cannot be read is a filter that knows nothing: harmless, and worth a line. */
static enum err read_model(struct held_entry *held, struct store *store)
{
    CLEANUP(buf_done) struct buf bytes = buf_new(BAYES_PACKED_BYTES);

    enum err err = store_model_get(store, held->entry.name, &bytes);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(err);
    held->model = malloc(sizeof *held->model);
    if (!held->model)
        return ERR_MEMORY;
    if (bayes_unpack(buf_str(&bytes), held->model) == ERR_OK) {
        held->entry.model = held->model;
        return ERR_OK;
    }
    LOG(LOG_WARN, "spam_model_ignored", LOG_STR("form", held->entry.name));
    return ERR_OK;
}

struct loading {
    struct store *store;
    const struct notice *server_notice;
    struct snapshot snapshot;
    size_t forms;
    bool has_default;
};

/* The default form's own word counts, be it that nobody hears. */
static const struct notice *choose_notice(const struct held_entry *held,
                                          const struct notice *server_notice)
{
    bool is_default = str_equal(held->entry.name, STR(FORM_DEFAULT));
    const json_t *own = json_object_get(held->rules->document, "notify");

    if (is_default && (!own || json_is_null(own)))
        return server_notice;
    return held->rules->notice.count ? &held->rules->notice : NULL;
}

static enum err prepare(struct held_entry *held, struct str settings, struct loading *loading)
{
    TRY(entry_fill(held, settings));
    held->entry.notice = choose_notice(held, loading->server_notice);
    held->entry.schema = held->rules->schema ? held->rules->schema : built_in_schema(held);
    spam_expect(held->rules->languages.items, held->rules->languages.count, &held->entry.expected);
    return read_model(held, loading->store);
}

static enum err add_form(struct loading *loading, const struct form *form)
{
    struct held_entry *held = NULL;

    TRY(entry_new(form->name, &held));
    held->entry.created_at_ms = form->created_at_ms;
    enum err err = prepare(held, form->settings, loading);
    if (err == ERR_OK)
        err = add_keys(&loading->snapshot, held);
    form_entry_release(&held->entry);
    return err;
}

static enum err load_form(void *arg, const struct form *form)
{
    struct loading *loading = arg;

    if (loading->forms++ == FORMS_MAX)
        return ERR_FULL;
    if (str_equal(form->name, STR(FORM_DEFAULT)))
        loading->has_default = true;
    return add_form(loading, form);
}

static int compare_ids(struct str a, struct str b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* A form's own name comes before another form's alias of the same spelling. */
static int compare_keys(const void *a, const void *b)
{
    const struct form_key *left = a, *right = b;
    int order = compare_ids(left->id, right->id);

    if (order)
        return order;
    return (right->id.ptr == right->entry->name) - (left->id.ptr == left->entry->name);
}

static enum err load(struct loading *loading)
{
    const struct form built_in = {.name = STR(FORM_DEFAULT), .settings = STR("{}")};

    TRY(store_form_list(loading->store, load_form, loading));
    if (!loading->has_default)
        TRY(add_form(loading, &built_in));
    qsort(loading->snapshot.keys, loading->snapshot.count, sizeof *loading->snapshot.keys,
          compare_keys);
    return ERR_OK;
}

enum err forms_reload(struct forms *forms, struct store *store)
{
    struct loading loading = {.store = store, .server_notice = forms->server_notice};

    pthread_mutex_lock(&forms->reloading);
    enum err err = load(&loading);
    if (err == ERR_OK) {
        pthread_rwlock_wrlock(&forms->lock);
        struct snapshot former = forms->snapshot;
        forms->snapshot = loading.snapshot;
        loading.snapshot = former;
        pthread_rwlock_unlock(&forms->lock);
    }
    snapshot_done(&loading.snapshot);
    pthread_mutex_unlock(&forms->reloading);
    return err;
}

/* --- use ----------------------------------------------------------------- */

/* The first key that is not below `id`. */
static size_t lower_bound(const struct snapshot *snapshot, struct str id)
{
    size_t low = 0, high = snapshot->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_ids(snapshot->keys[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct form_entry *forms_find(struct forms *forms, struct str id)
{
    const struct form_entry *found = NULL;

    if (!id.len)
        return NULL;
    pthread_rwlock_rdlock(&forms->lock);
    size_t place = lower_bound(&forms->snapshot, id);
    if (place < forms->snapshot.count && str_equal(forms->snapshot.keys[place].id, id)) {
        struct held_entry *held = forms->snapshot.keys[place].entry;
        atomic_fetch_add(&held->users, 1);
        found = &held->entry;
    }
    pthread_rwlock_unlock(&forms->lock);
    return found;
}

/* Aliases are keys as well, but an alias is not the name of its form. */
static bool is_name(const struct form_key *key)
{
    return key->id.ptr == key->entry->name;
}

const struct form_entry *forms_after(struct forms *forms, struct str name)
{
    const struct form_entry *found = NULL;

    pthread_rwlock_rdlock(&forms->lock);
    const struct snapshot *snapshot = &forms->snapshot;
    size_t place = name.len ? lower_bound(snapshot, name) : 0;
    while (place < snapshot->count &&
           (!is_name(&snapshot->keys[place]) || str_equal(snapshot->keys[place].id, name)))
        place++;
    if (place < snapshot->count) {
        atomic_fetch_add(&snapshot->keys[place].entry->users, 1);
        found = &snapshot->keys[place].entry->entry;
    }
    pthread_rwlock_unlock(&forms->lock);
    return found;
}

const struct form_entry *forms_find_or_default(struct forms *forms, struct str id)
{
    const struct form_entry *entry = forms_find(forms, id);

    return entry ? entry : forms_find(forms, STR(FORM_DEFAULT));
}

const struct notice *forms_notice(const struct forms *forms, const struct form_entry *entry,
                                  struct str form)
{
    return form.len && entry ? entry->notice : forms->server_notice;
}

bool forms_have_destination(struct forms *forms, struct str form, struct str name)
{
    const struct form_entry *entry = forms_find_or_default(forms, form);
    const struct notice *notice = forms_notice(forms, entry, form);
    bool is_there = notice && notice_find(notice, name);
    form_entry_release(entry);
    return is_there;
}

enum err forms_new(struct forms **ret_forms)
{
    struct forms *forms = calloc(1, sizeof *forms);

    if (!forms)
        return ERR_MEMORY;
    pthread_mutex_init(&forms->reloading, NULL);
    pthread_rwlock_init(&forms->lock, NULL);
    *ret_forms = forms;
    return ERR_OK;
}

void forms_set_server_notice(struct forms *forms, const struct notice *notice)
{
    forms->server_notice = notice;
}

const struct notice *forms_server_notice(const struct forms *forms)
{
    return forms->server_notice;
}

void forms_free(struct forms *forms)
{
    if (!forms)
        return;
    snapshot_done(&forms->snapshot);
    pthread_rwlock_destroy(&forms->lock);
    pthread_mutex_destroy(&forms->reloading);
    free(forms);
}
