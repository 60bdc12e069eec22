/* bin/hs-sandbox/links.h - links between records, below the endpoints. Each is stored in both directions. */
#ifndef SANDBOX_LINKS_H
#define SANDBOX_LINKS_H
#include "call.h"

/* Writes the member "associations" of a record: per type asked for, the associated ids. */
void links_put_ids(struct call *c, const struct object_type *from, int64_t id, const struct object_type **to, size_t count);

/* One {associationCategory, associationTypeId}; false with *problem set. *type is NULL where it starts at another type of object: HubSpot ignores that
 * silently. */
bool links_check_type(
	struct call *c, const struct object_type *from, const struct json *spec, const struct association_type **type, struct problem *problem);

/* Checks the inline associations of a create; NULL is fine. False with *problem set. */
bool links_check(struct call *c, const struct object_type *from, const struct json *associations, struct problem *problem);

/* Makes the inline associations that links_check let pass. */
void links_apply(struct call *c, const struct object_type *from, int64_t id, const struct json *associations);

/* The problem of a link to a record that is not there; false. */
bool links_missing(struct call *c, const struct object_type *type, struct slice id, struct problem *problem);

/* One link, unlabelled, and its label where the type has one. */
void link_add(struct call *c, const struct association_type *type, int64_t from_id, int64_t to_id);

/* Takes the label off; the link stays. */
void link_remove_label(struct call *c, const struct association_type *type, int64_t from_id, int64_t to_id);

/* All between two records, or of one. */
void link_remove(struct call *c, const struct object_type *from, int64_t from_id, const struct object_type *to, int64_t to_id);
void links_drop(struct call *c, const struct object_type *type, int64_t id);
#endif
