/* bin/enrich/visit.h - what one answer of a web server amounts to: a page with facts and further links, a redirect in a page's clothes, or none of the company's. */
#ifndef ENRICH_VISIT_H
#define ENRICH_VISIT_H
#include "site.h"

enum { VISIT_MAX_NEXT = 16 };

/* Memory that is used for one page after another. */
struct reader {
	struct signals *signals; /* borrowed; may be NULL */
	struct arena scratch;
	struct buf utf8, json;
};
void reader_init(struct reader *r, struct signals *signals);
void reader_release(struct reader *r);

struct visit_page {
	const struct address *at; /* where it was found in the end */
	struct slice body, content_type, headers;
	long status;
	bool is_home; /* the first page of its site */
	size_t next_room; /* further pages wanted, up to VISIT_MAX_NEXT */
};

struct visit {
	enum site_status status;
	struct slice reason; /* where status is not SITE_OK */
	struct slice refresh; /* not empty: nothing was read, this is to be followed instead */
	const char *next[VISIT_MAX_NEXT];
	size_t next_count;
};

/* Adds to the findings where the status is SITE_OK; what it gives lies in kept. */
struct visit visit_read(struct reader *r, const struct visit_page *in, struct findings *found, struct arena *kept);

/* An array of hits for the reader's signals; NULL where it has none. */
struct signal_hit *visit_hits(const struct reader *r, struct arena *kept);

/* The result with what was found, in one block (free()). NULL when out of memory. */
struct site_result *visit_conclude(struct reader *r, const struct findings *found, struct site_result loose);
#endif
