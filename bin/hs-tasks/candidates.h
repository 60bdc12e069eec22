/* bin/hs-tasks/candidates.h - finds tasks that may be claimed. Candidates, not facts: the search lags, and what is taken is read by id first.
 *
 * All are searched before the first is taken, since every claim changes what the search would page through. */
#ifndef HS_TASKS_CANDIDATES_H
#define HS_TASKS_CANDIDATES_H
#include "base/random.h"
#include "idmap.h"
#include "tool.h"

enum { CANDIDATES_PICKED_FROM = 1000 };

struct candidate {
	char id[32];
	unsigned rank; /* 0: HIGH */
	int64_t due_ms;
};

struct candidates {
	struct tool *tool; /* settings, before candidates_find */
	struct portal *portal;
	const struct route *route; /* NULL: all */
	bool only_other;
	bool is_paused[WORKFLOW_ROUTES]; /* their tasks are left alone */
	size_t wanted;
	int64_t now_ms;

	struct candidate *list;
	size_t count, capacity, next; /* those before next have been picked */
	struct idmap seen;
	struct arena seen_arena;
	size_t enough;
	bool is_probing, has_all; /* the first search: goes on only where it finds no more than is wanted */
	struct hubspot_answer refusal; /* of a search */
};

void candidates_init(struct candidates *c);
void candidates_release(struct candidates *c);

/* As if nothing had been found yet: for another look at the queue. */
void candidates_forget(struct candidates *c);

/* Searches by priority, each sorted by due date, until there are as many as are wanted and have not been seen before. */
void candidates_find(struct candidates *c);

/* Whether a task of that subject is asked for. */
bool candidates_is_wanted(const struct candidates *c, struct slice subject);

/* Whose tasks are claimed. */
struct slice candidates_owner(const struct candidates *c);

/* The next ones, at most `max`, borrowed until the next call of candidates_find: by priority and due date. With `random` they are drawn from the next
 * thousand of the same priority: where others claim too, not everybody should want the same hundred. */
const struct candidate *candidates_pick(struct candidates *c, size_t max, struct random *random, size_t *count);
#endif
