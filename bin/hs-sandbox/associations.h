/* bin/hs-sandbox/associations.h - links between records, and the v4 associations endpoints.
 *
 * Each link is stored in both directions; only HubSpot's own types are known (types.h). */
#ifndef SANDBOX_ASSOCIATIONS_H
#define SANDBOX_ASSOCIATIONS_H
#include "call.h"

/* -- for records -- */

/* Writes the member "associations" of a record: per type asked for, the associated ids. */
void associations_put_ids(struct call *c, const struct object_type *from, int64_t id, const struct object_type **to, size_t count);

/* Checks the inline associations of a create; NULL is fine. False with *problem set. */
bool associations_check(struct call *c, const struct object_type *from, const struct json *associations, struct problem *problem);

/* Makes the inline associations that associations_check let pass. A type id that runs the other way is silently ignored, as HubSpot does. */
void associations_apply(struct call *c, const struct object_type *from, int64_t id, const struct json *associations);

/* One link and its reverse. */
void association_add(struct call *c, const struct object_type *from, int64_t from_id, const struct object_type *to, int64_t to_id, int type_id);
void associations_drop(struct call *c, const struct object_type *type, int64_t id);

/* -- endpoints -- */

void association_list(struct call *c);
void association_put(struct call *c);
void association_put_default(struct call *c);
void association_delete(struct call *c);
void association_labels(struct call *c);
void association_batch_read(struct call *c);
void association_batch_create(struct call *c);
void association_batch_default(struct call *c);
void association_batch_archive(struct call *c);
void association_batch_labels_archive(struct call *c);
#endif
