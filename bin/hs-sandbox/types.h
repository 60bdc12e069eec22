/* bin/hs-sandbox/types.h - the object types that the sandbox knows, and what HubSpot has fixed about each.
 * Type ids: developers.hubspot.com, "Understanding the CRM", 2026. */
#ifndef SANDBOX_TYPES_H
#define SANDBOX_TYPES_H
#include "base/slice.h"

enum type_index { TYPE_CONTACT, TYPE_COMPANY, TYPE_TASK, TYPE_NOTE, TYPE_EMAIL, TYPE_COUNT };

struct object_type {
	enum type_index index;
	const char *plural; /* in paths, and the table's name */
	const char *singular; /* in association names */
	const char *capitals; /* in messages */
	const char *type_id; /* "0-1" */
	const char *created; /* the property that holds createdAt */
	const char *modified; /* the property that holds updatedAt */
	const char *defaults[8]; /* returned where a read names no properties; NULL-ended */
	const char *searched[8]; /* what a search's "query" looks at; NULL-ended */
	const char *required[4]; /* on create; NULL-ended */
	const char *read_scopes[3], *write_scopes[3]; /* any one suffices; NULL-ended */
};

extern const struct object_type object_types[TYPE_COUNT];

/* By plural, singular or type id; NULL where it is none of them. */
const struct object_type *type_find(struct slice name);

/* A kind of link between records, in one direction. */
struct association_type {
	int type_id;
	enum type_index from, to;
	const char *label; /* NULL: the unlabelled one */
	int inverse_id; /* of the same link in the other direction */
	const char *name; /* of a user's own label; NULL: HubSpot's */
};

/* HubSpot's own. */
extern const struct association_type association_types[];
extern const size_t association_type_count;

/* The id of the unlabelled association from one type to another; 0 where there is none. */
int association_default(const struct object_type *from, const struct object_type *to);
#endif
