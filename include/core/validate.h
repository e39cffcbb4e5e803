/* SPDX-License-Identifier: MIT */
/*
 * Holds the fields of a post against a schema. Values are looked at and never
 * changed: what is stored is what was sent. Pure; any thread.
 */
#ifndef CONTACTD_CORE_VALIDATE_H
#define CONTACTD_CORE_VALIDATE_H

#include "core/fields.h"
#include "core/schema.h"

/* X(the code as it is written on the wire, "what it means") */
#define FIELD_CODE_LIST(X)                                                                         \
    X(REQUIRED, "missing, null, empty or nothing but white space")                                 \
    X(EMPTY, "no field of the form is filled in")                                                  \
    X(TYPE, "none of the types that the rule asks for, or not UTF-8")                              \
    X(TOO_SHORT, "shorter than its rule asks")                                                     \
    X(TOO_LONG, "longer than its rule allows")                                                     \
    X(TOO_SMALL, "below the rule's minimum")                                                       \
    X(TOO_LARGE, "above the rule's maximum")                                                       \
    X(ENUM, "none of the values that the rule lists")                                              \
    X(PATTERN, "does not match the rule's pattern")                                                \
    X(FORMAT, "not written in the rule's format")                                                  \
    X(EMAIL, "not an e-mail address")                                                              \
    X(UNKNOWN_FIELD, "not a field of this form, which takes no others")                            \
    X(CONTROL_CHARACTER, "holds a control character that its kind does not take")                  \
    X(TOO_MANY_FIELDS, "more further fields than the form takes")                                  \
    X(FIELD_NAME, "a further field's name is empty, too long or holds control characters")         \
    X(FIELDS_TOO_LARGE, "the further fields together are too large")                               \
    X(NO_FILE_UPLOADS, "a file, where the form takes none")

enum field_code {
#define FIELD_CODE_AS_ENUM(name, meaning) FIELD_CODE_##name,
    FIELD_CODE_LIST(FIELD_CODE_AS_ENUM)
#undef FIELD_CODE_AS_ENUM
};

const char *field_code_text(enum field_code code);

enum { FIELD_ERRORS_MAX = 16, FIELD_ERROR_NAME_MAX = 255, FIELD_ERROR_MESSAGE_MAX = 127 };

struct field_error {
    enum field_code code;
    char field[FIELD_ERROR_NAME_MAX + 1]; /* may be cut; "" when it concerns the whole object */
    char message[FIELD_ERROR_MESSAGE_MAX + 1]; /* reads on after the field's name: "must be ..." */
};

/* Further errors than the list holds are dropped: the first ones win. */
struct field_errors {
    size_t count;
    struct field_error list[FIELD_ERRORS_MAX];
};

/*
 * Adds an error. `field` may be anything that a client sent: it is cut between
 * code points. Longer messages are cut as well.
 */
PRINTF_LIKE(4, 5)
void field_errors_add(struct field_errors *errors, struct str field, enum field_code code,
                      const char *format, ...);

/* The code as the clients of form services know it: REQUIRED_FIELD_MISSING, TYPE_EMAIL, ... */
const char *field_code_service_text(enum field_code code);

/*
 * Appends a JSON array of {"field","code","message"}, the codes written by one
 * of the two functions above.
 */
void field_errors_render(struct buf *out, const struct field_errors *errors,
                         const char *(*code_text)(enum field_code code));

/*
 * Walks the rules, then the further fields. ERR_INVALID: `*ret_errors` tells;
 * it is written in either case.
 *
 * Forms are not JSON: a blank text is a field that was not filled in; control
 * characters are in no text; and where `fields->is_untyped`, a text may stand
 * for the number or boolean (true, false, on, off, 1, 0) that a rule asks for,
 * and of a repeated name each value is held against the rule.
 */
MUST_CHECK enum err validate_fields(const struct schema *schema, const struct fields *fields,
                                    struct field_errors *ret_errors);

/*
 * Whether services' pages send a field of this name without its being one of the
 * form's: "_subject", "utm_source" and, where `may_have_subject`, "subject". No rule
 * `additionalProperties: false` refuses it.
 */
bool validate_is_carried(struct str name, bool may_have_subject);

/*
 * Whether a JSON value is valid as JSON Schema defines it, with none of the
 * above. For tests.
 */
bool validate_is_valid(const struct schema *schema, const json_t *value);

/*
 * Appends the fields that have no column (name, email and message have, as
 * texts) to `out` as one compact JSON object, in
 * their order and with their values as they are; nothing when there are none.
 * ERR_INVALID: more than the schema allows, and `errors` (which must hold a
 * list already) has one entry more. ERR_FULL, ERR_MEMORY: those of `out`.
 */
MUST_CHECK enum err validate_collect_further(const struct schema *schema,
                                             const struct fields *fields, struct buf *out,
                                             struct field_errors *errors);

#endif
