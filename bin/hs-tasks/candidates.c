#include "candidates.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "batch.h"
#include "find.h"

enum { MAX_ARENA_BYTES = 64 << 20, PAGES_AHEAD = 4, CLOCK_SLACK_MS = 60000 };

void candidates_init(struct candidates *c)
{
	*c = (struct candidates){ .count = 0 };
	arena_init(&c->seen_arena, MAX_ARENA_BYTES);
}

void candidates_release(struct candidates *c)
{
	free(c->list);
	idmap_release(&c->seen);
	arena_release(&c->seen_arena);
}

static unsigned priority_rank(struct slice priority)
{
	return slice_is(priority, "HIGH") ? 0 : slice_is(priority, "MEDIUM") ? 1 : slice_is(priority, "LOW") ? 2 : 3;
}

void candidates_forget(struct candidates *c)
{
	c->count = c->next = 0;
	idmap_release(&c->seen);
	arena_reset(&c->seen_arena);
}

bool candidates_is_wanted(const struct candidates *c, struct slice subject)
{
	const struct route *route = workflow_route(&c->tool->workflow, subject);
	if (route != NULL && c->is_paused[route - c->tool->workflow.routes])
		return false;
	return c->only_other ? route == NULL : c->route == NULL || route == c->route;
}

static void add_candidate(struct candidates *c, const struct json *task)
{
	struct slice id = json_string(task, "id", "");
	if (id.len == 0 || id.len >= sizeof((struct candidate *)0)->id || !candidates_is_wanted(c, result_property(task, "hs_task_subject")))
		return;
	if (idmap_get(&c->seen, id) != idmap_none)
		return;
	idmap_add(&c->seen, arena_copy(&c->seen_arena, id), 1);
	if (c->count == c->capacity) {
		c->capacity = c->capacity == 0 ? SEARCH_PAGE : 2 * c->capacity;
		c->list = must(realloc(c->list, c->capacity * sizeof *c->list));
	}
	struct candidate *new = &c->list[c->count++];
	*new = (struct candidate){ .rank = priority_rank(result_property(task, "hs_task_priority")) };
	snprintf(new->id, sizeof new->id, "%.*s", (int)id.len, id.ptr);
	if (!clock_parse(result_property(task, "hs_timestamp"), &new->due_ms))
		new->due_ms = INT64_MIN;
}

/* Those from `first` on, as if they had never been found. */
static void forget(struct candidates *c, size_t first)
{
	c->count = first;
	idmap_release(&c->seen);
	for (size_t i = 0; i < first; i++)
		idmap_add(&c->seen, arena_copy(&c->seen_arena, slice_of(c->list[i].id)), 1);
}

static bool take_page(struct search *search, const struct json *results, void *arg)
{
	struct candidates *c = arg;
	for (const struct json *task = results == NULL ? NULL : results->child; task != NULL; task = task->next)
		add_candidate(c, task);
	if (c->is_probing) {
		c->has_all = search->total <= SEARCH_PAGE || search->total <= c->wanted || c->only_other;
		return c->has_all && !cli_stopping();
	}
	size_t missing = c->count < c->enough ? (c->enough - c->count - 1) / SEARCH_PAGE + 1 : 0;
	search->ahead = missing < PAGES_AHEAD ? missing : PAGES_AHEAD;
	return missing > 0 && !cli_stopping();
}

static void end_search(struct search *search, const struct hubspot_answer *failed, void *arg)
{
	struct candidates *c = arg;
	if (failed != NULL && failed->outcome == HUBSPOT_REFUSED) {
		c->refusal = *failed;
		c->refusal.body = NULL;
		c->refusal.response = NULL;
	} else if (failed != NULL) {
		hubspot_give_up(search->api, failed, "searching tasks");
	}
}

static struct search *new_search(struct candidates *c, size_t wanted)
{
	static const struct slice properties = SLICE("[\"hs_task_subject\",\"hs_task_priority\",\"hs_timestamp\"]");
	struct search *search = search_new(c->tool->api, OBJECT_TASKS, properties, "hs_timestamp", wanted);
	search->ahead = PAGES_AHEAD; /* they are sorted here anyway */
	search->page = take_page;
	search->done = end_search;
	search->arg = c;
	return search;
}

struct slice candidates_owner(const struct candidates *c)
{
	return portal_owner(c->portal, &c->tool->workflow, slice_of("queue"));
}

static void add_new_tasks(const struct candidates *c, struct search *search, const char *priorities)
{
	find_add(search,
		&(struct find){ .statuses = SLICE("[\"NOT_STARTED\"]"),
			.owner = candidates_owner(c),
			.priorities = slice_of(priorities),
			.due_from_ms = INT64_MIN,
			.due_to_ms = c->now_ms,
			.route = c->route });
}

/* Leases that ran out, and WAITING tasks whose time has come. Few, so the words of the route are left to us: groups are scarce. */
static void add_old_tasks(const struct candidates *c, struct search *search)
{
	find_add(search,
		&(struct find){ .statuses = SLICE("[\"IN_PROGRESS\"]"),
			.owner = candidates_owner(c),
			.due_from_ms = INT64_MIN,
			.due_to_ms = hubspot_server_ms(c->tool->api),
			.date_property = "leadpipe_expires" });
	find_add(search,
		&(struct find){ .statuses = SLICE("[\"WAITING\"]"),
			.owner = candidates_owner(c),
			.due_from_ms = INT64_MIN,
			.due_to_ms = c->now_ms,
			.date_property = "leadpipe_retry_at" });
}

/* Completed, and set back by a write that took effect too late: its lease may have long to run. Where there is room for the words. */
static void add_set_back(const struct candidates *c, struct search *search)
{
	if (search->group_count == SEARCH_GROUPS || search->filter_count + 3 > SEARCH_ALL_FILTERS)
		return;
	search_group(search);
	search_filter(search, "hs_task_status", "EQ", slice_of("IN_PROGRESS"));
	search_filter(search, "hubspot_owner_id", "EQ", candidates_owner(c));
	search_filter_has(search, "leadpipe_done", true);
}

/* A search that is refused most likely asks for the lease's properties in a portal without them: then that is what is said. */
static void do_search(struct candidates *c, struct search *search, size_t enough)
{
	struct hubspot *api = c->tool->api;
	c->enough = enough;
	search_start(search);
	hubspot_drain(api);
	if (c->refusal.outcome == HUBSPOT_REFUSED && portal_load(c->portal, api, &c->tool->workflow, PORTAL_SETTINGS))
		hubspot_give_up(api, &c->refusal, "searching tasks");
}

static int by_priority_and_due(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->due_ms != y->due_ms)
		return x->due_ms < y->due_ms ? -1 : 1;
	size_t x_len = strlen(x->id), y_len = strlen(y->id);
	return x_len != y_len ? (x_len < y_len ? -1 : 1) : strcmp(x->id, y->id);
}

/* The first search of all, whatever the priority: it goes on only where it finds no more than is wanted. */
static void probe(struct candidates *c, size_t first)
{
	struct hubspot *api = c->tool->api;
	for (bool is_first = true;; is_first = false) {
		int64_t assumed_ms = hubspot_server_ms(api);
		struct search *all = new_search(c, SEARCH_CAP);
		add_new_tasks(c, all, "");
		add_old_tasks(c, all);
		add_set_back(c, all);
		c->is_probing = true;
		do_search(c, all, SIZE_MAX);
		c->is_probing = false;
		/* Until the first answer the server's time is ours: if that is far behind, leases that have run out were not found. */
		if (!is_first || hubspot_trouble(api)->status != 0 || hubspot_server_ms(api) - assumed_ms < CLOCK_SLACK_MS)
			break;
		forget(c, first);
	}
}

/* A queue with no more than is wanted is read whole by one search. A larger one is searched by priority, until there are enough. */
void candidates_find(struct candidates *c)
{
	static const char *const priorities[] = { "[\"HIGH\"]", "[\"MEDIUM\"]", "[\"LOW\"]", "" };
	const struct hubspot_trouble *trouble = hubspot_trouble(c->tool->api);
	size_t first = c->count, enough = c->count + c->wanted;
	c->next = c->count;
	probe(c, first);
	if (!c->has_all && trouble->status == 0) {
		/* What the probe found is of any priority: those come again, each in its turn. */
		forget(c, first);
		struct search *old = new_search(c, SEARCH_PAGE);
		add_old_tasks(c, old);
		add_set_back(c, old);
		do_search(c, old, SIZE_MAX);
		for (size_t i = 0; i < sizeof priorities / sizeof priorities[0] && c->count < enough && trouble->status == 0; i++) {
			struct search *search = new_search(c, SEARCH_CAP);
			add_new_tasks(c, search, priorities[i]);
			do_search(c, search, enough);
		}
	}
	if (c->count > first)
		qsort(c->list + first, c->count - first, sizeof *c->list, by_priority_and_due);
}

const struct candidate *candidates_pick(struct candidates *c, size_t max, struct random *random, size_t *count)
{
	struct candidate *first = c->list + c->next;
	size_t left = c->count - c->next;
	*count = left < max ? left : max;
	if (random != NULL && *count > 0) {
		size_t from = 1;
		while (from < left && from < CANDIDATES_PICKED_FROM && first[from].rank == first[0].rank)
			from++;
		*count = *count < from ? *count : from;
		for (size_t i = 0; i < *count; i++) {
			size_t other = i + (size_t)random_below(random, from - i);
			struct candidate swapped = first[i];
			first[i] = first[other];
			first[other] = swapped;
		}
		qsort(first, *count, sizeof *first, by_priority_and_due);
	}
	c->next += *count;
	return first;
}
