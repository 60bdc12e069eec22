/* bin/hs-tasks/idmap.h - from an id to a number: finds rows of an answer, and what was asked for twice. */
#ifndef HS_TASKS_IDMAP_H
#define HS_TASKS_IDMAP_H
#include "base/slice.h"

struct idmap {
	struct idmap_entry {
		struct slice id; /* borrowed from the caller, ptr NULL: free */
		size_t value;
	} * entries;
	size_t capacity, count;
};

enum { IDMAP_NONE = -1 };
#define idmap_none ((size_t)IDMAP_NONE)

/* A zeroed struct idmap is empty. */
void idmap_release(struct idmap *m);

/* The value of an id; idmap_none where it is absent. */
size_t idmap_get(const struct idmap *m, struct slice id);

/* Sets it unless it is there; gives the value that stands. The id must outlive the map. Ends the program when out of memory. */
size_t idmap_add(struct idmap *m, struct slice id, size_t value);
#endif
