/* bin/enrich/site.h - what a company's website says: fetched once a run, however many leads name it.
 *
 * A site is its home page, found over redirects, and the few further pages that its links call contact, imprint or about. Without a scheme https is tried first,
 * then http. What cannot be read is no error but a status. */
#ifndef ENRICH_SITE_H
#define ENRICH_SITE_H
#include "domain.h"
#include "extract.h"
#include "origin.h"

enum { SITE_KEPT = 256, SITE_MAX_REDIRECTS = 5, SITE_LONGEST_CRAWL_DELAY_MS = 10000 };

enum site_status {
	SITE_OK,
	SITE_NO_DOMAIN, /* the lead names no site */
	SITE_NOT_FETCHED, /* --no-fetch */
	SITE_UNREACHABLE, /* no such name, nobody answers, TLS fails, the connection breaks */
	SITE_TIMED_OUT,
	SITE_ROBOTS, /* robots.txt forbids, or cannot be had */
	SITE_HTTP_ERROR, /* a status of 400 or more, or redirects without end */
	SITE_NOT_HTML,
	SITE_TOO_LARGE,
	SITE_REFUSED_ADDRESS, /* private, loopback, link-local ... without --allow-private */
	SITE_ELSEWHERE, /* leads to a network that is not the company's own */
	SITE_PARKED,
	SITE_SOFT_404,
	SITE_BOT_WALL,
	SITE_STATUSES
};
const char *site_status_name(enum site_status status);

/* One block of memory; everything points into it. */
struct site_result {
	enum site_status status;
	struct slice reason; /* in words, where status is not SITE_OK */
	struct slice url; /* of the home page in the end; empty where none was read */
	struct slice redirected_to; /* registrable domain, where it is another than the one asked for */
	unsigned pages; /* read */
	struct facts facts;
	struct social social;
	struct slice technologies; /* JSON array */
};

struct site_options {
	struct origins *origins; /* borrowed, as what follows */
	struct signals *signals;
	unsigned max_pages; /* of a site, home page included; 1 to 17 */
};

struct sites;
typedef void site_done(uint64_t ticket, const struct site_result *result, void *arg);
struct sites *sites_new(const struct site_options *options, site_done *done, void *arg); /* NULL when out of memory */
void sites_free(struct sites *s);

/* Asks for a site on behalf of a record; done is called with its ticket, at once where the site is known. The task is for the spans. False when out of memory. */
bool sites_ask(struct sites *s, const struct address *home, struct slice task, uint64_t ticket);

/* Sites being fetched. */
size_t sites_active(const struct sites *s);

/* The same from a page that is at hand, without any fetching: as if home's server had sent it. Freed with free(). NULL when out of memory. */
struct site_result *site_from_page(const struct site_options *options, const struct address *home, struct slice html);
#endif
