/* SPDX-License-Identifier: MIT */
/* What is started again by hand. A destination that nobody has heard of is a mistake in its name.
 */
#include "service/retry.h"

/* --- whether there is such a destination --------------------------------- */

struct search {
    const struct retry *retry;
    bool is_found;
};

static enum err compare(void *arg, const struct destination_tally *tally)
{
    struct search *search = arg;

    search->is_found |= str_equal(tally->form, search->retry->form) &&
                        str_equal(tally->name, search->retry->destination);
    return ERR_OK;
}

static enum err check_known(struct store *writer, const struct retry *retry,
                            struct err_detail *detail)
{
    struct search search = {.retry = retry};

    if (retry->notice && notice_find(retry->notice, retry->destination))
        return ERR_OK;
    TRY(store_destination_list(writer, compare, &search));
    if (search.is_found)
        return ERR_OK;
    struct str who = retry->form.len ? retry->form : STR("the server");
    return err_set(detail, ERR_NOT_FOUND, "%.*s has no destination %.*s; see: %s", (int)who.len,
                   who.ptr, (int)retry->destination.len, retry->destination.ptr,
                   "GET /admin/destinations, contactd delivery list");
}

/* --- there --------------------------------------------------------------- */

enum err retry_all(struct store *writer, const struct retry *retry, int64_t *ret_count,
                   struct err_detail *detail)
{
    TRY(store_delivery_restart_all(writer, retry->form, retry->destination, retry->now_ms,
                                   ret_count));
    return *ret_count ? ERR_OK : check_known(writer, retry, detail);
}
