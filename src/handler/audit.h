/* SPDX-License-Identifier: MIT */
/*
 * The audit log's inner side. A job that changes something tells of it in its
 * own transaction, so that there is no change without its entry and no entry
 * without its change:
 *
 *     const struct audit_entry entry = audit_of(x, "form.save", name);
 *     TRY(audit_add(writer, &entry));
 */
#ifndef CONTACTD_HANDLER_AUDIT_H
#define CONTACTD_HANDLER_AUDIT_H

#include "handler/ctx.h"

/*
 * Who asks, from where, for what; `action` is static, `target` (ptr NULL: none) is
 * borrowed. Whoever has the exchange or one of its jobs.
 */
struct audit_entry audit_of(const struct exchange *x, const char *action, struct str target);

/* Adds the entry, with the time of now if it has none. Owner of `writer` only. */
MUST_CHECK enum err audit_add(struct store *writer, const struct audit_entry *entry);

#endif
