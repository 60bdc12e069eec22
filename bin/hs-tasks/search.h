/* bin/hs-tasks/search.h - finds objects by their properties, page by page.
 *
 * HubSpot's search lags behind writes, takes 5 calls a second, gives 200 a page and 10,000 a query (docs, api/crm/search). Past 10,000 the pages
 * go by windows of ids instead of the order asked for. What it finds is a candidate, never a fact. */
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
	const char *sort; /* ascending by this property; a literal */
	size_t wanted; /* hits; SIZE_MAX: all */
	size_t found, total;
	bool by_id; /* windows of ids */
	char after[32], last_id[32];
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

/* The property has any value. */
void search_filter_has(struct search *s, const char *property);

/* values: a JSON array */
void search_filter_in(struct search *s, const char *property, const char *operator, struct slice values);

void search_start(struct search *s);
#endif
