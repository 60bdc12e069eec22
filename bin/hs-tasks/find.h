/* bin/hs-tasks/find.h - which tasks are meant: as a search that narrows, and as a judgement on what the search gave.
 *
 * Only associations are the search's alone to say. All else is judged here too: the search lags, takes few filters, and knows words, not texts. */
#ifndef HS_TASKS_FIND_H
#define HS_TASKS_FIND_H
#include "record/pattern.h"
#include "search.h"
#include "workflow.h"

enum { FIND_TOKENS = 3, FIND_COMPANIES = SEARCH_GROUPS };
enum find_due { FIND_DUE_ALL, FIND_DUE_ANY /* have a due date */, FIND_DUE_NONE /* have none */ };

struct find {
	struct slice statuses; /* JSON array; empty: all */
	struct slice owner; /* id; empty: all */
	struct slice priorities; /* JSON array; empty: all. NONE is also a task that has no priority */
	struct slice queue; /* id in hs_queue_membership_ids; empty: all */
	int64_t due_from_ms, due_to_ms; /* INT64_MIN, INT64_MAX: open */
	enum find_due due;
	const char *date_property; /* what due_from and due_to speak of; NULL: hs_timestamp */
	const struct route *route; /* NULL: all */
	bool only_other; /* those of no route */
	struct slice subject; /* a PCRE2 pattern; empty: all */
	struct pattern *subject_pattern; /* of it, borrowed */
	struct slice contact; /* id; empty: all */
	struct slice companies[FIND_COMPANIES]; /* ids: of any of these */
	size_t company_count; /* 0: all */
};

/* Puts the words by which a route's subjects can be searched: one of each pattern, since a group takes six filters. What they find is more than the route. 0: they
 * cannot be narrowed. */
size_t find_tokens(const struct route *route, struct slice tokens[FIND_TOKENS]);

/* Adds as many filters as fit, in a group or in several. False: what the search finds is more than is meant. */
bool find_add(struct search *s, const struct find *find);

enum find_verdict { FIND_NO, FIND_YES, FIND_GAVE_UP /* the pattern takes too long on this subject */ };

/* Whether a task is meant, by its properties, which must be there; associations are not looked at. */
enum find_verdict find_judge(const struct find *find, const struct workflow *workflow, const struct json *properties);
#endif
