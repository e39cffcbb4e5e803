/* SPDX-License-Identifier: MIT */
/* Any file is read to its end, record by record, and what becomes a row has all that a row needs.
 */
#include <assert.h>
#include <stdlib.h>

#include "core/import.h"
#include "core/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const json_t *row)
{
    enum submission_state state;

    assert(json_is_integer(json_object_get(row, "at")));
    assert(form_name_is_valid(js_get_string(row, "form")));
    assert(submission_state_parse(js_get_string(row, "state"), &state));
    assert(json_is_object(json_object_get(row, "fields")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct records *records = malloc(sizeof *records);
    struct err_detail detail = {""};
    json_t *record, *row;
    size_t line, left = size + 1;

    if (!records)
        return 0;
    enum err err = records_open(records, (struct str){(const char *)data, size}, &detail);
    while (err == ERR_OK) {
        enum err found = records_next(records, &record, &line, &detail);
        if (found == ERR_NOT_FOUND)
            break;
        assert(records_left(records) < left);
        left = records_left(records);
        if (found != ERR_OK)
            continue;
        for (int origin = 0; origin <= ORIGIN_AUTO; origin++) {
            if (import_record(record, (enum import_origin)origin, records->is_csv, STR("shop"),
                              &row, &detail) != ERR_OK)
                continue;
            check_row(row);
            json_decref(row);
        }
        json_decref(record);
    }
    records_done(records);
    free(records);
    return 0;
}
