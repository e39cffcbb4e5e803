/* SPDX-License-Identifier: MIT */
/*
 * libcurl as a part of the program, with the certificates of Debian's
 * ca-certificates, since a program that is alone in its root finds none there.
 * Only the static build takes this file; the others have curl_loaded.c.
 */
#include "notify/curl.h"

#include <nss.h>

#include "roots.h" /* made by packaging/static/roots.sh */

bool curl_lib_find(struct curl_lib *ret_lib)
{
    /* /etc/nsswitch.conf may name modules that a static program would open as shared libraries. */
    if (__nss_configure_lookup("hosts", "files dns") != 0)
        return false;
#define LINKED(name) .name = curl_##name,
    *ret_lib = (struct curl_lib){CURL_LIB_FUNCTIONS(LINKED)};
#undef LINKED
    return true;
}

struct str curl_lib_roots(void)
{
    return (struct str){ROOTS, sizeof ROOTS - 1};
}
