/* SPDX-License-Identifier: MIT */
/* What names of form fields mean: repetition, nesting, and what becomes of contradictions. */
#include "form_body.h"

static void repeated_names_become_arrays_in_the_place_of_the_first(void **state)
{
    static const struct {
        const char *body, *shown;
    } ROWS[] = {
        {"a=1&a=2", "a=[\"1\",\"2\"];"},
        {"a=1&b=x&a=2&c=y&a=3", "a=[\"1\",\"2\",\"3\"];b=x;c=y;"},
        {"a=&a=", "a=[\"\",\"\"];"},
        {"a=1&a=1", "a=[\"1\",\"1\"];"},
        {"=1&=2", "=[\"1\",\"2\"];"},
        {"0=1&0=2", "0=[\"1\",\"2\"];"},
        {"[=1&[=2", "[=[\"1\",\"2\"];"},
        {"my+topics=1&my+topics=2", "my topics=[\"1\",\"2\"];"},
        {"a=1&a=2&b=3&b=4", "a=[\"1\",\"2\"];b=[\"3\",\"4\"];"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_taken(URLENCODED, ROWS[i].body, ROWS[i].shown);
}

static void names_with_steps_become_trees(void **state)
{
    static const struct {
        const char *body, *shown;
    } ROWS[] = {
        {"a[]=1", "a=[\"1\"];"},
        {"a[]=1&b=x&a[]=2", "a=[\"1\",\"2\"];b=x;"},
        {"a%5B%5D=1&a%5b%5d=2", "a=[\"1\",\"2\"];"},
        {"a[b]=1&a[c]=2", "a={\"b\":\"1\",\"c\":\"2\"};"},
        {"a.b=1&a.c=2", "a={\"b\":\"1\",\"c\":\"2\"};"},
        {"a.b=1&a[b]=2", "a={\"b\":[\"1\",\"2\"]};"},
        {"name[0]=x&name[1]=y", "name=[\"x\",\"y\"];"},
        {"car[0].color=red&car[0].doors=4&car[1].color=blue",
         "car=[{\"color\":\"red\",\"doors\":\"4\"},{\"color\":\"blue\"}];"},
        {"car[0][color]=red&car[1][color]=blue&car[0][doors]=4",
         "car=[{\"color\":\"red\",\"doors\":\"4\"},{\"color\":\"blue\"}];"},
        {"a[][b]=1&a[][b]=2", "a=[{\"b\":\"1\"},{\"b\":\"2\"}];"},
        {"a[b][]=1&a[b][]=2", "a={\"b\":[\"1\",\"2\"]};"},
        {"a[][]=1&a[][]=2", "a=[[\"1\"],[\"2\"]];"},
        {"a[0][0]=1&a[0][1]=2&a[1][0]=3", "a=[[\"1\",\"2\"],[\"3\"]];"},
        {"a[b].c[d]=1", "a={\"b\":{\"c\":{\"d\":\"1\"}}};"},
        {"a-b.c-d=1", "a-b={\"c-d\":\"1\"};"},
        {"gr\xc3\xb6\xc3\x9f"
         "e[\xc3\xa4]=1",
         "gr\xc3\xb6\xc3\x9f"
         "e={\"\xc3\xa4\":\"1\"};"},
        {"a._b=1", "a={\"_b\":\"1\"};"},
        {"a[b]=1&a[b]=2&a[b]=3", "a={\"b\":[\"1\",\"2\",\"3\"]};"},
        {"a[0]=1&a[0]=2", "a=[[\"1\",\"2\"]];"},
        {"a[b2]=1", "a={\"b2\":\"1\"};"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_taken(URLENCODED, ROWS[i].body, ROWS[i].shown);
}

static void elements_come_in_the_order_of_their_first_mention(void **state)
{
    static const struct {
        const char *body, *shown;
    } ROWS[] = {
        {"a[9]=1&a[3]=2", "a=[\"1\",\"2\"];"},
        {"a[5].b=1&a[2].b=2&a[5].c=3", "a=[{\"b\":\"1\",\"c\":\"3\"},{\"b\":\"2\"}];"},
        {"a[99999999999999999999999]=1&a[0]=2", "a=[\"1\",\"2\"];"},
        {"a[0]=1&a[]=2&a[1]=3", "a=[\"1\",\"2\",\"3\"];"},
        {"a[]=1&a[0]=2&a[]=3", "a=[\"1\",\"2\",\"3\"];"},
        {"a=1&a[]=2", "a=[\"1\",\"2\"];"},
        {"a[]=1&a=2", "a=[\"1\",\"2\"];"},
        {"a=&a[]=on", "a=[\"\",\"on\"];"},
        {"a=1&a[7]=2&a=3", "a=[\"1\",\"2\",\"3\"];"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_taken(URLENCODED, ROWS[i].body, ROWS[i].shown);
}

static void a_name_that_contradicts_an_earlier_one_is_taken_as_it_stands(void **state)
{
    static const struct {
        const char *body, *shown;
    } ROWS[] = {
        {"a=1&a[b]=2", "a=1;a[b]=2;"},
        {"a=1&a.b=2&a[b]=3", "a=1;a.b=2;a[b]=3;"},
        {"a=1&a[b]=2&a[b]=3", "a=1;a[b]=[\"2\",\"3\"];"},
        {"a[b]=1&a[]=2", "a={\"b\":\"1\"};a[]=2;"},
        {"a[b]=1&a[0]=2", "a={\"b\":\"1\"};a[0]=2;"},
        {"a[]=1&a[b]=2", "a=[\"1\"];a[b]=2;"},
        {"a[0]=1&a[0][b]=2", "a=[\"1\"];a[0][b]=2;"},
        {"a[b]=1&a[b][c]=2&a[b]=3", "a={\"b\":[\"1\",\"3\"]};a[b][c]=2;"},
        /* a text where an object is: the object has room for it */
        {"a[b]=1&a=2", "a={\"b\":\"1\",\"\":\"2\"};"},
        {"a[b]=1&a=2&a=3", "a={\"b\":\"1\",\"\":[\"2\",\"3\"]};"},
        {"a[b][c]=1&a[b]=2", "a={\"b\":{\"c\":\"1\",\"\":\"2\"}};"},
        {"a[0][b]=1&a[0]=2", "a=[{\"b\":\"1\",\"\":\"2\"}];"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(ROWS); i++)
        check_taken(URLENCODED, ROWS[i].body, ROWS[i].shown);
}

static void other_names_are_taken_as_they_stand(void **state)
{
    static const char *const NAMES[] = {
        "a[",           "a]",          "a[]b",   "a[b",      "a[b]]",    "[a]",
        "[]",           ".a",          "a.",     "a..b",     "a[b].",    "a[b]c",
        "a.[b]",        "a[[b]]",      "a[b c]", "a b[c]",   "v1.2",     "a[2nd]",
        "a[-1]",        "a.0",         "1[a]",   "1.a",      "-a.b",     "a[b.c]",
        "_email.reply", "_a[b]",       "_a.b",   "Mr. Name", "a[\"b\"]", "a['b']",
        "e.g.",         "price (EUR)", "a[b]\t", "$a.b",     "a->b",     "a[b][",
    };
    CLEANUP(buf_done) struct buf shown = buf_new(256);

    (void)state;
    for (size_t i = 0; i < COUNTOF(NAMES); i++) {
        char body[64];
        snprintf(body, sizeof body, "%s=1", NAMES[i]);
        buf_done(&shown);
        buf_printf(&shown, "%s;%c", body, '\0');
        check_taken(URLENCODED, body, shown.ptr);
    }
}

static void a_name_may_have_eight_steps(void **state)
{
    (void)state;
    check_taken(URLENCODED, "a.b.c.d.e.f.g.h.i=1",
                "a={\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":{\"i\":\"1\"}}}}}}}};");
    check_taken(URLENCODED, "a.b.c.d.e.f.g.h.i.j=1", "a.b.c.d.e.f.g.h.i.j=1;");
    check_taken(URLENCODED, "a[][][][][][][][]=1", "a=[[[[[[[[\"1\"]]]]]]]];");
}

/* --- want of memory ------------------------------------------------------ */

static size_t allocations_left;

static void *meagre_malloc(size_t bytes)
{
    if (!allocations_left)
        return NULL;
    allocations_left--;
    return malloc(bytes);
}

/* At whichever allocation memory ends: it is told, and nothing leaks. */
static void want_of_memory_is_told(void **state)
{
    static const char BODY[] = "a=1&a=2&b[0].c=3&b[0].d=4&b[]=5&e[f]=6&e=7&e=8&a[]=9";
    size_t refused = 0;

    (void)state;
    for (enum err err = ERR_MEMORY; err != ERR_OK; refused++) {
        CLEANUP(form_body_done) struct form_body body;
        allocations_left = refused;
        json_set_alloc_funcs(meagre_malloc, free);
        form_body_read(&body, URLENCODED, str_of(BODY), NULL, 1 << 20);
        json_set_alloc_funcs(malloc, free);
        err = body.err;
        assert_true(err == ERR_OK || err == ERR_MEMORY);
        assert_true(err == ERR_OK || !body.fields.tree);
        if (err == ERR_OK)
            check_shown(&body,
                        "a=[\"1\",\"2\",\"9\"];b=[{\"c\":\"3\",\"d\":\"4\"},\"5\"];"
                        "e={\"f\":\"6\",\"\":[\"7\",\"8\"]};",
                        BODY);
    }
    assert_true(refused > 20);
}

int main(void)
{
    static const struct CMUnitTest CASES[] = {
        CASE("repeated names become arrays in the place of the first",
             repeated_names_become_arrays_in_the_place_of_the_first),
        CASE("names with steps become trees", names_with_steps_become_trees),
        CASE("elements come in the order of their first mention",
             elements_come_in_the_order_of_their_first_mention),
        CASE("a name that contradicts an earlier one is taken as it stands",
             a_name_that_contradicts_an_earlier_one_is_taken_as_it_stands),
        CASE("other names are taken as they stand", other_names_are_taken_as_they_stand),
        CASE("a name may have eight steps", a_name_may_have_eight_steps),
        CASE("want of memory is told", want_of_memory_is_told),
    };

    return cmocka_run_group_tests(CASES, NULL, NULL);
}
