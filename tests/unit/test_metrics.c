/* SPDX-License-Identifier: MIT */
#include "base/metrics.h"

#include <pthread.h>

#include "check.h"

struct row {
    const char *name, *kind, *help;
};

#define METRIC_AS_ROW(id, name_, kind_, help_) [METRIC_##id] = {name_, kind_, help_},
static const struct row ROWS[METRIC__COUNT] = {METRIC_LIST(METRIC_AS_ROW)};

enum { PAGE_MAX = 16 * 1024 };

static int zero(void **state)
{
    (void)state;
    for (size_t i = 0; i < METRIC__COUNT; i++)
        metric_set((enum metric)i, 0);
    return 0;
}

static void numbers_are_added_to_and_set(void **state)
{
    (void)state;
    assert_int_equal(metric_get(METRIC_COMMITS), 0);
    metric_add(METRIC_COMMITS, 1);
    metric_add(METRIC_COMMITS, 41);
    assert_int_equal(metric_get(METRIC_COMMITS), 42);
    metric_set(METRIC_CONNECTIONS, 5);
    metric_add(METRIC_CONNECTIONS, -2);
    assert_int_equal(metric_get(METRIC_CONNECTIONS), 3);
    metric_set(METRIC_CONNECTIONS, 7);
    assert_int_equal(metric_get(METRIC_CONNECTIONS), 7);
    metric_add(METRIC_COMMITS, INT64_C(1) << 40);
    assert_true(metric_get(METRIC_COMMITS) == (INT64_C(1) << 40) + 42);
}

static void every_metric_has_a_number_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < METRIC__COUNT; i++)
        metric_set((enum metric)i, (int64_t)i + 100);
    for (size_t i = 0; i < METRIC__COUNT; i++)
        CHECK_ROW(metric_get((enum metric)i) == (int64_t)i + 100, ROWS[i].name);
}

/* Without its label, if it has one. */
static int name_len(const struct row *row)
{
    return (int)strcspn(row->name, "{");
}

/* One metric takes three lines of the page; of those that differ in a label the first alone. */
static bool is_first_of_its_name(size_t i)
{
    return i == 0 || name_len(&ROWS[i]) != name_len(&ROWS[i - 1]) ||
           strncmp(ROWS[i].name, ROWS[i - 1].name, (size_t)name_len(&ROWS[i])) != 0;
}

static void check_metric(struct str *page, const struct row *row, bool is_first, int64_t value)
{
    char line[300];

    if (is_first) {
        snprintf(line, sizeof line, "# HELP %.*s %s", name_len(row), row->name, row->help);
        CHECK_ROW(str_equal(str_cut(page, '\n'), str_of(line)), row->name);
        snprintf(line, sizeof line, "# TYPE %.*s %s", name_len(row), row->name, row->kind);
        CHECK_ROW(str_equal(str_cut(page, '\n'), str_of(line)), row->name);
    }
    snprintf(line, sizeof line, "%s %lld", row->name, (long long)value);
    CHECK_ROW(str_equal(str_cut(page, '\n'), str_of(line)), row->name);
}

static void every_row_is_rendered_with_help_and_type(void **state)
{
    CLEANUP(buf_done) struct buf out = buf_new(PAGE_MAX);

    (void)state;
    for (size_t i = 0; i < METRIC__COUNT; i++)
        metric_set((enum metric)i, (int64_t)i * 1000003 - 1);
    buf_put(&out, STR("before\n"));
    metrics_render(&out);
    assert_int_equal(buf_status(&out), ERR_OK);
    struct str page = buf_str(&out);
    check_str(str_cut(&page, '\n'), "before");
    for (size_t i = 0; i < METRIC__COUNT; i++)
        check_metric(&page, &ROWS[i], is_first_of_its_name(i), (int64_t)i * 1000003 - 1);
    assert_non_null(page.ptr); /* the last line is ended */
    assert_int_equal(page.len, 0);
}

static void a_page_that_does_not_fit_is_told(void **state)
{
    CLEANUP(buf_done) struct buf out = buf_new(200);

    (void)state;
    metrics_render(&out);
    assert_int_equal(buf_status(&out), ERR_FULL);
}

/* {name="value"}, or nothing. */
static bool is_label(const char *text)
{
    static const char WORD[] = "abcdefghijklmnopqrstuvwxyz_";
    size_t name = strspn(text + (*text == '{'), WORD);
    const char *value = text + 1 + name + 2;

    return *text == '\0' ||
           (*text == '{' && name && strncmp(value - 2, "=\"", 2) == 0 && strspn(value, WORD) &&
            strcmp(value + strspn(value, WORD), "\"}") == 0);
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static void rows_keep_to_what_prometheus_expects(void **state)
{
    static const char NAME[] = "abcdefghijklmnopqrstuvwxyz_";

    (void)state;
    for (size_t i = 0; i < METRIC__COUNT; i++) {
        const struct row *row = &ROWS[i];
        bool is_counter = strcmp(row->kind, "counter") == 0;
        char name[100];
        snprintf(name, sizeof name, "%.*s", name_len(row), row->name);
        CHECK_ROW(is_counter || strcmp(row->kind, "gauge") == 0, row->name);
        CHECK_ROW(is_counter == ends_with(name, "_total"), row->name);
        CHECK_ROW(strspn(name, NAME) == strlen(name), row->name);
        CHECK_ROW(is_label(row->name + name_len(row)), row->name);
        CHECK_ROW(strncmp(row->name, "contactd_", 9) == 0, row->name);
        CHECK_ROW(!is_first_of_its_name(i) || ends_with(row->help, "."), row->name);
        CHECK_ROW(is_first_of_its_name(i) || strcmp(row->kind, ROWS[i - 1].kind) == 0, row->name);
        CHECK_ROW(!strpbrk(row->help, "\n\\"), row->name);
        for (size_t j = 0; j < i; j++)
            CHECK_ROW(strcmp(row->name, ROWS[j].name) != 0, row->name);
    }
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *add_often(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        metric_add(METRIC_SUBMISSIONS, 2);
        metric_add(METRIC_CONNECTIONS, i % 2 ? 1 : -1);
    }
    return arg;
}

static void nothing_is_lost_between_threads(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_often, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(metric_get(METRIC_SUBMISSIONS), 2 * THREADS * ROUNDS);
    assert_int_equal(metric_get(METRIC_CONNECTIONS), 0);
}

#define METRIC_CASE(sentence, function)                                                            \
    {                                                                                              \
        .name = (sentence), .test_func = (function), .setup_func = zero                            \
    }

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        METRIC_CASE("numbers are added to and set", numbers_are_added_to_and_set),
        METRIC_CASE("every metric has a number of its own", every_metric_has_a_number_of_its_own),
        METRIC_CASE("every row is rendered with HELP and TYPE",
                    every_row_is_rendered_with_help_and_type),
        METRIC_CASE("a page that does not fit is told", a_page_that_does_not_fit_is_told),
        METRIC_CASE("rows keep to what Prometheus expects", rows_keep_to_what_prometheus_expects),
        METRIC_CASE("nothing is lost between threads", nothing_is_lost_between_threads),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
