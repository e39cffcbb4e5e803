/* SPDX-License-Identifier: MIT */
#include "base/rest.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

static void a_rest_follows_work(void **state)
{
    struct rest_watch watch = {0};

    (void)state;
    assert_false(rest_begins(&watch, 1000, 900000)); /* it works */
    assert_false(rest_begins(&watch, 1500, 900000)); /* too soon to tell */
    assert_true(rest_begins(&watch, 2000, 910000));
    assert_false(rest_begins(&watch, 3000, 911000)); /* nothing was done since */
    assert_false(rest_begins(&watch, 9000, 919000));
    assert_true(rest_begins(&watch, 10000, 921000)); /* little by little it was enough */
}

static void there_is_no_rest_under_load(void **state)
{
    struct rest_watch watch = {0};

    (void)state;
    for (int64_t second = 1; second < 100; second++)
        assert_false(rest_begins(&watch, second * 1000, second * 51000));
    assert_true(rest_begins(&watch, 100000, 99 * 51000));
}

static void giving_back_keeps_what_is_in_use(void **state)
{
    enum { PIECES = 2000, BYTES = 3000 };
    char *pieces[PIECES];

    (void)state;
    for (int i = 0; i < PIECES; i++) {
        pieces[i] = malloc(BYTES);
        assert_non_null(pieces[i]);
        memset(pieces[i], i & 0x7f, BYTES);
    }
    for (int i = 0; i < PIECES; i++)
        if (i % 100)
            free(pieces[i]);
    rest_give_back();
    for (int i = 0; i < PIECES; i += 100) {
        assert_int_equal(pieces[i][0], i & 0x7f);
        assert_int_equal(pieces[i][BYTES - 1], i & 0x7f);
        free(pieces[i]);
    }
}

/* Kilobytes of files that are mapped and in memory (proc(5), RssFile). */
static long mapped_kb(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kb = -1;

    assert_non_null(status);
    while (kb < 0 && fgets(line, sizeof line, status))
        (void)sscanf(line, "RssFile: %ld kB", &kb);
    fclose(status);
    return kb;
}

static void the_program_goes_on_after_its_pages_are_given_back(void **state)
{
    long before_kb = mapped_kb();

    (void)state;
    rest_give_back();
    assert_in_range(mapped_kb(), 1, before_kb - 1);
    assert_string_equal(strerror(2), "No such file or directory"); /* a table that is read again */
}

/* Sanitizers call dl_iterate_phdr() before anything of ours may run. */
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
static struct dl_phdr_info *only; /* instead of what is loaded; NULL: that */

/* In place of the C library's. */
__attribute__((visibility("default"))) int dl_iterate_phdr(int (*callback)(struct dl_phdr_info *,
                                                                           size_t, void *),
                                                           void *arg)
{
    int (*loaded)(int (*)(struct dl_phdr_info *, size_t, void *), void *);

    if (only)
        return callback(only, sizeof *only, arg);
    *(void **)&loaded = dlsym(RTLD_NEXT, "dl_iterate_phdr");
    return loaded(callback, arg);
}

/* A page of this very program, corrected as a loader does; and what follows says that it was. */
static char correct_and_rest(ElfW(Dyn) * dynamic)
{
    size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
    FILE *self = fopen("/proc/self/exe", "r");

    assert_non_null(self);
    char *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fileno(self), 0);
    assert_ptr_not_equal(page, MAP_FAILED);
    fclose(self);
    page[0] = 'c';
    assert_int_equal(mprotect(page, bytes, PROT_READ), 0);
    ElfW(Phdr) segments[] = {
        {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_memsz = bytes},
        {.p_type = PT_DYNAMIC, .p_vaddr = (ElfW(Addr))dynamic - (ElfW(Addr))page},
    };
    struct dl_phdr_info object = {
        .dlpi_addr = (ElfW(Addr))page, .dlpi_phdr = segments, .dlpi_phnum = 2};
    only = &object;
    rest_give_back();
    only = NULL;
    char left = page[0];
    munmap(page, bytes);
    return left;
}

static void what_the_loader_has_corrected_is_kept(void **state)
{
    ElfW(Dyn) by_tag[] = {{.d_tag = DT_TEXTREL}, {.d_tag = DT_NULL}};
    ElfW(Dyn) by_flag[] = {{.d_tag = DT_FLAGS, .d_un.d_val = DF_TEXTREL}, {.d_tag = DT_NULL}};
    ElfW(Dyn) neither[] = {{.d_tag = DT_FLAGS, .d_un.d_val = DF_BIND_NOW}, {.d_tag = DT_NULL}};

    (void)state;
    assert_int_equal(correct_and_rest(by_tag), 'c');
    assert_int_equal(correct_and_rest(by_flag), 'c');
    assert_int_equal(correct_and_rest(neither), 0x7f); /* it is the file's again */
}

#else
static void what_the_loader_has_corrected_is_kept(void **state)
{
    (void)state;
    skip();
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rest_follows_work),
        cmocka_unit_test(there_is_no_rest_under_load),
        cmocka_unit_test(giving_back_keeps_what_is_in_use),
        cmocka_unit_test(the_program_goes_on_after_its_pages_are_given_back),
        cmocka_unit_test(what_the_loader_has_corrected_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
