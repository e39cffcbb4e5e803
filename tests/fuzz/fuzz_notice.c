/* SPDX-License-Identifier: MIT */
/*
 * Settings of any shape. What compiles has names that are all different and found again, and what
 * is shown of it shows no secret and, sent back, is what it was.
 */
#include <assert.h>

#include "core/form.h"
#include "core/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_notice(const struct notice *notice)
{
    for (size_t i = 0; i < notice->count; i++) {
        const struct destination *to = &notice->destinations[i];
        assert(to->name.len && to->name.len <= DESTINATION_NAME_MAX);
        assert(notice_find(notice, to->name) == to);
        assert(to->channel < CHANNEL_COUNT);
        assert((to->channel == CHANNEL_REPLY) == str_equal(to->name, STR("reply")));
        if (to->channel > CHANNEL_REPLY && to->address.ptr)
            assert(target_url_is_sound(to->address));
    }
}

static void check_masks(const json_t *settings)
{
    json_t *shown = json_deep_copy(settings), *again = NULL;

    assert(form_settings_mask(shown) == ERR_OK);
    again = json_deep_copy(shown);
    assert(form_settings_unmask(again, settings, NULL) == ERR_OK);
    assert(form_settings_are_masked(again) == false);
    struct form_rules *rules = NULL;
    assert(form_compile(again, &rules, NULL) == ERR_OK);
    form_rules_free(rules);
    if (form_settings_are_masked(shown))
        assert(form_compile(shown, &rules, NULL) == ERR_INVALID);
    json_decref(shown);
    json_decref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *notify = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
    struct err_detail detail = {""};
    struct notice notice;

    (void)target_url_is_sound((struct str){(const char *)data, size});
    if (!notify)
        return 0;
    json_t *settings = json_pack("{s:O}", "notify", notify);
    bool was_masked = form_settings_are_masked(settings);
    enum err err = notice_compile(notify, &notice, &detail);
    assert(err == ERR_OK || (err == ERR_INVALID && detail.text[0] && notice.count == 0));
    if (err == ERR_OK) {
        assert(!was_masked);
        check_notice(&notice);
        check_masks(settings);
    } else {
        (void)form_settings_unmask(settings, settings, &detail);
        (void)form_settings_mask(settings);
    }
    notice_done(&notice);
    json_decref(settings);
    json_decref(notify);
    return 0;
}
