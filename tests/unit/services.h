/* SPDX-License-Identifier: MIT */
/* What services stand on, for tests of one: a store in memory, its committer, and the forms. */
#ifndef CONTACTD_TESTS_SERVICES_H
#define CONTACTD_TESTS_SERVICES_H

#include "base/secret.h"
#include "service/commit.h"
#include "service/forms.h"

static inline void services_open(struct store **ret_writer, struct forms **ret_forms,
                                 struct commit **ret_commit)
{
    static const struct commit_options OPTIONS = {100, 100, 1 << 20};
    struct err_detail detail = {""};

    assert_int_equal(secret_start(), ERR_OK);
    assert_int_equal(store_open("memory:", true, ret_writer, &detail), ERR_OK);
    assert_int_equal(forms_new(ret_forms), ERR_OK);
    assert_int_equal(forms_reload(*ret_forms, *ret_writer), ERR_OK);
    assert_int_equal(commit_start(*ret_writer, &OPTIONS, ret_commit), ERR_OK);
}

static inline void services_close(struct store *writer, struct forms *forms, struct commit *commit)
{
    commit_stop(commit);
    forms_free(forms);
    store_close(writer);
}

#endif
