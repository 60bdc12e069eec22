/* bin/enrich/origin.h - fetches pages the polite way: robots.txt of each origin once a run (RFC 9309), one request at a time to an origin, a pause between two of them,
 * whichever process of this machine asks (net/turns.h). What the engine's cache has is neither asked for nor paused after.
 *
 * robots.txt: 2xx is read, other 4xx allow everything, 5xx and anything that is no answer allow nothing; up to 5 redirects are followed, to whatever host, as
 * section 2.3.1.2 wants. LinkedIn's is not asked for: nothing of LinkedIn is fetched. */
#ifndef ENRICH_ORIGIN_H
#define ENRICH_ORIGIN_H
#include "domain.h"
#include "net/http.h"

enum {
	ORIGIN_KEPT = 512, /* origins whose robots.txt is remembered */
	ORIGIN_PAGES_IN_FLIGHT = 32, /* bodies are what memory goes to: no more pages than this at once, whatever the number of sites */
	ORIGIN_MAX_PAUSE_MS = 60000, /* longest Crawl-delay that is waited for */
	ORIGIN_MAX_REDIRECTS = 5,
};

struct origin_options {
	struct http *http; /* borrowed */
	const char *token; /* product token that robots.txt knows us by; borrowed */
	int64_t timeout_ms; /* for one request */
	int64_t pause_ms; /* between an answer and the next page of the same origin */
	size_t max_page_bytes;
	int64_t max_age_ms; /* of what is taken from the cache; robots.txt is never taken after 24 hours (RFC 9309 section 2.4) */
};

struct origins;
struct origins *origins_new(const struct origin_options *options); /* NULL when out of memory */

/* After http_free, which ends what is in flight. Queued fetches are dropped without a call. */
void origins_free(struct origins *o);

enum origin_verdict {
	ORIGIN_FETCHED, /* the response is the page's, whatever became of it */
	ORIGIN_DISALLOWED, /* by robots.txt; no response */
	ORIGIN_NO_ROBOTS, /* robots.txt could not be had, which disallows; the response says what became of it */
};

struct origin_answer {
	enum origin_verdict verdict;
	const struct http_response *response; /* borrowed for the call; NULL where there is none. After ORIGIN_NO_ROBOTS without body and headers */
	int64_t crawl_delay_ms;
};
typedef void origin_done(const struct origin_answer *answer, void *arg);

/* Queues a page; url and task are copied. done is called from origins_step or http_step. False when out of memory. */
bool origins_fetch(struct origins *o, const struct address *page, struct slice task, origin_done *done, void *arg);

/* Starts what may start now (now_us: clock_steady_us). True where a done was called, so that there may be more to do; else *due_us is when a pause ends, INT64_MAX for none. */
bool origins_step(struct origins *o, int64_t now_us, int64_t *due_us);
#endif
