/* bin/hs-sandbox/history.h - what was written to each record, and when: one row a write, with the properties that it set as a JSON object.
 *
 * A write that sets what was there already has its row too, so that whoever looks into the database sees that it came; the API's histories leave it
 * out, as HubSpot's do. */
#ifndef SANDBOX_HISTORY_H
#define SANDBOX_HISTORY_H
#include "records.h"

enum { HISTORY_MAX_VALUES = 20, HISTORY_MAX_RECORDS = 50 }; /* in an answer: of a property, and of a call that asks for histories */

void history_add(struct call *c, const struct object_type *type, int64_t id, const char *at, const struct changes *changes);

/* The array of a property's values, the newest first: {"value", "timestamp", "sourceType", "sourceId"}. */
void history_put(struct call *c, const struct property *p, int64_t id);

/* Forgets a property that is archived: one made later under its name starts anew. */
void history_forget(struct store *s, const struct object_type *type, const char *name);
#endif
