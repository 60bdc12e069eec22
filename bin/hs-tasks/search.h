/* bin/hs-tasks/search.h - finds objects by their properties, page by page.
 *
 * HubSpot's search lags behind writes, takes 5 calls a second, gives 200 a page and 10,000 a query (docs, api/crm/search). All hits come only in the order of
 * their ids, by windows: each page asks for ids above the last one. What it finds is a candidate, never a fact: rows are chosen by an index that is behind,
 * and may show newer values than they were chosen by. */
#ifndef HS_TASKS_SEARCH_H
#define HS_TASKS_SEARCH_H
#include "hubspot.h"

enum { SEARCH_GROUPS = 5, SEARCH_FILTERS = 6, SEARCH_ALL_FILTERS = 18, SEARCH_PAGE = 200, SEARCH_CAP = 10000 };

struct search {
	struct hubspot *api;
	enum hubspot_object object;
	struct buf groups[SEARCH_GROUPS]; /* each holds its filters, with commas */
	size_t group_count, filter_count;
	char *properties; /* JSON array of names, owned */
	const char *sort; /* ascending by this property; a literal; NULL: by id, without SEARCH_CAP, for one more filter in each group */
	size_t wanted; /* hits; SIZE_MAX: all that there are, or that a search gives */
	size_t page_size; /* at most SEARCH_PAGE, which it is at first */
	size_t ahead; /* pages that may be on their way at a time. With 1 they come in order; more at the start of a sorted search: in any. `page` may change it. */
	size_t found, total;
	size_t in_flight;
	bool is_held, is_unordered, is_over;
	struct hubspot_answer failed; /* the first that did, without body; outcome HUBSPOT_OK: none */
	uint64_t offset, last_id; /* of the next page: by offset, or ids above it */
	/* A page of objects, borrowed for the call; false: enough. */
	bool (*page)(struct search *search, const struct json *results, void *arg);
	/* At the end; failed is NULL where all went well. Then the search is freed. */
	void (*done)(struct search *search, const struct hubspot_answer *failed, void *arg);
	void *arg;
};

struct search *search_new(struct hubspot *api, enum hubspot_object object, struct slice properties, const char *sort, size_t wanted);

/* Groups are ored, filters in a group anded. Filters go to the newest group. More than HubSpot allows is a programming error. */
void search_group(struct search *s);
void search_filter(struct search *s, const char *property, const char *operator, struct slice value);
void search_filter_int(struct search *s, const char *property, const char *operator, int64_t value);
void search_filter_between(struct search *s, const char *property, int64_t low, int64_t high);

/* HAS_PROPERTY, or its opposite */
void search_filter_has(struct search *s, const char *property, bool has);

/* values: a JSON array */
void search_filter_in(struct search *s, const char *property, const char *operator, struct slice values);

void search_start(struct search *s);

/* From `page`, which then returns true: the next page waits for search_go_on, or search_end, which ends it there. */
void search_hold(struct search *s);
void search_go_on(struct search *s);
void search_end(struct search *s);

/* In `done`: whether there were more hits than a sorted search gives. */
bool search_was_cut(const struct search *s);
#endif
