/* bin/hs-sandbox/labels.h - the kinds of links: HubSpot's own (types.h), and the labels that a portal's users made, in memory and in the database.
 *
 * A label is made for a pair of object types, once for each direction: two ids that are each other's inverse. */
#ifndef SANDBOX_LABELS_H
#define SANDBOX_LABELS_H
#include "base/arena.h"
#include "store.h"
#include "types.h"

/* Pointers into it hold until the next labels_load. */
struct labels {
	struct arena arena;
	struct association_type *list; /* the users', by id */
	size_t count;
};

/* False when memory ran out or the database failed. */
bool labels_load(struct labels *l, struct store *s);
void labels_release(struct labels *l);

/* The kind of that id, HubSpot's or a user's; NULL where there is none. */
const struct association_type *labels_find(const struct labels *l, int64_t type_id);

/* The database's side of a new label and its inverse; gives the id of the first, the other one's is the next. */
int64_t labels_insert(struct store *s, const struct object_type *from, const struct object_type *to, struct slice name, struct slice label,
	struct slice inverse_label);
void labels_rename(struct store *s, int64_t type_id, struct slice label);

/* Takes both directions off all links, which stay, and forgets them. */
void labels_delete(struct store *s, const struct association_type *type);
#endif
