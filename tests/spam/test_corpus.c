/* SPDX-License-Identifier: MIT */
/*
 * The spam score against a corpus: messages as people write them to forms, and
 * spam as forms get it, each with the signals that its kind really has. Every
 * line is one post. Reads tests/spam from the project's directory.
 */
#include "../unit/check.h"

#include <stdlib.h>

#include "core/bayes.h"
#include "core/spam.h"

enum {
    SAMPLES_MAX = 1000,
    KINDS_MAX = 40,
    LINE_MAX_BYTES = 16 * 1024,
    RECALL_FLOOR = 38,        /* percent, by the visible rules alone */
    RECALL_FLOOR_TAUGHT = 50, /* percent, when Bayes was taught the other half */
    SEEDS = 5,
};

#define NOW_MS INT64_C(1800000000000)

static const char BROWSER[] = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 "
                              "Firefox/140.0";

struct sample {
    bool is_spam;
    char line[LINE_MAX_BYTES]; /* what everything below points into */
    json_t *root;
    struct fields posted, stored; /* stored: without special fields */
    struct spam_input input;
    struct bayes_text words;
};

static struct sample *samples;
static size_t sample_count;

/* --- reading ---------------------------------------------------------------- */

static bool form_knows(const void *form, struct str name)
{
    static const char *const NAMES[] = {"name", "email", "message", "phone", "company", "subject"};
    const json_t *further = json_object_get(form, "knows");

    for (size_t i = 0; i < COUNTOF(NAMES); i++)
        if (str_equal(name, str_of(NAMES[i])))
            return true;
    for (size_t i = 0; i < json_array_size(further); i++)
        if (str_equal(name, str_of(json_string_value(json_array_get(further, i)))))
            return true;
    return false;
}

static enum verdict verdict_of(const json_t *root, const char *key)
{
    struct str text = js_get_string(root, key);

    if (!text.ptr)
        return VERDICT_NONE;
    if (str_equal(text, STR("failed")))
        return VERDICT_WRONG;
    for (enum verdict verdict = VERDICT_NONE; verdict < VERDICT__COUNT; verdict++)
        if (str_equal(text, str_of(verdict_text(verdict))))
            return verdict;
    fail_msg("unknown verdict %s", text.ptr);
    return VERDICT_NONE;
}

static void read_fields(struct sample *sample)
{
    const char *name;
    json_t *value;

    json_object_foreach(json_object_get(sample->root, "fields"), name, value)
    {
        struct field field = {.name = str_of(name), .text = str_of(json_string_value(value))};
        sample->posted.list[sample->posted.count++] = field;
        if (special_of(DIALECT_FORMSPREE, field.name) == SPECIAL_NONE &&
            !str_equal(field.name, js_get_string(sample->root, "trap")))
            sample->stored.list[sample->stored.count++] = field;
    }
}

static void read_expected(struct sample *sample)
{
    const json_t *list = json_object_get(sample->root, "expects");
    struct str languages[8];
    size_t count = json_array_size(list);

    assert_true(count <= COUNTOF(languages));
    for (size_t i = 0; i < count; i++)
        languages[i] = str_of(json_string_value(json_array_get(list, i)));
    spam_expect(languages, count, &sample->input.expected);
}

static uint32_t count_of(const json_t *root, const char *key)
{
    return (uint32_t)json_integer_value(json_object_get(root, key));
}

static void read_signals(struct sample *sample)
{
    const json_t *root = sample->root, *age = json_object_get(root, "age");
    struct str agent = js_get_string(root, "agent");
    struct spam_input *input = &sample->input;

    input->honeypot = js_get_string(root, "trap");
    input->is_from_page = !json_is_false(json_object_get(root, "page"));
    input->user_agent = agent.ptr ? agent : str_of(BROWSER);
    input->page_host = STR("www.our-form.example");
    input->now_ms = NOW_MS;
    if (age)
        input->loaded_at_ms = NOW_MS - (int64_t)(json_number_value(age) * 1000);
    input->is_webdriver = json_is_true(json_object_get(root, "webdriver"));
    input->token = verdict_of(root, "token");
    input->proof = verdict_of(root, "proof");
    input->captcha = verdict_of(root, "captcha");
    input->same_body_forms = count_of(root, "same");
    input->source_posts = count_of(root, "posts");
    input->source_refusals = count_of(root, "refusals");
}

static void read_sample(struct sample *sample)
{
    json_error_t error;

    sample->root = json_loads(sample->line, 0, &error);
    if (!sample->root)
        fail_msg("%s in %s", error.text, sample->line);
    read_fields(sample);
    sample->input.fields = &sample->posted;
    sample->input.dialect = DIALECT_FORMSPREE;
    sample->input.name = fields_text(&sample->posted, STR("name"));
    sample->input.email = fields_text(&sample->posted, STR("email"));
    sample->input.message = fields_text(&sample->posted, STR("message"));
    sample->input.knows = form_knows;
    sample->input.form = sample->root;
    read_expected(sample);
    read_signals(sample);
    sample->words =
        (struct bayes_text){sample->input.email, sample->input.message, &sample->stored};
}

static void read_file(const char *path, bool is_spam)
{
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    for (;;) {
        struct sample *sample = &samples[sample_count];
        assert_true(sample_count < SAMPLES_MAX);
        if (!fgets(sample->line, LINE_MAX_BYTES, file))
            break;
        sample->is_spam = is_spam;
        read_sample(sample);
        sample_count++;
    }
    fclose(file);
}

static int read_corpus(void **state)
{
    (void)state;
    samples = calloc(SAMPLES_MAX, sizeof *samples);
    assert_non_null(samples);
    read_file("tests/spam/legitimate.jsonl", false);
    read_file("tests/spam/spam.jsonl", true);
    return 0;
}

static int free_corpus(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++)
        json_decref(samples[i].root);
    free(samples);
    return 0;
}

/* --- counting --------------------------------------------------------------- */

struct figures {
    unsigned caught, missed; /* spam */
    unsigned wronged, kept;  /* legitimate */
    unsigned plain;          /* spam that shows no sign at all: polite people wrote it */
    int worst;               /* the highest score of a legitimate message */
};

static void explain(const struct sample *sample, const struct spam_result *result)
{
    CLEANUP(buf_done) struct buf out = buf_new(16 * 1024);

    spam_render(&out, result);
    printf("# %5d %s %.*s\n#       %.100s\n", result->score, sample->is_spam ? "SPAM" : "GOOD",
           (int)out.len, out.ptr, sample->line);
}

static bool judge(struct sample *sample, int log_odds, struct figures *figures)
{
    struct spam_result result;

    sample->input.bayes_log_odds = log_odds;
    spam_score(&sample->input, &result);
    bool is_flagged = result.score >= SPAM_THRESHOLD_DEFAULT;
    unsigned *counts[2][2] = {{&figures->kept, &figures->wronged},
                              {&figures->missed, &figures->caught}};
    (*counts[sample->is_spam][is_flagged])++;
    figures->plain += sample->is_spam && !result.count;
    if (!sample->is_spam && result.score > figures->worst)
        figures->worst = result.score;
    if (is_flagged != sample->is_spam && getenv("EXPLAIN"))
        explain(sample, &result);
    if (is_flagged && !sample->is_spam)
        explain(sample, &result);
    return is_flagged;
}

static double percent(unsigned part, unsigned rest)
{
    return part + rest ? 100.0 * part / (part + rest) : 100.0;
}

static void print_figures(const char *name, const struct figures *figures)
{
    printf("# %-28s precision %5.1f %%, recall %5.1f %% (%u of %u), highest legitimate score %.2f "
           "(%u messages)\n",
           name, percent(figures->caught, figures->wronged),
           percent(figures->caught, figures->missed), figures->caught,
           figures->caught + figures->missed, figures->worst / 100.0,
           figures->kept + figures->wronged);
}

/* --- cases ------------------------------------------------------------------ */

struct kind_count {
    struct str kind;
    unsigned caught, total;
};

static void count_kind(struct kind_count *kinds, struct str kind, bool is_caught)
{
    size_t i = 0;

    while (kinds[i].total && !str_equal(kinds[i].kind, kind))
        i++;
    assert_true(i < KINDS_MAX);
    kinds[i].kind = kind;
    kinds[i].total++;
    kinds[i].caught += is_caught;
}

static void print_kinds(const struct kind_count *kinds)
{
    for (; kinds->total; kinds++)
        printf("#     %-12.*s %3u of %3u caught\n", (int)kinds->kind.len, kinds->kind.ptr,
               kinds->caught, kinds->total);
}

static void the_corpus_is_large_and_mixed(void **state)
{
    struct kind_count languages[KINDS_MAX] = {{.total = 0}};
    unsigned counts[2] = {0}, count = 0;

    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        counts[samples[i].is_spam]++;
        if (!samples[i].is_spam)
            count_kind(languages, js_get_string(samples[i].root, "lang"), false);
    }
    while (languages[count].total)
        count++;
    printf("# %u legitimate messages in %u languages, %u spam\n", counts[0], count, counts[1]);
    assert_true(counts[0] >= 300 && counts[1] >= 300 && count >= 12);
}

static void visible_rules_wrong_nobody(void **state)
{
    struct kind_count kinds[KINDS_MAX] = {{.total = 0}};
    struct figures figures = {0};

    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        bool is_flagged = judge(&samples[i], 0, &figures);
        if (samples[i].is_spam)
            count_kind(kinds, js_get_string(samples[i].root, "kind"), is_flagged);
    }
    print_figures("without Bayes:", &figures);
    printf("# %u of the spam show no sign; recall of the others is %.1f %%\n", figures.plain,
           percent(figures.caught, figures.missed - figures.plain));
    print_kinds(kinds);
    assert_int_equal(figures.wronged, 0);
    assert_true(percent(figures.caught, figures.missed) >= RECALL_FLOOR);
}

/* Which half of the corpus a sample lies in: the same for a seed on every machine. */
static unsigned half_of(size_t index, unsigned seed)
{
    uint32_t x = (uint32_t)index * 2654435761u + seed * 40503u;

    x ^= x >> 15;
    x *= 2246822519u;
    return x >> 31;
}

/* Teaches one half and judges the other. */
static void judge_taught(struct bayes *model, unsigned seed, unsigned half,
                         struct kind_count *kinds, struct figures *figures)
{
    bayes_start(model, seed);
    for (size_t i = 0; i < sample_count; i++)
        if (half_of(i, seed) == half)
            bayes_teach(model, &samples[i].words, samples[i].is_spam);
    for (size_t i = 0; i < sample_count; i++) {
        if (half_of(i, seed) == half)
            continue;
        bool is_flagged = judge(&samples[i], bayes_log_odds(model, &samples[i].words), figures);
        if (samples[i].is_spam)
            count_kind(kinds, js_get_string(samples[i].root, "kind"), is_flagged);
    }
}

static int compare_recall(const void *a, const void *b)
{
    const struct figures *left = a, *right = b;

    return (left->caught > right->caught) - (left->caught < right->caught);
}

/* Each half is judged by what the other taught, so every message is judged once per seed. */
static void a_taught_filter_wrongs_nobody_and_finds_more(void **state)
{
    struct kind_count kinds[SEEDS][KINDS_MAX] = {{{.total = 0}}};
    struct figures figures[SEEDS] = {{0}};
    struct bayes *model = malloc(sizeof *model);

    (void)state;
    assert_non_null(model);
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        judge_taught(model, seed + 1, 0, kinds[seed], &figures[seed]);
        judge_taught(model, seed + 1, 1, kinds[seed], &figures[seed]);
        print_figures("with Bayes, one seed:", &figures[seed]);
        assert_int_equal(figures[seed].wronged, 0);
    }
    free(model);
    qsort(figures, SEEDS, sizeof figures[0], compare_recall);
    print_figures("with Bayes, median:", &figures[SEEDS / 2]);
    print_kinds(kinds[0]);
    assert_true(percent(figures[SEEDS / 2].caught, figures[SEEDS / 2].missed) >=
                RECALL_FLOOR_TAUGHT);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("the corpus is large and mixed", the_corpus_is_large_and_mixed),
        CASE("the visible rules wrong nobody", visible_rules_wrong_nobody),
        CASE("a taught filter wrongs nobody and finds more",
             a_taught_filter_wrongs_nobody_and_finds_more),
    };

    return cmocka_run_group_tests(CASES, read_corpus, free_corpus);
}
