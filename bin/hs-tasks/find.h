/* bin/hs-tasks/find.h - a search for tasks by status, route, owner, due date and priority. */
#ifndef HS_TASKS_FIND_H
#define HS_TASKS_FIND_H
#include "search.h"
#include "workflow.h"

enum { FIND_TOKENS = 3 };

struct find {
	struct slice statuses; /* JSON array; empty: all */
	struct slice owner; /* id; empty: all */
	struct slice priorities; /* JSON array; empty: all */
	int64_t due_from_ms, due_to_ms; /* INT64_MIN, INT64_MAX: open */
	const struct route *route; /* NULL: all */
	const char *date_property; /* what due_from and due_to speak of; NULL: hs_timestamp */
};

/* Puts the words by which a route's subjects can be searched: one of each pattern, since a group takes six filters. What they find is more than the route. 0: they
 * cannot be narrowed. */
size_t find_tokens(const struct route *route, struct slice tokens[FIND_TOKENS]);

/* Adds a group for each token, or one without. */
void find_add(struct search *s, const struct find *find);
#endif
