/* bin/hs-sandbox/condition.h - a search's filters and query as one SQL condition.
 *
 * Limits as HubSpot documents them (developers.hubspot.com, "Search the CRM", 2026): 5 groups, 6 filters in each, 18 in all. Strings are compared
 * without case, except that IN and NOT_IN want lower-case values; a comparison never holds for a missing value, not even NEQ. */
#ifndef SANDBOX_CONDITION_H
#define SANDBOX_CONDITION_H
#include "call.h"

enum { CONDITION_MAX_BINDS = 2048 }; /* more than a search's 3,000 characters can hold */

/* The condition being written, with its values. */
struct condition {
	struct call *c;
	struct buf sql;
	struct slice binds[CONDITION_MAX_BINDS];
	size_t bind_count;
};

/* " AND (...)" for the filterGroups of the body; NULL is fine. False when an error has been answered. */
bool condition_put_groups(struct condition *w, const struct json *groups);

/* " AND ..." for the query, unless it is blank. */
void condition_put_query(struct condition *w, struct slice query);

/* The property as an expression to compare and sort by; numbers are stored as text. */
void condition_put_column(struct condition *w, const struct property *p);
#endif
