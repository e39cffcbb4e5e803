/* SPDX-License-Identifier: MIT */
/*
 * libcurl as a shared library, opened at run time: linked in the ordinary way it
 * would bring two dozen libraries into every start. The static build has
 * curl_linked.c instead.
 */
#include <dlfcn.h>

#include "notify/curl.h"

/* POSIX has it that a function's address fits into a data pointer; ISO C does not. */
static bool find(void *library, const char *name, void *ret_function)
{
    void *found = dlsym(library, name);

    memcpy(ret_function, &found, sizeof found);
    return found;
}

bool curl_lib_find(struct curl_lib *ret_lib)
{
    static const char *const NAMES[] = {"libcurl-gnutls.so.4", "libcurl.so.4"};
    void *library = NULL;
    bool has_all = true;

    for (size_t i = 0; i < COUNTOF(NAMES) && !library; i++)
        library = dlopen(NAMES[i], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return false;
#define FIND(name) has_all = find(library, "curl_" #name, &ret_lib->name) && has_all;
    CURL_LIB_FUNCTIONS(FIND)
#undef FIND
    return has_all;
}

struct str curl_lib_roots(void)
{
    return (struct str){NULL, 0};
}
