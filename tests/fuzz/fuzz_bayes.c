/* SPDX-License-Identifier: MIT */
/* Any text can be taught and taken back without a trace; any bytes can be offered as a model. */
#include <assert.h>
#include <stdlib.h>

#include "core/bayes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bayes model, before;

static void check_teaching(const struct bayes_text *text, bool is_spam)
{
    int log_odds = bayes_log_odds(&model, text);

    assert(log_odds >= -BAYES_LOG_ODDS_MAX && log_odds <= BAYES_LOG_ODDS_MAX);
    before = model;
    bayes_teach(&model, text, is_spam);
    bayes_unteach(&model, text, is_spam);
    assert(memcmp(&model, &before, sizeof model) == 0);
    for (int i = 0; i < 6; i++)
        bayes_teach(&model, text, is_spam);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str all = {(const char *)data, size};
    struct str email = str_cut(&all, '\n');
    struct fields fields = {.count = 1, .list = {{STR("topic"), email, NULL}}};
    struct bayes_text text = {.email = email, .message = all, .fields = &fields};

    if (!email.ptr)
        fields.count = 0;
    bayes_start(&model, size);
    check_teaching(&text, true);
    check_teaching(&(struct bayes_text){.message = email}, false);
    assert(bayes_log_odds(&model, &text) <= BAYES_LOG_ODDS_MAX);
    if (bayes_unpack((struct str){(const char *)data, size}, &model) == ERR_OK)
        assert(size == BAYES_PACKED_BYTES);
    return 0;
}
